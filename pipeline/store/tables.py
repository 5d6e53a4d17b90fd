"""What the database holds. Each table is one of the product's words."""

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, composite, mapped_column

from pipeline import clock
from pipeline.records import ChartSpec, Language, LazyString, Metric, Mode, Normalization, Span, State, Theme, View

texts = TypeAdapter(LazyString)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def microseconds(moment: datetime) -> int:
    """Since 1970, in UTC."""
    return (moment - EPOCH) // MICROSECOND


def moment(microseconds: int) -> datetime:
    return EPOCH + microseconds * MICROSECOND


class Moment(TypeDecorator[datetime]):
    """An aware datetime in UTC, whether the database keeps no zone or tells another one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return value if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


class Instant(TypeDecorator[datetime]):
    """An aware datetime in UTC kept as microseconds since 1970: where thousands are read at once, as they are."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else moment(value)


class Word(TypeDecorator[StrEnum]):
    """An enum kept as its value in a plain text column."""

    impl = String(16)
    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else value.value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:  # noqa: ARG002
        return None if value is None else self.words(value)


class Saying(TypeDecorator[LazyString]):
    """A text kept as JSON: it is said to people of more than one language."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: LazyString | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else texts.dump_json(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> LazyString | None:  # noqa: ARG002
        return None if value is None else texts.validate_json(value)


class Table(DeclarativeBase):
    """Base of all tables."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 SQLAlchemy's own way to map types
        datetime: Moment,
        Metric: Word(Metric),
        View: Word(View),
        Normalization: Word(Normalization),
        Span: Word(Span),
        Theme: Word(Theme),
        Language: Word(Language),
        Mode: Word(Mode),
        State: Word(State),
        LazyString: Saying,
    }


def _now() -> datetime:
    return clock.now()


def _owner(table: str) -> Any:
    return ForeignKey(f"{table}.id", ondelete="CASCADE")


class Chat(Table):
    """A chat the bot serves; set aside, for a reason and since a moment, while it cannot be written to.

    theme, language: as it chose them. added_by: the user who had it track first; 0 where nobody speaks in person, as in
    channels; null for what was there before that was noted.
    """

    __tablename__ = "chats"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    added_at: Mapped[datetime]
    set_aside: Mapped[str | None]
    set_aside_at: Mapped[datetime | None]
    theme: Mapped[Theme] = mapped_column(default=Theme.LIGHT)
    language: Mapped[Language] = mapped_column(default=Language.ENGLISH)
    added_by: Mapped[int | None] = mapped_column(BigInteger)


class Account(Table):
    """A profile on a network, shared by all chats that track it.

    fetched_at: when its posts were last read; tried_at: when that was last tried; problem: why it failed since then.
    turn_at: when the network last had time to answer, well or not; requests: how many a whole reading takes.
    read_back_to: when the oldest post was made that was read then, where there may be older ones.
    stale: the charts say so. billed_on: the UTC day whose bill holds its profile.
    """

    __tablename__ = "accounts"
    __table_args__ = (UniqueConstraint("network", "remote_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    network: Mapped[str]
    remote_id: Mapped[str]
    handle: Mapped[str] = mapped_column(index=True)
    state: Mapped[State] = mapped_column(default=State.ACTIVE)
    problem: Mapped[LazyString | None]
    stale: Mapped[bool] = mapped_column(default=False)
    fetched_at: Mapped[datetime | None]
    read_back_to: Mapped[datetime | None]
    tried_at: Mapped[datetime | None]
    turn_at: Mapped[datetime | None]
    requests: Mapped[int | None]
    billed_on: Mapped[date | None]


class Tracking(Table):
    """A chat follows an account."""

    __tablename__ = "trackings"

    chat_id: Mapped[int] = mapped_column(_owner("chats"), primary_key=True)
    account_id: Mapped[int] = mapped_column(_owner("accounts"), primary_key=True, index=True)
    added_at: Mapped[datetime]


class CountColumns:
    """The counts of a post, each null where the source did not tell."""

    reposts: Mapped[int | None] = mapped_column(BigInteger)
    likes: Mapped[int | None] = mapped_column(BigInteger)
    replies: Mapped[int | None] = mapped_column(BigInteger)
    quotes: Mapped[int | None] = mapped_column(BigInteger)
    bookmarks: Mapped[int | None] = mapped_column(BigInteger)
    views: Mapped[int | None] = mapped_column(BigInteger)


class Post(CountColumns, Table):
    """A post as last read. billed_on: the UTC day whose bill holds it.

    untold: the counts that the account's last reading did not tell though they are known: a bit each, in their order.
    """

    __tablename__ = "posts"

    account_id: Mapped[int] = mapped_column(_owner("accounts"), primary_key=True)
    post_id: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
    billed_on: Mapped[date]
    untold: Mapped[int] = mapped_column(SmallInteger, default=0)


Index("ix_posts_newest", Post.account_id, Post.created_at.desc(), Post.post_id.desc())


class Gain(Table):
    """What an account's posts gained from one reading to another, packed by pipeline.store.gains.

    grain_s: how fine the row is, in seconds: as it ages it is put together with its neighbours.
    """

    __tablename__ = "gains"

    account_id: Mapped[int] = mapped_column(_owner("accounts"), primary_key=True)
    grain_s: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    since: Mapped[datetime] = mapped_column(Instant)
    packed: Mapped[bytes]


class Comparison(Table):
    """What is drawn, once for all chats that ask the same.

    wanted and drawn are versions: a chart is due while wanted is ahead. claimed_until keeps two workers off one chart.
    inputs is the digest of what the chart showed, so that equal data is not drawn again; layout is where it showed it.
    as_of: when what the chart shows was read; checked_at: until when the same was read again.
    fades_at: when time alone changes what it shows, as in growth. used_at: when it was last asked for or drawn.
    """

    __tablename__ = "comparisons"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    spec: Mapped[ChartSpec] = composite(
        mapped_column("metric", Word(Metric)),
        mapped_column("view", Word(View)),
        mapped_column("count", Integer),
        mapped_column("basis", Word(Normalization)),
        mapped_column("span", Word(Span)),
        mapped_column("theme", Word(Theme)),
        mapped_column("language", Word(Language)),
    )
    used_at: Mapped[datetime] = mapped_column(default=_now, onupdate=_now)
    wanted: Mapped[int] = mapped_column(default=0)
    drawn: Mapped[int] = mapped_column(default=0)
    claimed_until: Mapped[datetime | None]
    inputs: Mapped[str | None]
    layout: Mapped[str | None]
    chart: Mapped[str | None]
    caption: Mapped[str | None]
    as_of: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    fades_at: Mapped[datetime | None]


_outdated = Comparison.wanted > Comparison.drawn
Index("ix_comparisons_outdated", Comparison.id, sqlite_where=_outdated, postgresql_where=_outdated)


class ComparisonAccount(Table):
    """An account of a comparison."""

    __tablename__ = "comparison_accounts"

    comparison_id: Mapped[int] = mapped_column(_owner("comparisons"), primary_key=True)
    account_id: Mapped[int] = mapped_column(_owner("accounts"), primary_key=True, index=True)


class Subscription(Table):
    """A chat wants a comparison shown: once, kept fresh in one message (live), or as a new message at an interval.

    everything: follows whatever the chat tracks. wished_count: how many posts were asked for, where fewer are read.
    message_id: where it shows. shown: the digest of the chart shown last.
    from_version: nothing older than this version may be shown. next_at: not before this moment. problem: why it waits.
    asked_at: when somebody asked for it who was shown nothing since. failing_since, failures: since when and how often
    in a row it could not be shown. told: the chat knows that it waits.
    """

    __tablename__ = "subscriptions"

    id: Mapped[int] = mapped_column(primary_key=True)
    chat_id: Mapped[int] = mapped_column(_owner("chats"), index=True)
    thread_id: Mapped[int | None]
    comparison_id: Mapped[int] = mapped_column(_owner("comparisons"), index=True)
    everything: Mapped[bool]
    wished_count: Mapped[int | None]
    mode: Mapped[Mode]
    interval_s: Mapped[int | None]
    message_id: Mapped[int | None]
    shown: Mapped[str | None]
    from_version: Mapped[int]
    next_at: Mapped[datetime]
    problem: Mapped[str | None]
    asked_at: Mapped[datetime | None] = mapped_column(index=True)
    failing_since: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    told: Mapped[bool] = mapped_column(default=False)


class TelegramPhoto(Table):
    """A chart that Telegram holds already: sent again by its file_id, without its bytes."""

    __tablename__ = "telegram_photos"

    chart: Mapped[str] = mapped_column(primary_key=True)
    file_id: Mapped[str]
    added_at: Mapped[datetime]


class Dataset(Table):
    """A file in DATA_DIR/datasets and in Dropbox, kept for what somebody tracks or subscribes to.

    key: how many posts of which accounts; path: where it stands, None before it is written; digest: of its content.
    due: it is to be compared with the posts, and written where it is not the same.
    """

    __tablename__ = "datasets"

    key: Mapped[str] = mapped_column(primary_key=True)
    path: Mapped[str | None]
    digest: Mapped[str | None]
    due: Mapped[bool] = mapped_column(default=False)


class DropboxFile(Table):
    """A file that was put into Dropbox; what it is to hold, its dataset says.

    account: in whose Dropbox, as a digest of what leads there. uploaded: the digest of its content; rev: Dropbox's name
    of that; both None where nobody knows. claimed_until: somebody writes it. next_at: when it may be written next.
    """

    __tablename__ = "dropbox_files"

    path: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str | None]
    uploaded: Mapped[str | None]
    rev: Mapped[str | None]
    next_at: Mapped[datetime]
    claimed_until: Mapped[datetime | None]
    problem: Mapped[LazyString | None]


class Billed(Table):
    """What a network billed on a UTC day: how many of a resource (posts, users)."""

    __tablename__ = "billed"

    day: Mapped[date] = mapped_column(primary_key=True)
    resource: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]


class Allowance(Table):
    """How many requests of a network were left at a moment; below zero where more were made than had come in."""

    __tablename__ = "allowances"

    network: Mapped[str] = mapped_column(primary_key=True)
    requests_left: Mapped[float]
    at: Mapped[datetime]


class Stop(Table):
    """A service that must not be asked until a moment, and why. Kept until it answers again, so that since is true."""

    __tablename__ = "stops"

    network: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[LazyString]
    since: Mapped[datetime]
    until: Mapped[datetime]


class Notice(Table):
    """Something every subscribed chat and the admins are told once, or the admins alone."""

    __tablename__ = "notices"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    text: Mapped[LazyString]
    until: Mapped[datetime]
    admins_only: Mapped[bool] = mapped_column(default=False)


class NoticeSent(Table):
    """A chat, or an admin, that a notice was sent to."""

    __tablename__ = "notices_sent"

    notice_id: Mapped[int] = mapped_column(_owner("notices"), primary_key=True)
    chat_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
