"""What a comparison's chart shows: its rows, from the posts that are stored."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

from pydantic import TypeAdapter
from sqlalchemy.orm import Session

from pipeline import i18n
from pipeline.chart.number_format import short
from pipeline.chart.views import VIEWS
from pipeline.chart.views.definition import Figures
from pipeline.i18n import STATE_NAMES, Translator, lazy_gettext
from pipeline.records import ChartData, ChartRow, ChartSpec, Layout, LazyString, Metric, Normalization, Post, State
from pipeline.sources.registry import NETWORKS, noun
from pipeline.sources.source import Network
from pipeline.store.growth import Growth, compute_growth
from pipeline.store.tables import Account, Comparison

DAY = timedelta(days=1)
VIEWS_OF_RATE = 1000
SHORT_STATES = {State.MISSING: lazy_gettext("gone")}
"""The state of an account that still has posts, in a note that names the day of its figures too."""


layouts = TypeAdapter(Layout)
"""Packs a layout to JSON bytes and back."""
shown = TypeAdapter(tuple[ChartSpec, tuple[ChartRow, ...], tuple[int, ...], tuple[str, ...]])
"""Packs what a chart shows except for its time: the spec, the rows, each row's number of young posts and rate a day."""
Timelines = Sequence[tuple[Account, Sequence[Post]]]
"""A comparison's accounts, in the order that it keeps, each with its newest posts, newest first."""
Counted = Sequence[tuple[int, Post]]
"""Posts with their count of a metric, newest first."""


def chart_data(session: Session, comparison: Comparison, timelines: Timelines, now: datetime) -> ChartData:
    """What the chart shows of these posts; a growth also of the history that the session reads."""
    spec = comparison.spec
    accounts = [account for account, _ in timelines]
    as_of = max((each.fetched_at for each in accounts if each.fetched_at is not None), default=now)
    rows = tuple(_row(account, posts, spec, as_of) for account, posts in timelines)
    before = layouts.validate_json(comparison.layout) if comparison.layout else None
    data = ChartData(spec, as_of, rows, noun(spec.metric, {each.network for each in accounts}), before)
    if VIEWS[spec.view].figures is not Figures.GAINED:
        return data
    newest = {account.id: posts for account, posts in timelines}
    return _grown(data, compute_growth(session, accounts, newest, spec.metric, spec.span, now), now)


def inputs(data: ChartData) -> str:
    """The digest of all that a chart shows except for its time. A chart of equal inputs need not be drawn again.

    A rate per day falls with every second; it counts here as rounded for the chart.
    """
    daily = data.spec.normalization is Normalization.DAILY
    rows = tuple(replace(row, read_at=None, total=None if daily else row.total) for row in data.rows)
    young = tuple(sum(data.young(row)) for row in data.rows)
    per_day = tuple(short(row.total or 0) for row in data.rows) if daily else ()
    return sha256(shown.dump_json((data.spec, rows, young, per_day))).hexdigest()


def _grown(data: ChartData, grown: Sequence[Growth], now: datetime) -> ChartData:
    """Add to the data what was gained until now, by the accounts of whose posts the metric is known."""
    known = [each if row.values else Growth() for row, each in zip(data.rows, grown, strict=True)]
    expires_at = min((each.expires_at for each in known if each.expires_at), default=None)
    rows = tuple(
        replace(row, total=each.total, gains=each.series, gaps=each.gaps, since=each.since, until=each.until)
        for row, each in zip(data.rows, known, strict=True)
    )
    return replace(data, rows=rows, now=now, expires_at=expires_at)


def _row(account: Account, posts: Sequence[Post], spec: ChartSpec, as_of: datetime) -> ChartRow:
    counted = counted_in(posts, spec)
    values = tuple(measure(value, post, spec) for value, post in counted)
    times = tuple(post.created_at for _, post in counted)
    read_at = account.fetched_at or as_of
    note = _note(account, posts, spec, len(counted), as_of)
    total = total_of(counted, spec, read_at)
    return ChartRow(account.handle, values, times, note, total, read_at=account.fetched_at)


def counted_in(posts: Sequence[Post], spec: ChartSpec) -> Counted:
    """The posts whose metric is known and, for a rate per view, that have views."""
    counted = [(value, post) for post in posts if (value := spec.metric.of(post.counts)) is not None]
    return (
        [(value, post) for value, post in counted if post.counts.views]
        if spec.normalization is Normalization.RATE
        else counted
    )


def measure(value: int, post: Post, spec: ChartSpec) -> float:
    """A post's figure: its count, or its rate per 1,000 views."""
    return VIEWS_OF_RATE * value / (post.counts.views or 1) if spec.normalization is Normalization.RATE else value


def total_of(counted: Counted, spec: ChartSpec, read_at: datetime) -> float | None:
    """The figure of all posts together: their sum, their sum per 1,000 of their views, or their sum per day.

    The days run from the oldest of the posts until they were fetched, which for an account that cannot be fetched any
    more is long ago. Less than a day counts as one, since nobody knows what the rest of it will bring.
    """
    if not counted:
        return None
    total = sum(value for value, _ in counted)
    match spec.normalization:
        case Normalization.RATE:
            return VIEWS_OF_RATE * total / sum(post.counts.views or 0 for _, post in counted)
        case Normalization.DAILY:
            return total / max((read_at - counted[-1][1].created_at) / DAY, 1)
        case _:
            return total


def _note(account: Account, posts: Sequence[Post], spec: ChartSpec, counted: int, as_of: datetime) -> str | None:
    translator = i18n.translator(spec.language)
    if account.state is not State.ACTIVE:
        return _lost(account, translator, as_of, some=counted > 0)
    if account.fetched_at is None:
        return translator.gettext("not read yet")
    if not posts:
        return translator.gettext("no posts of its own")
    if not counted:
        return _unknown(NETWORKS[account.network], posts, spec, translator)
    known = sum(is_known(post, spec) for post in posts)
    notes = []
    if known < len(posts):
        counted_of = translator.ngettext(
            "{known} of {count} post counted", "{known} of {count} posts counted", len(posts), known=known
        )
        notes.append(counted_of)
    if account.stale:
        notes.append(translator.gettext("as of {time}", time=translator.short_moment(account.fetched_at, as_of)))
    return " · ".join(notes) or None


def is_known(post: Post, spec: ChartSpec) -> bool:
    """Whether all counts that the post's figure is made of are known."""
    rated = spec.normalization is not Normalization.RATE or post.counts.views is not None
    return rated and spec.metric.of(post.counts) is not None


def _unknown(network: Network, posts: Sequence[Post], spec: ChartSpec, translator: Translator) -> str:
    """The note of a row without a figure: which count is not known of any post."""
    needed = [*spec.metric.parts, *([Metric.VIEWS] if spec.normalization is Normalization.RATE else [])]
    for metric in needed:
        if all(metric.of(post.counts) is None for post in posts):
            return translator.gettext(_why_unknown(network, metric, posts))
    if any(is_known(post, spec) for post in posts):  # by a rate, and 0 views have none
        return translator.gettext("no views yet")
    return translator.gettext("{metric} not known", metric=[noun(metric, [network.key]) for metric in needed])


def _why_unknown(network: Network, metric: Metric, posts: Sequence[Post]) -> LazyString:
    word = noun(metric, [network.key])
    if metric in network.lacks:
        return lazy_gettext("{network} does not tell {metric}", network=network.name, metric=word)
    return network.why_unknown(metric, posts) or lazy_gettext("{metric} not known", metric=word)


def _lost(account: Account, translator: Translator, as_of: datetime, *, some: bool) -> str:
    """The note of an account that cannot be fetched any more: its state, and the day of its last figures, if any."""
    state = STATE_NAMES[account.state]
    if account.fetched_at is None or not some:
        return translator.gettext(state)
    day = translator.short_day(account.fetched_at, as_of)
    return translator.gettext("{state}, as of {time}", state=SHORT_STATES.get(account.state, state), time=day)
