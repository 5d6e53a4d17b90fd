"""Accounts of X that make posts by the stand-ins' clock, and that clock."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.conftest import until
from tests.e2e.books import read_books
from tests.e2e.chat import Sandbox
from tests.e2e.deployment import Deployment

TIMELINE, POSTS, USAGE = "GET /2/users/:id/tweets", "GET /2/tweets", "GET /2/usage/tweets"
numbers = itertools.count(1)
post_ids = itertools.count(10**15)
METRICS = ("retweets", "replies", "likes", "quotes", "bookmarks", "views")


def clock_of(sandbox: Sandbox) -> datetime:
    return datetime.fromisoformat(sandbox.get("clock")["at"])


def set_clock(sandbox: Sandbox, hour: int, minute: int, second: int = 0) -> float:
    """Set the clock to a time of this machine's UTC day; returns the seconds that it is ahead."""
    at = datetime.now(UTC).replace(hour=hour, minute=minute, second=second, microsecond=0)
    return float(sandbox.post("clock", at=at.isoformat())["ahead_s"])


@dataclass
class Author:
    """An account of X. posts: the ids of those that it has, the oldest first."""

    sandbox: Sandbox
    handle: str = field(default_factory=lambda: f"author_{next(numbers)}")
    posts: list[int] = field(default_factory=list)

    def write(self, count: int = 1, *, hours_apart: float = 0, is_repost: bool = False) -> None:
        """Make so many posts, the last of them just now."""
        now = clock_of(self.sandbox) - timedelta(seconds=1)
        made = [next(post_ids) for _ in range(count)]
        ages = [timedelta(hours=hours_apart) * age for age in reversed(range(count))]
        rows = [
            {"post_id": each, "created_at": (now - age).isoformat(), "is_repost": is_repost}
            | dict.fromkeys(METRICS, each % 90)
            for each, age in zip(made, ages, strict=True)
        ]
        self.sandbox.post("x/accounts", accounts=[{"username": self.handle, "posts": rows}])
        self.posts += [] if is_repost else made

    def delete(self, post_id: int) -> None:
        self.sandbox.delete(f"x/posts/{post_id}")
        self.posts.remove(post_id)

    @property
    def timeline(self) -> str:
        """The path of its timeline, as faults name it."""
        accounts = self.sandbox.get("x/accounts")
        return f"/x/2/users/{next(each['id'] for each in accounts if each['username'] == self.handle)}/tweets"


def authors(sandbox: Sandbox, posts: Iterable[int], hours_apart: float = 6) -> list[Author]:
    """An account for each of these numbers of posts."""
    made = [Author(sandbox) for _ in posts]
    for each, count in zip(made, posts, strict=True):
        each.write(count, hours_apart=hours_apart)
    return made


def track(deployment: Deployment, chat_id: int, made: Iterable[Author]) -> str:
    return deployment.chat(chat_id).ask("/track " + " ".join(each.handle for each in made), within_s=40)


def untrack(deployment: Deployment, chat_id: int) -> None:
    chat = deployment.chat(chat_id)
    handles = [word for word in chat.ask("/list").split() if word.startswith("@")]
    if handles:
        chat.ask("/untrack " + " ".join(handles))


def ticks(deployment: Deployment) -> int:
    return deployment.log.read_text().count(" tick: ")


def wait_for_ticks(deployment: Deployment, more: int) -> None:
    before = ticks(deployment)
    until(lambda: ticks(deployment) >= before + more, within_s=30 + 10 * more)


def stored_posts(deployment: Deployment) -> int:
    return read_books(deployment).stored_by_account.total()


def stored_of(deployment: Deployment, author: Author) -> int:
    return read_books(deployment).stored_by_account[author.handle]
