"""What is not counted is not zero: it is left out of all figures, and the chart says of what."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from pipeline.chart.caption import caption
from pipeline.records import ChartRow, ChartSpec, Counts, FetchResult, Language, Metric, Normalization, Post, View
from pipeline.sources.x.responses import page
from pipeline.steps.snapshot import snapshot
from pipeline.store import accounts
from pipeline.store.tables import Comparison
from tests.unit.pipeline.conftest import NOW, Ticks

OLD, FIRST_DAY, SINCE = "2022-12-14T23:59:59Z", "2022-12-15T10:36:29Z", "2022-12-16T00:00:00Z"
SPANISH = "visualizaciones no contadas antes del 15 dic 2022"
NAMES = dict(zip(Counts._fields, ("retweets", "likes", "replies", "quotes", "bookmarks", "views"), strict=True))
RATE = ChartSpec(normalization=Normalization.RATE)
LIKES_RATE = ChartSpec(Metric.LIKES, normalization=Normalization.RATE)


def entry(number: int, created_at: str, **counts: int | None) -> dict[str, Any]:
    return {
        "post_id": 5000 - number,
        "created_at": created_at,
        "is_repost": 0,
        **dict.fromkeys(NAMES.values(), 4),
        **counts,
    }


def row(ticks: Ticks, account_ids: list[int], spec: ChartSpec) -> ChartRow:
    """The first row of a chart."""
    with ticks.store.read_session() as db:
        return snapshot(db, db.get_one(Comparison, ticks.subscribe(account_ids, spec)), NOW).data.rows[0]


def read(ticks: Ticks, *entries: dict[str, Any]) -> list[int]:
    ticks.load("nasa", entries)
    ids = ticks.track("nasa")
    ticks.tick()
    return ids


@pytest.mark.parametrize(
    ("created_at", "reported", "views"),
    [
        (OLD, 0, None),
        (OLD, 7, None),
        ("2010-01-01T00:00:00Z", 0, None),
        (FIRST_DAY, 0, None),
        (FIRST_DAY, 7, 7),
        ("2022-12-15T00:00:00Z", 7, 7),
        (SINCE, 0, 0),
        ("2024-01-01T00:00:00Z", 0, 0),
        ("2022-12-15T01:00:00+02:00", 9, None),
    ],
)
def test_views_are_those_that_x_counted(created_at: str, reported: int, views: int | None) -> None:
    shown = {"id": "7", "created_at": created_at, "public_metrics": {"impression_count": reported, "like_count": 0}}
    found = page({"data": [shown], "meta": {"result_count": 1}})
    assert found is not None
    assert found.posts[0].counts == Counts(likes=0, views=views)


def expected(path: Path) -> Iterator[tuple[str, int, list[int]]]:
    """Of each account in the file how many posts it has, and the views of those made since X counts them."""
    with path.open(encoding="utf-8") as file:
        lines = [line for line in csv.DictReader(file) if line["is_repost"] == "0"]
    for name in dict.fromkeys(line["username"] for line in lines):
        mine = sorted((line for line in lines if line["username"] == name), key=lambda line: -int(line["post_id"]))[
            :100
        ]
        counted = [line for line in mine if line["created_at"] >= "2022-12-15"]
        reported = [
            int(line["views"]) for line in counted if line["created_at"] >= "2022-12-16" or line["views"] != "0"
        ]
        yield name, len(mine), reported


def test_real_timelines_have_the_views_that_were_counted(ticks: Ticks, original_timelines: Path) -> None:
    ticks.http.post(
        "x/accounts", content=original_timelines.read_bytes(), headers={"content-type": "text/csv"}
    ).raise_for_status()
    reported = list(expected(original_timelines))
    ids = ticks.track(*(name for name, _, _ in reported))
    ticks.read_all()
    with ticks.store.read_session() as db:
        shown = db.get_one(Comparison, ticks.subscribe(ids, ChartSpec(Metric.VIEWS)))
        rows = {row.handle: row for row in snapshot(db, shown, NOW).data.rows}
    for name, posts, views in reported:
        assert list(rows[name].values) == views
        assert rows[name].total == (sum(views) if views else None)
        partly = f"{len(views)} of {posts} posts counted" if len(views) < posts else None
        assert rows[name].note == (partly if views else "views not counted before 15 Dec 2022")
    if "RajendraLingden" in rows:
        values = rows["RajendraLingden"].values
        assert (len(values), median(values)) == (7, 21_632)


@pytest.mark.parametrize(
    ("entries", "spec", "note", "values"),
    [
        ([(OLD, {})], ChartSpec(Metric.VIEWS), "views not counted before 15 Dec 2022", []),
        ([(OLD, {})], RATE, "views not counted before 15 Dec 2022", []),
        ([(OLD, {})], ChartSpec(Metric.LIKES), None, [4]),
        ([(SINCE, {"views": None})], RATE, "views not known", []),
        ([(OLD, {}), (SINCE, {"views": None})], ChartSpec(Metric.VIEWS), "views not known", []),
        ([(SINCE, {"views": 0})], RATE, "no views yet", []),
        ([(SINCE, {"views": 0})], ChartSpec(Metric.VIEWS), None, [0]),
        ([(SINCE, {"likes": None})], LIKES_RATE, "likes not known", []),
        ([(SINCE, {"likes": None}), (OLD, {})], LIKES_RATE, "likes and views not known", []),
        ([(SINCE, {"views": 500}), (OLD, {})], RATE, "1 of 2 posts counted", [8]),
        ([(SINCE, {"views": 500}), (SINCE, {"views": 0})], RATE, None, [8]),
        ([(SINCE, {"quotes": None})], ChartSpec(Metric.ENGAGEMENT), "quotes not known", []),
        ([(SINCE, {}), (SINCE, {"quotes": None})], ChartSpec(Metric.ENGAGEMENT), "1 of 2 posts counted", [20]),
        ([(OLD, {})], ChartSpec(Metric.VIEWS, View.RACE, language=Language.SPANISH), SPANISH, []),
    ],
)  # fmt: skip
def test_the_note_names_what_is_not_known_and_nothing_else(
    ticks: Ticks,
    entries: list[tuple[str, dict[str, int | None]]],
    spec: ChartSpec,
    note: str | None,
    values: list[float],
) -> None:
    ids = read(ticks, *(entry(number, at, **counts) for number, (at, counts) in enumerate(entries)))
    shown = row(ticks, ids, spec)
    assert (shown.note, list(shown.values)) == (note, values)
    assert (shown.total is None) == (not values)


def test_who_has_no_counted_post_ranks_last_and_not_as_zero(ticks: Ticks) -> None:
    ticks.load("old", [entry(0, OLD)])
    ticks.load("unseen", [entry(1, SINCE, views=0)])
    ids = ticks.track("old", "unseen")
    ticks.tick()
    for view in (View.RACE, View.SPREAD):
        with ticks.store.read_session() as db:
            data = snapshot(db, db.get_one(Comparison, ticks.subscribe(ids, ChartSpec(Metric.VIEWS, view))), NOW).data
        lines = caption(data).splitlines()
        [old] = [number for number, line in enumerate(lines) if "@old" in line]
        [unseen] = [number for number, line in enumerate(lines) if "@unseen" in line]
        assert unseen < old
        assert "–" in lines[old]
        assert "not counted" in lines[old]


def test_a_count_that_is_not_told_any_more_stays_and_changes_nothing(ticks: Ticks) -> None:
    [nasa] = read(ticks, entry(0, SINCE, likes=10, views=500), entry(1, SINCE))
    ticks.subscribe([nasa])
    ticks.http.post("x/posts/5000", json={"likes": None, "views": None})
    before, hour = ticks.versions(), timedelta(hours=1)
    for pause in (hour, 2 * hour):
        ticks.tick_after(pause)
    assert ticks.versions() == before
    assert ticks.posts(nasa)[0].counts == Counts(4, 10, 4, 4, 4, 500)
    ticks.http.post("x/posts/5000", json={"likes": 11, "retweets": None})
    ticks.tick_after(3 * hour)
    assert ticks.posts(nasa)[0].counts == Counts(4, 11, 4, 4, 4, 500)
    assert ticks.versions() == {number: version + 1 for number, version in before.items()}


COUNT = some.none() | some.integers(0, 3)
COUNTS = some.builds(Counts, COUNT, COUNT, COUNT, COUNT, COUNT, COUNT)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answers=some.lists(COUNTS, min_size=1, max_size=5))
def test_each_count_is_as_it_was_told_last(ticks: Ticks, answers: list[Counts]) -> None:
    [account] = ticks.add(f"a{len(ticks.read_at())}")
    reported = Counts()
    for number, counts in enumerate(answers):
        at = NOW + timedelta(minutes=number)
        post = Post("1", datetime(2026, 1, 1, tzinfo=UTC), counts)
        now = Counts(*(old if new is None else new for new, old in zip(counts, reported, strict=True)))
        with ticks.store.write_session() as db:
            changed = accounts.save_fetch_results(db, [FetchResult(account, at, (post,), complete=True)])
        assert (account in changed) == (number == 0 or now != reported)
        reported = now
        assert ticks.posts(account)[0].counts == reported
