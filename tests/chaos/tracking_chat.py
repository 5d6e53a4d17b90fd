"""Chats that each track an account, and faults of Telegram in one chat only."""

import itertools
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.conftest import until
from tests.e2e.chat import Chat, Json
from tests.e2e.deployment import Deployment

ALWAYS = 1_000_000
EDIT, PHOTO, TEXT = "editMessageMedia", "sendPhoto", "sendMessage"

numbers = itertools.count(1)


@dataclass
class TrackedAccount:
    """An account of X with a few posts. value: the count of its first post, its highest."""

    deployment: Deployment
    number: int = field(default_factory=lambda: next(numbers))
    value: int = 1_000

    def __post_init__(self) -> None:
        counts = [self.value, 40, 30, 20, 10]
        now = datetime.now(UTC)  # young posts are read most often
        posts = [
            {
                "post_id": self.post_id + index,
                "created_at": (now - timedelta(minutes=len(counts) - index)).isoformat(),
                "retweets": count,
            }
            for index, count in enumerate(counts)
        ]
        self.deployment.sandbox.post("x/accounts", accounts=[{"username": self.handle, "posts": posts}])

    @property
    def handle(self) -> str:
        return f"chaos_{self.number}"

    @property
    def post_id(self) -> int:
        return 1_000_000_000 + 10 * self.number

    def change(self) -> str:
        """Raise the count at X; returns the figure that a new chart shows."""
        self.value += 1
        self.deployment.sandbox.post(f"x/posts/{self.post_id}", retweets=self.value)
        return f"{self.value:,}"


@dataclass
class TrackingChat:
    """A chat that tracks an account. started: the sandbox's last call before its first chart was asked for."""

    account: TrackedAccount
    chat: Chat
    started: int = 0

    @property
    def deployment(self) -> Deployment:
        return self.account.deployment

    def subscribe(self, text: str = "/subscribe") -> None:
        self.started = self.deployment.sandbox.last_call()
        self.chat.chart(text)

    def charts(self) -> list[Json]:
        return [message for message in self.chat.messages() if message["photo"]]

    def shows(self, figure: str) -> bool:
        return any(figure in message["caption"].split() for message in self.charts())

    def calls(self, *methods: str, since: int | None = None) -> list[Json]:
        """The bot's calls to Telegram for this chat."""
        calls = self.deployment.sandbox.calls("telegram", self.started if since is None else since)
        mine = [call for call in calls if call["params"].get("chat_id") == self.chat.id]
        return [call for call in mine if not methods or call["method"] in methods]

    def seconds_until_fresh(self, within_s: float) -> float:
        """Raise the count; returns the seconds until a chart of the chat shows it."""
        started = time.monotonic()
        figure = self.account.change()
        until(lambda: self.shows(figure), within_s)
        return time.monotonic() - started

    def refuse(self, method: str, status: int, description: str, times: int = 1, **parameters: int) -> None:
        """Let Telegram refuse calls of this method."""
        body = {"ok": False, "error_code": status, "description": description}
        self.fault(method, status=status, body=body | ({"parameters": parameters} if parameters else {}), times=times)

    def fault(self, method: str, **more: object) -> None:
        self.deployment.sandbox.post(
            "faults", service="telegram", method=method, params={"chat_id": self.chat.id}, **more
        )


def tracking_chat(deployment: Deployment, account: TrackedAccount | None = None, **more: object) -> TrackingChat:
    """A new chat that tracks an account. more: fields of Chat."""
    [chat] = tracking_chats([account or TrackedAccount(deployment)], **more)
    return chat


def tracking_chats(accounts: Iterable[TrackedAccount], **more: object) -> list[TrackingChat]:
    """A new chat for each of these accounts."""
    chats = [TrackingChat(account, _new_chat(account.deployment, **more)) for account in accounts]
    _send_all(chats, lambda each: f"/track {each.account.handle}")
    return chats


def live_chat(deployment: Deployment, account: TrackedAccount | None = None, **more: object) -> TrackingChat:
    """A new chat with a live chart."""
    [chat] = live_chats([account or TrackedAccount(deployment)], **more)
    return chat


def live_chats(accounts: Iterable[TrackedAccount], **more: object) -> list[TrackingChat]:
    """A new chat with a live chart for each of these accounts."""
    chats = tracking_chats(accounts, **more)
    _send_all(chats, lambda _: "/subscribe")
    until(lambda: all(each.charts() for each in chats), within_s=60)
    return chats


def _new_chat(deployment: Deployment, **more: object) -> Chat:
    number = next(numbers)
    who = {"id": -100_000 - number, "user_id": 200_000 + number} if more else {"id": 100_000 + number}
    return Chat(deployment.sandbox, **who, **more)  # type: ignore[arg-type]


def _send_all(chats: Iterable[TrackingChat], text: Callable[[TrackingChat], str]) -> None:
    sent = [(each, each.chat.send(text(each))) for each in chats]
    for each, _ in sent:
        each.started = each.deployment.sandbox.last_call()
    until(lambda: all(each.chat.messages(message) for each, message in sent), within_s=60)
