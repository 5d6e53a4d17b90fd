"""What everybody is told, and what is said, while something that all depend on is away."""

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

MEMORY = "My memory cannot be used just now"
PIPELINE = "The part of me that reads and draws cannot be reached just now"
ANSWERED_WITHIN_S = 5
PROBLEMS_PER_S, PROBLEMS_AFTER_ALL_PER_S = 20, 5
"""Lines in the log: at first as many as whoever is at work, then a few at each try; an endless loop has more."""
TO_THE_SECOND = len("2026-11-23 15:20:00")


def assert_answered_with(person: Chat, command: str, problem: str, within_s: float = ANSWERED_WITHIN_S) -> None:
    """Soon, and in words that a person understands."""
    asked = person.send(command)
    until(lambda: any(problem in (said["text"] or "") for said in person.messages(asked)), within_s)


@contextmanager
def few_log_lines(deployment: Deployment) -> Iterator[None]:
    """What is expected to be away is told in single lines, and not too many of them."""
    written, started = deployment.log.stat().st_size, time.monotonic()
    yield
    with deployment.log.open("rb") as log:
        log.seek(written)
        said = log.read().decode(errors="replace").splitlines()
    assert [line for line in said if "Traceback" in line or re.match(r"\s", line)] == []
    seconds = Counter(line[:TO_THE_SECOND] for line in said if "ERROR" in line or "WARNING" in line)
    assert {second: lines for second, lines in seconds.items() if lines > PROBLEMS_PER_S} == {}
    assert seconds.total() <= PROBLEMS_AFTER_ALL_PER_S * (time.monotonic() - started), said


@dataclass
class ChartsSent:
    """How many charts each chat was sent from a moment on, edits included."""

    subscribers: Subscribers
    since: int

    @classmethod
    def from_now(cls, subscribers: Subscribers) -> "ChartsSent":
        return cls(subscribers, subscribers.deployment.sandbox.last_call())

    def most_to_a_chat(self) -> int:
        calls = self.subscribers.deployment.sandbox.calls("telegram", self.since)
        charts = [call for call in calls if call["method"] in {"sendPhoto", "editMessageMedia"}]
        return max(Counter(call["params"]["chat_id"] for call in charts).values(), default=0)
