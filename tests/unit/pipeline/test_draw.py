"""A comparison's dataset and its chart, as the draw task makes them."""

import csv
from dataclasses import replace
from hashlib import sha256

from pipeline.steps.dataset import dataset, tidy
from pipeline.steps.draw import claim, draw, read
from pipeline.store.tables import Comparison
from tests.unit.pipeline.conftest import NOW, Ticks, timeline


def subscribed(ticks: Ticks) -> int:
    """A comparison of one account, whose newest post has 0 likes and the next one 1."""
    ticks.load("nasa", timeline(2))
    comparison_id = ticks.subscribe(ticks.track("nasa"))
    ticks.tick()
    return comparison_id


def row(ticks: Ticks, comparison_id: int) -> Comparison:
    with ticks.store.read_session() as db:
        return db.get_one(Comparison, comparison_id)


def likes(ticks: Ticks) -> list[list[str]]:
    """Of each dataset on the disk, the likes of its posts."""
    paths = (ticks.folder / "datasets").glob("*-last-*.csv")
    return [[post["likes"] for post in csv.DictReader(path.read_text().splitlines())] for path in paths]


def test_the_dataset_holds_what_the_chart_shows_though_the_posts_change_meanwhile(ticks: Ticks) -> None:
    comparison_id = subscribed(ticks)
    snapshot = read(ticks.resources, comparison_id, NOW)
    ticks.load("nasa", timeline(3))
    ticks.tick(1)
    assert dataset(ticks.resources, snapshot)
    draw(ticks.resources, snapshot, version=1)
    assert likes(ticks) == [["0", "1"]]
    shown = row(ticks, comparison_id)
    assert "2" in (shown.caption or "")
    assert ticks.resources.blobs.get(shown.chart_digest or "")


def test_a_dataset_that_is_as_before_gives_dropbox_nothing_to_do(ticks: Ticks) -> None:
    snapshot = read(ticks.resources, subscribed(ticks), NOW)
    assert [dataset(ticks.resources, snapshot) for _ in range(2)] == [True, False]


def test_a_disk_without_room_holds_up_no_chart(ticks: Ticks) -> None:
    comparison_id = subscribed(ticks)
    (ticks.folder / "datasets").write_text("no folder can be here")
    snapshot = read(ticks.resources, comparison_id, NOW)
    assert dataset(ticks.resources, snapshot), "Dropbox gets it all the same"
    draw(ticks.resources, snapshot, version=1)
    assert row(ticks, comparison_id).chart_digest
    assert f"100 {snapshot.timelines[0][0].id}" in tidy(ticks.resources), "the next tick writes it"


def test_a_chart_that_shows_the_same_is_not_published_anew(ticks: Ticks) -> None:
    comparison_id = subscribed(ticks)
    draw(ticks.resources, read(ticks.resources, comparison_id, NOW), version=1)
    before = row(ticks, comparison_id)
    ticks.tick(1)
    assert not draw(ticks.resources, read(ticks.resources, comparison_id, NOW), version=2)
    after = row(ticks, comparison_id)
    assert (after.chart_digest, after.as_of, after.rendered_version) == (before.chart_digest, before.as_of, 2)
    assert before.checked_at != after.checked_at == NOW + ticks.resources.settings.tick


def test_a_task_that_runs_twice_or_late_replaces_no_later_chart(ticks: Ticks) -> None:
    comparison_id = subscribed(ticks)
    early = read(ticks.resources, comparison_id, NOW)
    late = replace(early, data=replace(early.data, rows=(replace(early.data.rows[0], values=(7.0, 8.0)),)))
    draw(ticks.resources, late, version=2)
    chart = row(ticks, comparison_id).chart_digest
    for again in (early, late):
        draw(ticks.resources, again, version=1)
    assert (row(ticks, comparison_id).chart_digest, row(ticks, comparison_id).rendered_version) == (chart, 2)


def test_nothing_is_claimed_where_nothing_is_asked(ticks: Ticks) -> None:
    assert claim(ticks.resources, [], NOW) == []


def test_equal_pictures_under_which_other_figures_stand_are_two_charts(ticks: Ticks) -> None:
    blobs = ticks.resources.blobs
    digests = {blobs.put(b"a picture", text) for text in ("best 1,037", "best 1,042", "best 1,042")}
    assert len(digests) == 2
    assert {blobs.get(digest) for digest in digests} == {b"a picture"}
    comparison_id = subscribed(ticks)
    draw(ticks.resources, read(ticks.resources, comparison_id, NOW), version=1)
    drawn = row(ticks, comparison_id)
    picture, figures = blobs.get(drawn.chart_digest or "") or b"", (drawn.caption or "").rsplit("\n", 1)[0]
    assert drawn.chart_digest == sha256(picture + figures.encode()).hexdigest(), "the figures, without the time"
