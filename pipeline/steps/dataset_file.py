"""The format of a dataset: posts as CSV, and a dictionary of the columns in a file beside it.

RFC 4180, UTF-8, a header, one row a post, accounts by name and posts newest first, times in ISO 8601 UTC.
Ids, times and counts only: networks' terms forbid passing on the posts' text.
"""

import csv
import io
import os
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import NamedTuple

from pipeline.records import Counts, Metric, Post
from pipeline.sources.registry import NETWORKS
from pipeline.sources.source import Network

ACCOUNT = "the account's handle, without @; where another account took it since, with -old behind it"
ACCOUNT_ID = "the account's id on its network, which it keeps when it is renamed"
POST_ID = "the post's id on its network; often digits, but more of them than a spreadsheet counts to"
CREATED_AT = "when it was posted, ISO 8601, UTC"
ADDITIONS = {Metric.REPOSTS: ", without quotes", Metric.VIEWS: " (impressions)"}
READ_AT = "when the counts were read, ISO 8601, UTC: the network may have others by now"
ADDRESS = "the post's page on its network"
FOLLOWERS = "how many accounts follow the account; empty: not known"
FOLLOWERS_AT = "when that was told, ISO 8601, UTC"
IS_REPLY = "whether it answers somebody else; empty: not known, and counted as no reply"
NEWEST = (
    "the file holds the newest posts of each account, as many as its name says, and where replies are among them "
    "further posts until as many are no replies: charts compare the newest that are no replies, or the newest of all"
)
COLUMNS = (
    *("network", "account", "account_id", "post_id", "created_at", "read_at"),
    *Counts._fields,
    *("address", "followers", "followers_at", "is_reply"),
)
"""Programs read them by name: none is ever renamed, and further ones stand last."""
DICTIONARY_PATH = "/columns.csv"
OURS = re.compile(r"/.+-last-\d+-[0-9a-f]{6,10}\.csv")
"""The path of a dataset, also of an early version, whose digest of ids is shorter."""
TIME = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
TIMES_OF_READING = re.compile(rb"(?<=," + TIME + rb",)" + TIME + rb"|(?<=,)" + TIME + rb"(?=,(?:true|false)?\r\n)")
"""read_at, which stands behind created_at, and followers_at, which stands before is_reply, the last."""
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
NAMED = 3
MARK = 10
"""Hex digits: enough that no two of millions of sets of accounts share them."""


class Author(NamedTuple):
    """An account of a dataset: its id on the network, which it keeps, its present handle, and when it was fetched.

    followers, followers_at: how many accounts follow it, None where that is not known, and when that was told.
    """

    network: str
    handle: str
    remote_id: str
    fetched_at: datetime | None = None
    followers: int | None = None
    followers_at: datetime | None = None


def render(timelines: Iterable[tuple[Author, Sequence[Post]]]) -> bytes:
    """The dataset of these accounts' posts, as bytes; equal posts give equal bytes."""
    by_name = sorted(timelines, key=lambda timeline: _by_name(timeline[0]))
    return _csv(COLUMNS, (_row(author, post) for author, posts in by_name for post in posts))


def dictionary() -> bytes:
    """What each column means, and what each network calls its counts and does not tell."""
    texts = {"account": ACCOUNT, "account_id": ACCOUNT_ID, "post_id": POST_ID}
    rows = [
        ["network", "text", f"where the account is: {_networks()}"],
        *([name, "text", meaning] for name, meaning in texts.items()),
        ["created_at", "time", CREATED_AT],
        ["read_at", "time", READ_AT],
        *([name, "integer", _meaning(Metric(name))] for name in Counts._fields),
        ["address", "text", ADDRESS],
        ["followers", "integer", FOLLOWERS],
        ["followers_at", "time", FOLLOWERS_AT],
        ["is_reply", "boolean", f"{IS_REPLY}; {NEWEST}"],
    ]
    return _csv(["column", "type", "meaning"], rows)


def _networks() -> str:
    """Each network's key, and which posts of an account are read there."""
    return "; ".join(f"{network.key} ({network.posts})" for network in NETWORKS.values())


def _meaning(metric: Metric) -> str:
    """What a count's column means, with the words and the gaps that networks have of their own."""
    own = [
        f"{network.nouns[metric].msgid} on {network.name}" for network in NETWORKS.values() if metric in network.nouns
    ]
    names = f" ({', '.join(own)})" if own else ""
    untold = [f"by {network.name} {posts}" for network, posts in _untold(metric).items()]
    gaps = f" ({', '.join(untold)})" if untold else ""
    return f"{metric}{names}{ADDITIONS.get(metric, '')}; empty: not told{gaps}{_left_out(metric)}"


def _left_out(metric: Metric) -> str:
    """Where charts leave the metric out of engagement, the sum of what all networks of a chart surely tell."""
    unsure = [str(each.name) for each in NETWORKS.values() if metric in each.lacks | each.varies]
    is_part = metric in Metric.ENGAGEMENT.parts
    return f"; not in the engagement of charts with accounts of {', '.join(unsure)}" if is_part and unsure else ""


def _untold(metric: Metric) -> dict[Network, str]:
    """Of which posts each network does not tell the metric, where it is known that it does not."""
    lacking = {network: "of all posts" for network in NETWORKS.values() if metric in network.lacks}
    lacking |= {network: "of posts on some servers" for network in NETWORKS.values() if metric in network.varies}
    return lacking | {
        network: network.unknown_notes[metric] for network in NETWORKS.values() if metric in network.unknown_notes
    }


def version(content: bytes) -> str:
    """The digest of a file, whenever they were read: the same counts read again are no new version."""
    return sha256(TIMES_OF_READING.sub(b"", content)).hexdigest()


def path(authors: Iterable[Author], count: int) -> str:
    """The dataset's path, in DATA_DIR/datasets and in Dropbox: readable, and unique for a set of accounts and a count.

    It ends with a digest of the accounts' ids, since other accounts may have the same handles.
    """
    members = sorted(authors, key=_by_name)
    words = [re.sub(r"[^A-Za-z0-9_]+", "-", member.handle) for member in members[:NAMED]]
    more = [f"and-{len(members) - NAMED}-more"] if len(members) > NAMED else []
    ids = [
        part
        for network in sorted({member.network for member in members})
        for part in (network, *sorted(member.remote_id for member in members if member.network == network))
    ]
    mark = sha256("\n".join(ids).encode()).hexdigest()[:MARK]
    return f"/{'-'.join(words + more)}-last-{count}-{mark}.csv"


def keep(folder: Path, name: str, content: bytes) -> None:
    """Replace the file atomically, so that a reader never sees half of it; leave an equal one alone. Raises OSError."""
    target = folder / name.lstrip("/")
    if target.exists() and target.read_bytes() == content:
        return
    folder.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=folder, delete=False) as draft:
        try:
            draft.write(content)
            draft.flush()
            Path(draft.name).replace(target)
        except OSError:
            Path(draft.name).unlink()
            raise


def files(folder: Path) -> set[str]:
    """The paths of the files in the folder."""
    try:
        return {f"/{name}" for name in os.listdir(folder)}  # noqa: PTH208 thousands of names need no Path each
    except FileNotFoundError:
        return set()


def remove(folder: Path, paths: Iterable[str]) -> None:
    """Delete those of the files that are datasets; other files belong to somebody else. Raises OSError."""
    for path in paths:
        if OURS.fullmatch(path):
            (folder / path.lstrip("/")).unlink(missing_ok=True)


def _csv(header: Iterable[str], rows: Iterable[Iterable[object]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def _by_name(author: Author) -> tuple[str, str, str]:
    return author.handle.lower(), author.network, author.remote_id


def _row(author: Author, post: Post) -> list[object]:
    names = author.network, _text(author.handle), _text(author.remote_id), _text(post.id)
    read_at = post.read_at or author.fetched_at
    address = _text(NETWORKS[author.network].post_address(author.handle, author.remote_id, post.id))
    followers = author.followers, _moment(author.followers_at) if author.followers_at else ""
    told = _moment(post.created_at), _moment(read_at) if read_at else "", *post.counts
    return [*names, *told, address, *followers, "" if post.is_reply is None else str(post.is_reply).lower()]


def _moment(at: datetime) -> str:
    return f"{at.replace(microsecond=0, tzinfo=None).isoformat()}Z"  # strftime takes twice as long


def _text(value: str) -> str:
    """The value as a cell that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(FORMULA) else value
