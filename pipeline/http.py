"""Sending the requests of client libraries with a fixed host to another address."""

from collections.abc import Mapping

from requests import PreparedRequest, Response, Session
from requests.adapters import HTTPAdapter
from requests.exceptions import ProxyError
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError


class HostOverrideAdapter(HTTPAdapter):
    """Sends requests for `host` to `address` instead, never without a timeout. pool: how many connections it keeps."""

    def __init__(self, host: str, address: str, *, timeout_s: float, pool: int) -> None:
        self.host, self.address, self.timeout_s = host, address, timeout_s
        super().__init__(pool_connections=pool, pool_maxsize=pool)

    def send(  # noqa: PLR0913, PLR0917 the parent's signature
        self,
        request: PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,  # noqa: FBT001, FBT002
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> Response:
        request.url = str(request.url).replace(self.host, self.address, 1)
        return super().send(request, stream, timeout or self.timeout_s, verify, cert, proxies)


def read_environment_once(session: Session, address: str, proxy: str | None = None) -> None:
    """Set the environment's proxies and certificates for this address once; requests would read them at every call.

    proxy: used in place of the environment's. It reads no .netrc either: requests would send a password from there in
    place of the token.
    """
    merged = session.merge_environment_settings(address, {}, None, None, None)
    session.proxies = {"http": proxy, "https": proxy} if proxy else merged["proxies"]
    session.verify, session.cert = merged["verify"], merged["cert"]
    session.trust_env = False


def was_never_sent(error: ProxyError) -> bool:
    """Whether the proxy was not reached, or refused to connect.

    urllib3 blames the proxy also where a connection ended after the request had gone through it.
    """
    reason = getattr(error.args[0], "reason", None) if error.args else None
    cause = getattr(reason, "original_error", None)
    return isinstance(cause, ConnectTimeoutError | NewConnectionError) or "Tunnel connection failed" in str(cause)
