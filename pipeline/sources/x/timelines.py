"""Timelines of X in a file, to draw charts of: each entry as X counts it."""

import csv
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from pipeline.records import Counts, Post
from pipeline.sources.x.facts import views_are_counted

COLUMNS = ("retweets", "likes", "replies", "quotes", "bookmarks", "views")
"""Of the counts, in the order of Counts."""


def read(path: Path) -> dict[str, list[Post]]:
    """The own posts of each account, by handle, in the file's order.

    The columns are username, post_id, created_at, is_repost and COLUMNS.
    """
    posts: dict[str, list[Post]] = defaultdict(list)
    with path.open(newline="", encoding="utf-8") as file:
        for line in csv.DictReader(file):
            if line["is_repost"] == "0":
                posts[line["username"]].append(_post(line))
    return posts


def _post(line: Mapping[str, str]) -> Post:
    counts = Counts(*(int(line[name]) for name in COLUMNS))
    created_at = datetime.fromisoformat(line["created_at"])
    counted = views_are_counted(created_at, counts.views)
    return Post(line["post_id"], created_at, counts if counted else counts._replace(views=None))
