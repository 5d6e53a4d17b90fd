"""Chats with charts of the same accounts, and how long a new figure takes to reach them all after a fault."""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from sqlalchemy import update

from pipeline.records import Mode
from pipeline.store.tables import Subscription
from tests.chaos.data_loss import nothing_lost, open_store
from tests.conftest import until
from tests.e2e.books import wait_until_read
from tests.e2e.chat import Chat, Json
from tests.e2e.deployment import Deployment
from tests.e2e.figures import own_posts

TICK_S = 3
START_S = 20
"""For a process to be restarted and to be ready, on a busy machine."""
NEW_EVERY_S = 2
READY = {
    "worker": r"celery\.apps\.worker: worker@\S+ ready",
    "slow": r"celery\.apps\.worker: slow@\S+ ready",
    "beat": r"logs: Tallybird \S+: beat starts",
    "bot": r"telegram\.ext\.Application: Application started",
}
"""What each process logs when it is ready."""
TIMELINE = "GET /2/users/:id/tweets"


def figures(message: Json) -> list[str]:
    return (message["caption"] or "").split()


def charts(person: Chat) -> list[Json]:
    return [message for message in person.messages() if message["photo"]]


class Subscribers:
    """Chats subscribed to the same accounts, some with live charts and some with new messages.

    post_id: the post whose count is raised.
    """

    def __init__(
        self, deployment: Deployment, handles: Sequence[str], post_id: str, *, live: int = 1, new: int = 1
    ) -> None:
        self.deployment, self.handles, self.post_id, self.counts = deployment, handles, post_id, count(9_001)
        self.live = [deployment.chat(number) for number in range(1, live + 1)]
        self.new = [deployment.chat(number) for number in range(1_001, new + 1_001)]
        for chat in self.chats:
            chat.send(f"/track {' '.join(handles)}")
        until(lambda: all("Added" in (chat.messages()[-1]["text"] or "") for chat in self.chats), within_s=60)
        for chat in self.chats:
            chat.send("/subscribe live" if chat in self.live else "/subscribe new 1m")
        until(lambda: all(charts(chat) for chat in self.chats), within_s=60)
        self._shorten_intervals()

    @property
    def chats(self) -> list[Chat]:
        return [*self.live, *self.new]

    def _shorten_intervals(self) -> None:
        """Below the minute that a person can choose, so that tests take less time."""
        with open_store(self.deployment) as store, store.write_session() as db:
            soon = {"interval_s": NEW_EVERY_S, "next_at": datetime.now(UTC)}
            db.execute(update(Subscription).where(Subscription.mode == Mode.NEW).values(soon))

    def raise_count(self) -> str:
        """Raise the post's count above all earlier ones; returns the figure as a caption shows it."""
        value = next(self.counts)
        self.deployment.sandbox.post(f"x/posts/{self.post_id}", retweets=value)
        return f"{value:,}"

    def see(self, figure: str) -> bool:
        return all(any(figure in figures(message) for message in charts(chat)) for chat in self.chats)

    def is_uploaded(self, figure: str) -> bool:
        """Whether a dataset in Dropbox has the figure."""
        sandbox, count = self.deployment.sandbox, figure.replace(",", "").encode()
        paths = [file["path"] for file in sandbox.get("dropbox/files") if "-last-" in file["path"]]
        return any(count in sandbox.bytes(f"dropbox/files{path}") for path in paths)

    def wait_for(self, figure: str, within_s: float) -> float:
        """The seconds until a chart in every chat shows the figure."""
        started = time.monotonic()
        until(lambda: self.see(figure), within_s, every_s=0.2)
        return time.monotonic() - started

    def repeated(self) -> list[str]:
        """Live chats with more than one chart, and charts that a chat got in more than one message."""
        live = [f"{chat.id}: {len(shown)} charts" for chat in self.live if len(shown := charts(chat)) > 1]
        return live + [f"{chat.id}: {captions}" for chat in self.new if (captions := self._repeated(chat))]

    def _repeated(self, chat: Chat) -> list[str]:
        """The captions, without their last line with the time, that are in more than one message."""
        captions = Counter(message["caption"].rpartition("\n")[0] for message in charts(chat))
        return [caption for caption, times in captions.items() if times > 1]


def subscribe_chats(deployment: Deployment, timelines: Path, **chats: int) -> Subscribers:
    """Chats subscribed to two accounts, whose posts are all read, so that a tick has a batch for each worker slot."""
    posts = own_posts(timelines)
    small = [name for name, rows in posts.items() if max(int(row["retweets"]) for row in rows) < 9_000]
    subscribers = Subscribers(deployment, small[:2], posts[small[0]][0]["post_id"], **chats)
    wait_until_read(deployment, {handle: len(posts[handle]) for handle in small[:2]})
    return subscribers


@contextmanager
def nothing_lost_or_repeated(subscribers: Subscribers) -> Iterator[None]:
    """Afterwards nothing is missing from the database, and no chat has a chart twice."""
    with nothing_lost(subscribers.deployment):
        yield
    assert subscribers.repeated() == []


class Restarts:
    """Waits until each of some processes has started once more."""

    def __init__(self, deployment: Deployment, *names: str) -> None:
        self.deployment, self.names = deployment, names
        self.before = self._count()

    def wait(self) -> None:
        until(lambda: all(now > before for now, before in zip(self._count(), self.before, strict=True)), START_S)

    def _count(self) -> list[int]:
        log = self.deployment.log.read_text(errors="replace")
        return [len(re.findall(READY[name], log)) for name in self.names]


def fresh_again(subscribers: Subscribers, figure: str, restarts: Restarts | None = None) -> float:
    """The seconds until every chat shows the figure, which may take 3 ticks after the restarts."""
    since = time.monotonic()
    if restarts:
        restarts.wait()
    subscribers.wait_for(figure, within_s=3 * TICK_S)
    return time.monotonic() - since


@contextmanager
def slow_answers(deployment: Deployment, service: str, *methods: str, seconds: float) -> Iterator[Callable[[], bool]]:
    """The service answers late. Yields a function that tells whether a call of every method waits for its answer."""
    times = 1_000
    for method in methods:
        deployment.sandbox.post("faults", service=service, method=method, delay=seconds, times=times)
    yield lambda: all(fault["times"] < times for fault in deployment.sandbox.get("faults"))
    deployment.sandbox.delete("faults")


def pause(seconds: float) -> None:
    """Wait while a fault lasts, where no condition tells that the time is over."""
    end = time.monotonic() + seconds
    until(lambda: time.monotonic() > end, within_s=seconds + 1)
