"""What people use the product for: 500 accounts of all networks, and 100 chats with three live charts each."""

import itertools
import random
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.conftest import until
from tests.e2e.chat import Chat, Json, Sandbox
from tests.e2e.deployment import Deployment

COMPARISONS, ACCOUNTS_EACH, POSTS_EACH = 100, 5, 50
CHATS, GROUPS = 100, 40
CHART_OFFSETS = (0, 34, 67)
"""A chat's charts are of the comparisons with its own number and so many further ones: each is shown in three chats."""
LIVE_CHARTS = CHATS * len(CHART_OFFSETS)
CHANGED_EACH_TICK = COMPARISONS // 2
NEW_POST_AFTER = timedelta(minutes=20)
SERVERS = 4
"""Of the fediverse."""
METRICS = ("reposts", "likes", "replies")
NOUNS = {
    "x": ("retweets", "likes", "replies"),
    "bluesky": ("reposts", "likes", "replies"),
    "fediverse": ("boosts", "favourites", "replies"),
}
"""What each network calls the metrics."""
NAMES = {"x": "username", "bluesky": "handle", "fediverse": "handle"}
FIRST_FIGURE = 1_001
FIGURE = re.compile(r"\b\d,\d{3}\b")
"""Of a change, as captions have it: other figures there are lower."""
post_numbers = itertools.count(10**15)


@dataclass
class Account:
    """An account whose newest post has the highest count, of all metrics alike."""

    network: str
    number: int
    written_at: datetime = field(init=False)
    post_id: str = field(init=False)

    @property
    def handle(self) -> str:
        match self.network:
            case "bluesky":
                return f"soak{self.number}.bsky.social"
            case "fediverse":
                return f"soak{self.number}@server{self.number % SERVERS}.example"
        return f"soak_{self.number}"

    def with_posts(self, posts: Sequence[Json]) -> Json:
        return {NAMES[self.network]: self.handle, "posts": list(posts)}

    def post(self, at: datetime, count: int) -> Json:
        """One more post, newer than all before."""
        number = next(post_numbers)
        self.post_id = f"post-{number}" if self.network == "bluesky" else str(number)
        self.written_at = at
        return {"post_id": self.post_id, "created_at": f"{at:%Y-%m-%dT%H:%M:%SZ}", **self.counts(count)}

    def counts(self, count: int) -> dict[str, int]:
        return dict.fromkeys(NOUNS[self.network], count)

    @property
    def post_path(self) -> str:
        """Where the sandbox takes new counts of the newest post."""
        host = [self.handle.partition("@")[2]] if self.network == "fediverse" else []
        return "/".join([self.network, "posts", *host, self.post_id])


@dataclass
class Comparison:
    """Five accounts of a network. figures: of each account, by handle. changed_at: when each figure came, in order."""

    number: int
    accounts: list[Account]
    figures: dict[str, int] = field(default_factory=dict)
    changed_at: list[float] = field(default_factory=list)

    @property
    def words(self) -> str:
        """Of the command that asks for its chart."""
        handles = " ".join(f"@{account.handle}" for account in self.accounts)
        return f"{handles} {METRICS[self.number % len(METRICS)]}"

    @property
    def latest(self) -> int:
        """The latest change's figure: the highest."""
        return FIRST_FIGURE + len(self.changed_at) - 1

    def change(self, sandbox: Sandbox, now: datetime) -> None:
        """Raise the count of the next account in turn above those of all others, by a new post where it is time."""
        account = self.accounts[len(self.changed_at) % ACCOUNTS_EACH]
        self.changed_at.append(time.time())
        self.figures[account.handle] = self.latest
        if now - account.written_at > NEW_POST_AFTER:
            written = account.with_posts([account.post(now, self.latest)])
            sandbox.post(f"{account.network}/accounts", accounts=[written])
        else:
            sandbox.post(account.post_path, **account.counts(self.latest))

    def changed_after(self, figure: int) -> list[float]:
        """When each later figure came."""
        return self.changed_at[max(0, figure + 1 - FIRST_FIGURE) :]

    def is_shown_in(self, caption: str) -> bool:
        """Whether the caption has the present figure of each account."""
        lines = [line.split() for line in caption.splitlines()]
        return all(
            any(f"@{handle}" in words and f"{figure:,}" in words for words in lines)
            for handle, figure in self.figures.items()
        )


@dataclass(frozen=True)
class LiveChart:
    chat: Chat
    message_id: int
    comparison: Comparison

    @property
    def caption(self) -> str:
        return self.chat.message(self.message_id)["caption"] or ""

    @property
    def is_fresh(self) -> bool:
        return self.comparison.is_shown_in(self.caption)


class Load:
    """The accounts, their comparisons, and the chats' live charts."""

    def __init__(self, deployment: Deployment) -> None:
        self.sandbox = deployment.sandbox
        self.comparisons = [Comparison(number, _accounts(number)) for number in range(COMPARISONS)]
        self._turn = itertools.cycle((self.comparisons[::2], self.comparisons[1::2]))
        self._write_posts()
        self.chats = [
            deployment.chat(-1 - number, user_id=1 + number, type="group")
            if number < GROUPS
            else deployment.chat(1 + number)
            for number in range(CHATS)
        ]
        self._ask_all(lambda number: f"/track {' '.join(self._handles(number))}", "Added")
        self.charts = [
            LiveChart(chat, message_id, self._comparison(number, offset))
            for offset in CHART_OFFSETS
            for number, (chat, message_id) in enumerate(self._subscribe_all(offset))
        ]
        self.change(self.comparisons)
        until(lambda: all(chart.is_fresh for chart in self.charts), within_s=300, every_s=5)

    def change_half(self) -> None:
        """Change the half of the comparisons that was not changed last."""
        self.change(next(self._turn))

    def change(self, comparisons: Sequence[Comparison]) -> None:
        now = datetime.now(UTC)
        for comparison in comparisons:
            comparison.change(self.sandbox, now)

    def _write_posts(self) -> None:
        chance, now = random.Random(1), datetime.now(UTC)
        for network in NAMES:
            accounts = [each for compared in self.comparisons for each in compared.accounts if each.network == network]
            written = [
                account.with_posts(
                    [
                        # The newest posts of the accounts are of different ages, so that new ones come evenly.
                        account.post(
                            now - account.number % 20 * timedelta(minutes=1) - age * timedelta(hours=1),
                            chance.randrange(100),
                        )
                        for age in reversed(range(POSTS_EACH))
                    ]
                )
                for account in accounts
            ]
            self.sandbox.post(f"{network}/accounts", accounts=written)

    def _comparison(self, chat: int, offset: int) -> Comparison:
        return self.comparisons[(chat + offset) % COMPARISONS]

    def _handles(self, chat: int) -> list[str]:
        compared = [self._comparison(chat, offset) for offset in CHART_OFFSETS]
        return [f"@{account.handle}" for comparison in compared for account in comparison.accounts]

    def _subscribe_all(self, offset: int) -> list[tuple[Chat, int]]:
        """Each chat with the message that its live chart is in."""
        return self._ask_all(lambda number: f"/subscribe {self._comparison(number, offset).words}", "")

    def _ask_all(self, text: Callable[[int], str], answer: str) -> list[tuple[Chat, int]]:
        """Send a command in each chat; returns the message that answers it, whose text begins so."""
        sent = [(chat, chat.send(text(number))) for number, chat in enumerate(self.chats)]
        answers = [(chat, chat.answer_to(message, within_s=120)) for chat, message in sent]
        assert all((each["text"] or "").startswith(answer) for _, each in answers), answers
        return [(chat, each["message_id"]) for chat, each in answers]


def _accounts(comparison: int) -> list[Account]:
    network = "x" if comparison < 88 else "bluesky" if comparison < 96 else "fediverse"
    first = comparison * ACCOUNTS_EACH
    return [Account(network, number) for number in range(first, first + ACCOUNTS_EACH)]
