"""Samples of charts' data, from a file of timelines or made up; measured as the product measures."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import cycle, groupby
from math import exp
from pathlib import Path
from random import Random

from pipeline.chart.views import VIEWS
from pipeline.chart.views.definition import Figures
from pipeline.i18n import STATE_NAMES, lazy_gettext, translator
from pipeline.records import ChartData, ChartRow, ChartSpec, Counts, LazyString, Normalization, Post, State
from pipeline.sources.registry import NETWORKS, label, noun, parts
from pipeline.sources.x import timelines
from pipeline.sources.x.facts import KEY
from pipeline.steps.chart_notes import explain, why_unknown
from pipeline.steps.measurement import Counted, Measurement, compared

MADE_UP = {"nasa": 900, "esa": 240, "isro": 160, "roscosmos": 60, "JAXA_en": 31, "csa_asc": 12, "cnes": 7, "uksga": 4}
"""Accounts by how often their posts usually are reposted."""
READ = datetime(2026, 11, 23, 15, 20, tzinfo=UTC)
"""When the made-up timelines were fetched; fixed, so that their pictures are the same every day."""
STALE = lazy_gettext("as of {time}", time="23 Nov 14:05 UTC")
COUNT = 100
FOLLOWERS = 5_000
"""How many followers an account has for each repost that its posts usually get."""
SCALES = (20, 1, 0.02, 3)
LONG = "a.rather.long.name.of.somebody."
STEPS = 60
"""How many moments of the span have a gain, at most."""
PACE = timedelta(hours=8)
"""The age at which a post has 63 % (1 - 1/e) of the counts that it will ever have."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """An account's own posts, newest first; the note says why it is stale or empty. network: its key."""

    handle: str
    posts: tuple[Post, ...]
    note: LazyString | None = None
    network: str = KEY
    followers: int | None = None


def read(path: Path) -> list[Timeline]:
    """The own posts of each account of a file of timelines; see pipeline.sources.x.timelines."""
    return [Timeline(handle, _newest_first(posts)) for handle, posts in timelines.read(path).items()]


def make_up() -> list[Timeline]:
    """Plausible accounts: some have few posts, the fourth is stale, and the sixth is protected."""
    chance = Random(1)  # noqa: S311 the same pictures each time, nothing secret
    made = [
        Timeline(
            f"{handle}{copy or ''}",
            tuple(_made_up(chance, size, ago) for ago in range(COUNT - size % 70)),
            followers=size * FOLLOWERS,
        )
        for copy in range(4)
        for handle, size in MADE_UP.items()
    ]
    made[3] = replace(made[3], posts=made[3].posts[1:], note=STALE)
    return [*made[:5], Timeline("private_person", (), STATE_NAMES[State.PROTECTED]), *made[5:]]


def of_each_network() -> list[Timeline]:
    """An account of each network, of very different sizes, and another one with a long name, without followers told.

    They have no counts that their network does not tell.
    """
    made = []
    for network, timeline, scale in zip(cycle(NETWORKS.values()), make_up(), SCALES, strict=False):
        handle = network.handle_in_address(network.address_example) or timeline.handle
        untold = dict.fromkeys(network.lacks)
        posts = tuple(post._replace(counts=post.counts._replace(**untold)) for post in timeline.posts)
        followers = None if timeline.followers is None else int(timeline.followers * scale)
        made.append(replace(timeline, handle=handle, posts=posts, network=network.key, followers=followers))
    longest = f"{LONG}{made[-1].handle}"
    return [*made[: len(NETWORKS)], replace(made[len(NETWORKS) - 1], handle=longest, followers=None)]


def comparison(accounts: Sequence[Timeline], spec: ChartSpec) -> ChartData:
    """What the product would show of these accounts an hour after their newest post."""
    newest = max((timeline.posts[0].created_at for timeline in accounts if timeline.posts), default=READ)
    as_of = newest + timedelta(hours=1)
    networks = list(dict.fromkeys(timeline.network for timeline in accounts))
    rows = tuple(_row(timeline, spec, networks, as_of) for timeline in accounts)
    return ChartData(spec, as_of, rows, noun(spec.metric, networks or [KEY]), notes=explain(spec, networks))


def _newest_first(posts: Sequence[Post]) -> tuple[Post, ...]:
    return tuple(sorted(posts, key=lambda post: post.created_at, reverse=True))


def _made_up(chance: Random, size: int, ago: int) -> Post:
    reposts = int(chance.lognormvariate(0, 1.1) * size)
    likes, replies, quotes, bookmarks, views = (
        int(reposts * share * chance.uniform(0.5, 1.5)) for share in (6, 0.4, 0.1, 0.2, 150)
    )
    counts = Counts(reposts, likes, replies, quotes, bookmarks, views + 40)
    return Post(str(ago), READ - timedelta(hours=1 + 5 * ago + chance.random()), counts)


def _row(timeline: Timeline, spec: ChartSpec, networks: Sequence[str], as_of: datetime) -> ChartRow:
    measurement = Measurement(spec, parts(spec.metric, networks), timeline.followers)
    counted = measurement.counted(compared(timeline.posts, spec))
    values = tuple(measurement.figure(count, post) for count, post in counted)
    times = tuple(post.created_at for _, post in counted)
    is_of_gains = VIEWS[spec.view].figures is Figures.GAINED
    gains = _gains(counted, spec, as_of) if is_of_gains else ()
    gained = gains[-1][1] if gains else (0 if counted else None)
    total = gained if is_of_gains else measurement.total(counted, as_of)
    network = label(timeline.network) if len(networks) > 1 else ""
    followers = timeline.followers if spec.normalization is Normalization.FOLLOWERS else None
    note = _note(timeline, measurement, is_counted=bool(counted))
    return ChartRow(timeline.handle, values, times, note, total, gains, network=network, followers=followers)


def _note(timeline: Timeline, measurement: Measurement, *, is_counted: bool) -> str | None:
    note = timeline.note
    if note is None and timeline.posts and not is_counted:
        note = why_unknown(NETWORKS[timeline.network], timeline.posts, measurement)
    return translator(measurement.spec.language).gettext(note) if note else None


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
