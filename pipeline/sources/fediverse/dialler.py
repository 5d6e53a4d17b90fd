"""The one way to a fediverse server: resolves its name, tests every address, and dials the very address it tested.

httpcore opens its connections through a network backend, and so every byte passes here: a request may take so much
time and so many bytes in all. A certificate is checked against the name, since httpcore asks for TLS with it.
"""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from queue import Empty, SimpleQueue
from typing import Any

import httpcore

from pipeline.sources.fediverse.hosts import is_public
from pipeline.sources.fediverse.tunnel import Tunnel

PORT = 443
CONNECT_S, READ_S = 3.0, 5.0
"""The longest waits for a connection, and for the next bytes of an answer."""
MOST_ADDRESSES = 4
"""Of a host, that are tried one after the other."""

Resolve = Callable[[str], Sequence[str]]
"""The IP addresses of a host's name. Raises OSError."""


class NotAllowedError(Exception):
    """The host's addresses, or its port, must not be dialled."""


class TooMuchError(Exception):
    """The answer has more bytes than any honest one."""


class Allowance(threading.local):
    """What the request of this thread may still take, of time and of the wire's bytes."""

    ends_at = 0.0
    bytes_left = most_bytes = 0

    def begin(self, ends_at: float, most_bytes: int) -> None:
        """A request begins. ends_at: the moment, by time.monotonic(), at which it must be over."""
        self.ends_at, self.bytes_left, self.most_bytes = ends_at, most_bytes, most_bytes

    @property
    def is_untouched(self) -> bool:
        """Whether no byte has come yet."""
        return self.bytes_left == self.most_bytes

    def seconds(self, most_s: float) -> float:
        """How long to wait now. Raises httpcore.ReadTimeout where the time is over."""
        left_s = self.ends_at - time.monotonic()
        if left_s <= 0:
            raise httpcore.ReadTimeout
        return min(most_s, left_s)

    def count(self, received: int) -> None:
        """Raises TooMuchError."""
        self.bytes_left -= received
        if self.bytes_left < 0:
            raise TooMuchError


def resolve(host: str) -> list[str]:
    """The host's addresses, by the system. The dot keeps the system from adding its own domains to the name."""
    found = socket.getaddrinfo(f"{host}.", PORT, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Dialler(httpcore.NetworkBackend):
    """Dials public addresses at port 443, and nothing else but a stand-in that the settings name.

    resolver, network: how names become addresses and addresses connections; the tests have their own.
    stand_in: the host and port on this machine that are dialled as they are. tunnel: through a proxy, which is asked
    for the tested address and not for the name, since it might resolve that to another.
    """

    def __init__(
        self,
        allowance: Allowance,
        resolver: Resolve = resolve,
        network: httpcore.NetworkBackend | None = None,
        stand_in: tuple[str, int] | None = None,
        tunnel: Tunnel | None = None,
    ) -> None:
        self._allowance, self._resolver, self._stand_in = allowance, resolver, stand_in
        self._network, self._tunnel = network or httpcore.SyncBackend(), tunnel

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the host. Raises NotAllowedError, and what httpcore raises."""
        del timeout, local_address, socket_options  # the allowance is what counts, and the pool sets none of the others
        if self._stand_in is not None:
            addresses: Sequence[str] = [host] if (host, port) == self._stand_in else []
        else:
            addresses = self._public_addresses(host) if port == PORT else []
        if not addresses:
            raise NotAllowedError
        return _MeteredStream(self._dial(addresses[:MOST_ADDRESSES], port), self._allowance)

    def _public_addresses(self, host: str) -> Sequence[str]:
        """All addresses of the host; none where one of them is not public: such a host is not to be trusted."""
        addresses = self._resolve(host)
        return addresses if all(map(is_public, addresses)) else []

    def _resolve(self, host: str) -> Sequence[str]:
        """Ask on a thread of its own: the system's resolver takes no time limit, and ends by itself."""
        answer: SimpleQueue[Sequence[str] | OSError] = SimpleQueue()

        def ask() -> None:
            try:
                answer.put(self._resolver(host))
            except OSError as error:
                answer.put(error)

        threading.Thread(target=ask, name="resolve", daemon=True).start()
        try:
            found = answer.get(timeout=self._allowance.seconds(CONNECT_S))
        except Empty:
            raise httpcore.ConnectTimeout from None
        if isinstance(found, OSError):
            raise httpcore.ConnectError from found
        return found

    def _dial(self, addresses: Sequence[str], port: int) -> httpcore.NetworkStream:
        failure: Exception | None = None
        for address in addresses:
            try:
                return self._connect(address, port, self._allowance.seconds(CONNECT_S))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise httpcore.ConnectError from failure

    def _connect(self, address: str, port: int, timeout_s: float) -> httpcore.NetworkStream:
        if self._tunnel is not None:
            return self._tunnel.connect(self._network, address, port, timeout_s)
        return self._network.connect_tcp(address, port, timeout=timeout_s)


class _MeteredStream(httpcore.NetworkStream):
    """A connection whose every wait and byte is taken from the allowance of the request that it serves."""

    def __init__(self, stream: httpcore.NetworkStream, allowance: Allowance) -> None:
        self._stream, self._allowance = stream, allowance

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        del timeout
        received = self._stream.read(max_bytes, self._allowance.seconds(READ_S))
        self._allowance.count(len(received))
        return received

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        del timeout
        self._stream.write(buffer, self._allowance.seconds(READ_S))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        del timeout
        secure = self._stream.start_tls(ssl_context, server_hostname, self._allowance.seconds(READ_S))
        return _MeteredStream(secure, self._allowance)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
