"""Replies to others are left out of charts unless they are asked for; each figure is computed again from the posts."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from statistics import median

import pytest

from pipeline.chart.caption import caption
from pipeline.chart.views import prepare
from pipeline.i18n import translator
from pipeline.records import (
    ChartRow,
    ChartSpec,
    Comparison,
    Counts,
    FetchResult,
    Language,
    Normalization,
    Post,
    Profile,
    State,
    View,
)
from pipeline.steps import dataset
from pipeline.steps.snapshot import Snapshot, snapshot
from pipeline.store import Store, accounts, comparisons, posts
from pipeline.store.posts import FetchedApart
from pipeline.store.tables import Base
from tests.conftest import NETWORK
from tests.unit.pipeline.conftest import NOW

SPEC = ChartSpec()
WITH_REPLIES = ChartSpec(replies=True)
HOUR = timedelta(hours=1)
KINDS = {"r": True, "p": False, "?": None}
"""A reply to somebody else, any other post, and one of which that is not known."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path}/tallybird.db")
    Base.metadata.create_all(store.engine)
    yield store
    store.close()


def timeline(kinds: str, first: int = 0) -> list[Post]:
    """An hour apart, newest first, each with a number of reposts that no other has. kinds: a letter of KINDS each."""
    return [
        Post(f"{900 - ago}", NOW - (1 + ago) * HOUR, Counts(reposts=first + ago * ago), is_reply=KINDS[kind])
        for ago, kind in enumerate(kinds)
    ]


def add(store: Store, handle: str, network: str = NETWORK) -> int:
    with store.write_session() as db:
        accounts.save_profiles(db, [Profile(handle, State.ACTIVE, handle)], network, NOW)
        return accounts.find_by_remote_ids(db, [handle], network)[0].id


def read(store: Store, account_id: int, read_posts: list[Post], at: timedelta = timedelta(0)) -> set[int]:
    """Store a reading of the account's whole timeline; returns the accounts whose charts change."""
    with store.write_session() as db:
        return accounts.save_fetch_results(db, [FetchResult(account_id, NOW + at, tuple(read_posts), complete=True)])


def show(store: Store, spec: ChartSpec, *account_ids: int) -> Snapshot:
    with store.write_session() as db:
        return snapshot(db, comparisons.get_or_create(db, Comparison(account_ids, spec)), NOW)


def row(store: Store, spec: ChartSpec, account_id: int) -> ChartRow:
    return show(store, spec, account_id).data.rows[0]


@pytest.mark.parametrize("count", [5, 40, 100])
def test_figures_are_those_of_the_newest_posts_that_are_asked_for(store: Store, count: int) -> None:
    chance = Random(count)
    made = timeline("".join(chance.choices("rrp?", k=100)))
    account_id = add(store, "ada")
    read(store, account_id, made)
    others = [post.counts.reposts for post in made if post.is_reply is not True][:count]
    every = [post.counts.reposts for post in made][:count]
    for spec, expected in ((SPEC, others), (WITH_REPLIES, every)):
        shown = show(store, replace(spec, count=count, view=View.RACE), account_id).data
        assert list(shown.rows[0].values) == expected
        assert shown.rows[0].total == sum(figure or 0 for figure in expected)
    assert row(store, replace(SPEC, count=count), account_id).left_out == sum(
        post.is_reply is True for post in made[:count]
    )
    assert row(store, replace(WITH_REPLIES, count=count), account_id).left_out == 0


def test_a_chart_can_be_computed_again_from_its_dataset(store: Store) -> None:
    chance = Random(7)
    ids = [add(store, name) for name in ("ada", "bob")]
    for number, account_id in enumerate(ids):
        read(store, account_id, timeline("".join(chance.choices("rrrpp", k=60)), 1000 * number))
    for spec in (replace(SPEC, count=20), replace(WITH_REPLIES, count=20)):
        shown = show(store, spec, *ids)
        with store.read_session() as db:
            _path, content = dataset.render(db, f"20 {ids[0]},{ids[1]}")
        lines = list(csv.DictReader(io.StringIO(content.decode())))
        for name, drawn in zip(("ada", "bob"), shown.data.rows, strict=True):
            own = [line for line in lines if line["account"] == name]
            wanted = [line for line in own if spec.replies or line["is_reply"] != "true"][:20]
            assert [float(line["reposts"]) for line in wanted] == list(drawn.values)
            middle = median(float(line["reposts"]) for line in wanted)
            [entry] = [entry for entry in prepare(shown.data).entries if entry.row.handle == name]
            assert entry.median == middle


def test_posts_from_before_count_until_it_is_known_that_they_are_replies(store: Store) -> None:
    account_id = add(store, "ada")
    read(store, account_id, timeline("????"))
    before = row(store, SPEC, account_id)
    assert read(store, account_id, timeline("?rp?"), HOUR) == {account_id}, "the chart changes"
    assert len(before.values) == 4
    assert row(store, SPEC, account_id).values == (0, 4, 9)
    assert read(store, account_id, timeline("????"), 2 * HOUR) == set()
    assert row(store, SPEC, account_id).values == (0, 4, 9), "what was known once stays known"


def test_the_same_goes_for_posts_that_are_read_apart(store: Store) -> None:
    account_id = add(store, "ada")
    read(store, account_id, timeline("??"))

    def read_apart(at: timedelta, *told: Post) -> set[int]:
        with store.write_session() as db:
            return posts.save_apart(db, [FetchedApart(account_id, NOW + at, told)])

    assert read_apart(HOUR, *timeline("r")) == {account_id}
    assert read_apart(2 * HOUR, *timeline("?")) == set()
    assert row(store, SPEC, account_id).values == (1,)


def test_growth_is_that_of_the_posts_that_are_compared(store: Store) -> None:
    def grown(post: Post, by: int) -> Post:
        return post._replace(counts=Counts(reposts=(post.counts.reposts or 0) + by))

    account_id = add(store, "ada")
    made = timeline("prp")
    read(store, account_id, made, -HOUR)
    read(store, account_id, [grown(post, by) for post, by in zip(made, (1, 20, 300), strict=True)])
    day = replace(SPEC, view=View.GROWTH)
    assert row(store, day, account_id).total == 301
    assert row(store, replace(day, replies=True), account_id).total == 321


def test_an_account_that_only_replies_says_so(store: Store) -> None:
    account_id = add(store, "ada")
    read(store, account_id, timeline("rr"))
    daily = replace(SPEC, view=View.RACE, normalization=Normalization.DAILY, count=2)
    for spec in (SPEC, daily):
        assert row(store, spec, account_id).note == "only replies to others"
        assert "only replies to others" in caption(show(store, spec, account_id).data)


def test_a_figure_per_day_tells_where_replies_hide_what_is_older(store: Store) -> None:
    """Six of the newest ten posts are shown: of those before them nothing is known here."""
    account_id = add(store, "ada")
    read(store, account_id, timeline("pr" * 4 + "pp"))
    daily = replace(SPEC, view=View.RACE, normalization=Normalization.DAILY)
    assert "all within 10 h" in caption(show(store, replace(daily, count=10), account_id).data)
    assert "all within" not in caption(show(store, replace(daily, count=11), account_id).data)


@pytest.mark.parametrize(
    ("language", "spec", "told"),
    [
        (Language.ENGLISH, SPEC, "no replies"),
        (Language.ENGLISH, WITH_REPLIES, "with replies"),
        (Language.SPANISH, SPEC, "sin respuestas"),
        (Language.SPANISH, WITH_REPLIES, "con respuestas"),
    ],
)
def test_the_caption_says_once_whether_replies_are_compared(
    store: Store, language: Language, spec: ChartSpec, told: str
) -> None:
    account_id = add(store, "ada")
    read(store, account_id, timeline("rp"))
    data = show(store, replace(spec, language=language), account_id).data
    assert caption(data).count(told) == 1


def test_a_network_whose_replies_are_not_read_is_named_where_they_are_asked_for(store: Store) -> None:
    ids = [add(store, "ada"), add(store, "bob@social.example", "fediverse")]
    gettext = translator(Language.ENGLISH).gettext
    with_replies = [gettext(note) for note in show(store, WITH_REPLIES, *ids).data.notes]
    assert "replies to others are not read on the fediverse" in with_replies
    for data in (show(store, SPEC, *ids).data, show(store, WITH_REPLIES, ids[0]).data):
        assert not any("not read" in gettext(note) for note in data.notes)
