"""Comparisons to look at: from a dataset of timelines, or made up."""

import csv
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from pipeline.records import ChartData, ChartRow, Look, Theme, View

MADE_UP = {"nasa": 900, "esa": 240, "isro": 160, "roscosmos": 60, "JAXA_en": 31, "csa_asc": 12, "cnes": 7, "uksga": 4}
COUNT = 100


def read(path: Path) -> list[ChartRow]:
    """The own posts of each account of a file with the columns username, created_at, is_repost, retweets."""
    posts: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    with path.open(newline="", encoding="utf-8") as file:
        for line in csv.DictReader(file):
            if line["is_repost"] == "0":
                posts[line["username"]].append((datetime.fromisoformat(line["created_at"]), int(line["retweets"])))
    return [_row(handle, found) for handle, found in posts.items()]


def make_up(now: datetime) -> list[ChartRow]:
    """Accounts with plausible counts: some popular, some with few posts, one of them protected."""
    random = Random(1)  # noqa: S311 the same pictures each time, nothing secret
    rows = [
        _row(
            f"{handle}{copy or ''}",
            [
                (now - timedelta(hours=5 * post), int(random.lognormvariate(0, 1.1) * size))
                for post in range(COUNT - size % 70)
            ],
        )
        for copy in range(4)
        for handle, size in MADE_UP.items()
    ]
    return [ChartRow("private_person", (), (), "protected"), *rows]


def comparison(rows: list[ChartRow], view: View, theme: Theme) -> ChartData:
    newest = max((row.times[0] for row in rows if row.times), default=datetime.now(UTC))
    return ChartData(Look(view=view, theme=theme, count=COUNT), newest + timedelta(hours=1), tuple(rows))


def _row(handle: str, posts: list[tuple[datetime, int]]) -> ChartRow:
    newest = sorted(posts, reverse=True)[:COUNT]
    return ChartRow(handle, tuple(value for _, value in newest), tuple(time for time, _ in newest))
