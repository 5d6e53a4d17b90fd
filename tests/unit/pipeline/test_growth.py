"""What a growth chart claims is what was gained between two moments that were read, whatever happened between them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert

from pipeline.records import Comparison, Counts, FetchResult, Metric, Post, Span
from pipeline.store import Store, accounts, comparisons, posts
from pipeline.store.growth import Growth, compute_growth
from pipeline.store.tables import Account, Base
from pipeline.store.tables import Comparison as ComparisonRow

FIRST_FETCH_AT = datetime(2026, 11, 2, 4, 14, 3, tzinfo=UTC)
GRAINS = {Span.HOUR: timedelta(minutes=1), Span.DAY: timedelta(minutes=10), Span.WEEK: timedelta(hours=1)}
SECONDS = st.sampled_from([10, 10, 10, 25, 70, 240, 700, 1500, 5400, 20_000, 90_000, 400_000])
CHECKED_SHARE = 0.2
"""After which share of the fetches growth is checked."""
MOST_POSTS = 19
"""With fewer posts than this, none is counted late without a note."""


@dataclass
class SimulatedAccount:
    """An account as it truly is: what each of its posts has at each moment that it is read, whether seen or not."""

    random: Random
    now: datetime = FIRST_FETCH_AT
    counts: dict[str, int] = field(default_factory=dict)
    created_at: dict[str, datetime] = field(default_factory=dict)
    fetched_counts: dict[datetime, dict[str, int]] = field(default_factory=dict)
    is_complete: bool = True
    """Whether the last fetch result has every count."""

    def __post_init__(self) -> None:
        """It had posts before anybody read it, more than are read at first."""
        for number in range(12):
            self.created_at[str(number)] = FIRST_FETCH_AT - timedelta(hours=12 - number)
            self.counts[str(number)] = self.random.randrange(1000)

    def advance(self, seconds: int, busy: float) -> None:
        """Posts come, gain, lose and go."""
        then = self.now
        self.now += timedelta(seconds=seconds)
        if self.random.random() < busy / 2 or not self.counts:
            name = str(len(self.created_at))
            self.created_at[name] = then + (self.now - then) * self.random.random()
            self.counts[name] = 0
        for name in list(self.counts):
            if self.random.random() < busy:
                self.counts[name] = max(0, self.counts[name] + self.random.choice([1, 2, 40, 700, 10**9, -1, -3]))
        if self.random.random() < busy / 8 and len(self.counts) > 1:
            del self.counts[self.random.choice(list(self.counts))]

    def fetch(self, depth: int, *, odd: bool) -> FetchResult:
        """The newest posts; an odd reading leaves some out, or some of their counts."""
        self.fetched_counts[self.now] = dict(self.counts)
        newest = sorted(self.counts, key=self.created_at.__getitem__, reverse=True)
        posts = [Post(name, self.created_at[name], Counts(reposts=self.counts[name])) for name in newest[:depth]]
        posts = [post._replace(counts=Counts()) if odd and self.random.random() < 0.2 else post for post in posts]
        posts = [post for post in posts if not odd or self.random.random() < 0.8]
        self.is_complete = not odd
        return FetchResult(1, self.now, tuple(posts), complete=not odd and len(newest) <= depth, partial=odd)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path_factory.mktemp('growth')}/tallybird.db")
    Base.metadata.create_all(store.engine)
    yield store
    store.close()


@pytest.fixture(autouse=True)
def comparison_id(store: Store) -> int:
    return start_afresh(store)


def start_afresh(store: Store) -> int:
    """A comparison of one account that was never fetched; returns its id."""
    with store.write_session() as db:
        for table in (ComparisonRow, Account):
            db.execute(delete(table))
        db.execute(insert(Account), [{"id": 1, "network": "x", "remote_id": "1", "handle": "a", "stale": False}])
        return comparisons.get_or_create(db, Comparison((1,))).id


def save(store: Store, fetch_result: FetchResult) -> None:
    with store.write_session() as db:
        accounts.save_fetch_results(db, [fetch_result])


def load_growth(store: Store, comparison_id: int, span: Span, now: datetime, count: int) -> tuple[Growth, list[str]]:
    """The growth, and the ids of the posts that it counts."""
    with store.read_session() as db:
        members = comparisons.list_accounts(db, comparison_id)
        newest = posts.list_newest(db, [each.id for each in members], count)
        [growth] = compute_growth(db, members, newest, [Metric.REPOSTS], span, now)
    return growth, [post.id for post in newest[1]]


@pytest.mark.timeout(400)
@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 10**6),
    phases=st.lists(
        st.tuples(
            SECONDS,
            st.integers(1, 25),
            st.sampled_from([3, 9, MOST_POSTS]),
            st.booleans(),
            st.sampled_from([0, 0.1, 0.6]),
        ),
        min_size=1,
        max_size=8,
    ),
    later=st.integers(0, 300),
)
# The first reading after a gap is later than the span's whole minute, by less than a minute.
@example(
    seed=142,
    phases=[
        (20_000, 11, 9, True, 0),
        (1500, 25, 9, False, 0.6),
        (700, 7, 19, True, 0),
        (10, 19, 3, False, 0.6),
        (400_000, 19, 3, True, 0.6),
        (1500, 25, 9, False, 0.1),
        (10, 24, 3, False, 0.6),
        (20_000, 17, 3, True, 0.1),
    ],
    later=8,
)
def test_what_is_claimed_is_the_truth_between_two_moments_that_were_read(
    store: Store, seed: int, phases: list[tuple[int, int, int, bool, float]], later: int
) -> None:
    comparison_id, simulated = start_afresh(store), SimulatedAccount(Random(seed))
    for seconds, times, depth, odd, busy in phases:
        for _ in range(times):
            simulated.advance(seconds, busy)
            save(store, simulated.fetch(depth, odd=odd and simulated.random.random() < 0.3))
            if simulated.random.random() < CHECKED_SHARE:
                assert_true(store, comparison_id, simulated, depth, simulated.now + timedelta(seconds=later))


def assert_true(store: Store, comparison_id: int, simulated: SimulatedAccount, depth: int, now: datetime) -> None:
    if not simulated.is_complete:
        return
    for span in Span:
        for count in (2, depth):
            growth, posts = load_growth(store, comparison_id, span, now, count)
            start = now - span.length
            newest = sorted(simulated.counts, key=simulated.created_at.__getitem__, reverse=True)[:count]
            assert posts == newest
            starts = _possible_starts(simulated, growth, start, GRAINS[span])
            true_gains = {moment: _true_gain(simulated, posts, moment) for moment in starts}
            if growth.total is None:
                fetched_before = [moment for moment in simulated.fetched_counts if moment < simulated.now]
                assert growth.since == simulated.now or simulated.now - start <= 2 * GRAINS[span] or not fetched_before
            else:
                assert growth.total in true_gains.values(), (span, count, growth, true_gains)


def _possible_starts(simulated: SimulatedAccount, growth: Growth, start: datetime, grain: timedelta) -> list[datetime]:
    """The moments that the claim may begin at, all of them read: that which it names, else the span's start."""
    if growth.since is not None:
        assert growth.since in simulated.fetched_counts
        assert growth.since > start
        return [growth.since]
    return [moment for moment in simulated.fetched_counts if abs(moment - start) <= grain]


def _true_gain(simulated: SimulatedAccount, posts: list[str], since: datetime) -> int:
    return sum(
        simulated.fetched_counts[simulated.now][post] - simulated.fetched_counts[since].get(post, 0) for post in posts
    )
