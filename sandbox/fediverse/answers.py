"""What a server answers: JSON, pages of HTML, and errors in Mastodon's own words."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from aiohttp import web

from sandbox.clock import http_date

JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"
CACHED = {"Cache-Control": "max-age=15, public, stale-while-revalidate=30, stale-if-error=86400"}
"""Guests' answers may be kept for 15 s. Source: Mastodon's app/controllers/concerns/caching_concern.rb."""


@dataclass(frozen=True)
class Answer:
    """body: None for an answer without one."""

    status: int
    body: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def with_headers(self, headers: Mapping[str, str]) -> "Answer":
        return replace(self, headers={**self.headers, **headers})

    def response(self, now: datetime) -> web.Response:
        headers = {"Date": http_date(now), **self.headers}
        return web.Response(status=self.status, body=None if self.body is None else self.body.encode(), headers=headers)


def as_json(body: Any, headers: Mapping[str, str] | None = None, *, status: int = 200, kind: str = JSON) -> Answer:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Answer(status, text, {"Content-Type": kind, **(headers or {})})


def error(status: int, text: str) -> Answer:
    return as_json({"error": text}, status=status)


def page(status: int, title: str, headers: Mapping[str, str] | None = None) -> Answer:
    """A page for people."""
    body = f"<!DOCTYPE html><html lang='en'><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Answer(status, body, {"Content-Type": HTML, **(headers or {})})


NOT_FOUND = error(404, "Record not found")
NO_SUCH_PAGE = page(404, "The page you are looking for isn't here.")
TOO_MANY = error(429, "Too many requests")
NO_GUESTS = error(401, "This API requires an authenticated user")
SIGNED_IN = error(422, "This method requires an authenticated user")
FORBIDDEN = error(403, "This action is not allowed")
GONE = error(410, "Gone")
TOO_MANY_IDS = error(422, "Mastodon::ValidationError")
WALL = page(403, "Making sure you're not a bot!")
