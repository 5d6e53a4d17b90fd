"""The figures that a caption must show, computed from the timelines."""

import csv
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from pipeline.chart.number_format import short

POSTS = 100


@dataclass
class Row:
    handle: str
    values: list[int]

    def is_shown_in(self, caption: str) -> bool:
        """Whether a line of the caption has the account's median, its top and its number of posts."""
        figures = [short(median(self.values)), short(max(self.values)), str(len(self.values)), f"@{self.handle}"]
        return figures in [line.split() for line in caption.splitlines()]


def own_posts(timelines: Path) -> dict[str, list[dict[str, str]]]:
    """Each account's newest own posts, newest first."""
    with timelines.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["is_repost"] == "0"]
    rows.sort(key=lambda row: (row["created_at"], int(row["post_id"])), reverse=True)
    names = dict.fromkeys(row["username"] for row in rows)
    return {name: [row for row in rows if row["username"] == name][:POSTS] for name in names}
