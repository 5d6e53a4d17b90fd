"""Checks webhooks."""

import ipaddress
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from sandbox.telegram.errors import bad_request
from sandbox.telegram.updates import Webhook

PORTS = (443, 80, 88, 8443)
SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
CONNECTIONS = range(1, 101)
DEFAULT_CONNECTIONS = 40


def check_webhook(given: Mapping[str, Any]) -> Webhook | None:
    """The webhook of setWebhook's parameters; None for an empty url, which removes it. Raises ApiError."""
    url = given.get("url", "")
    if not url:
        return None
    _check_url(url)
    secret = given.get("secret_token", "")
    if "secret_token" in given and not SECRET.fullmatch(secret):
        raise bad_request("secret token contains unallowed characters")
    connections = given.get("max_connections", DEFAULT_CONNECTIONS)
    if connections not in CONNECTIONS:
        connections = DEFAULT_CONNECTIONS
    return Webhook(url, secret, connections, given.get("ip_address"))


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise bad_request("bad webhook: invalid URL specified") from None
    # Unlike the real server, this one accepts a bot on this machine, on any port and without a certificate.
    if _is_loopback(parts):
        return
    if parts.scheme != "https":
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if port not in (None, *PORTS):
        raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")


def _is_loopback(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
