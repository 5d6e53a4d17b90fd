"""Growth of an account whose first page is read often and the whole seldom: nothing is lost or told twice."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pipeline.records import Counts, Due, FetchResult, Post
from pipeline.settings import Settings
from pipeline.steps import store_stages
from pipeline.store import Store, posts
from pipeline.store.tables import Base
from tests.unit.pipeline.test_growth_apart import (
    CHECKED_SHARE,
    SECONDS,
    Seen,
    SimulatedAccount,
    assert_honest,
    start_afresh,
)

PAGE, DEPTH = 5, 14
MINUTE = timedelta(minutes=1)


@dataclass
class StagedAccount(SimulatedAccount):
    """stored: the posts that a reader of pages knows, by what each page showed."""

    stored: set[str] = field(default_factory=set)

    def advance(self, seconds: int, busy: float) -> None:
        """Now and then more posts are made than a page holds."""
        then = self.now
        super().advance(seconds, busy)
        for _ in range(self.random.choice([0] * 9 + [PAGE + 2])):
            name = str(len(self.created_at))
            self.created_at[name] = then + (self.now - then) * self.random.random()
            self.counts[name] = self.random.randrange(300)

    def read_page(self, *, whole: bool, odd: bool) -> tuple[Due, FetchResult]:
        """A reading of the first page, or as deep as charts go; an odd one leaves some posts out."""
        for name in list(self.counts):
            if self.random.random() < 0.01:
                del self.counts[name]
        depth = DEPTH if whole else PAGE
        shown = self._newest_made(self.counts)[:depth]
        page = [name for name in shown if not odd or self.random.random() < 0.8]
        ended = depth >= len(self.counts)
        self._note(page, covers_all=ended or (whole and not odd), is_deep=whole or ended, odd=odd)
        read = tuple(Post(name, self.created_at[name], Counts(reposts=self.counts[name])) for name in page)
        due = Due(1, "1", depth)
        return due, FetchResult(1, self.now, read, complete=not odd, partial=odd, ended=ended, requests=1)

    def newest(self, count: int) -> list[str]:
        return self._newest_made(self.stored)[:count]

    def _newest_made(self, names: set[str] | dict[str, int]) -> list[str]:
        return sorted(names, key=self.created_at.__getitem__, reverse=True)

    def _note(self, page: list[str], *, covers_all: bool, is_deep: bool, odd: bool) -> None:
        before = self.found[-1] if self.found else None
        oldest = min((self.created_at[name] for name in page), default=None)
        for name in self.stored - set(page):
            if not odd and (covers_all or (oldest is not None and self.created_at[name] > oldest)):
                self.stored.remove(name)
                del self.seen[name]
                self.known_at.pop(name, None)
        for name in page:
            if name not in self.stored:
                is_born = before is not None and self.created_at[name] > before - MINUTE
                self.seen[name] = [Seen(self.created_at[name], 0)] if is_born else []
                self.known_at |= {} if is_born else {name: self.now}
            self.seen[name].append(Seen(self.now, self.counts[name]))
        self.stored |= set(page)
        if is_deep or before is None or any(self.created_at[name] <= before for name in page):
            self.found.append(self.now)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path_factory.mktemp('growth')}/tallybird.db")
    Base.metadata.create_all(store.engine)
    yield store
    store.close()


def save(store: Store, answer: tuple[Due, FetchResult]) -> None:
    with store.write_session() as db:
        store_stages.store(db, Settings(posts_per_account=DEPTH, _env_file=None), [answer])


@pytest.mark.timeout(400)
@hypothesis_settings(
    max_examples=10,
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
            st.sampled_from([0.05, 0.3, 1]),
            st.sampled_from([0, 0, 0, 0.2]),
            st.sampled_from([0.02, 0.2, 0.9]),
        ),
        min_size=1,
        max_size=6,
    ),
    later=st.integers(0, 300),
)
def test_a_told_gain_is_what_the_pages_that_were_read_allow(
    store: Store, seed: int, older: int, phases: list[tuple[int, int, float, float, float]], later: int
) -> None:
    start_afresh(store)
    account = StagedAccount(Random(seed), older)
    save(store, account.read_page(whole=False, odd=False))
    for seconds, times, whole, odd, busy in phases:
        for _ in range(times):
            account.advance(seconds, busy)
            is_odd, is_whole = account.random.random() < odd, account.random.random() < whole
            save(store, account.read_page(whole=is_whole, odd=is_odd))
            if account.random.random() < CHECKED_SHARE:
                assert_stored(store, account)
                assert_honest(store, account, account.now + timedelta(seconds=later))
    assert_honest(store, account, account.now + timedelta(seconds=later))


def assert_stored(store: Store, account: StagedAccount) -> None:
    """Each post has the count and the time of its own last reading."""
    with store.read_session() as db:
        stored = posts.list_newest(db, [1], 100)[1]
    assert {post.id: (post.read_at, post.counts.reposts) for post in stored} == {
        name: (account.seen[name][-1].at, account.seen[name][-1].reposts) for name in account.stored
    }
