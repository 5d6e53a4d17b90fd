"""Dropbox's authorize page and token endpoint."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import BasicAuth, web

from sandbox.dropbox.backend import Backend
from sandbox.dropbox.responses import ACCOUNT_ID, as_json
from sandbox.dropbox.tokens import LIFETIME, Application, GrantError

SCOPES = "account_info.read files.content.read files.content.write files.metadata.read files.metadata.write"

ACCESS_TYPES, METHODS = {"offline", "online", "legacy"}, {"S256", "plain"}
AUTHORIZE_PARAMETERS = {
    "response_type",
    "client_id",
    "token_access_type",
    "code_challenge",
    "code_challenge_method",
    "scope",
    "include_granted_scopes",
    "state",
    "locale",
    "force_reapprove",
    "disable_signup",
}
TOKEN_FIELDS = {
    "refresh_token": {"refresh_token"},
    "authorization_code": {"code"},
}
OPTIONAL_TOKEN_FIELDS = {"grant_type", "client_id", "client_secret", "scope", "code_verifier", "locale", "redirect_uri"}

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<body style="font: 1.1em sans-serif; max-width: 34em; margin: 3em auto"><h1>{title}</h1>{body}</body></html>
"""


@dataclass(frozen=True)
class _OAuthError(Exception):
    error: str
    description: str


class OAuth:
    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/dropbox/oauth2/authorize", self._authorize),
            web.post("/dropbox/oauth2/token", self._token),
        ]

    async def _authorize(self, request: web.Request) -> web.Response:
        """Shows the code at once, without asking the person to agree."""
        try:
            application = _application(request.query, self._backend.clock())
        except ValueError as error:
            return _page("This app's request is invalid", f"<p>{html.escape(str(error))}</p>", status=400)
        code = self._backend.tokens.authorize(application)
        client = html.escape(application.client_id)
        return _page(
            "The app may use your Dropbox",
            f'<p>Give this code to the app <b>{client}</b>:</p><p><code id="code">{code}</code></p>',
        )

    async def _token(self, request: web.Request) -> web.Response:
        try:
            return as_json(200, self._grant(await _read_form(request)))
        except GrantError as error:
            return _refusal("invalid_grant", str(error))
        except _OAuthError as error:
            return _refusal(error.error, error.description)

    def _grant(self, form: dict[str, str]) -> dict[str, Any]:
        now = self._backend.clock()
        _check_form(form)
        if form["grant_type"] == "refresh_token":
            self._backend.tokens.check_refresh_token(form["refresh_token"])
            return self._tokens(form, now)
        if not form.get("code_verifier") and not form.get("client_secret"):
            raise _OAuthError("invalid_request", 'missing required field "code_verifier" or "client_secret"')
        refresh_token = self._backend.tokens.redeem(form["code"], form["client_id"], form.get("code_verifier"), now)
        account = {"uid": "12345", "account_id": ACCOUNT_ID}
        return {**self._tokens(form, now), **account, **({"refresh_token": refresh_token} if refresh_token else {})}

    def _tokens(self, form: Mapping[str, str], now: datetime) -> dict[str, Any]:
        return {
            "access_token": self._backend.tokens.issue(now),
            "token_type": "bearer",
            "expires_in": int(LIFETIME.total_seconds()),
            "scope": form.get("scope") or SCOPES,
        }


def _application(query: Mapping[str, str], now: datetime) -> Application:
    """What the app asks for. Raises ValueError with a sentence for the page."""
    if unknown := sorted(set(query) - AUTHORIZE_PARAMETERS):
        raise ValueError(f"Unknown parameter {unknown[0]}. This app has no redirect address registered.")
    if query.get("response_type") != "code":
        raise ValueError("response_type must be code.")
    if not re.fullmatch(r"[A-Za-z0-9_-]+", query.get("client_id", "")):
        raise ValueError("client_id must be the app's key.")
    if query.get("token_access_type", "online") not in ACCESS_TYPES:
        raise ValueError("token_access_type must be offline, online or legacy.")
    _check_challenge(query)
    return Application(
        client_id=query["client_id"],
        code_challenge=query.get("code_challenge"),
        code_challenge_method=query.get("code_challenge_method", "plain"),
        offline=query.get("token_access_type") == "offline",
        asked_at=now,
    )


def _check_challenge(query: Mapping[str, str]) -> None:
    challenge, method = query.get("code_challenge"), query.get("code_challenge_method", "plain")
    if challenge is None and "code_challenge_method" in query:
        raise ValueError("code_challenge_method needs a code_challenge.")
    if method not in METHODS:
        raise ValueError("code_challenge_method must be S256 or plain.")
    length = "{43}" if method == "S256" else "{43,128}"
    if challenge is not None and not re.fullmatch(rf"[A-Za-z0-9._~-]{length}", challenge):
        raise ValueError("code_challenge is not what its method makes.")


async def _read_form(request: web.Request) -> dict[str, str]:
    if request.content_type != "application/x-www-form-urlencoded":
        raise _OAuthError("invalid_request", "the request body must be form-encoded")
    form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    if "Authorization" in request.headers:
        try:
            basic = BasicAuth.decode(request.headers["Authorization"])
        except ValueError:
            raise _OAuthError("invalid_client", "invalid Authorization header") from None
        form |= {"client_id": basic.login, "client_secret": basic.password}
    return form


def _check_form(form: Mapping[str, str]) -> None:
    needed = TOKEN_FIELDS.get(form.get("grant_type", ""))
    if needed is None:
        raise _OAuthError("unsupported_grant_type", "grant_type must be one of authorization_code, refresh_token")
    for name in sorted({"client_id", *needed}):
        if not form.get(name):
            raise _OAuthError("invalid_request", f'missing required field "{name}"')
    if unknown := sorted(set(form) - needed - OPTIONAL_TOKEN_FIELDS):
        raise _OAuthError("invalid_request", f'unknown field "{unknown[0]}"')
    if not set(form.get("scope", "").split()) <= set(SCOPES.split()):
        raise _OAuthError("invalid_scope", "the app has not been granted this scope")


def _refusal(error: str, description: str) -> web.Response:
    return as_json(400, {"error": error, "error_description": description})


def _page(title: str, body: str, status: int = 200) -> web.Response:
    return web.Response(text=PAGE.format(title=title, body=body), content_type="text/html", status=status)
