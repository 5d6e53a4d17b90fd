"""Connections through an HTTP proxy, by its method CONNECT."""

from base64 import b64encode
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

import httpcore


class Tunnel:
    """Leads through the proxy at this address, which may hold a user and a password."""

    def __init__(self, proxy: str) -> None:
        parts = urlsplit(proxy)
        self._scheme, self._host = parts.scheme.encode(), (parts.hostname or "").encode()
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._headers = (
            [(b"Proxy-Authorization", _basic(parts.username, parts.password or ""))] if parts.username else []
        )

    def connect(
        self, network: httpcore.NetworkBackend, address: str, port: int, timeout_s: float
    ) -> httpcore.NetworkStream:
        """A connection to the address. Raises ProxyError with the proxy's status, and what httpcore raises."""
        place = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        request = httpcore.Request(
            b"CONNECT",
            httpcore.URL(scheme=self._scheme, host=self._host, port=self._port, target=place.encode()),
            headers=[(b"Host", place.encode()), *self._headers],
            extensions={"timeout": dict.fromkeys(("connect", "read", "write", "pool"), timeout_s)},
        )
        connection = httpcore.HTTPConnection(request.url.origin, network_backend=network)
        try:
            response = connection.handle_request(request)
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.RemoteProtocolError) as error:
            raise httpcore.ProxyError(type(error).__name__) from error
        if response.status == HTTPStatus.OK:
            stream: httpcore.NetworkStream = response.extensions["network_stream"]
            return stream
        connection.close()
        if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:  # the proxy does not reach the address
            raise httpcore.ConnectError
        raise httpcore.ProxyError(f"failed: {response.status} ")


def _basic(user: str, password: str) -> bytes:
    return b"Basic " + b64encode(f"{unquote(user)}:{unquote(password)}".encode())
