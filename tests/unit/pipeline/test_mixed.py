"""Charts of several networks: what they name, measure, leave out and explain, computed again from the posts."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from statistics import median

import pytest

from pipeline.chart.caption import caption
from pipeline.i18n import translator
from pipeline.records import (
    ChartData,
    ChartRow,
    ChartSpec,
    Comparison,
    Counts,
    FetchResult,
    Language,
    Metric,
    Normalization,
    Post,
    Profile,
    State,
    View,
)
from pipeline.sources import registry
from pipeline.sources.registry import NETWORKS, label
from pipeline.steps.chart_data import inputs
from pipeline.steps.snapshot import snapshot
from pipeline.store import Store, accounts, comparisons
from pipeline.store.tables import Account, Base
from tests.toy_network.facts import TOY
from tests.unit.pipeline.conftest import NOW

FOLLOWERS = {"x": 96_800_000, TOY.key: 37}
PER_FOLLOWER = ChartSpec(normalization=Normalization.FOLLOWERS)
HALF_TOLD = replace(TOY, key="half", name="Half", lacks=frozenset(), varies=frozenset({Metric.QUOTES}), nouns={})
"""A network of servers of which some tell no quotes."""


@pytest.fixture(autouse=True)
def _networks() -> Iterator[None]:
    for network in (TOY, HALF_TOLD):
        NETWORKS[network.key] = network
    yield
    for network in (TOY, HALF_TOLD):
        del NETWORKS[network.key]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path}/tallybird.db")
    Base.metadata.create_all(store.engine)
    yield store
    store.close()


def timeline(network: str) -> list[Post]:
    """Nine posts, with the counts that the network tells."""
    untold = dict.fromkeys(NETWORKS[network].lacks)
    return [
        Post(
            f"{ago}", NOW - timedelta(hours=30 + ago), Counts(ago, ago * 7, 1, ago % 2, 2, ago * 100)._replace(**untold)
        )
        for ago in range(9)
    ]


def read(
    store: Store, network: str, followers: int | None, told_before: timedelta = timedelta(0), **counts: int | None
) -> int:
    """An account of the network whose posts were read now, and its followers so long before; returns its id.

    counts: those that each of its posts has instead of its own.
    """
    posts = tuple(post._replace(counts=post.counts._replace(**counts)) for post in timeline(network))
    with store.write_session() as db:
        profile = Profile(f"ada_{network}", State.ACTIVE, network, followers=followers)
        accounts.save_profiles(db, [profile], network, NOW - told_before)
        [account] = accounts.find_by_remote_ids(db, [network], network)
        result = FetchResult(account.id, NOW, posts, complete=True)
        accounts.save_fetch_results(db, [result])
        return account.id


def data_of(store: Store, spec: ChartSpec, *account_ids: int) -> ChartData:
    with store.write_session() as db:
        comparison = comparisons.get_or_create(db, Comparison(tuple(sorted(account_ids)), spec))
        return snapshot(db, comparison, NOW).data


def mixed(store: Store, spec: ChartSpec, followers: dict[str, int | None] | dict[str, int] = FOLLOWERS) -> ChartData:
    return data_of(store, spec, *(read(store, network, number) for network, number in followers.items()))


def notes(data: ChartData, language: Language = Language.ENGLISH) -> list[str]:
    return [translator(language).gettext(note) for note in data.notes]


def words(line: str) -> list[str]:
    """The words of a line of a caption."""
    return line.replace("`", "").split()


def by_network(data: ChartData) -> dict[str, ChartRow]:
    return {row.network: row for row in data.rows}


@pytest.mark.parametrize("metric", [Metric.REPOSTS, Metric.LIKES, Metric.QUOTES])
def test_a_figure_is_per_thousand_of_the_accounts_own_followers(store: Store, metric: Metric) -> None:
    rows = by_network(mixed(store, replace(PER_FOLLOWER, metric=metric)))
    for network, followers in FOLLOWERS.items():
        counts = [post.counts._asdict()[metric] for post in timeline(network)]
        row = rows[label(network)]
        assert row.values == pytest.approx([float(Fraction(count * 1000, followers)) for count in counts], rel=1e-12)
        assert row.total == pytest.approx(float(Fraction(sum(counts) * 1000, followers)), rel=1e-12)


def test_the_caption_names_networks_and_followers(store: Store) -> None:
    lines = caption(mixed(store, PER_FOLLOWER)).splitlines()
    assert lines[0] == "Shares per 1,000 followers, last 100 posts, own posts only, no replies"
    middle = median(range(9)) * 1000
    assert words(lines[2])[:4] == [f"{middle / 37:.1f}", f"{8000 / 37:.1f}", "9", "@ada_toy"]
    assert lines[2].endswith("@ada_toy · Toy · 37 followers")
    assert lines[3].endswith("@ada_x · X · 96.8M followers")


def test_followers_that_are_not_known_or_none_give_a_reason_and_no_figure(store: Store) -> None:
    rows = by_network(mixed(store, PER_FOLLOWER, {"x": None, TOY.key: 0}))
    assert {name: (row.note, row.values, row.total) for name, row in rows.items()} == {
        "X": ("followers not known", (), None),
        "Toy": ("no followers", (), None),
    }


def test_a_count_of_followers_from_days_ago_names_its_day(store: Store) -> None:
    account_id = read(store, "x", 5000, told_before=timedelta(days=5))
    day = translator(Language.ENGLISH).short_day(NOW - timedelta(days=5), NOW)
    assert caption(data_of(store, PER_FOLLOWER, account_id)).splitlines()[2].endswith(f"5,000 followers on {day}")


def test_followers_matter_only_where_they_are_divided_by(store: Store) -> None:
    account_id = read(store, "x", 5000)
    before = {spec: inputs(data_of(store, spec, account_id)) for spec in (ChartSpec(), PER_FOLLOWER)}
    with store.write_session() as db:
        db.get_one(Account, account_id).followers = 5001
    after = {spec: inputs(data_of(store, spec, account_id)) for spec in (ChartSpec(), PER_FOLLOWER)}
    assert (before[ChartSpec()] == after[ChartSpec()], before[PER_FOLLOWER] == after[PER_FOLLOWER]) == (True, False)


def test_accounts_of_one_network_bear_no_network(store: Store) -> None:
    data = data_of(store, ChartSpec(), read(store, "x", None))
    assert (data.rows[0].network, notes(data), data.noun.msgid) == ("", [], "retweets")


@pytest.mark.parametrize("view", View)
def test_a_mixed_chart_of_counts_says_that_they_are_not_counted_alike(store: Store, view: View) -> None:
    assert notes(mixed(store, ChartSpec(view=view))) == [
        "X retweets and Toy boosts: not counted alike, and audiences differ"
    ]
    assert "X retweets and Toy boosts" in caption(mixed(store, ChartSpec(view=view)))


def test_networks_with_one_word_stand_together(store: Store) -> None:
    data = mixed(store, ChartSpec(Metric.LIKES), {"x": 1, TOY.key: 1, "half": 1})
    assert notes(data) == ["X and Half likes and Toy favourites: not counted alike, and audiences differ"]


@pytest.mark.parametrize("spec", [PER_FOLLOWER, ChartSpec(normalization=Normalization.RATE), ChartSpec(Metric.VIEWS)])
def test_where_audiences_are_divided_by_or_one_network_tells_there_is_no_such_note(
    store: Store, spec: ChartSpec
) -> None:
    assert notes(mixed(store, spec)) == []


def test_what_a_network_does_not_tell_is_missing_with_a_reason(store: Store) -> None:
    data = mixed(store, ChartSpec(Metric.VIEWS))
    rows = by_network(data)
    assert (rows["Toy"].values, rows["Toy"].total, rows["Toy"].note) == ((), None, "views not public")
    assert rows["X"].values == tuple(100 * ago for ago in range(9))
    line = " ".join(words(caption(data).splitlines()[3]))
    assert line == "– – 0 @ada_toy · Toy · views not public"


def test_what_only_some_servers_tell_is_missing_where_the_accounts_own_does_not(store: Store) -> None:
    account_id = read(store, "half", 1, quotes=None)
    [row] = data_of(store, ChartSpec(Metric.QUOTES), account_id).rows
    assert (row.values, row.total, row.note) == ((), None, "its server does not tell quotes")


@pytest.mark.parametrize(
    ("networks", "parts"),
    [
        (["x"], ["reposts", "likes", "replies", "quotes", "bookmarks"]),
        ([TOY.key], ["reposts", "likes", "replies", "quotes"]),
        (["half"], ["reposts", "likes", "replies", "bookmarks"]),
        (["x", TOY.key], ["reposts", "likes", "replies", "quotes"]),
        (["x", TOY.key, "half"], ["reposts", "likes", "replies"]),
        ([], ["reposts", "likes", "replies", "quotes", "bookmarks"]),
    ],
)
def test_engagement_is_the_sum_of_what_every_network_of_the_chart_surely_tells(
    store: Store, networks: list[str], parts: list[str]
) -> None:
    assert list(registry.parts(Metric.ENGAGEMENT, networks)) == parts
    data = mixed(store, ChartSpec(Metric.ENGAGEMENT), dict.fromkeys(networks, 1))
    for network, row in zip(networks, data.rows, strict=True):
        sums = [sum(post.counts._asdict()[part] for part in parts) for post in timeline(network)]
        assert list(row.values) == sums


def test_a_chart_says_of_what_engagement_is_the_sum_where_that_is_not_all(store: Store) -> None:
    alone = data_of(store, ChartSpec(Metric.ENGAGEMENT), read(store, TOY.key, 1))
    assert notes(alone) == ["engagement: the sum of boosts, favourites, replies and quotes"]
    assert notes(alone, Language.SPANISH) == ["interacciones: la suma de impulsos, favoritos, respuestas y citas"]
    assert notes(data_of(store, ChartSpec(Metric.ENGAGEMENT), read(store, "x", 1))) == []
    assert notes(mixed(store, ChartSpec(Metric.ENGAGEMENT)))[0] == (
        "engagement: the sum of shares, likes, replies and quotes"
    )


def test_growth_of_engagement_leaves_out_the_same_counts(store: Store) -> None:
    ids = [read(store, network, 1) for network in FOLLOWERS]
    later = NOW + timedelta(minutes=1)
    with store.write_session() as db:
        for account_id, network in zip(ids, FOLLOWERS, strict=True):
            more = [
                post._replace(counts=Counts(*(None if count is None else count + 10 for count in post.counts)))
                for post in timeline(network)
            ]
            accounts.save_fetch_results(db, [FetchResult(account_id, later, tuple(more), complete=True)])
        spec = ChartSpec(Metric.ENGAGEMENT, View.GROWTH)
        comparison = comparisons.get_or_create(db, Comparison(tuple(sorted(ids)), spec))
        rows = snapshot(db, comparison, later).data.rows
    assert [row.total for row in rows] == [9 * 4 * 10] * 2
