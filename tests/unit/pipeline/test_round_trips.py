"""What is packed comes out as it went in, whatever it holds, and what was never packed is refused as what it is."""

import csv
import io
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from pydantic import TypeAdapter, ValidationError

from pipeline import dataset
from pipeline.chart import caption, draw, layout
from pipeline.doors import Answer, answers
from pipeline.fetch import readings
from pipeline.plot import Drawing, drawings, layouts
from pipeline.records import (
    ChartData,
    ChartRow,
    Counts,
    Layout,
    Look,
    Metric,
    Post,
    Profile,
    Reading,
    State,
    Text,
    View,
)

TEXTS = some.text(some.characters(codec="utf-8"), max_size=30)
MOMENTS = some.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=some.just(UTC))  # noqa: DTZ001
COUNTS = some.none() | some.integers(0, 2**63 - 1)
POSTS = some.builds(Post, TEXTS, MOMENTS, some.builds(Counts, *[COUNTS] * 6))
SAID = some.builds(Text, TEXTS, some.dictionaries(TEXTS, TEXTS | some.integers(), max_size=2))
READINGS = some.builds(
    Reading,
    account_id=some.integers(1, 2**31),
    at=MOMENTS,
    posts=some.none() | some.lists(POSTS, max_size=4).map(tuple),
    complete=some.booleans(),
    state=some.none() | some.sampled_from(State),
    problem=some.none() | SAID,
    stopped_until=some.none() | MOMENTS,
)
PROFILES = some.builds(Profile, TEXTS, some.sampled_from(State), some.none() | TEXTS)
PACKED: list[tuple[TypeAdapter[Any], some.SearchStrategy[Any]]] = [
    (readings, some.lists(READINGS, max_size=3)),
    (drawings, some.builds(Drawing, TEXTS, TEXTS, TEXTS, TEXTS)),
    (
        layouts,
        some.builds(Layout, some.floats(-1e300, 1e300), some.floats(-1e300, 1e300), some.tuples(some.integers())),
    ),
    (answers, some.builds(Answer, some.none() | some.lists(PROFILES, max_size=3), some.none() | SAID)),
]
NAMES = ["readings", "drawings", "layouts", "answers"]
JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False) | TEXTS,
    lambda parts: some.lists(parts, max_size=4) | some.dictionaries(TEXTS, parts, max_size=4),
)
HANDLES = some.from_regex(r"[A-Za-z0-9_]{1,15}", fullmatch=True)
HOSTILE = TEXTS | some.sampled_from(
    ["=1+1", "@SUM(1)", "\t=1", "\r\n=1", '"', '",=1', "../../x", "a/b", "\x00", "\u202ex"]
)


@pytest.mark.parametrize("packed", PACKED, ids=NAMES)
@given(data=some.data())
def test_what_is_packed_comes_out_as_it_went_in(
    packed: tuple[TypeAdapter[Any], some.SearchStrategy[Any]], data: some.DataObject
) -> None:
    adapter, values = packed
    value = data.draw(values)
    assert adapter.validate_json(adapter.dump_json(value)) == value


@pytest.mark.parametrize("packed", PACKED, ids=NAMES)
@given(content=some.binary(max_size=200) | JSON.map(lambda value: TypeAdapter(Any).dump_json(value)))
def test_what_was_never_packed_is_refused_as_invalid(
    packed: tuple[TypeAdapter[Any], some.SearchStrategy[Any]], content: bytes
) -> None:
    try:
        value = packed[0].validate_json(content)
    except ValidationError:
        return
    assert packed[0].validate_json(packed[0].dump_json(value)) == value


@given(some.dictionaries(HOSTILE, some.lists(POSTS, max_size=3), max_size=3))
def test_a_dataset_reads_back_and_no_cell_of_it_is_a_formula(timelines: dict[str, list[Post]]) -> None:
    content = dataset.render("x", timelines.items())
    header, *rows = csv.reader(io.StringIO(content.decode(), newline=""))
    assert header == list(dataset.COLUMNS)
    assert len(rows) == sum(len(posts) for posts in timelines.values())
    assert not [cell for row in rows for cell in row if cell.startswith(dataset.FORMULA)]
    for row, (handle, post) in zip(rows, _in_order(timelines), strict=True):
        assert (row[1].removeprefix("'"), row[2].removeprefix("'")) == (
            handle.removeprefix("'"),
            post.id.removeprefix("'"),
        )
        assert datetime.fromisoformat(row[3]) == post.created_at.replace(microsecond=0)
        assert [int(cell) if cell else None for cell in row[4:]] == list(post.counts)


def _in_order(timelines: dict[str, list[Post]]) -> list[tuple[str, Post]]:
    names = sorted(timelines, key=lambda name: name.lower())
    return [(name, post) for name in names for post in timelines[name]]


@given(some.dictionaries(HANDLES, some.lists(POSTS, max_size=2), max_size=4), some.randoms())
def test_equal_data_gives_equal_bytes_in_whatever_order_it_comes(timelines: dict[str, list[Post]], chance: Any) -> None:
    unlike = {name.lower(): (name, posts) for name, posts in timelines.items()}
    shuffled = list(unlike.values())
    chance.shuffle(shuffled)
    assert dataset.render("x", shuffled) == dataset.render("x", unlike.values())


@given(some.lists(HOSTILE | HANDLES, min_size=1, max_size=8), some.integers(5, 3200))
def test_a_datasets_path_is_one_plain_name(handles: list[str], count: int) -> None:
    assert re.fullmatch(r"/[A-Za-z0-9_-]+\.csv", dataset.path(handles, count))


@given(
    some.sets(HANDLES.map(str.lower), min_size=1, max_size=6), some.sets(HANDLES.map(str.lower), min_size=1, max_size=6)
)
def test_two_sets_of_accounts_share_no_path(one: set[str], other: set[str]) -> None:
    assert (dataset.path(one, 100) == dataset.path(other, 100)) == (one == other)


@settings(max_examples=12, deadline=None)
@given(some.lists(HOSTILE, min_size=1, max_size=5), some.sampled_from(View), some.sampled_from(Metric), some.data())
def test_any_name_is_drawn_and_told(handles: list[str], view: View, metric: Metric, data: some.DataObject) -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    rows = [
        ChartRow(
            handle, values := tuple(data.draw(some.lists(some.integers(0, 10**9), max_size=3))), (now,) * len(values)
        )
        for handle in handles
    ]
    chart = ChartData(Look(metric, view), now, tuple(rows))
    assert draw(chart).startswith(b"\x89PNG")
    assert layout(chart).order
    assert len(caption(chart).replace("`", "").encode("utf-16-le")) <= 2 * 1024
