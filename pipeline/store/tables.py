"""The tables. Each is one of the product's nouns."""

import enum
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import (
    BigInteger,
    DateTime,
    Enum,
    ForeignKey,
    Index,
    MetaData,
    SmallInteger,
    String,
    Time,
    TypeDecorator,
    UniqueConstraint,
    and_,
    or_,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, composite, mapped_column

from pipeline import clock
from pipeline.records import UTC_ZONE, ChartSpec, Language, LazyString, Mode, QuietHours, State, Theme
from pipeline.store.timing import Schedule, Timing

lazy_strings = TypeAdapter(LazyString)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def to_epoch_us(moment: datetime) -> int:
    """Microseconds since 1970 of an aware datetime."""
    return (moment - EPOCH) // MICROSECOND


def from_epoch_us(epoch_us: int) -> datetime:
    """The UTC datetime of microseconds since 1970."""
    return EPOCH + epoch_us * MICROSECOND


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC. SQLAlchemy's DateTime is naive on SQLite, and in the session's zone elsewhere."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return value if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


class EpochMicroseconds(TypeDecorator[datetime]):
    """An aware datetime in UTC, stored as microseconds since 1970.

    Growth reads thousands of them at once as plain integers, without the cost of parsing each to a datetime.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else to_epoch_us(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else from_epoch_us(value)


class LazyStringJson(TypeDecorator[LazyString]):
    """A LazyString as JSON text, so that each reader gets it in their own language.

    SQLAlchemy's JSON type would change the column's type, and returns plain dicts.
    """

    impl = String
    cache_ok = True

    def process_bind_param(self, value: LazyString | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else lazy_strings.dump_json(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> LazyString | None:  # noqa: ARG002
        return None if value is None else lazy_strings.validate_json(value)


class Words(TypeDecorator[tuple[str, ...]]):
    """Words, stored as one text with a blank between them."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else " ".join(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...] | None:  # noqa: ARG002
        return None if value is None else tuple(value.split())


class ScheduleText(TypeDecorator[Schedule]):
    """A Schedule as its text."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Schedule | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Schedule | None:  # noqa: ARG002
        return None if value is None else Schedule.parse(value)


def _values(members: type[enum.Enum]) -> list[str]:
    return [member.value for member in members]


class Base(DeclarativeBase):
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
        datetime: UtcDateTime,
        enum.Enum: Enum(enum.Enum, native_enum=False, length=16, values_callable=_values),
        LazyString: LazyStringJson,
        Schedule: ScheduleText,
    }


def _now() -> datetime:
    return clock.now()


def _parent(table: str) -> Any:
    """A foreign key; the row is deleted with its parent."""
    return ForeignKey(f"{table}.id", ondelete="CASCADE")


class Chat(Base):
    """A Telegram chat that uses the bot.

    inactive_reason, inactive_since: why and since when it is not served, as where the bot was blocked; None while it is
    served. theme, language, time_zone: the chat's preferences. added_by: the id of the user who had it track first; 0
    where no person speaks, as in channels; None for chats older than this column. quiet_hours: see
    pipeline.store.quiet_hours; None for none. alerts: the kinds of alerts that it is sent; None for none. silent: its
    messages that nobody just asked for come without a sound.
    """

    __tablename__ = "chats"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    added_at: Mapped[datetime]
    inactive_reason: Mapped[str | None]
    inactive_since: Mapped[datetime | None]
    theme: Mapped[Theme] = mapped_column(default=Theme.LIGHT)
    language: Mapped[Language] = mapped_column(default=Language.ENGLISH)
    added_by: Mapped[int | None] = mapped_column(BigInteger)
    time_zone: Mapped[str] = mapped_column(default=UTC_ZONE)
    quiet_hours: Mapped[QuietHours | None] = composite(
        mapped_column("quiet_start", Time, nullable=True), mapped_column("quiet_end", Time, nullable=True)
    )
    alerts: Mapped[tuple[str, ...] | None] = mapped_column(Words)
    silent: Mapped[bool] = mapped_column(default=False)


_has_alerts = Chat.alerts.is_not(None)
Index("ix_chats_alerts", Chat.id, sqlite_where=_has_alerts, postgresql_where=_has_alerts)


class Account(Base):
    """A profile on a network, shared by all chats that track it.

    fetched_at: the last successful fetch of its posts. attempted_at: the start of the last attempt; problem: why it
    failed. polled_at: the last fetch that the network had time to answer, successful or not.
    requests: how many requests a complete fetch takes, None before the first.
    fetched_back_to: the creation time of the oldest post fetched, where the network may hold older ones; else None.
    stale: charts mark it as out of date. profiled_on: the UTC day on which its profile was looked up last. note: what
    its profile tells beside figures, where that is something.

    On a network with a price, which is asked for new posts alone: since_id: of the newest post up to which all are
    stored. until_id: of the oldest one, where older ones are still to be read. finds_on: the last UTC day whose new
    posts are paid for as they are made. next_at: when it is asked for new posts next, None for not before it is planned
    again. By the day's plan: posts_per_day: how many posts it makes, by their own times. typical_count: the median of
    its posts' counts. expected_error: of its charts; 0.01 is one per cent.

    On a network whose timelines are not read whole each time: older_at: when its older pages were read last.
    followers, followers_at: how many accounts follow it, None where that is not known, and when that was told.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint("network", "remote_id"),
        Index("uq_accounts_handle", "network", "handle", unique=True),
        Index("ix_accounts_next_at", "network", "next_at"),
        Index("ix_accounts_fetched_at", "network", "fetched_at"),
        Index("ix_accounts_polled_at", "network", "requests", "polled_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    network: Mapped[str]
    remote_id: Mapped[str]
    handle: Mapped[str]
    state: Mapped[State] = mapped_column(default=State.ACTIVE)
    problem: Mapped[LazyString | None]
    stale: Mapped[bool] = mapped_column(default=False)
    fetched_at: Mapped[datetime | None]
    fetched_back_to: Mapped[datetime | None]
    attempted_at: Mapped[datetime | None]
    polled_at: Mapped[datetime | None]
    requests: Mapped[int | None]
    profiled_on: Mapped[date | None]
    note: Mapped[LazyString | None]
    since_id: Mapped[str | None]
    until_id: Mapped[str | None]
    finds_on: Mapped[date | None]
    next_at: Mapped[datetime | None]
    posts_per_day: Mapped[float | None]
    typical_count: Mapped[float | None]
    expected_error: Mapped[float | None]
    older_at: Mapped[datetime | None]
    followers: Mapped[int | None] = mapped_column(BigInteger)
    followers_at: Mapped[datetime | None]


_is_incomplete = Account.until_id.is_not(None)
Index("ix_accounts_until_id", Account.network, sqlite_where=_is_incomplete, postgresql_where=_is_incomplete)


class FollowerCount(Base):
    """How many accounts followed an account on a UTC day, as last taken on that day; see pipeline.store.followers."""

    __tablename__ = "follower_counts"

    account_id: Mapped[int] = mapped_column(_parent("accounts"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)


class Tracking(Base):
    """A chat tracks an account."""

    __tablename__ = "trackings"

    chat_id: Mapped[int] = mapped_column(_parent("chats"), primary_key=True)
    account_id: Mapped[int] = mapped_column(_parent("accounts"), primary_key=True, index=True)
    added_at: Mapped[datetime]


class GroupMember(Base):
    """An account of a group: a named set of accounts that a chat tracks. name: the group's, in lower case.

    A group exists while it has an account.
    """

    __tablename__ = "group_members"

    chat_id: Mapped[int] = mapped_column(_parent("chats"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(_parent("accounts"), primary_key=True, index=True)


class CountsMixin:
    """The counts of a post, each None while the network has never returned it."""

    reposts: Mapped[int | None] = mapped_column(BigInteger)
    likes: Mapped[int | None] = mapped_column(BigInteger)
    replies: Mapped[int | None] = mapped_column(BigInteger)
    quotes: Mapped[int | None] = mapped_column(BigInteger)
    bookmarks: Mapped[int | None] = mapped_column(BigInteger)
    views: Mapped[int | None] = mapped_column(BigInteger)


class Post(CountsMixin, Base):
    """A post as last fetched. read_at: when, on a network with a price, where posts of an account are read apart.

    missing_counts: a bit for each count that is stored from an earlier fetch and was missing from the account's last
    one; the lowest bit is the first of records.Counts.
    is_reply: whether it answers somebody else; None until a fetch says so.
    """

    __tablename__ = "posts"

    account_id: Mapped[int] = mapped_column(_parent("accounts"), primary_key=True)
    post_id: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None] = mapped_column(EpochMicroseconds)
    missing_counts: Mapped[int] = mapped_column(SmallInteger, default=0)
    is_reply: Mapped[bool | None]


Index("ix_posts_newest", Post.account_id, Post.created_at.desc(), Post.post_id.desc())


class Gain(Base):
    """What an account's posts gained between two fetches, packed to bytes by pipeline.store.gains.

    grain_s: the time resolution of the row, in seconds; older rows are coarser. start_at, end_at: the two fetches.
    late: of posts that were not fetched in between, while others of the account may have been.
    """

    __tablename__ = "gains"

    account_id: Mapped[int] = mapped_column(_parent("accounts"), primary_key=True)
    grain_s: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    end_at: Mapped[datetime] = mapped_column(EpochMicroseconds, primary_key=True)
    start_at: Mapped[datetime] = mapped_column(EpochMicroseconds, primary_key=True)
    late: Mapped[bool] = mapped_column(primary_key=True, default=False)
    packed: Mapped[bytes]


class Comparison(Base):
    """Accounts and the spec of their chart, one row for all chats that ask for the same.

    key: the spec and the account ids as text. used_at: when it was last requested or rendered.
    requested_version, rendered_version: the chart is outdated while the first is greater. claimed_until: until when one
    worker alone renders it. inputs_digest: of the data that the chart shows; equal data is not rendered again.
    layout: the chart's Layout as JSON, which the next chart keeps. chart_digest: of the PNG and the figures below it.
    caption: its text. as_of: when the data was fetched. checked_at: the last fetch that found the same data.
    expires_at: when the chart changes with time alone, as in growth; None for never. standing: the order of its
    accounts when overtakes were looked for last, as JSON; see pipeline.steps.overtakes.
    """

    __tablename__ = "comparisons"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    spec: Mapped[ChartSpec] = composite(
        mapped_column("metric"),
        mapped_column("view"),
        mapped_column("count"),
        mapped_column("normalization"),
        mapped_column("span"),
        mapped_column("theme"),
        mapped_column("language"),
        mapped_column("time_zone"),
        mapped_column("replies"),
        mapped_column("page"),
    )
    used_at: Mapped[datetime] = mapped_column(default=_now, onupdate=_now)
    requested_version: Mapped[int] = mapped_column(default=0)
    rendered_version: Mapped[int] = mapped_column(default=0)
    claimed_until: Mapped[datetime | None]
    inputs_digest: Mapped[str | None]
    layout: Mapped[str | None]
    chart_digest: Mapped[str | None] = mapped_column(index=True)
    caption: Mapped[str | None]
    as_of: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    standing: Mapped[str | None]


_is_outdated = Comparison.requested_version > Comparison.rendered_version
Index("ix_comparisons_outdated", Comparison.id, sqlite_where=_is_outdated, postgresql_where=_is_outdated)
_expires = Comparison.expires_at.is_not(None)
Index("ix_comparisons_expires_at", Comparison.expires_at, sqlite_where=_expires, postgresql_where=_expires)


class ComparisonAccount(Base):
    """An account of a comparison."""

    __tablename__ = "comparison_accounts"

    comparison_id: Mapped[int] = mapped_column(_parent("comparisons"), primary_key=True)
    account_id: Mapped[int] = mapped_column(_parent("accounts"), primary_key=True, index=True)


class Subscription(Base):
    """A comparison to be delivered to a chat: once, live in one message that is edited, or in new messages.

    thread_id: the forum topic. all_tracked: the comparison follows what the chat tracks. groups: the names of the
    groups whose changes it follows.
    requested_count: how many posts an account were requested, where fewer are fetched; else None.
    interval_s: the least time between two deliveries. schedule: when new messages are delivered, changed or not.
    message_id: the message that shows it. paused: only what somebody asks for is delivered.
    pinned: its live message is to be pinned. pinned_message_id: the message that was.
    owner_id: the only user in a group who may press the buttons of a single chart, beside admins; None for no such.
    chart_digest: of the newest chart that it may be shown, its comparison's; None while that is to be
    drawn, and while the chat is not served.
    delivered_digest: of the chart delivered last. min_version: no older version is delivered.
    next_at: the earliest time of the next delivery. problem: why the last one failed or waits.
    requested_at: when somebody asked for a chart that was not delivered yet. failing_since, failures: the first failed
    delivery in a row, and their number. notified: the chat has been told of the wait.
    """

    __tablename__ = "subscriptions"

    id: Mapped[int] = mapped_column(primary_key=True)
    chat_id: Mapped[int] = mapped_column(_parent("chats"), index=True)
    thread_id: Mapped[int | None]
    comparison_id: Mapped[int] = mapped_column(_parent("comparisons"), index=True)
    all_tracked: Mapped[bool]
    groups: Mapped[tuple[str, ...]] = mapped_column(Words, default=())
    requested_count: Mapped[int | None]
    mode: Mapped[Mode]
    interval_s: Mapped[int | None]
    schedule: Mapped[Schedule | None]
    message_id: Mapped[int | None]
    owner_id: Mapped[int | None] = mapped_column(BigInteger)
    chart_digest: Mapped[str | None]
    delivered_digest: Mapped[str | None]
    min_version: Mapped[int]
    next_at: Mapped[datetime]
    problem: Mapped[str | None]
    requested_at: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    notified: Mapped[bool] = mapped_column(default=False)
    paused: Mapped[bool] = mapped_column(default=False)
    pinned: Mapped[bool] = mapped_column(default=False)
    pinned_message_id: Mapped[int | None]

    @property
    def timing(self) -> Timing:
        return Timing(None if self.interval_s is None else timedelta(seconds=self.interval_s), self.schedule)


has_news = and_(
    Subscription.chart_digest.is_not(None),
    or_(
        Subscription.delivered_digest.is_(None),
        Subscription.delivered_digest != Subscription.chart_digest,
        Subscription.schedule.is_not(None),
    ),
)
"""Whether there is a chart to deliver, at next_at; by a schedule also one that the chat has."""
Index(
    "ix_subscriptions_news",
    Subscription.next_at,
    Subscription.comparison_id,
    sqlite_where=has_news,
    postgresql_where=has_news,
)
_is_requested = Subscription.requested_at.is_not(None)
Index(
    "ix_subscriptions_requested_at",
    Subscription.requested_at,
    sqlite_where=_is_requested,
    postgresql_where=_is_requested,
)
Index("ix_subscriptions_next_at", Subscription.next_at, Subscription.comparison_id)


class TelegramPhoto(Base):
    """A chart that Telegram holds: its file_id sends it again without an upload. chart_digest: as the comparison's.

    added_at: when it was uploaded, or last found to be a comparison's.
    """

    __tablename__ = "telegram_photos"

    chart_digest: Mapped[str] = mapped_column(primary_key=True)
    file_id: Mapped[str]
    added_at: Mapped[datetime] = mapped_column(index=True)


class Dataset(Base):
    """A CSV file in DATA_DIR/datasets and in Dropbox, for accounts that a chat tracks or subscribes to.

    key: the number of posts an account and the account ids; see pipeline.store.datasets. path: where the file is, None
    before it is written. digest: of its content. due: it is to be compared with the posts, and written if it differs.
    """

    __tablename__ = "datasets"

    key: Mapped[str] = mapped_column(primary_key=True)
    path: Mapped[str | None]
    digest: Mapped[str | None]
    due: Mapped[bool] = mapped_column(default=False)


class DropboxFile(Base):
    """A file in Dropbox. The dataset of the same path says what it must hold.

    path: in lower case. account_digest: identifies the Dropbox account that holds it. uploaded_digest: of the content
    uploaded last; rev: Dropbox's id of that revision; None where unknown. next_at: the earliest time of the next write.
    claimed_until: until when one uploader alone writes it. problem: why Dropbox refused the last write.
    """

    __tablename__ = "dropbox_files"

    path: Mapped[str] = mapped_column(primary_key=True)
    account_digest: Mapped[str | None]
    uploaded_digest: Mapped[str | None]
    rev: Mapped[str | None]
    next_at: Mapped[datetime]
    claimed_until: Mapped[datetime | None]
    problem: Mapped[LazyString | None]


class LedgerEntry(Base):
    """How many units of a resource (posts, users) a network returned on a UTC day, each once: what it bills."""

    __tablename__ = "ledger"

    network: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    resource: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]


class Opening(Base):
    """A post or profile that a network returns, and bills, on a UTC day. The ledger counts those that were asked for.

    asked: False while it is only planned. returned: the network has returned it on this day. next_at: when a post is
    read again, which costs nothing until the day ends. chat_id: of a chat that pays alone, since it asked for a
    profile, or tracked the account alone until it untracked it; where it is None, all pay that track the account.
    """

    __tablename__ = "openings"

    network: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    resource: Mapped[str] = mapped_column(primary_key=True)
    remote_id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"))
    chat_id: Mapped[int | None] = mapped_column(BigInteger)
    asked: Mapped[bool]
    returned: Mapped[bool] = mapped_column(default=False)
    next_at: Mapped[datetime | None] = mapped_column(EpochMicroseconds)


Index("ix_openings_next_at", Opening.network, Opening.day, Opening.next_at)
Index("ix_openings_account_id", Opening.account_id, Opening.day)
Index("ix_openings_asked", Opening.network, Opening.day, Opening.asked)
_is_paid_alone = Opening.chat_id.is_not(None)
Index(
    "ix_openings_chat_id",
    Opening.chat_id,
    Opening.network,
    Opening.day,
    sqlite_where=_is_paid_alone,
    postgresql_where=_is_paid_alone,
)


class Reservation(Base):
    """What a network may bill on a UTC day for requests that were not answered yet, in units of a resource.

    pending: what the requests ask for, as a JSON array of texts. The full answer to a later request for the same costs
    nothing more that day, so that it releases the reservation; else it counts as spent.
    """

    __tablename__ = "reservations"

    id: Mapped[int] = mapped_column(primary_key=True)
    network: Mapped[str] = mapped_column(index=True)
    day: Mapped[date]
    resource: Mapped[str]
    count: Mapped[int]
    pending: Mapped[str]


class NetworkStatus(Base):
    """What is known of a network with a price as a whole.

    clock_at, clock_read_at: its own time in an answer, and the shared clock's then; None where answers have no time.
    planned_on: the last UTC day that was planned. usage, usage_ledger: how many posts the network and the ledger had
    counted when they were compared first on the day usage_on. repeats: how many posts it returned again since they were
    compared last, at compared_at. repeats_ended_on: the last day on which it counted repeats.
    """

    __tablename__ = "network_status"

    network: Mapped[str] = mapped_column(primary_key=True)
    clock_at: Mapped[datetime | None]
    clock_read_at: Mapped[datetime | None]
    planned_on: Mapped[date | None]
    usage_on: Mapped[date | None]
    usage: Mapped[int | None] = mapped_column(BigInteger)
    usage_ledger: Mapped[int | None] = mapped_column(BigInteger)
    repeats: Mapped[int] = mapped_column(default=0)
    compared_at: Mapped[datetime | None]
    repeats_ended_on: Mapped[date | None]


class RequestWindow(Base):
    """How many requests of a kind a network allows, as its answers say; see records.RequestWindow.

    network: its key, or a server's name as source.service_of makes it.
    """

    __tablename__ = "request_windows"

    network: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    limit: Mapped[int]
    remaining: Mapped[int]
    resets_at: Mapped[datetime]


class TokenBucket(Base):
    """The requests that a network may still be sent, as counted at updated_at; negative after overspending.

    network: its key, or a server's name as source.service_of makes it.
    """

    __tablename__ = "token_buckets"

    network: Mapped[str] = mapped_column(primary_key=True)
    tokens: Mapped[float]
    updated_at: Mapped[datetime]


class CircuitBreaker(Base):
    """An external service that failed: it is not called before retry_at. The row is deleted when the service answers.

    opened_at: the first failure since it last answered.
    """

    __tablename__ = "circuit_breakers"

    service: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[LazyString]
    opened_at: Mapped[datetime]
    retry_at: Mapped[datetime]


class Notice(Base):
    """A text to be sent once to every subscribed chat and admin, or to the admins alone, until expires_at.

    network: only the chats that track accounts of this network are sent it; None: all. chat_id: the one chat that is
    sent it; None: others. subscription_id: it is a reply to the live message of this subscription, where that is still
    there.
    """

    __tablename__ = "notices"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    text: Mapped[LazyString]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    admins_only: Mapped[bool] = mapped_column(default=False)
    network: Mapped[str | None]
    chat_id: Mapped[int | None] = mapped_column(BigInteger)
    subscription_id: Mapped[int | None]


class Alert(Base):
    """What a chat was alerted of, and when, so that it is alerted of nothing twice. key: its kind and its subject."""

    __tablename__ = "alerts"

    chat_id: Mapped[int] = mapped_column(_parent("chats"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class NoticeSent(Base):
    """A notice was sent to this chat, or to the private chat of this admin."""

    __tablename__ = "notices_sent"

    notice_id: Mapped[int] = mapped_column(_parent("notices"), primary_key=True)
    chat_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
