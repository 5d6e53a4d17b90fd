"""Growth of an account whose posts are read apart from each other tells what each gained between its own readings."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, update

from pipeline.records import Counts, Metric, Post, Span
from pipeline.store import Store, accounts, posts
from pipeline.store.growth import Growth, compute_growth
from pipeline.store.posts import FetchedApart
from pipeline.store.tables import Account, Base

START = datetime(2026, 11, 2, 4, 14, 3, tzinfo=UTC)
GRAINS = {Span.HOUR: timedelta(minutes=1), Span.DAY: timedelta(minutes=10), Span.WEEK: timedelta(hours=1)}
SECONDS = [10, 10, 25, 55, 70, 300, 700, 1800, 5400, 20_000, 86_000, 300_000]
ONE_IN = 20
CHECKED_SHARE = 0.1


class Seen(NamedTuple):
    """What was seen of a post at a moment."""

    at: datetime
    reposts: int


class Step(NamedTuple):
    """A post's gain from one moment at which its count was seen to the next."""

    start: Seen
    end: Seen

    @property
    def gain(self) -> int:
        return self.end.reposts - self.start.reposts


@dataclass
class SimulatedAccount:
    """An account as it truly is, and what was seen of it.

    older: how many posts it has when it is read first. seen: what was seen of each post; that it had nothing when it
    was made, too, where that was while all others were known. known_at: when each of the others was read first.
    found: when all of its new posts were known.
    """

    random: Random
    older: int
    now: datetime = START
    counts: dict[str, int] = field(default_factory=dict)
    created_at: dict[str, datetime] = field(default_factory=dict)
    seen: dict[str, list[Seen]] = field(default_factory=dict)
    known_at: dict[str, datetime] = field(default_factory=dict)
    found: list[datetime] = field(default_factory=list)

    def __post_init__(self) -> None:
        for number in range(self.older):
            self.created_at[str(number)] = START - timedelta(hours=self.older - number)
            self.counts[str(number)] = self.random.randrange(1000)

    def advance(self, seconds: int, busy: float) -> None:
        then = self.now
        self.now += timedelta(seconds=seconds * self.random.choice([1, 1, 1.01, 0.9]))
        if self.random.random() < busy / 2:
            name = str(len(self.created_at))
            self.created_at[name] = then + (self.now - then) * self.random.random()
            self.counts[name] = self.random.randrange(3)
        for name in self.counts:
            if self.random.random() < busy:
                self.counts[name] = max(0, self.counts[name] + self.random.choice([1, 2, 40, 700, 10**9, -1, -3]))

    def read(self, *, finds: bool, share: float) -> FetchedApart:
        """Some of the known posts by their ids; the new ones too if the account is found; seldom a page of old ones."""
        before = self.found[-1] if self.found else None
        known = [name for name in self.counts if name in self.seen and self.random.random() < share]
        unknown = [name for name in self.counts if name not in self.seen]
        born = [name for name in unknown if before is not None and self.created_at[name] > before]
        older = [name for name in unknown if name not in born]
        page = older[-4:] if before is None or self.random.random() < 0.1 else []
        gone = [name for name in known if self.random.random() < 0.01]
        for name in gone:
            del self.counts[name]
        names = [name for name in [*known, *page, *(born if finds else [])] if name not in gone]
        for name in names:
            if name in born:
                self.seen[name] = [Seen(self.created_at[name], 0)]
            elif name in page:
                self.known_at[name] = self.now
            self.seen.setdefault(name, []).append(Seen(self.now, self.counts[name]))
        read = [Post(name, self.created_at[name], Counts(reposts=self.counts[name])) for name in names]
        if finds:
            self.found.append(self.now)
        return FetchedApart(1, self.now, read, gone, found=finds, found_before=before)

    def newest(self, count: int) -> list[str]:
        return sorted(set(self.counts) & set(self.seen), key=self.created_at.__getitem__, reverse=True)[:count]

    def steps(self, name: str) -> list[Step]:
        return [Step(*pair) for pair in pairwise(self.seen[name])]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path_factory.mktemp('growth')}/tallybird.db")
    Base.metadata.create_all(store.engine)
    yield store
    store.close()


def start_afresh(store: Store) -> None:
    with store.write_session() as db:
        db.execute(delete(Account))
        db.execute(insert(Account), [{"id": 1, "network": "x", "remote_id": "1", "handle": "a", "stale": False}])


def save(store: Store, fetched: FetchedApart) -> None:
    with store.write_session() as db:
        posts.save_apart(db, [fetched])
        if fetched.found:
            db.execute(update(Account).values(fetched_at=fetched.at))


def load_growth(store: Store, span: Span, now: datetime, count: int) -> tuple[Growth, list[str]]:
    with store.read_session() as db:
        newest = posts.list_newest(db, [1], count)
        [growth] = compute_growth(db, accounts.get_many(db, [1]), newest, [Metric.REPOSTS], span, now)
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
    older=st.sampled_from([0, 3, 12, 45]),
    phases=st.lists(
        st.tuples(
            st.sampled_from(SECONDS),
            st.integers(1, 20),
            st.sampled_from([0, 0.3, 1]),
            st.sampled_from([0, 0.1, 0.5, 1]),
            st.sampled_from([0, 0.1, 0.6]),
        ),
        min_size=1,
        max_size=8,
    ),
    later=st.integers(0, 300),
)
def test_a_told_gain_is_what_the_readings_of_each_post_allow(
    store: Store, seed: int, older: int, phases: list[tuple[int, int, float, float, float]], later: int
) -> None:
    start_afresh(store)
    account = SimulatedAccount(Random(seed), older)
    save(store, account.read(finds=True, share=1))
    for seconds, times, finds, share, busy in phases:
        for _ in range(times):
            account.advance(seconds, busy)
            save(store, account.read(finds=account.random.random() < finds, share=share))
            if account.random.random() < CHECKED_SHARE:
                assert_honest(store, account, account.now + timedelta(seconds=later))
    assert_honest(store, account, account.now + timedelta(seconds=later))


def assert_honest(store: Store, account: SimulatedAccount, now: datetime) -> None:
    for span in Span:
        for count in (2, 100):
            growth, counted = load_growth(store, span, now, count)
            assert counted == account.newest(count)
            grain = GRAINS[span]
            start = floor(now - span.length, grain) + grain
            since = _known_from(account, counted, start, grain)
            context = (span, count, growth, start, since)
            if account.found[-1] < start:
                assert growth == Growth(), context
                continue
            assert growth.since is None or growth.since > start, context
            assert floor(growth.since or start, grain) == floor(since, grain), context
            if growth.total is None:
                assert floor(account.found[-1], grain) <= floor(since, grain), context
            else:
                least, most = _allowed(account, counted, start, growth.since or start, grain)
                assert least <= growth.total <= most, (context, least, most)
            for begin, end in growth.gaps:
                assert not [at for at in account.found if begin < at < end], context
                assert end - begin > grain, context


def floor(moment: datetime, grain: timedelta) -> datetime:
    return moment - (moment - datetime(1970, 1, 1, tzinfo=UTC)) % grain


def _known_from(account: SimulatedAccount, counted: list[str], start: datetime, grain: timedelta) -> datetime:
    """The end of the last pause that the span's start is in, or the time at which enough of the posts were known."""
    pauses = [
        end
        for begin, end in pairwise([START - timedelta(days=99), *account.found])
        if begin < start - grain and end >= start
    ]
    known = []
    for name in counted:
        ends = [each.end.at for each in account.steps(name) if each.gain and each.start.at < start - grain]
        ends += [account.known_at[name]] if name in account.known_at else []
        known += [max(end for end in ends if end >= start)] if any(end >= start for end in ends) else []
    return max([start, *pauses, *sorted(known, reverse=True)[len(counted) // ONE_IN :][:1]])


def _allowed(
    account: SimulatedAccount, counted: list[str], start: datetime, since: datetime, grain: timedelta
) -> tuple[int, int]:
    """The least and the most that may be told: what lies within, and what lies so up to a grain at its beginning."""
    least = most = 0
    for name in counted:
        for step in account.steps(name):
            if step.start.at >= since:
                least, most = least + step.gain, most + step.gain
            elif step.start.at >= start - grain and step.end.at > floor(since, grain):
                least, most = least + min(step.gain, 0), most + max(step.gain, 0)
    return least, most
