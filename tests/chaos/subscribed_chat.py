"""A chat subscribed to accounts of its own, whose small figures make a new high one easy to see."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from tests.conftest import until
from tests.e2e.chat import Chat, Json
from tests.e2e.deployment import Deployment

POSTS = 6
FIRST_FIGURE = 9_000  # below 10,000 a caption shows every digit
COUNTS = {"replies": 1, "likes": 2, "quotes": 3, "bookmarks": 4, "views": 50}
NUMBERS = count(1)


@dataclass
class SubscribedChat:
    deployment: Deployment
    chat: Chat
    handles: list[str]
    chart: Json
    posts: dict[str, list[Json]]
    figures: "count[int]" = field(default_factory=lambda: count(FIRST_FIGURE))

    @property
    def caption(self) -> str:
        return str(self.chat.message(self.chart["message_id"])["caption"])

    def post_id(self, account: int = 0, age: int = 0) -> str:
        """The id of an account's post; age 0 is the newest."""
        return f"{self.handles[account].rpartition('_')[2]}{POSTS - age:03}"

    def is_marked_stale(self) -> bool:
        """Whether the first account's line has the time of its data."""
        return any(f"@{self.handles[0]}" in line and "as of" in line for line in self.caption.splitlines())

    def seconds_until_fresh(self, within_s: float, account: int = 0, figure: int | None = None) -> float:
        """The seconds that a new figure of an account takes to the chart."""
        shown = next(self.figures) if figure is None else figure
        return seconds_until_fresh(self.chat, self.chart, self.post_id(account), shown, within_s)

    def count_texts(self, text: str) -> int:
        """The number of the chat's messages with this text."""
        return sum(text in (message["text"] or "") for message in self.chat.messages())


@contextmanager
def subscribed_chat(deployment: Deployment, accounts: int = 1) -> Iterator[SubscribedChat]:
    """A chat whose accounts are the only ones that are read, unless another chat tracks some."""
    number = next(NUMBERS)
    handles = [f"account_{number * 100 + index}" for index in range(accounts)]
    written = {handle: posts(handle) for handle in handles}
    deployment.sandbox.post(
        "x/accounts", accounts=[{"username": handle, "posts": written[handle]} for handle in handles]
    )
    chat = deployment.chat(7000 + number)
    chat.ask("/track " + " ".join(handles), within_s=40)
    chart = chat.chart("/subscribe", within_s=60)
    until(lambda: "not read yet" not in chat.message(chart["message_id"])["caption"], within_s=40)
    try:
        yield SubscribedChat(deployment, chat, handles, chart, written)
    finally:
        deployment.sandbox.delete("faults")
        chat.ask("/untrack " + " ".join(handles), within_s=40)


def posts(handle: str) -> list[Json]:
    newest = datetime.now(UTC) - timedelta(minutes=1)  # young posts are read most often
    number = handle.rpartition("_")[2]
    return [
        {
            "post_id": f"{number}{POSTS - age:03}",
            "created_at": (newest - timedelta(minutes=age)).isoformat(timespec="seconds"),
            "retweets": 100 + age,
            **COUNTS,
        }
        for age in range(POSTS)
    ]


def wait_for_ticks(deployment: Deployment, line: str, more: int = 2, within_s: float = 60) -> None:
    """Wait until the log has so many more lines with this regular expression."""
    before = len(re.findall(line, deployment.log.read_text()))
    until(lambda: len(re.findall(line, deployment.log.read_text())) >= before + more, within_s)


def seconds_until_fresh(person: Chat, chart: Json, post_id: str, value: int, within_s: float) -> float:
    """Change a post's count; returns the seconds until this message's chart shows it.

    value: higher than all other counts of the chart, so that the caption has it as the account's top.
    """
    started = time.monotonic()
    person.sandbox.post(f"x/posts/{post_id}", retweets=value)
    figure = f"{value:,}"
    until(lambda: figure in (person.message(chart["message_id"])["caption"] or "").split(), within_s, every_s=0.2)
    return time.monotonic() - started
