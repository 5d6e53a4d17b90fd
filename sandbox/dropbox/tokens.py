"""Authorize codes with PKCE, refresh tokens and short-lived access tokens.

An access token holds its time of issue, so that a client's token stays valid when the sandbox is restarted or reset.
"""

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

LIFETIME = timedelta(hours=4)
CODE_LIFETIME = timedelta(minutes=10)
SIGNING_KEY = b"the sandbox's seal; it keeps nothing safe"
REVOKED_PREFIX = "revoked"
ACCESS_TOKEN = re.compile(r"sl\.(\d{15,20})\.([0-9a-f]{16})\.([0-9a-f]{16})")


class TokenState(Enum):
    """Whether an access token may be used."""

    VALID = auto()
    EXPIRED = auto()
    INVALID = auto()


@dataclass(frozen=True)
class Application:
    """What an app asks for on the authorize page."""

    client_id: str
    code_challenge: str | None
    code_challenge_method: str
    offline: bool
    asked_at: datetime


class GrantError(Exception):
    """Dropbox answers invalid_grant with this description."""


class Tokens:
    def __init__(self) -> None:
        self._applications: dict[str, Application] = {}  # by code
        self._granted: set[str] = set()  # refresh tokens handed out since the last revocation
        self._expired_until_us = 0
        self._revoked_until_us = 0

    def authorize(self, application: Application) -> str:
        """The code that the person copies into the app."""
        code = secrets.token_urlsafe(24)
        self._applications[code] = application
        return code

    def redeem(self, code: str, client_id: str, verifier: str | None, now: datetime) -> str | None:
        """Exchange a code, which works once, for a refresh token; None for an online app. Raises GrantError."""
        application = self._applications.pop(code, None)
        if application is None or application.asked_at + CODE_LIFETIME < now or application.client_id != client_id:
            raise GrantError("code doesn't exist or has expired")
        if application.code_challenge is not None and not _verifies(application, verifier):
            raise GrantError("invalid code verifier")
        if not application.offline:
            return None
        refresh_token = secrets.token_urlsafe(48)
        self._granted.add(refresh_token)
        return refresh_token

    def check_refresh_token(self, refresh_token: str) -> None:
        """Any token is accepted until the first revocation, then only those granted since. Raises GrantError."""
        revoked = refresh_token.startswith(REVOKED_PREFIX) or (
            self._revoked_until_us and refresh_token not in self._granted
        )
        if revoked:
            raise GrantError("refresh token is invalid or revoked")

    def issue(self, now: datetime) -> str:
        body = f"sl.{_microseconds(now)}.{secrets.token_hex(8)}"
        return f"{body}.{_sign(body)}"

    def check(self, access_token: str, now: datetime) -> TokenState:
        match = ACCESS_TOKEN.fullmatch(access_token)
        if not match or _sign(access_token.rpartition(".")[0]) != match[3]:
            return TokenState.INVALID
        issued_us = int(match[1])
        if issued_us <= self._revoked_until_us:
            return TokenState.INVALID
        too_old = issued_us + LIFETIME // timedelta(microseconds=1) <= _microseconds(now)
        return TokenState.EXPIRED if too_old or issued_us <= self._expired_until_us else TokenState.VALID

    def expire_all(self, now: datetime) -> None:
        self._expired_until_us = _microseconds(now)

    def revoke_all(self, now: datetime) -> None:
        """Make all refresh tokens and access tokens invalid, as when a person disconnects the app."""
        self._granted.clear()
        self._revoked_until_us = _microseconds(now)


def _verifies(application: Application, verifier: str | None) -> bool:
    if not verifier or not re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", verifier):
        return False
    if application.code_challenge_method == "plain":
        return verifier == application.code_challenge
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == application.code_challenge


def _sign(body: str) -> str:
    return hashlib.blake2b(body.encode(), key=SIGNING_KEY, digest_size=8).hexdigest()


def _microseconds(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000)
