"""The format of a dataset: posts as CSV, and a dictionary of the columns in a file beside it.

RFC 4180, UTF-8, a header, one row a post, accounts by name and posts newest first, times in ISO 8601 UTC.
Ids, times and counts only: X's terms forbid passing on the posts' text.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import NamedTuple

from pipeline.records import Counts, Post

COLUMNS = {
    "network": ("text", "where the account is: x"),
    "account": (
        "text",
        "the account's handle, without @; where another account took it since, with -old behind it",
    ),
    "account_id": ("text", "the account's id on its network, which it keeps when it is renamed; digits"),
    "post_id": (
        "text",
        "the post's id on its network; digits, but more of them than a spreadsheet counts to",
    ),
    "created_at": ("time", "when it was posted, ISO 8601, UTC"),
    "reposts": ("integer", "reposts (retweets), without quotes; empty: not told"),
    "likes": ("integer", "likes; empty: not told"),
    "replies": ("integer", "replies; empty: not told"),
    "quotes": ("integer", "quotes; empty: not told"),
    "bookmarks": ("integer", "bookmarks; empty: not told"),
    "views": ("integer", "views (impressions); empty: not told, as X does of posts made before 15 December 2022"),
}
DICTIONARY_PATH = "/columns.csv"
OURS = re.compile(r"/.+-last-\d+-[0-9a-f]{6,10}\.csv")
"""The path of a dataset, also of an early version, whose digest of ids is shorter."""
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
NAMED = 3
MARK = 10
"""Hex digits: enough that no two of millions of sets of accounts share them."""

assert list(COLUMNS)[5:] == list(Counts._fields)  # noqa: S101 the rows are written in this order


class Author(NamedTuple):
    """An account of a dataset: its id on the network, which it keeps, and its present handle."""

    handle: str
    remote_id: str


def render(network: str, timelines: Iterable[tuple[Author, Sequence[Post]]]) -> bytes:
    """The dataset of these accounts' posts, as bytes; equal posts give equal bytes."""
    by_name = sorted(timelines, key=lambda timeline: _by_name(timeline[0]))
    return _csv(COLUMNS, (_row(network, author, post) for author, posts in by_name for post in posts))


def dictionary() -> bytes:
    return _csv(["column", "type", "meaning"], ([name, *about] for name, about in COLUMNS.items()))


def version(content: bytes) -> str:
    return sha256(content).hexdigest()


def path(network: str, authors: Iterable[Author], count: int) -> str:
    """The dataset's path, in DATA_DIR/datasets and in Dropbox: readable, and unique for a set of accounts and a count.

    It ends with a digest of the accounts' ids, since other accounts may have the same handles.
    """
    members = sorted(authors, key=_by_name)
    words = [re.sub(r"[^A-Za-z0-9_]+", "-", member.handle) for member in members[:NAMED]]
    more = [f"and-{len(members) - NAMED}-more"] if len(members) > NAMED else []
    ids = sorted(member.remote_id for member in members)
    mark = sha256("\n".join([network, *ids]).encode()).hexdigest()[:MARK]
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
        return {f"/{file.name}" for file in folder.iterdir()}
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


def _by_name(author: Author) -> tuple[str, str]:
    return author.handle.lower(), author.remote_id


def _row(network: str, author: Author, post: Post) -> list[object]:
    moment = f"{post.created_at.replace(microsecond=0, tzinfo=None).isoformat()}Z"  # strftime takes twice as long
    return [network, _text(author.handle), _text(author.remote_id), _text(post.id), moment, *post.counts]


def _text(value: str) -> str:
    """The value as a cell that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(FORMULA) else value
