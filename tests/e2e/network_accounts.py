"""Accounts that the stand-ins of the networks are given, and the figures that follow from their posts."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from pipeline.chart.number_format import short
from tests.e2e.books import wait_until_read
from tests.e2e.chat import Chat, Json, Sandbox
from tests.e2e.deployment import Deployment
from tests.e2e.figures import POSTS

SERVER_PACE_S = 30
"""A server's newest pages are read each 15 to 20 seconds."""
COUNTS = ("reposts", "likes", "replies", "quotes", "bookmarks", "views")
"""The columns of a dataset's counts."""
REPOST_EVERY = 5
"""Each fifth item of a timeline is a repost, whose counts are somebody else's."""
NEWEST = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
APART = timedelta(minutes=30)
first_ids = itertools.count(10**15, 10**6)
"""Of accounts: a stand-in takes no id of another account's post."""


@dataclass
class NetworkAccount:
    """An account with so many items, reposts among them, that a stand-in is given.

    name: its key in what the control API takes. nouns: what the network calls each count that it tells.
    """

    network: str
    label: str
    handle: str
    name: str
    followers: int
    items: int
    nouns: Mapping[str, str]
    address: str
    """A post's, with fields for the account's {id} and the {post}."""
    id: str = ""
    first_id: int = field(default_factory=lambda: next(first_ids))
    own: list[dict[str, Any]] = field(default_factory=list)
    """The posts that charts are of, newest first, with their counts by the dataset's columns."""

    def load(self, sandbox: Sandbox) -> None:
        """Give the account to the stand-in, which makes its id."""
        rows = [self._row(place) for place in range(self.items)]
        account = {self.name: self.handle, "followers": self.followers, "posts": rows}
        sandbox.post(f"{self.network}/accounts", accounts=[account])
        self.own = [self._post(row) for row in rows if not row["is_repost"]][:POSTS]
        self.id = self._id([each for each in sandbox.get(f"{self.network}/accounts") if each[self.name] == self.handle])

    def change(self, sandbox: Sandbox, reposts: int) -> None:
        """Give the newest post so many reposts."""
        post, noun = self.own[0], self.nouns["reposts"]
        host = [self.handle.partition("@")[2]] if self.network == "fediverse" else []
        sandbox.post("/".join([self.network, "posts", *host, post["post_id"]]), **{noun: reposts})
        post["reposts"] = reposts

    def figures(self, per_1000_of: int | None = None) -> list[str]:
        """The median, the top and the number of the posts' reposts as a caption has them, or of their rate."""
        values = [1000 * post["reposts"] / per_1000_of if per_1000_of else post["reposts"] for post in self.own]
        return [short(median(values)), short(max(values)), str(len(values))]

    def is_shown_in(self, caption: str, per_1000_of: int | None = None) -> bool:
        return any(
            line.split()[:3] == self.figures(per_1000_of)
            for line in caption.splitlines()
            if f"@{self.handle} · {self.label}" in line
        )

    def dataset_rows(self) -> list[dict[str, str]]:
        """What the dataset must have of the account, except for when it was read."""
        return [
            {
                "network": self.network,
                "account": self.handle,
                "account_id": self.id,
                "followers": str(self.followers),
                "address": self.address.format(id=self.id, post=post["post_id"]),
                **{name: "" if value is None else str(value) for name, value in post.items()},
            }
            for post in self.own
        ]

    def _row(self, place: int) -> dict[str, Any]:
        number = self.first_id - place
        counts = {noun: number % (37 + 11 * index) for index, noun in enumerate(self.nouns.values())}
        at = f"{NEWEST - place * APART:%Y-%m-%dT%H:%M:%SZ}"
        post_id = f"post-{number}" if self.network == "bluesky" else number
        return {"post_id": post_id, "created_at": at, "is_repost": place % REPOST_EVERY == 3, **counts}

    def _post(self, row: Mapping[str, Any]) -> dict[str, Any]:
        counts = {name: row[self.nouns[name]] if name in self.nouns else None for name in COUNTS}
        return {"post_id": str(row["post_id"]), "created_at": row["created_at"], **counts}

    def _id(self, listed: Json) -> str:
        [account] = listed
        if self.network == "fediverse":
            return f"{account['uri']}#{account['id']}"
        return str(account["did" if self.network == "bluesky" else "id"])


def on_x() -> NetworkAccount:
    nouns = {"reposts": "retweets", **{name: name for name in COUNTS[1:]}}
    return NetworkAccount("x", "X", "observatory", "username", 12_345, 50, nouns, "https://x.com/i/status/{post}")


def on_bluesky(handle: str = "observatory.bsky.social") -> NetworkAccount:
    """More items than a page holds, and so many of them its own."""
    nouns = {name: name for name in COUNTS if name != "views"}
    address = "https://bsky.app/profile/{id}/post/{post}"
    return NetworkAccount("bluesky", "Bluesky", handle, "handle", 4_321, 140, nouns, address)


def on_fediverse(handle: str = "observatory@stars.social") -> NetworkAccount:
    """On a server that tells no quotes, where it was set up so; as many posts as one page holds."""
    nouns = {"reposts": "boosts", "likes": "favourites", "replies": "replies"}
    user, _, host = handle.partition("@")
    address = f"https://{host}/@{user}/{{post}}"
    return NetworkAccount("fediverse", "Fediverse", handle, "handle", 678, 40, nouns, address)


def set_up_server(sandbox: Sandbox, host: str, kind: str) -> None:
    sandbox.post("fediverse/servers", host=host, kind=kind)


def is_shown(account: NetworkAccount, chat: Chat, chart: int) -> bool:
    """Whether the account's present figures are in this message."""
    return account.is_shown_in(chat.message(chart)["caption"], per_1000_of=account.followers)


def track(deployment: Deployment, chat: Chat, *accounts: NetworkAccount) -> str:
    """Load the accounts, track them in one command, and wait until they are read; returns the answer."""
    for account in accounts:
        account.load(deployment.sandbox)
    answer = chat.ask("/track " + " ".join(account.handle for account in accounts), within_s=60)
    wait_until_read(deployment, {account.handle: len(account.own) for account in accounts})
    return answer
