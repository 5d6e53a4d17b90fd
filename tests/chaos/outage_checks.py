"""What people are answered, and what is logged, during an outage of a server."""

import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.chaos.subscribers import Subscribers
from tests.conftest import until
from tests.e2e.chat import Chat
from tests.e2e.deployment import Deployment

MEMORY = "I can't reach my database just now"
PIPELINE = "The part of the bot that draws charts is not answering"
ANSWERED_WITHIN_S = 5
MAX_LINES_IN_A_SECOND, MAX_LINES_PER_S = 20, 5
"""Log lines: at first one for each thread at work, then a few for each retry. An endless loop logs more."""
TO_THE_SECOND = len("2026-11-23 15:20:00")


def assert_answered_with(person: Chat, command: str, text: str, within_s: float = ANSWERED_WITHIN_S) -> None:
    """The bot answers the command with this text in time."""
    sent = person.send(command)
    until(lambda: any(text in (message["text"] or "") for message in person.messages(sent)), within_s)


@contextmanager
def few_log_lines(deployment: Deployment) -> Iterator[None]:
    """The outage is logged in single lines without tracebacks, and in few of them."""
    written, started = deployment.log.stat().st_size, time.monotonic()
    yield
    with deployment.log.open("rb") as log:
        log.seek(written)
        lines = log.read().decode(errors="replace").splitlines()
    assert [line for line in lines if "Traceback" in line or re.match(r"\s", line)] == []
    seconds = Counter(line[:TO_THE_SECOND] for line in lines if "ERROR" in line or "WARNING" in line)
    assert {second: number for second, number in seconds.items() if number > MAX_LINES_IN_A_SECOND} == {}
    assert seconds.total() <= MAX_LINES_PER_S * (time.monotonic() - started), lines


@dataclass
class ChartsSent:
    """Counts the charts that each chat has been sent since some call, by new messages and edits."""

    subscribers: Subscribers
    since: int

    @classmethod
    def from_now(cls, subscribers: Subscribers) -> "ChartsSent":
        return cls(subscribers, subscribers.deployment.sandbox.last_call())

    def most_to_a_chat(self) -> int:
        calls = self.subscribers.deployment.sandbox.calls("telegram", self.since)
        charts = [call for call in calls if call["method"] in {"sendPhoto", "editMessageMedia"}]
        return max(Counter(call["params"]["chat_id"] for call in charts).values(), default=0)
