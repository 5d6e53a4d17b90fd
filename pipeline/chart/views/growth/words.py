"""The words on a picture of growth."""

from collections.abc import Mapping
from datetime import datetime

from pipeline.chart import wording
from pipeline.chart.parts.frame import SEPARATOR
from pipeline.i18n import lazy_gettext, translator
from pipeline.records import ChartData, ChartRow, LazyString, Span

MOMENT_PATTERNS = {Span.HOUR: "HH:mm", Span.DAY: "HH:mm", Span.WEEK: "EEE HH:mm"}
"""Unambiguous within the span."""
STEPS = lazy_gettext("line: what the posts gained together")
RINGS = lazy_gettext("ring: one passes another")
GAPS = lazy_gettext("dashed: not read then")
OVERTAKING = {
    Span.HOUR: lazy_gettext("{name} passed {other} at {time}"),
    Span.DAY: lazy_gettext("{name} passed {other} at {time}"),
    Span.WEEK: lazy_gettext("{name} passed {other} on {time}"),
}
NOTHING_GAINED = {
    Span.HOUR: lazy_gettext("nothing gained in the last hour"),
    Span.DAY: lazy_gettext("nothing gained in the last 24 hours"),
    Span.WEEK: lazy_gettext("nothing gained in the last 7 days"),
}
NOTHING_KNOWN_YET = lazy_gettext("nothing known yet")
NOTHING_KNOWN = {
    Span.HOUR: lazy_gettext("nothing known of the last hour"),
    Span.DAY: lazy_gettext("nothing known of the last 24 hours"),
    Span.WEEK: lazy_gettext("nothing known of the last 7 days"),
}


def legend(data: ChartData, *, has_rings: bool) -> str:
    gettext = translator(data.spec.language).gettext
    return SEPARATOR.join([gettext(STEPS), *([gettext(RINGS)] if has_rings else [])])


def overtaking(data: ChartData, by: str, of: str, moment: datetime) -> str:
    """Who overtook whom, and when."""
    time = time_as(MOMENT_PATTERNS, data, moment)
    return translator(data.spec.language).gettext(OVERTAKING[data.spec.span], name=by, other=of, time=time)


def since(data: ChartData, row: ChartRow) -> str:
    """The time from which on the gain is known; empty where that is the span's start."""
    if row.since is None:
        return ""
    time = time_as(MOMENT_PATTERNS, data, row.since)
    return translator(data.spec.language).gettext("since {time}", time=time)


def why_nothing(data: ChartData) -> LazyString:
    """Why no line is drawn: nothing was gained, as far as that is known, or nothing is known."""
    known = [row for row in data.rows if row.total is not None]
    latest = max((row.since for row in known if row.since), default=None)
    if latest:
        return lazy_gettext("nothing gained since {time}", time=time_as(MOMENT_PATTERNS, data, latest))
    if known:
        return NOTHING_GAINED[data.spec.span]
    was_fetched_before = any(row.read_at and not row.since for row in data.rows)
    return NOTHING_KNOWN[data.spec.span] if was_fetched_before else NOTHING_KNOWN_YET


def time_as(patterns: Mapping[Span, str], data: ChartData, moment: datetime) -> str:
    """The moment, by the pattern of the chart's span."""
    return wording.time(data, patterns[data.spec.span], moment)
