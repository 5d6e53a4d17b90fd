"""Charts to test with: plausible ones and extreme ones."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

from pipeline.records import ChartData, ChartRow, Metric, Theme, View

NOW = datetime(2026, 11, 23, 15, 20, tzinfo=UTC)
WIDEST = "WWWWWWWWWWWWWWW"
"""The widest handle that X allows."""


def row(handle: str, values: Sequence[int], note: str | None = None, *, youngest_h: float = 30) -> ChartRow:
    times = tuple(NOW - timedelta(hours=youngest_h + 5 * ago) for ago in range(len(values)))
    return ChartRow(handle, tuple(values), times, note)


def chart(
    *rows: ChartRow, view: View = View.SPREAD, theme: Theme = Theme.LIGHT, metric: Metric = Metric.REPOSTS
) -> ChartData:
    return ChartData(metric, view, theme, 100, NOW, rows)


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


EXTREMES: dict[str, list[ChartRow]] = {
    "all zero": [row("zero", [0] * 100), row("zero_too", [0] * 100)],
    "one post": [row(WIDEST, [7])],
    "one post of three million": [row("few", [0, 1, 2]), row(WIDEST, [3_000_000], youngest_h=1)],
    "all equal": [row(handle, [37] * 100) for handle in ("a", "b", "c", "d", "e", "f")],
    "all popular": [row("a", [10**9 + number for number in range(100)])],
    "all stale": [row(f"{WIDEST}{number}", [5] * 60, "no such account any more") for number in range(10)],
    "three stale": [row(f"{WIDEST}{number}", [5, 12_345] * 30, "as of 14:05 UTC", youngest_h=1) for number in range(3)],
    "no data": [row(WIDEST, (), "protected"), row("b", (), "no such account any more"), row("c", ())],
    "no data of many": [row(f"{WIDEST}{number}", (), "no such account any more") for number in range(25)],
    "far apart and new": [row("low", [0, 1]), row("high", [123_456_789] * 100, youngest_h=1), row("none", ())],
    "strange handles": [
        row("$x$_{^\\", [1, 2, 3]),
        row("漢字\n\u202e😀", [4, 5], "a $note"),
        row("someone.very.long@mastodon.example.social.org", [1200] * 99),
    ],
    "nobody": [],
}
