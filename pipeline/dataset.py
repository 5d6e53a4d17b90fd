"""The write step: a comparison's posts as CSV, and a dictionary of the columns beside it.

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

from pipeline.records import Counts, Post

COLUMNS = {
    "network": ("text", "where the account is: x"),
    "account": ("text", "the account's handle, without @"),
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
    "views": ("integer", "views (impressions); empty: not told"),
}
DICTIONARY_PATH = "/columns.csv"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
NAMED = 3

assert list(COLUMNS)[4:] == list(Counts._fields)  # noqa: S101 the rows are written in this order


def render(network: str, timelines: Iterable[tuple[str, Sequence[Post]]]) -> bytes:
    """The dataset of these (handle, posts); equal posts give equal bytes."""
    by_name = sorted(timelines, key=lambda timeline: timeline[0].lower())
    return _csv(COLUMNS, (_row(network, handle, post) for handle, posts in by_name for post in posts))


def dictionary() -> bytes:
    return _csv(["column", "type", "meaning"], ([name, *about] for name, about in COLUMNS.items()))


def version(content: bytes) -> str:
    return sha256(content).hexdigest()


def path(handles: Iterable[str], count: int) -> str:
    """The dataset's path, in DATA_DIR/datasets and in Dropbox: readable, and one for each set of accounts and count."""
    names = sorted(handles, key=str.lower)
    words = [re.sub(r"[^A-Za-z0-9_]+", "-", name) for name in names[:NAMED]]
    more = [f"and-{len(names) - NAMED}-more"] if len(names) > NAMED else []
    mark = sha256("\n".join(names).lower().encode()).hexdigest()[:6]
    return f"/{'-'.join(words + more)}-last-{count}-{mark}.csv"


def keep(folder: Path, name: str, content: bytes) -> None:
    """Replace the file at once, so that a reader never sees half of it; leave an equal one alone."""
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


def _csv(header: Iterable[str], rows: Iterable[Iterable[object]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def _row(network: str, handle: str, post: Post) -> list[object]:
    moment = f"{post.created_at.replace(microsecond=0, tzinfo=None).isoformat()}Z"  # strftime takes twice as long
    return [network, _text(handle), _text(post.id), moment, *post.counts]


def _text(value: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(FORMULA) else value
