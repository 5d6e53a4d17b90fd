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

from pipeline.chart.caption import caption
from pipeline.chart.views import prepare
from pipeline.i18n import METRICS
from pipeline.messaging.client import Answer, answers
from pipeline.records import (
    ChartData,
    ChartRow,
    ChartSpec,
    Counts,
    FetchResult,
    Layout,
    LazyString,
    Metric,
    Post,
    Profile,
    State,
    View,
)
from pipeline.steps import dataset_file
from pipeline.steps.chart_data import layouts
from pipeline.steps.dataset_file import Author
from pipeline.steps.fetch import FetchedChunk, fetched_chunks
from tests.unit.chart.made import png

TEXTS = some.text(some.characters(codec="utf-8"), max_size=30)
MOMENTS = some.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=some.just(UTC))  # noqa: DTZ001
COUNTS = some.none() | some.integers(0, 2**63 - 1)
POSTS = some.builds(Post, TEXTS, MOMENTS, some.builds(Counts, *[COUNTS] * 6), some.none() | MOMENTS)
LAZY_STRINGS = some.builds(LazyString, TEXTS, some.dictionaries(TEXTS, TEXTS | some.integers(), max_size=2))
FETCH_RESULTS = some.builds(
    FetchResult,
    account_id=some.integers(1, 2**31),
    at=MOMENTS,
    posts=some.none() | some.lists(POSTS, max_size=4).map(tuple),
    complete=some.booleans(),
    state=some.none() | some.sampled_from(State),
    problem=some.none() | LAZY_STRINGS,
    stopped_until=some.none() | MOMENTS,
)
PROFILES = some.builds(Profile, TEXTS, some.sampled_from(State), some.none() | TEXTS)
PACKED: list[tuple[TypeAdapter[Any], some.SearchStrategy[Any]]] = [
    (fetched_chunks, some.builds(FetchedChunk, TEXTS, some.lists(FETCH_RESULTS, max_size=3).map(tuple))),
    (
        layouts,
        some.builds(Layout, some.floats(-1e300, 1e300), some.floats(-1e300, 1e300), some.tuples(some.integers())),
    ),
    (answers, some.builds(Answer, some.none() | some.lists(PROFILES, max_size=3), some.none() | LAZY_STRINGS)),
]
NAMES = ["fetched_chunks", "layouts", "answers"]
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


AUTHORS = some.builds(Author, some.just("x"), HANDLES, some.integers(1, 2**63).map(str), some.none() | MOMENTS)


@given(
    some.dictionaries(
        some.builds(
            Author, some.just("x"), HOSTILE, HOSTILE, some.none() | MOMENTS, followers=some.none() | some.integers(0)
        ),
        some.lists(POSTS, max_size=3),
        max_size=3,
    )
)
def test_a_dataset_reads_back_and_no_cell_of_it_is_a_formula(timelines: dict[Author, list[Post]]) -> None:
    content = dataset_file.render(timelines.items())
    header, *rows = csv.reader(io.StringIO(content.decode(), newline=""))
    assert header == list(dataset_file.COLUMNS)
    assert len(rows) == sum(len(posts) for posts in timelines.values())
    assert not [cell for row in rows for cell in row if cell.startswith(dataset_file.FORMULA)]
    for row, (author, post) in zip(rows, _in_order(timelines), strict=True):
        given = [author.handle, author.remote_id, post.id]
        assert [cell.removeprefix("'") for cell in row[1:4]] == [cell.removeprefix("'") for cell in given]
        assert datetime.fromisoformat(row[4]) == post.created_at.replace(microsecond=0)
        read_at = post.read_at or author.fetched_at
        assert (datetime.fromisoformat(row[5]) if row[5] else None) == (read_at and read_at.replace(microsecond=0))
        assert [int(cell) if cell else None for cell in row[6:-4]] == list(post.counts)
        assert row[-4] == f"https://x.com/i/status/{post.id}"
        assert row[-3] == ("" if author.followers is None else str(author.followers))


def _in_order(timelines: dict[Author, list[Post]]) -> list[tuple[Author, Post]]:
    authors = sorted(timelines, key=lambda author: (author.handle.lower(), author.remote_id))
    return [(author, post) for author in authors for post in timelines[author]]


@given(some.dictionaries(AUTHORS, some.lists(POSTS, max_size=2), max_size=4), some.randoms())
def test_equal_data_gives_equal_bytes_in_whatever_order_it_comes(
    timelines: dict[Author, list[Post]], chance: Any
) -> None:
    unlike = {author.remote_id: (author, posts) for author, posts in timelines.items()}
    shuffled = list(unlike.values())
    chance.shuffle(shuffled)
    assert dataset_file.render(shuffled) == dataset_file.render(unlike.values())


@given(
    some.lists(some.builds(Author, some.just("x"), HOSTILE | HANDLES, HOSTILE), min_size=1, max_size=8),
    some.integers(5, 3200),
)
def test_a_datasets_path_is_one_plain_name(authors: list[Author], count: int) -> None:
    assert re.fullmatch(r"/[A-Za-z0-9_-]+\.csv", dataset_file.path(authors, count))


@given(some.data(), some.sets(some.integers(1, 30)), some.sets(some.integers(1, 30)))
def test_two_sets_of_accounts_share_no_path_whatever_they_are_called(
    data: some.DataObject, one: set[int], other: set[int]
) -> None:
    def path(ids: set[int]) -> str:
        return dataset_file.path(
            [Author("x", data.draw(some.sampled_from(["a", "A", "b"])), str(each)) for each in ids], 100
        )

    assert one == other or path(one).lower() != path(other).lower()


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
    chart = ChartData(ChartSpec(metric, view), now, tuple(rows), METRICS[metric])
    assert png(chart).startswith(b"\x89PNG")
    assert prepare(chart).layout.order
    assert len(caption(chart).replace("`", "").encode("utf-16-le")) <= 2 * 1024
