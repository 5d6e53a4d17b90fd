"""Samples of charts' data, from a file of timelines or made up; measured as the product measures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from math import exp
from pathlib import Path
from random import Random

from pipeline.chart.views import VIEWS
from pipeline.chart.views.definition import Figures
from pipeline.i18n import STATE_NAMES, lazy_gettext, translator
from pipeline.records import ChartData, ChartRow, ChartSpec, Counts, LazyString, Post, State
from pipeline.sources.registry import noun
from pipeline.sources.x import timelines
from pipeline.sources.x.facts import KEY
from pipeline.steps.chart_data import Counted, counted_in, measure, total_of

MADE_UP = {"nasa": 900, "esa": 240, "isro": 160, "roscosmos": 60, "JAXA_en": 31, "csa_asc": 12, "cnes": 7, "uksga": 4}
"""Accounts by how often their posts usually are reposted."""
READ = datetime(2026, 11, 23, 15, 20, tzinfo=UTC)
"""When the made-up timelines were fetched; fixed, so that their pictures are the same every day."""
STALE = lazy_gettext("as of {time}", time="23 Nov 14:05 UTC")
COUNT = 100
STEPS = 60
"""How many moments of the span have a gain, at most."""
PACE = timedelta(hours=8)
"""The age at which a post has 63 % (1 - 1/e) of the counts that it will ever have."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """An account's own posts, newest first; the note says why it is stale or empty."""

    handle: str
    posts: tuple[Post, ...]
    note: LazyString | None = None


def read(path: Path) -> list[Timeline]:
    """The own posts of each account of a file of timelines; see pipeline.sources.x.timelines."""
    return [Timeline(handle, _newest_first(posts)) for handle, posts in timelines.read(path).items()]


def make_up() -> list[Timeline]:
    """Plausible accounts: some have few posts, the fourth is stale, and the sixth is protected."""
    chance = Random(1)  # noqa: S311 the same pictures each time, nothing secret
    made = [
        Timeline(f"{handle}{copy or ''}", tuple(_made_up(chance, size, ago) for ago in range(COUNT - size % 70)))
        for copy in range(4)
        for handle, size in MADE_UP.items()
    ]
    made[3] = Timeline(made[3].handle, made[3].posts[1:], STALE)
    return [*made[:5], Timeline("private_person", (), STATE_NAMES[State.PROTECTED]), *made[5:]]


def comparison(accounts: Sequence[Timeline], spec: ChartSpec) -> ChartData:
    """What the product would show of these accounts an hour after their newest post."""
    newest = max((timeline.posts[0].created_at for timeline in accounts if timeline.posts), default=READ)
    as_of = newest + timedelta(hours=1)
    rows = tuple(_row(timeline, spec, as_of) for timeline in accounts)
    return ChartData(spec, as_of, rows, noun(spec.metric, [KEY]))


def _newest_first(posts: Sequence[Post]) -> tuple[Post, ...]:
    return tuple(sorted(posts, key=lambda post: post.created_at, reverse=True))


def _made_up(chance: Random, size: int, ago: int) -> Post:
    reposts = int(chance.lognormvariate(0, 1.1) * size)
    likes, replies, quotes, bookmarks, views = (
        int(reposts * share * chance.uniform(0.5, 1.5)) for share in (6, 0.4, 0.1, 0.2, 150)
    )
    counts = Counts(reposts, likes, replies, quotes, bookmarks, views + 40)
    return Post(str(ago), READ - timedelta(hours=1 + 5 * ago + chance.random()), counts)


def _row(timeline: Timeline, spec: ChartSpec, as_of: datetime) -> ChartRow:
    counted = counted_in(timeline.posts[: spec.count], spec)
    values = tuple(measure(value, post, spec) for value, post in counted)
    times = tuple(post.created_at for _, post in counted)
    is_of_gains = VIEWS[spec.view].figures is Figures.GAINED
    gains = _gains(counted, spec, as_of) if is_of_gains else ()
    gained = gains[-1][1] if gains else (0 if counted else None)
    total = gained if is_of_gains else total_of(counted, spec, as_of)
    note = translator(spec.language).gettext(timeline.note) if timeline.note else None
    return ChartRow(timeline.handle, values, times, note, total, gains)


def _gains(counted: Counted, spec: ChartSpec, as_of: datetime) -> tuple[tuple[datetime, int], ...]:
    """What the posts gained within the span, moment by moment, if each gained its counts as posts usually do.

    The newest post of each account counts as an hour old, also where the account stopped posting earlier.
    """
    if not counted:
        return ()
    now, span = counted[0][1].created_at + timedelta(hours=1), spec.span.length
    begun = _reached(counted, now - span, now)
    steps = [span * (1 - step / STEPS) for step in range(1, STEPS + 1)]
    gained = [(as_of - left, int(_reached(counted, now - left, now) - begun + 0.5)) for left in steps]
    changes = [next(same) for _, same in groupby(gained, key=lambda step: step[1])]
    return tuple(changes) if changes[-1][1] else ()


def _reached(counted: Counted, moment: datetime, now: datetime) -> float:
    """The sum of the counts that the posts had at the moment."""
    return sum(
        value * _share(moment - post.created_at) / _share(now - post.created_at)
        for value, post in counted
        if post.created_at < moment
    )


def _share(age: timedelta) -> float:
    """The share of its final counts that a post has at this age."""
    return 1 - exp(-(age / PACE))
