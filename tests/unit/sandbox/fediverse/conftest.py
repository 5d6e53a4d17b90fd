"""A guest of the servers that the sandbox stands in for, and timelines that tests load."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HANDLE = "ada@social.example"


class Guest:
    """Reads servers without a token, as any stranger may."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url)

    def get(self, host: str, path: str, **query: Any) -> httpx.Response:
        return self.http.get(f"/fediverse/{host}{path}", params=query or None)

    def look_up(self, handle: str) -> dict[str, Any]:
        username, _, host = handle.partition("@")
        return dict(self.get(host, "/api/v1/accounts/lookup", acct=username).raise_for_status().json())

    def page(self, handle: str, **query: Any) -> httpx.Response:
        """A page of statuses of an account, whose server has the name of its handle's domain."""
        host = handle.partition("@")[2]
        return self.get(host, f"/api/v1/accounts/{self.look_up(handle)['id']}/statuses", **query)

    def statuses(self, handle: str, **query: Any) -> list[dict[str, Any]]:
        return list(self.page(handle, **query).raise_for_status().json())

    def control(self, path: str, /, **fields: Any) -> Any:
        return self.http.post(f"/_control/{path}", json=fields).raise_for_status().json()

    def load(self, *posts: dict[str, Any], handle: str = HANDLE, **fields: Any) -> None:
        self.control("fediverse/accounts", accounts=[{"handle": handle, "posts": list(posts), **fields}])

    def change(self, handle: str, **fields: Any) -> None:
        self.control("fediverse/accounts", accounts=[{"handle": handle, **fields}])


def post(number: int, **more: Any) -> dict[str, Any]:
    """A post with this id, of a minute of its own: a higher number is a later one."""
    at = NOON + timedelta(minutes=number)
    return {"post_id": number, "created_at": f"{at:%Y-%m-%dT%H:%M:%SZ}", "boosts": number, **more}


@pytest.fixture
def guest(url: str) -> Iterator[Guest]:
    guest = Guest(url)
    yield guest
    guest.http.close()
