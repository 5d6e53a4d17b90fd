"""What a comparison's chart shows: its rows, from the posts that are stored."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from operator import itemgetter
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter
from sqlalchemy.orm import Session

from pipeline.chart.number_format import short
from pipeline.chart.views import VIEWS
from pipeline.chart.views.definition import Figures
from pipeline.records import BestPost, ChartData, ChartRow, ChartSpec, Layout, Metric, Normalization, Post
from pipeline.sources import registry
from pipeline.steps.chart_notes import explain, incomplete, why_old_or_empty
from pipeline.steps.measurement import Counted, Measurement, compared, left_out
from pipeline.store.growth import Growth, compute_growth
from pipeline.store.posts import SHOWN_AS_OLD
from pipeline.store.tables import Account, Comparison

DAY, HOUR = timedelta(days=1), timedelta(hours=1)

layouts = TypeAdapter(Layout)
"""Packs a layout to JSON bytes and back."""
shown = TypeAdapter(tuple[ChartSpec, tuple[ChartRow, ...], tuple[int, ...], tuple[str, ...]])
"""Packs what a chart shows except for its time: the spec, the rows, each row's number of young posts and rate a day."""
Timelines = Sequence[tuple[Account, Sequence[Post]]]
"""A comparison's accounts, in the order that it keeps, each with its newest posts, newest first; see list_newest."""


def chart_data(session: Session, comparison: Comparison, timelines: Timelines, now: datetime) -> ChartData:
    """What the chart shows of these posts; a growth also of the history that the session reads."""
    spec, accounts = comparison.spec, [account for account, _ in timelines]
    data = _counted(comparison, timelines, now)
    if VIEWS[spec.view].figures is not Figures.GAINED:
        return data
    newest = {account.id: compared(posts, spec) for account, posts in timelines}
    parts = registry.parts(spec.metric, _networks(timelines))
    begins_at = now - spec.span.length
    best = [_best(account, newest[account.id], parts, begins_at) for account in accounts]
    return _grown(data, compute_growth(session, accounts, newest, parts, spec.span, now), best, now)


def _networks(timelines: Timelines) -> list[str]:
    """The accounts' networks, by key, each once."""
    return list(dict.fromkeys(account.network for account, _ in timelines))


def _counted(comparison: Comparison, timelines: Timelines, now: datetime) -> ChartData:
    """The data of what each post has."""
    spec, networks = comparison.spec, _networks(timelines)
    parts = registry.parts(spec.metric, networks)
    as_of = max((each.fetched_at for each, _ in timelines if each.fetched_at is not None), default=now)
    rows = tuple(_row(each, posts, Measurement(spec, parts, each.followers), as_of) for each, posts in timelines)
    if len(networks) > 1:
        labels = [registry.label(account.network) for account, _ in timelines]
        rows = tuple(replace(row, network=label) for row, label in zip(rows, labels, strict=True))
    return ChartData(
        spec,
        as_of,
        rows,
        registry.noun(spec.metric, networks),
        layouts.validate_json(comparison.layout) if comparison.layout else None,
        expires_at=_soonest(_ages_at(spec, timelines), now),
        notes=explain(spec, networks),
    )


def inputs(data: ChartData) -> str:
    """The digest of all that a chart shows except for its time. A chart of equal inputs need not be drawn again.

    A rate per day falls with every second; it counts here as rounded for the chart.
    """
    daily = data.spec.normalization is Normalization.DAILY
    rows = tuple(replace(row, read_at=None, total=None if daily else row.total) for row in data.rows)
    young = tuple(sum(data.young(row)) for row in data.rows)
    per_day = tuple(short(row.total or 0) for row in data.rows) if daily else ()
    return sha256(shown.dump_json((data.spec, rows, young, per_day))).hexdigest()


def _best(account: Account, posts: Sequence[Post], parts: Sequence[Metric], begins_at: datetime) -> BestPost | None:
    """The best of the posts made since then, the newest of several that are equal."""
    counted = [(count, post) for post in posts if (count := post.counts.total(parts)) is not None]
    made = [(count, post) for count, post in counted if post.created_at > begins_at]
    if not made:
        return None
    count, post = max(made, key=itemgetter(0))
    network = registry.NETWORKS[account.network]
    return BestPost(network.post_address(account.handle, account.remote_id, post.id), count, post.created_at)


def _grown(data: ChartData, grown: Sequence[Growth], best: Sequence[BestPost | None], now: datetime) -> ChartData:
    """Add to the data what was gained until now, by the accounts of whose posts the metric is known."""
    known = [each if row.values else Growth() for row, each in zip(data.rows, grown, strict=True)]
    best_until = [post.created_at + data.spec.span.length for post in best if post is not None]
    expires_at = _soonest([data.expires_at, *(each.expires_at for each in known), *best_until], now)
    rows = tuple(
        replace(
            row,
            total=each.total,
            gains=each.series,
            gaps=each.gaps,
            since=each.since,
            until=each.until,
            best=post if row.values else None,
        )
        for row, each, post in zip(data.rows, known, best, strict=True)
    )
    return replace(data, rows=rows, now=now, expires_at=expires_at)


def _soonest(moments: Iterable[datetime | None], now: datetime) -> datetime | None:
    return min((moment for moment in moments if moment is not None and moment > now), default=None)


def _ages_at(spec: ChartSpec, timelines: Timelines) -> Iterator[datetime]:
    """When each post's reading will be an old one, once its account was fetched within the hour after."""
    read = [post.read_at for _, posts in timelines for post in compared(posts, spec)]
    return (read_at + SHOWN_AS_OLD + HOUR for read_at in read if read_at is not None)


def _oldest_on(account: Account, counted: Counted, spec: ChartSpec) -> datetime | None:
    """The day of the oldest reading of these posts, where it is an old one; see ChartRow."""
    oldest = min((post.read_at for _, post in counted if post.read_at is not None), default=None)
    if oldest is None or account.fetched_at is None or account.fetched_at - oldest <= SHOWN_AS_OLD:
        return None
    return _midnight(oldest, spec)


def _followers_on(account: Account, spec: ChartSpec) -> datetime | None:
    """The day on which the number of followers was told, where that is not a recent one; see ChartRow."""
    told, read = account.followers_at, account.fetched_at
    return None if told is None or read is None or read - told <= DAY else _midnight(told, spec)


def _midnight(moment: datetime, spec: ChartSpec) -> datetime:
    return moment.astimezone(ZoneInfo(spec.time_zone)).replace(hour=0, minute=0, second=0, microsecond=0)


def _row(account: Account, posts: Sequence[Post], measurement: Measurement, as_of: datetime) -> ChartRow:
    counted = measurement.counted(compared(posts, measurement.spec))
    is_of_followers = measurement.spec.normalization is Normalization.FOLLOWERS
    return ChartRow(
        account.handle,
        tuple(measurement.figure(count, post) for count, post in counted),
        tuple(post.created_at for _, post in counted),
        why_old_or_empty(account, posts, measurement, len(counted), as_of),
        measurement.total(counted, account.fetched_at or as_of),
        read_at=account.fetched_at,
        oldest_on=_oldest_on(account, counted, measurement.spec),
        followers=account.followers if is_of_followers else None,
        followers_on=_followers_on(account, measurement.spec) if is_of_followers else None,
        left_out=left_out(posts, measurement.spec),
        incomplete=incomplete(account, posts, measurement.spec),
    )
