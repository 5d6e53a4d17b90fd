"""X's bill is never above the ledger nor a limit, whatever happens in which order.

A simulated X counts what it bills from what it returned. Workers plan, ask, lose answers, are killed, run a step twice
and wait, over midnights, while accounts post and delete.
"""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as some
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, func, select

from pipeline.sources.x.facts import KEY
from pipeline.steps import look_up
from pipeline.store import Store, ledger
from pipeline.store.migrate import migrate
from pipeline.store.tables import Base, LedgerEntry, Opening, Post, Reservation
from tests.integration.store.conftest import NOON
from tests.integration.store.simulated_x import Loss, SimulatedX, Worker

if TYPE_CHECKING:
    from pipeline.steps.chunks import Chunk

TICK = timedelta(seconds=10)
USD = {ledger.POSTS: Decimal("0.005"), ledger.USERS: Decimal("0.010")}
AHEAD = (timedelta(0), timedelta(hours=5), timedelta(minutes=-30))
PAUSES = (timedelta(seconds=1), TICK, timedelta(minutes=1), timedelta(minutes=20), timedelta(hours=3))
INDEX = some.integers(0, 1000)
LOSSES = some.lists(some.sampled_from(Loss), max_size=6)
Counts = Counter[tuple[date, str]]


class Deployment(RuleBasedStateMachine):
    """Two workers on a database, and what is under way: chunks that are planned, and results that are not stored.

    where: the database, Redis, and a folder. late: posts that requests planned before a midnight may return after it,
    by the new day. gone: the number of posts that were deleted.
    """

    where: tuple[str, str, Path]

    def __init__(self) -> None:
        super().__init__()
        self.x = SimulatedX(NOON)
        self.workers: list[Worker] = []
        self.planned: list[Chunk] = []
        self.fetched: list[str] = []
        self.late = Counter[date]()
        self.gone = 0

    @initialize(
        daily=some.sampled_from(["0.06", "0.3", "2"]),
        monthly=some.sampled_from(["0.5", "60"]),
        ahead=some.sampled_from(AHEAD),
        before_midnight=some.booleans(),
        accounts=some.integers(1, 3),
    )
    def begin(self, daily: str, monthly: str, ahead: timedelta, before_midnight: bool, accounts: int) -> None:  # noqa: FBT001
        address, redis, folder = self.where
        given = {"x_daily_usd": daily, "x_monthly_usd": monthly, "posts_per_account": 30}
        self.daily, self.monthly = Decimal(daily), Decimal(monthly)
        self.workers = [Worker(address, redis, folder, self.x, given) for _ in range(2)]
        with self.workers[0].store.write_session() as db:
            for table in reversed(Base.metadata.sorted_tables):
                db.execute(delete(table))
        self.x.ahead = ahead
        if before_midnight:
            self.go_to_midnight()
        for number in range(1, accounts + 1):
            self.x.write(str(number), 35, every=timedelta(minutes=50))
            self.workers[0].track(number % 2 + 1, str(number))
        for _ in range(2):
            self.workers[0].tick()
            self.x.clock += TICK

    @rule(pause=some.sampled_from(PAUSES))
    def wait(self, pause: timedelta) -> None:
        self.x.clock += pause

    @rule()
    def go_to_midnight(self) -> None:
        midnight = (self.x.now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        self.x.clock = midnight - self.x.ahead - timedelta(seconds=65)

    @rule(drift_s=some.integers(-10, 10))
    def drift(self, drift_s: int) -> None:
        """X's clock and ours do not go quite alike."""
        self.x.ahead += timedelta(seconds=drift_s)

    @rule(account=INDEX, count=some.integers(1, 12))
    def post(self, account: int, count: int) -> None:
        self.x.write(self._account(account), count, every=timedelta(milliseconds=1))

    @rule(number=INDEX)
    def delete_post(self, number: int) -> None:
        with self.workers[0].store.read_session() as db:
            ids = set(db.scalars(select(Post.post_id)))
        shown = {str(post_id) for timeline in self.x.timelines.values() for post_id, _ in timeline}
        if stored := sorted(ids & shown):
            self.x.delete(int(stored[number % len(stored)]))
            self.gone += 1

    @rule(chat=some.integers(1, 3))
    def track_another(self, chat: int) -> None:
        new = str(len(self.x.timelines) + 1)
        self.x.write(new, 25, every=timedelta(hours=2))
        self.workers[0].track(chat, new)

    @rule(worker=some.integers(0, 1))
    def plan(self, worker: int) -> None:
        self.planned += self.workers[worker].plan()

    @rule(worker=some.integers(0, 1), account=INDEX)
    def plan_requested(self, worker: int, account: int) -> None:
        self.planned += self.workers[worker].plan_requested(account % len(self.x.timelines) + 1)

    @precondition(lambda self: self.planned)
    @rule(number=INDEX, losses=LOSSES, again=some.booleans())
    def fetch(self, number: int, losses: list[Loss], again: bool) -> None:  # noqa: FBT001
        """Ask for a chunk; the first answers get lost as is said. again: its message comes once more, later."""
        chunk = self.planned[number % len(self.planned)]
        if not again:
            self.planned.remove(chunk)
        today = self.x.now.date()
        self.late[today] += chunk.credit if chunk.day != today.isoformat() else 0
        self.x.lose = lambda _: losses.pop(0) if losses else Loss.NONE
        self.fetched += [digest for digest in self.workers[0].fetch([chunk]) if digest]
        self.x.lose = lambda _: Loss.NONE

    @precondition(lambda self: self.fetched)
    @rule(worker=some.integers(0, 1), number=INDEX, twice=some.booleans())
    def save(self, worker: int, number: int, twice: bool) -> None:  # noqa: FBT001
        digest = self.fetched.pop(number % len(self.fetched))
        blobs = self.workers[worker].resources.blobs
        content = blobs.get(digest)
        self.workers[worker].save([digest])
        if twice and content is not None:
            self.workers[worker].save([blobs.put(content)])

    @rule(what=some.sampled_from(["planned", "fetched"]))
    def crash(self, what: str) -> None:
        """What is under way is lost."""
        if what == "planned":
            self.planned.clear()
        else:
            self.fetched.clear()

    @rule(loss=some.sampled_from(Loss))
    def look_up_names(self, loss: Loss) -> None:
        self.x.lose = lambda _: loss
        self.workers[0].look_up_names()
        self.x.lose = lambda _: Loss.NONE

    @rule(chat=some.integers(1, 3), account=INDEX, loss=some.sampled_from(Loss))
    def look_up(self, chat: int, account: int, loss: Loss) -> None:
        self.x.lose = lambda _: loss
        look_up.look_up(self.workers[1].resources, KEY, [f"name{self._account(account)}"], chat, self.x.clock)
        self.x.lose = lambda _: Loss.NONE

    @rule(ticks=some.integers(1, 4), losses=LOSSES)
    def tick(self, ticks: int, losses: list[Loss]) -> None:
        """Whole ticks, after an account has posted. The first answers get lost as is said."""
        self.x.write(self._account(ticks), ticks, every=timedelta(milliseconds=1))
        self.x.lose = lambda _: losses.pop(0) if losses else Loss.NONE
        for _ in range(ticks):
            self.workers[1].save(self.workers[1].fetch(self.workers[1].plan()))
            self.x.clock += TICK
        self.x.lose = lambda _: Loss.NONE

    @rule()
    def compare(self) -> None:
        self.workers[0].compare()

    @invariant()
    def no_bill_is_above_the_ledger_or_a_limit(self) -> None:
        if not self.workers:
            return
        billed, (counted, opened, reserved) = self._billed(), self._books()
        assert counted == opened, "each is counted once"
        spent = counted + reserved
        for (day, resource), number in billed.items():
            late = self.late[day] if resource == ledger.POSTS else 0
            assert number <= spent[day, resource] + late, (day, resource)
        for day, late in {day: self.late[day] for day, _ in billed}.items():
            assert self._usd(billed, day, day) <= self.daily + late * USD[ledger.POSTS], day
            month = self._usd(billed, day.replace(day=1), day)
            assert month <= self.monthly + self.late.total() * USD[ledger.POSTS], day

    def teardown(self) -> None:
        """Once nothing gets lost any more, and all is answered, the ledger is the bill."""
        if self.workers:
            for digest in self.fetched:
                self.workers[0].save([digest])
            self.x.clock += timedelta(hours=2) if self.x.now.hour in {23, 0} else timedelta(0)
            for _ in range(8):
                self.workers[1].tick()
                self.x.clock += TICK
            self.no_bill_is_above_the_ledger_or_a_limit()
            self._compare_books(self.x.now.date())
            for worker in self.workers:
                worker.close()
        super().teardown()

    def _compare_books(self, day: date) -> None:
        billed, (counted, _, reserved) = self._billed(), self._books()
        with self.workers[0].store.read_session() as db:
            open_posts = select(func.count()).select_from(Opening).where(Opening.day == day, Opening.asked)
            unanswered = db.scalar(open_posts.where(~Opening.returned))
        if not unanswered and not reserved[day, ledger.POSTS] and not reserved[day, ledger.USERS]:
            for resource in USD:
                over = counted[day, resource] - billed[day, resource]
                assert 0 <= over <= (self.gone if resource == ledger.POSTS else 0)

    def _account(self, index: int) -> str:
        return str(index % len(self.x.timelines) + 1)

    def _billed(self) -> Counts:
        billed = Counter({(day, ledger.POSTS): len(ids) for day, ids in self.x.bill.items()})
        return billed + Counter({(day, ledger.USERS): len(ids) for day, ids in self.x.users.items()})

    def _books(self) -> tuple[Counts, Counts, Counts]:
        """What the ledger counts, the openings that were asked for, and what is reserved."""
        queries: list[Any] = [
            select(LedgerEntry.day, LedgerEntry.resource, LedgerEntry.count),
            select(Opening.day, Opening.resource, func.count())
            .where(Opening.asked)
            .group_by(Opening.day, Opening.resource),
            select(Reservation.day, Reservation.resource, func.sum(Reservation.count)).group_by(
                Reservation.day, Reservation.resource
            ),
        ]
        with self.workers[0].store.read_session() as db:
            rows = [db.execute(query).all() for query in queries]
        counted, opened, reserved = [+Counter({(day, kind): int(count) for day, kind, count in each}) for each in rows]
        return counted, opened, reserved

    def _usd(self, billed: Counts, first: date, last: date) -> Decimal:
        days = [(resource, count) for (day, resource), count in billed.items() if first <= day <= last]
        return sum((USD[resource] * count for resource, count in days), Decimal(0))


def test_in_any_order_of_events_no_bill_is_above_the_ledger_or_a_limit(
    address: str, redis_url: str, tmp_path: Path
) -> None:
    store = Store(address)
    migrate(store)
    store.close()

    class Here(Deployment):
        where = address, redis_url, tmp_path

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=8 if address.startswith("sqlite") else 3,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
