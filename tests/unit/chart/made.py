"""Charts to test with: plausible ones and extreme ones."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random

from pipeline.chart.render import draw, render
from pipeline.chart.views import prepare
from pipeline.i18n import lazy_gettext
from pipeline.records import (
    ChartData,
    ChartRow,
    ChartSpec,
    Language,
    Layout,
    Metric,
    Normalization,
    Span,
    Theme,
    View,
)
from pipeline.sources.registry import noun

NOW = datetime(2026, 11, 23, 15, 20, tzinfo=UTC)
WIDEST = "WWWWWWWWWWWWWWW"
"""The widest handle that X allows."""
LONGEST = "someone.very.long@mastodon.example.socia"
"""As long as handles of other networks may be."""
ELSEWHERE = {"X": "nasa{}", "Bluesky": "somebody-{}.bsky.social", "Fediverse": "some.body{}@social.long.name.example"}
"""Handles by what their networks are called."""
NOTES = (
    lazy_gettext("{metric}: the sum of {parts}", metric="shares", parts=["shares", "likes", "replies"]),
    lazy_gettext("{nouns}: not counted alike, and audiences differ", nouns=["X retweets", "Fediverse boosts"] * 3),
)
"""Of charts of several networks, longer than they are."""
STEPS = 24
"""At most so many moments have a gain."""


def row(
    handle: str,
    values: Sequence[float],
    note: str | None = None,
    *,
    youngest_h: float = 30,
    total: float | None = None,
) -> ChartRow:
    """The total is the sum of the values unless told; a row without values has none."""
    times = tuple(NOW - timedelta(hours=youngest_h + 5 * ago) for ago in range(len(values)))
    known = sum(values) if total is None and values else total
    return ChartRow(handle, tuple(values), times, note, known)


def chart(  # noqa: PLR0913 a look's fields
    *rows: ChartRow,
    view: View = View.SPREAD,
    theme: Theme = Theme.LIGHT,
    metric: Metric = Metric.REPOSTS,
    count: int = 100,
    normalization: Normalization = Normalization.COUNT,
    span: Span = Span.DAY,
    language: Language = Language.ENGLISH,
    time_zone: str = "UTC",
    before: Layout | None = None,
) -> ChartData:
    """In growth each row without gains gains its values, one after the other."""
    spec = ChartSpec(metric, view, count, normalization, span, theme, language, time_zone)
    shown = tuple(map(grown, rows)) if view is View.GROWTH else rows
    notes = NOTES if any(each.network for each in rows) else ()
    return ChartData(spec, NOW, shown, noun(metric, ["x"]), before, notes=notes)


def grown(row: ChartRow, span: Span = Span.DAY) -> ChartRow:
    """The row with gains over the span: the values one after the other; none where the total is zero."""
    if row.gains or not row.total:
        return row
    last = [int(value) for value in row.values[:STEPS][::-1]]
    sums = [0, *accumulate(last)]
    moments = [NOW - span.length * (1 - step / len(last)) for step in range(len(sums))]
    gains = [(moment, gained) for moment, gained in zip(moments, sums, strict=True) if moment > NOW - span.length]
    return replace(row, total=sums[-1], gains=tuple(gains) if sums[-1] else ())


def png(data: ChartData) -> bytes:
    return render(draw(data), "png")


def layout(data: ChartData) -> Layout:
    return prepare(data).layout


def lost(handle: str) -> ChartRow:
    """An account that lost more than it gained: people took back what they did."""
    gains = ((NOW - timedelta(hours=9), 4), (NOW - timedelta(hours=5), -3), (NOW - timedelta(hours=1), -7))
    return replace(row(handle, [3, 2, 9] * 5, total=-7), gains=gains)


def crowd(amount: int, posts: int = 100, *, youngest_h: float = 1) -> list[ChartRow]:
    """Accounts with handles as wide as can be, from hardly noticed to popular."""
    chance = Random(amount)
    return [
        row(
            WIDEST[2:] + f"{number:02}",
            [int(chance.lognormvariate(8 - number % 9, 1.4)) for _ in range(posts - 3 * (number % 4))],
            youngest_h=youngest_h,
        )
        for number in range(amount)
    ]


def mixed(amount: int) -> list[ChartRow]:
    """Accounts of several networks, one of whose followers are not known."""
    networks = list(ELSEWHERE)
    rows = []
    for number, each in enumerate(crowd(amount)):
        network = networks[number % len(networks)]
        rows.append(replace(each, handle=ELSEWHERE[network].format(number), network=network, followers=7 * 10**number))
    return [*rows[:-1], replace(rows[-1], values=(), times=(), total=None, followers=None, note="followers not known")]


EXTREMES: dict[str, list[ChartRow]] = {
    "all zero": [row("zero", [0] * 100), row("zero_too", [0] * 100)],
    "one post": [row(WIDEST, [7])],
    "one post of three million": [row("few", [0, 1, 2]), row(WIDEST, [3_000_000], youngest_h=1)],
    "one of three million among many": [row("viral", [3_000_000, *range(99)], youngest_h=1), row("b", [5, 80] * 50)],
    "all equal": [row(handle, [37] * 100) for handle in ("a", "b", "c", "d", "e", "f")],
    "all popular": [row("a", [10**9 + number for number in range(100)])],
    "all stale": [row(f"{WIDEST}{number}", [5] * 60, "no such account any more") for number in range(10)],
    "three stale": [
        row(f"{WIDEST}{number}", [5, 12_345] * 30, "as of 23 Sept 14:05 UTC", youngest_h=1) for number in range(3)
    ],
    "many stale": [row(f"{WIDEST}{number}", [number, 12_345] * 30, "as of 23 Sept 14:05 UTC") for number in range(14)],
    "no data": [row(WIDEST, (), "protected"), row("b", (), "no such account any more"), row("c", ())],
    "no data of many": [row(f"{WIDEST}{number}", (), "no such account any more") for number in range(25)],
    "one without the metric": [row("fine", [40, 60, 90] * 30), row(LONGEST, (), "bookmarks or views not known")],
    "far apart and new": [row("low", [0, 1]), row("high", [123_456_789] * 100, youngest_h=1), row("none", ())],
    "strange handles": [
        row("$x$_{^\\", [1, 2, 3]),
        row("漢字\n\u202e😀", [4, 5], "a $note"),
        row("someone.very.long@mastodon.example.social.org", [1200] * 99),
    ],
    "small rates": [row("a", [0.02, 0.4, 0.07] * 20, total=0.16), row("b", [0, 0.1] * 20, total=0.05)],
    "lost more than gained": [lost("loser"), row("winner", [1, 2, 3] * 4), row("still", [0] * 9)],
    "nobody": [],
}
