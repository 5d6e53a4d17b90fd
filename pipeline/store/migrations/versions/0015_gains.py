"""What posts gained: one row for all posts of an account, coarser with age, in place of a row for each post."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from itertools import groupby
from operator import itemgetter
from struct import Struct
from typing import Any

import sqlalchemy as sa
from alembic import op

from pipeline import clock

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MOMENT = sa.DateTime(timezone=True)
COUNTS = ("reposts", "likes", "replies", "quotes", "bookmarks", "views")
NEVER, EPOCH = datetime(1, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
MINUTE, TEN_MINUTES, HOUR = timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1)
KEPT = timedelta(days=8)
BATCH_SIZE = 10_000
WIDTHS = {1: Struct("<qB6b"), 2: Struct("<qB6h"), 4: Struct("<qB6i"), 8: Struct("<qB6q")}
GAINS = sa.table("gains", *map(sa.column, ("account_id", "grain_s", "at", "since", "packed")))
HISTORY = sa.table(
    "history", sa.column("account_id"), sa.column("post_id"), sa.column("at", MOMENT), *map(sa.column, COUNTS)
)
POSTS = sa.table("posts", sa.column("account_id"), sa.column("post_id"), sa.column("created_at", MOMENT))
COMPARISONS = sa.table("comparisons", sa.column("view"), sa.column("fades_at", MOMENT))
ACCOUNTS = sa.table("accounts", sa.column("id"), sa.column("fetched_at", MOMENT))
Counts = tuple[int | None, ...]
Gains = dict[str, list[int]]
"""By a post's id: a bit field of the counts that became known, then what each count gained."""


def upgrade() -> None:
    """The last 8 days are converted. The old rows do not say when an account was fetched without a change.

    So the time between two changes of an account counts as one interval, which is a gap if it is long.
    """
    op.create_table(
        "gains",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("grain_s", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_gains_account_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "grain_s", "at", name=op.f("pk_gains")),
    )
    op.add_column("accounts", sa.Column("read_back_to", MOMENT, nullable=True))
    op.add_column("posts", sa.Column("untold", sa.SmallInteger(), nullable=False, server_default="0"))
    op.add_column("comparisons", sa.Column("fades_at", MOMENT, nullable=True))
    connection, now = op.get_bind(), clock.now()
    connection.execute(sa.update(COMPARISONS).where(COMPARISONS.c.view == "growth").values(fades_at=now))
    for account_id, fetched_at in connection.execute(sa.select(ACCOUNTS.c.id, ACCOUNTS.c.fetched_at)).all():
        if fetched_at is not None:
            rows = list(_rows(connection, account_id, _utc(fetched_at), now))
            if rows:
                connection.execute(sa.insert(GAINS), rows)
    op.drop_table("history")


def _rows(connection: sa.Connection, account_id: int, fetched_at: datetime, now: datetime) -> Iterator[dict[str, Any]]:
    """The account's rows for the new table."""
    created = _created_at(connection, account_id)
    last, since = _before(connection, account_id, now - KEPT)
    group: Interval | None = None
    for at, gains in _changes(connection, account_id, now - KEPT, created, last, since):
        interval = Interval(since or NEVER, at, gains)
        if group is not None and group.is_followed_by(interval, now):
            group.add(interval)
        else:
            if group is not None:
                yield group.row(account_id, now)
            group = interval
        since = at
    if group is not None:
        yield group.row(account_id, now)
    if since is None or since < fetched_at:
        yield Interval(since or NEVER, fetched_at, {}).row(account_id, now)


@dataclass
class Interval:
    """What an account's posts gained between two changes."""

    since: datetime
    at: datetime
    gains: Gains

    def is_followed_by(self, other: "Interval", now: datetime) -> bool:
        """Whether both belong in one row."""
        grain = _grain(self.at, now)
        same = grain == _grain(other.at, now) and (self.at - EPOCH) // grain == (other.at - EPOCH) // grain
        return same and not self.is_separate(grain) and not other.is_separate(grain)

    def is_separate(self, grain: timedelta) -> bool:
        return self.at - self.since > grain or self.since == NEVER

    def add(self, other: "Interval") -> None:
        self.at = other.at
        for post, (first, *gained) in other.gains.items():
            mine = self.gains.setdefault(post, [0] * (1 + len(COUNTS)))
            mine[0] |= first
            for index, more in enumerate(gained, 1):
                mine[index] += more

    def row(self, account_id: int, now: datetime) -> dict[str, Any]:
        greatest = max((abs(number) for entry in self.gains.values() for number in entry[1:]), default=0)
        width = next(width for width in WIDTHS if greatest < 1 << (8 * width - 1))
        entries = [WIDTHS[width].pack(_hash_post_id(post_id), *entry) for post_id, entry in self.gains.items()]
        return {
            "account_id": account_id,
            "grain_s": int(_grain(self.at, now).total_seconds()),
            "at": (self.at - EPOCH) // MICROSECOND,
            "since": (self.since - EPOCH) // MICROSECOND,
            "packed": bytes([width]) + b"".join(entries),
        }


def _created_at(connection: sa.Connection, account_id: int) -> dict[str, datetime]:
    """When each stored post was created, by id. Gains of deleted posts are of no use."""
    posts = sa.select(POSTS.c.post_id, POSTS.c.created_at).where(POSTS.c.account_id == account_id)
    return {post_id: _utc(at) for post_id, at in connection.execute(posts)}


def _before(connection: sa.Connection, account_id: int, horizon: datetime) -> tuple[dict[str, Counts], datetime | None]:
    """The counts of each post before then, and the time of the last change among them."""
    older = HISTORY.c.account_id == account_id, HISTORY.c.at < horizon
    last = sa.select(HISTORY.c.post_id, sa.func.max(HISTORY.c.at, type_=MOMENT).label("at")).where(*older)
    latest = last.group_by(HISTORY.c.post_id).subquery()
    same = sa.and_(HISTORY.c.post_id == latest.c.post_id, HISTORY.c.at == latest.c.at)
    counts = (HISTORY.c[name] for name in COUNTS)
    rows = connection.execute(
        sa.select(HISTORY.c.post_id, HISTORY.c.at, *counts).join(latest, same).where(HISTORY.c.account_id == account_id)
    ).all()
    return {row[0]: tuple(row[2:]) for row in rows}, max((_utc(row[1]) for row in rows), default=None)


def _changes(  # noqa: PLR0913, PLR0917 a migration's own
    connection: sa.Connection,
    account_id: int,
    horizon: datetime,
    created: Mapping[str, datetime],
    last: dict[str, Counts],
    since: datetime | None,
) -> Iterator[tuple[datetime, Gains]]:
    """(time, gains) of each change after then, oldest first."""
    newer = HISTORY.c.account_id == account_id, HISTORY.c.at >= horizon
    counts = (HISTORY.c[name] for name in COUNTS)
    ordered = sa.select(HISTORY.c.at, HISTORY.c.post_id, *counts).where(*newer).order_by(HISTORY.c.at)
    rows = connection.execute(ordered, execution_options={"yield_per": BATCH_SIZE})
    for moment, same in groupby(rows, key=itemgetter(0)):
        at, gains = _utc(moment), {}
        for _, post_id, *now in same:
            if post_id in created:
                born = since is not None and created[post_id] > since - MINUTE
                gains[post_id] = _gain(last.get(post_id), now, born=born)
                last[post_id] = tuple(now)
        yield at, gains
        since = at


def _gain(before: Counts | None, now: Sequence[int | None], *, born: bool) -> list[int]:
    first, gained = 0, [0] * len(COUNTS)
    for index, count in enumerate(now):
        was = (0 if born else None) if before is None else before[index]
        if count is not None and was is not None:
            gained[index] = count - was
        elif count is not None:
            first |= 1 << index
    return [first, *gained]


def _grain(at: datetime, now: datetime) -> timedelta:
    """The resolution of the shortest span that reaches back so far."""
    if at < _floor(now - timedelta(days=1) - 2 * TEN_MINUTES, HOUR):
        return HOUR
    return TEN_MINUTES if at < _floor(now - HOUR - 2 * MINUTE, TEN_MINUTES) else MINUTE


def _floor(moment: datetime, grain: timedelta) -> datetime:
    return moment - (moment - EPOCH) % grain


def _hash_post_id(post_id: str) -> int:
    return int.from_bytes(blake2b(post_id.encode(), digest_size=8).digest(), "little", signed=True)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
