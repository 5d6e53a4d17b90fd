"""What is asked of a network with a price, and what that costs: X in this process counts its bill."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from pipeline.i18n import lazy_gettext
from pipeline.steps.chunks import Chunk, unpack
from pipeline.store import Store, chats, circuit_breakers, ledger, notices, openings
from pipeline.store import posts as stored_posts
from pipeline.store.tables import Account, LedgerEntry, Opening, Post, Reservation
from tests.conftest import NETWORK
from tests.databases import migrate
from tests.integration.store.conftest import NOON
from tests.integration.store.simulated_x import Loss, SimulatedX, Worker

MIDNIGHT = NOON.replace(hour=0) + timedelta(days=1)
TODAY = NOON.date()
TICK = timedelta(seconds=10)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
POST_USD = Decimal("0.005")
CREDITS = lazy_gettext("X's credits ran out")
Begin = Callable[..., Worker]
pytestmark = pytest.mark.timeout(300)  # hundreds of ticks, on a machine that has other things to do


@pytest.fixture
def address(tmp_path: Path) -> str:
    """SQLite alone: what may differ on PostgreSQL is tried by the tests of each module of the store, on both."""
    return f"sqlite:///{tmp_path}/tallybird.db"


@pytest.fixture
def x() -> SimulatedX:
    return SimulatedX(NOON)


@pytest.fixture
def begin(address: str, redis_url: str, tmp_path: Path, x: SimulatedX) -> Iterator[Begin]:
    """Starts a worker with these settings."""
    store = Store(address)
    migrate(store)
    store.close()
    begun: list[Worker] = []

    def start(daily: float | str = 1000, monthly: float | str = 30_000, **more: Any) -> Worker:
        begun.append(Worker(address, redis_url, tmp_path, x, {"x_daily_usd": daily, "x_monthly_usd": monthly, **more}))
        return begun[-1]

    yield start
    for worker in begun:
        worker.close()


def write(x: SimulatedX, *remote_ids: str, posts: int = 120, every: timedelta = 6 * HOUR) -> None:
    for remote_id in remote_ids:
        x.write(remote_id, posts, every=every)


def due(chunks: list[Chunk]) -> dict[int, int]:
    """How many posts each account is asked for, by its id."""
    return {each.account_id: each.depth for chunk in chunks for each in map(unpack, chunk.due)}


def stored(worker: Worker) -> dict[int, int]:
    """How many posts of each account are stored."""
    with worker.store.read_session() as db:
        ids = db.scalars(select(Account.id)).all()
        counted = stored_posts.count_by_account(db, ids)
    return {each: counted.get(each, 0) for each in ids}


def spent(worker: Worker, day: Any = TODAY) -> tuple[int, int]:
    """The posts that the ledger counts on the day, and those that are reserved."""
    with worker.store.read_session() as db:
        entry = db.get(LedgerEntry, (NETWORK, day, ledger.POSTS))
        return entry.count if entry else 0, ledger.reserved_posts(db, NETWORK, day)


def told(worker: Worker) -> list[str]:
    """The notices that chats are to be sent."""
    with worker.store.read_session() as db:
        return [text.msgid for _, _, text, _ in notices.list_unsent(db, [1], worker.now)]


def is_balanced(worker: Worker) -> bool:
    """Whether the ledger, the openings and X's bill are equal on each day, and nothing is reserved."""
    with worker.store.read_session() as db:
        entries = db.execute(select(LedgerEntry.day, LedgerEntry.resource, LedgerEntry.count)).all()
        asked = select(Opening.day, Opening.resource, func.count()).where(Opening.asked)
        rows = db.execute(asked.group_by(Opening.day, Opening.resource)).all()
        reserved = db.scalar(select(func.count()).select_from(Reservation))
    billed = Counter({(day, ledger.POSTS): len(ids) for day, ids in worker.x.bill.items()})
    billed += Counter({(day, ledger.USERS): len(ids) for day, ids in worker.x.users.items()})
    books = [+Counter({(day, resource): number for day, resource, number in each}) for each in (entries, rows)]
    return books[0] == books[1] == +billed and not reserved


def test_the_newest_posts_are_read_at_once_and_older_ones_page_by_page_each_billed_once(
    begin: Begin, x: SimulatedX
) -> None:
    worker = begin()
    write(x, "1", "2")
    ids = worker.track(1, "1", "2")
    assert due(worker.tick()) == dict.fromkeys(ids, 20)
    assert stored(worker) == dict.fromkeys(ids, 20)
    for _ in range(6):
        x.clock += TICK
        worker.tick()
    assert stored(worker) == dict.fromkeys(ids, 100)
    assert x.billed(TODAY) == 200
    assert is_balanced(worker)


def test_new_posts_are_found_within_two_ticks_and_cost_nothing_else(begin: Begin, x: SimulatedX) -> None:
    worker = begin()
    write(x, "1")
    worker.track(1, "1")
    worker.run(20 * TICK)
    before = x.billed(TODAY)
    worker.run(3 * MINUTE)
    assert x.billed(TODAY) == before, "while there is nothing new, nothing costs"
    x.write("1", 3, every=timedelta(seconds=1))
    worker.run(2 * TICK)
    assert (list(stored(worker).values()), x.billed(TODAY)) == ([103], before + 3)
    assert {each["since_id"] is not None for each in x.requests()[-10:]} == {True}
    assert is_balanced(worker)


def test_opened_posts_are_read_again_for_nothing_the_youngest_most_often(begin: Begin, x: SimulatedX) -> None:
    worker = begin()
    write(x, "1", posts=20)
    worker.track(1, "1")
    worker.run(5 * TICK)
    x.write("1")
    young = str(x.timelines["1"][0][0])
    x.asked.clear()
    worker.run(12 * MINUTE)
    again = Counter(post_id for each in x.requests("posts") for post_id in each["ids"])
    assert 68 <= again[young] <= 72, "each tick"
    assert again[str(x.timelines["1"][3][0])] in {2, 3}, "of half a day ago, each five minutes"
    assert {again[str(post_id)] for post_id, _ in x.timelines["1"][6:]} <= {0, 1}
    assert x.billed(TODAY) == 21
    assert is_balanced(worker)


def test_an_untracked_account_is_not_asked_for(begin: Begin, x: SimulatedX) -> None:
    worker = begin()
    write(x, "1", "2")
    ids = worker.track(1, "1", "2")
    with worker.store.write_session() as db:
        chats.untrack(db, 1, ids[1:])
    worker.run(3 * TICK)
    assert {each["id"] for each in x.requests()} == {"1"}


@pytest.mark.parametrize("daily", ["0.025", "0.06", "0.2"])
def test_a_budget_smaller_than_a_full_reading_reads_what_it_can(begin: Begin, x: SimulatedX, daily: str) -> None:
    worker = begin(daily, 1000)
    write(x, "1")
    worker.track(1, "1")
    worker.run(30 * TICK)
    affordable = int(Decimal(daily) / POST_USD)
    assert affordable - 5 <= x.billed(TODAY) <= affordable
    assert x.billed(TODAY) >= 5
    assert is_balanced(worker)


@pytest.mark.parametrize(("daily", "monthly"), [("0.02", "1000"), ("0", "1000"), ("1000", "0.02")])
def test_a_limit_that_pays_no_request_reads_nothing_and_is_not_told_as_used_up(
    begin: Begin, x: SimulatedX, daily: str, monthly: str
) -> None:
    worker = begin(daily, monthly)
    write(x, "1")
    worker.track(1, "1")
    worker.run(5 * TICK)
    assert (x.requests(), x.billed(TODAY)) == ([], 0)
    assert [text for text in told(worker) if "spent" in text] == []


@pytest.mark.parametrize(("daily", "monthly"), [("1", "1000"), ("1000", "1")])
def test_no_limit_is_passed_whatever_is_tracked(begin: Begin, x: SimulatedX, daily: str, monthly: str) -> None:
    worker = begin(daily, monthly)
    everybody = [str(number) for number in range(1, 31)]
    write(x, *everybody)
    worker.track(1, *everybody)
    for _ in range(20):
        worker.tick()
        for remote_id in everybody[:10]:
            x.write(remote_id)
        x.clock += TICK
    worker.run(5 * TICK)
    assert 180 < x.billed(TODAY) <= 200
    assert is_balanced(worker)


def test_an_account_that_does_not_fit_stops_no_other(begin: Begin, x: SimulatedX) -> None:
    worker = begin("0.5")
    write(x, "1", "2", posts=10)
    write(x, "3", posts=400, every=MINUTE)
    first, second, third = worker.track(1, "1", "2", "3")
    worker.run(30 * TICK)
    x.write("1")
    x.write("2")
    worker.run(2 * TICK)
    assert stored(worker)[first] == stored(worker)[second] == 11
    assert stored(worker)[third] < 100
    x.asked.clear()
    worker.run(MINUTE)
    assert {each["id"] for each in x.requests()} >= {"1", "2"}
    assert x.requests("posts"), "what is paid for is read again"


def test_the_posts_of_the_days_list_come_before_new_accounts(begin: Begin, x: SimulatedX) -> None:
    worker = begin("1")
    write(x, "1", posts=100)
    worker.track(1, "1")
    x.clock = MIDNIGHT - 3 * HOUR
    worker.run(5 * MINUTE, every=MINUTE)
    x.clock = MIDNIGHT + MINUTE
    worker.compare()
    write(x, *"23456", posts=100, every=MINUTE)
    chunks = worker.tick()
    day = (MIDNIGHT + MINUTE).date()
    with worker.store.read_session() as db:
        planned = set(db.scalars(select(Opening.remote_id).where(Opening.day == day, Opening.account_id == 1)))
    assert len(planned) > 10
    asked = {post_id for chunk in chunks for post_id in chunk.post_ids}
    worker.track(2, *"23456")
    worker.run(20 * TICK)
    asked |= {post_id for each in x.requests("posts") for post_id in each["ids"]}
    assert planned <= asked | set(x.bill[day])
    assert x.billed(day) <= 200


def test_the_money_of_births_is_kept_back_from_first_readings(begin: Begin, x: SimulatedX) -> None:
    """An account of 48 posts a day at noon: 24 more today, of the 60 posts that the day may cost."""
    worker = begin("0.3")
    write(x, "1", posts=20, every=HOUR / 2)
    worker.track(1, "1")
    worker.tick()
    with worker.store.read_session() as db:
        rate = db.get_one(Account, 1).posts_per_day or 0
    assert rate == pytest.approx(20, abs=30)
    expected = round(rate / 2)
    write(x, "2", "3", posts=100)
    worker.track(1, "2", "3")
    x.clock += TICK
    worker.run(30 * TICK)
    assert 60 - expected - 10 <= x.billed(TODAY) <= 60 - expected
    for _ in range(expected - 1):
        x.write("1")
        x.clock += MINUTE
        worker.tick()
        worker.tick()
    assert stored(worker)[1] >= 20 + expected - 5, "they are paid"
    assert x.billed(TODAY) <= 60


def test_a_stranger_with_fifty_accounts_spends_his_share_and_nothing_of_the_others(begin: Begin, x: SimulatedX) -> None:
    """$2 for two chats: $1, 200 posts, for each, until 18:00; then what nobody used is for all."""
    worker = begin("2")
    strangers = [str(number) for number in range(100, 150)]
    write(x, *strangers)
    theirs = worker.track(2, *strangers)
    write(x, "1")
    [mine] = worker.track(1, "1")
    worker.run(40 * TICK)
    assert stored(worker)[mine] == 100
    counted = sum(stored(worker)[each] for each in theirs)
    assert 150 < counted <= 200
    write(x, "3")
    [other] = worker.track(1, "3")
    worker.run(20 * TICK)
    assert stored(worker)[other] >= 60, "the others' share is untouched"
    before = x.billed(TODAY)
    assert before < 400
    x.clock = NOON.replace(hour=18, minute=1)
    worker.run(40 * TICK)
    assert before < x.billed(TODAY) <= 400
    assert is_balanced(worker)


def test_accounts_shared_with_a_chat_that_has_spent_its_share_cost_no_third_one(begin: Begin, x: SimulatedX) -> None:
    """$3 for three chats: 200 posts each. The second pays all of what it shares with the first, and not by the third's.

    The shared accounts alone would take 600 posts.
    """
    worker = begin("3")
    own, shared, third = ([str(number) for number in numbers] for numbers in (range(10), range(10, 40), range(40, 50)))
    write(x, *own, *shared, *third, posts=20, every=20 * DAY)
    worker.track(1, *own)
    worker.run(4 * TICK)
    assert x.billed(TODAY) == 200
    worker.track(3, *third[:1])
    worker.track(2, *shared)
    worker.track(1, *shared)
    worker.run(12 * TICK)
    theirs = worker.track(3, *third)
    worker.run(12 * TICK)
    assert sum(stored(worker)[each] for each in theirs) >= 180
    assert x.billed(TODAY) <= 600


def test_an_account_that_two_chats_track_costs_each_half(begin: Begin, x: SimulatedX) -> None:
    worker = begin("1")
    write(x, "1", "2", "3")
    worker.track(1, "1", "2")
    worker.track(2, "1", "3")
    worker.run(30 * TICK)
    with worker.store.read_session() as db:
        counted = Counter(db.scalars(select(Opening.account_id).where(Opening.asked)))
    assert counted[2] + counted[1] / 2 <= 100
    assert counted[3] + counted[1] / 2 <= 100
    assert counted.total() > 170


def test_a_half_open_breaker_sends_one_request_until_x_answers(begin: Begin, x: SimulatedX) -> None:
    worker = begin()
    write(x, "1", "2", "3")
    worker.track(1, "1", "2", "3")
    worker.run(3 * TICK)
    with worker.store.write_session() as db:
        circuit_breakers.open(db, NETWORK, CREDITS, x.clock, x.clock + MINUTE)
    x.asked.clear()
    worker.run(MINUTE)
    assert x.asked == []
    x.lose = lambda _: Loss.BEFORE
    tried = [list(due(worker.tick())) for _ in _each_tick(x, 2)]
    assert [len(each) for each in tried] == [1, 1]
    assert tried[0] != tried[1], "another, since it may be the first one's own trouble"
    x.lose = lambda _: Loss.NONE
    assert len(due(worker.tick())) == 1
    x.clock += TICK
    assert len(due(worker.tick())) > 1
    worker.run(5 * TICK)
    assert is_balanced(worker)


def _each_tick(x: SimulatedX, times: int) -> Iterator[int]:
    for number in range(times):
        yield number
        x.clock += TICK


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(hours=5), -30 * MINUTE])
def test_around_xs_midnight_only_new_posts_are_asked_for(begin: Begin, x: SimulatedX, ahead: timedelta) -> None:
    worker = begin()
    x.ahead = ahead
    x.clock = MIDNIGHT - ahead - 10 * MINUTE
    write(x, "1", "2", posts=30)
    worker.track(1, "1", "2")
    worker.run(9 * MINUTE - TICK)
    write(x, "3")
    worker.track(1, "3")
    worker.run(MINUTE * 4)
    around = [each for each in x.asked if abs(each[0] - MIDNIGHT) < MINUTE and each[1] != "usage"]
    assert len(around) > 20
    assert [(kind, params["since_id"] is None) for _, kind, params in around if kind != "timelines"] == []
    assert [params for _, _, params in around if params["since_id"] is None] == []
    assert [each for each in x.asked if each[0] >= MIDNIGHT + MINUTE and each[1] == "posts"]
    assert stored(worker)[3] > 0, "after it"
    assert is_balanced(worker)


def test_a_post_of_before_midnight_is_opened_once_more_on_the_new_day_where_it_is_worth_it(
    begin: Begin, x: SimulatedX
) -> None:
    worker = begin()
    x.clock = MIDNIGHT - 2 * HOUR
    write(x, "1", posts=100)
    worker.track(1, "1")
    worker.run(10 * MINUTE)
    x.clock = MIDNIGHT - 2 * MINUTE
    x.write("1")
    worker.run(10 * MINUTE)
    assert str(x.timelines["1"][0][0]) in x.bill[MIDNIGHT.date()]
    assert is_balanced(worker)


@pytest.mark.parametrize(
    ("allowed", "accounts"),
    [(10_000, 15), (300, 27), (300, 3), (10, 30)],
    ids=["plenty", "too few", "enough", "old plan"],
)
def test_requests_are_never_more_than_x_says_and_are_used_evenly(
    begin: Begin, x: SimulatedX, allowed: int, accounts: int
) -> None:
    worker = begin(tick_seconds=60)
    x.limits["timelines"] = allowed
    everybody = [str(number) for number in range(1, accounts + 1)]
    write(x, *everybody, posts=12, every=DAY)
    worker.track(1, *everybody)
    worker.run(HOUR)
    assert x.exceeded == []
    last = [at for at, kind, _ in x.asked if kind == "timelines" and at >= NOON + HOUR / 2]
    by_5_minutes = Counter((at - NOON) // (5 * MINUTE) for at in last)
    every_tick = accounts * 5
    even = min(every_tick, allowed / 3)
    assert all(0.6 * even - 2 <= by_5_minutes[number] <= 1.2 * even + 2 for number in range(6, 12))
    unread = [each for each in stored(worker).values() if not each]
    assert (len(unread) == 0) or allowed == 10


def test_look_ups_of_posts_are_never_more_than_x_says(begin: Begin, x: SimulatedX) -> None:
    worker = begin(tick_seconds=60)
    x.limits["posts"] = 15
    everybody = [str(number) for number in range(1, 20)]
    write(x, *everybody, posts=30, every=MINUTE)
    worker.track(1, *everybody)
    worker.run(HOUR)
    assert x.exceeded == []
    assert len(x.requests("posts")) > 40


def test_names_are_looked_up_weekly_and_at_once_where_x_does_not_show_an_account(begin: Begin, x: SimulatedX) -> None:
    worker = begin()
    write(x, "1", "2", "3", posts=5, every=DAY)
    worker.track(1, "1", "2", "3")
    looked_up: list[set[str]] = []
    for number in count():
        x.clock = NOON + number * DAY
        if number == 9:
            x.hidden.add("2")
            worker.run(HOUR, every=MINUTE)
        x.asked.clear()
        worker.run(2 * TICK)
        for _ in range(3):
            worker.look_up_names()
        looked_up.append({each for call in x.requests("profiles") for each in call["ids"]})
        if number == 12:
            break
    assert [number for number, ids in enumerate(looked_up) if "1" in ids] == [7]
    assert [number for number, ids in enumerate(looked_up) if "2" in ids] == [7, 9, 10, 11, 12], "daily while hidden"
    assert is_balanced(worker)


def test_names_never_take_the_last_cents(begin: Begin, x: SimulatedX) -> None:
    """At 00:01 of the day on which all names are due, the day's list is paid before them."""
    worker = begin("0.1", 1000)
    write(x, *"12345", posts=4, every=DAY)
    worker.track(1, *"12345")
    x.clock = NOON + HOUR * 6
    worker.run(10 * TICK)
    x.clock = MIDNIGHT + 7 * DAY + MINUTE
    worker.run(2 * TICK)
    day = x.clock.date()
    for _ in range(3):
        worker.look_up_names()
    worker.run(10 * TICK)
    with worker.store.read_session() as db:
        planned = db.scalar(select(func.count()).select_from(Opening).where(Opening.day == day, ~Opening.asked))
    posts, _ = spent(worker, day)
    assert planned == 0
    assert posts > 0
    assert posts * POST_USD + len(x.users[day]) * Decimal("0.01") <= Decimal("0.1")


@pytest.mark.parametrize("loss", [Loss.BEFORE, Loss.AFTER])
@pytest.mark.parametrize("kind", ["timelines", "posts"])
def test_what_was_asked_and_not_answered_counts_as_spent_until_it_is_answered(
    begin: Begin, x: SimulatedX, kind: str, loss: Loss
) -> None:
    worker = begin("5")
    write(x, "1", "2", posts=30, every=MINUTE)
    worker.track(1, "1", "2")
    worker.run(4 * TICK)
    x.write("1", 3, every=timedelta(seconds=1))
    x.lose = lambda each: loss if each == kind else Loss.NONE
    for _ in _each_tick(x, 4):
        worker.tick()
        counted, reserved = spent(worker)
        assert x.billed(TODAY) <= counted + reserved
        assert reserved <= 20, "the same question is counted once"
    x.lose = lambda _: Loss.NONE
    worker.run(3 * TICK)
    assert is_balanced(worker)
    assert stored(worker)[1] == 33


def test_a_post_that_is_deleted_after_its_answer_was_lost_stays_counted(begin: Begin, x: SimulatedX) -> None:
    worker = begin("5")
    write(x, "1", posts=40, every=MINUTE)
    worker.track(1, "1")
    x.clock = MIDNIGHT - 3 * HOUR
    worker.run(4 * TICK)
    x.clock, day = MIDNIGHT + MINUTE, MIDNIGHT.date()
    worker.compare()
    x.lose = lambda kind: Loss.AFTER if kind == "posts" else Loss.NONE
    worker.tick()
    x.lose = lambda _: Loss.NONE
    billed = sorted(x.bill[day])
    assert len(billed) > 5
    for post_id in billed[:3]:
        x.delete(int(post_id))
    for _ in _each_tick(x, 3):
        worker.tick()
        assert x.billed(day) <= sum(spent(worker, day))
    assert is_balanced(worker)


def test_a_worker_that_is_killed_between_answer_and_store_costs_nothing_twice(begin: Begin, x: SimulatedX) -> None:
    worker = begin("5")
    write(x, "1", "2", posts=60)
    worker.track(1, "1", "2")
    for number in range(12):
        chunks = worker.plan()
        digests = worker.fetch(chunks)
        assert x.billed(TODAY) <= sum(spent(worker))
        if number % 3 != 1:
            worker.save(digests)
        x.clock += TICK
    worker.run(5 * TICK)
    assert (x.billed(TODAY), list(stored(worker).values())) == (120, [60, 60])
    assert is_balanced(worker)


def test_a_store_step_that_runs_twice_counts_once(begin: Begin, x: SimulatedX) -> None:
    worker = begin("5")
    write(x, "1")
    worker.track(1, "1")
    for _ in _each_tick(x, 3):
        digests = worker.fetch(worker.plan())
        blobs = [worker.resources.blobs.get(digest or "") or b"" for digest in digests]
        worker.save(digests)
        worker.save([worker.resources.blobs.put(blob) for blob in blobs])
    assert spent(worker) == (60, 0)
    assert is_balanced(worker)


def test_what_a_chat_asks_for_is_read_at_once_within_its_share_and_the_requests(begin: Begin, x: SimulatedX) -> None:
    worker, other = begin("0.6"), begin("0.6")
    write(x, *"123456")
    first = worker.track(1, "1", "2")
    theirs = worker.track(2, *"3456")
    chunks = worker.plan_requested(*first)
    assert due(chunks) == dict.fromkeys(first, 20)
    at_once = other.plan()
    assert set(due(at_once)) <= set(theirs), "who is under way is not asked for again"
    for mine, planned in ((worker, chunks), (other, at_once)):
        mine.save(mine.fetch(planned))
    assert worker.plan_requested(*first) == []
    worker.run(20 * TICK)
    assert x.billed(TODAY) <= 120
    with worker.store.read_session() as db:
        by_account = Counter(db.scalars(select(Opening.account_id).where(Opening.asked)))
    assert sum(by_account[each] for each in first) <= 60
    assert sum(by_account[each] for each in theirs) <= 60
    assert is_balanced(worker)


def test_money_that_no_chat_is_short_of_reads_all_accounts(begin: Begin, x: SimulatedX) -> None:
    worker = begin()
    everybody = [str(number) for number in range(1, 31)]
    write(x, *everybody, posts=25)
    worker.track(1, *everybody)
    worker.run(20 * TICK)
    assert set(stored(worker).values()) == {25}
    with worker.store.read_session() as db:
        assert openings.count_planned(db, openings.Day(NETWORK, TODAY)) == 0
    assert is_balanced(worker)


@pytest.mark.parametrize("is_next_day", [False, True])
def test_a_chunk_whose_cost_is_not_counted_any_more_is_not_asked_for(
    begin: Begin, x: SimulatedX, is_next_day: object
) -> None:
    """Its message comes again after its worker was killed: once its answers are stored, or on another day."""
    worker = begin("5")
    x.clock = MIDNIGHT - 10 * MINUTE
    write(x, "1", posts=30)
    worker.track(1, "1")
    worker.run(3 * TICK)
    chunks = worker.plan()
    if is_next_day:
        x.clock = MIDNIGHT + 2 * MINUTE
        worker.compare()
    else:
        worker.save(worker.fetch(chunks))
    x.write("1")
    x.asked.clear()
    worker.save(worker.fetch([chunk for chunk in chunks if chunk.due]))
    assert x.asked == []


def test_where_money_pays_few_requests_each_request_that_is_sent_is_paid(begin: Begin, x: SimulatedX) -> None:
    """$0.06 left are 12 posts: two of three accounts can be asked, and all of them are in turn."""
    worker = begin("0.36")
    write(x, "1", "2", "3", posts=20, every=DAY)
    worker.track(1, "1", "2", "3")
    worker.run(3 * TICK)
    assert x.billed(TODAY) == 60
    x.asked.clear()
    worker.run(4 * TICK)
    assert {each["id"] for each in x.requests()} == {"1", "2", "3"}


def write_steadily(x: SimulatedX, remote_id: str, days: float) -> None:
    """An account of 48 posts a day makes those of so many days, up to now."""
    x.write(remote_id, int(48 * days), every=HOUR / 2)


def to_midnight(worker: Worker, days: int = 1) -> date:
    """The clock goes on to just after a midnight, when the day's list is made; returns the day."""
    x = worker.x
    x.clock = MIDNIGHT + (days - 1) * DAY + MINUTE
    worker.compare()
    return x.clock.date()


def test_an_account_that_was_not_asked_for_days_is_read_anew_once(begin: Begin, x: SimulatedX) -> None:
    """144 posts in three days, of which a chart shows 100: those are bought, and none of them twice."""
    worker = begin("3", "90")
    write(x, "2", posts=20, every=2 * DAY)
    write_steadily(x, "1", 3)
    [busy, _] = worker.track(1, "1", "2")
    worker.run(20 * TICK)
    assert stored(worker)[busy] == 100
    x.clock = MIDNIGHT + 2 * DAY + MINUTE
    write_steadily(x, "1", 3)
    x.asked.clear()
    day = to_midnight(worker, 3)
    worker.run(20 * TICK)
    newest = {str(post_id) for post_id, _ in x.timelines["1"][:100]}
    assert newest <= set(x.bill[day])
    assert len(set(x.bill[day]) - newest) <= 20, "none of the older ones, which no chart shows"
    with worker.store.read_session() as db:
        account = db.get_one(Account, busy)
        assert (account.until_id, account.since_id) == (None, str(x.timelines["1"][0][0]))
        assert account.fetched_at is not None
        assert account.fetched_at > x.clock - HOUR
    assert is_balanced(worker)


def test_where_the_days_money_pays_no_whole_timeline_the_newest_posts_are_read_and_older_ones_when_they_can_be(
    begin: Begin, x: SimulatedX
) -> None:
    """$0.40 is 80 posts: after three days of silence, 40 of the newest 100, and the others in the next days."""
    worker = begin("0.4", "12")
    write_steadily(x, "1", 3)
    [busy] = worker.track(1, "1")
    worker.run(30 * TICK)
    x.clock = MIDNIGHT + 2 * DAY + MINUTE
    write_steadily(x, "1", 3)
    day = to_midnight(worker, 3)
    worker.run(30 * TICK)
    newest = [str(post_id) for post_id, _ in x.timelines["1"]]
    assert set(newest[:40]) <= set(x.bill[day])
    assert x.billed(day) <= 80
    with worker.store.read_session() as db:
        account = db.get_one(Account, busy)
        assert account.since_id == newest[0]
        assert account.until_id is not None, "older ones are still to be read"
        assert account.posts_per_day == pytest.approx(48, rel=0.4)
    for later in range(4, 10):
        x.clock = MIDNIGHT + (later - 1) * DAY + MINUTE
        day = to_midnight(worker, later)
        worker.run(3 * MINUTE)
        x.clock += 20 * HOUR
        worker.run(3 * MINUTE)
        assert x.billed(day) <= 80
    with worker.store.read_session() as db:
        assert db.get_one(Account, busy).until_id is None
        ids = set(db.scalars(select(Post.post_id).where(Post.account_id == busy)))
    assert set(newest[:100]) <= ids, "none is missing in between"
    assert is_balanced(worker)


def test_an_account_that_cannot_be_paid_waits_and_the_money_goes_to_others(begin: Begin, x: SimulatedX) -> None:
    """$0.50 is 100 posts: the busy account alone would take them for what it made in three days."""
    calm, rich = [str(number) for number in range(2, 12)], begin("10", "300")
    write(x, *calm, posts=100, every=8 * HOUR)
    write_steadily(x, "1", 3)
    [busy, *_] = rich.track(1, "1", *calm)
    rich.run(80 * TICK)
    assert set(stored(rich).values()) == {100}
    x.clock = MIDNIGHT + 2 * DAY + MINUTE
    write_steadily(x, "1", 3)
    write(x, *calm, posts=9, every=8 * HOUR)
    worker = begin("0.5", "15")
    day = to_midnight(worker, 3)
    worker.run(30 * TICK)
    busy_ids = {str(post_id) for post_id, _ in x.timelines["1"]}
    assert len(set(x.bill[day]) - busy_ids) >= 80, "the calm accounts' new posts"
    assert x.billed(day) <= 100
    with worker.store.read_session() as db:
        assert db.get_one(Account, busy).posts_per_day == pytest.approx(48, rel=0.3)


def test_in_place_of_a_deleted_post_an_older_one_is_read(begin: Begin, x: SimulatedX) -> None:
    worker = begin("3", "90")
    write(x, "1", posts=130)
    [account] = worker.track(1, "1")
    worker.run(20 * TICK)
    assert stored(worker)[account] == 100
    gone = x.timelines["1"][3][0]
    oldest = x.timelines["1"][99][0]
    x.delete(gone)
    before = x.billed(TODAY)
    worker.run(31 * MINUTE, every=MINUTE)
    with worker.store.read_session() as db:
        ids = set(db.scalars(select(Post.post_id).where(Post.account_id == account)))
    assert str(gone) not in ids
    assert {str(post_id) for post_id, _ in x.timelines["1"][:100]} <= ids
    assert x.billed(TODAY) - before == 5, "the least that X returns"
    assert x.requests()[-1]["since_id"] is not None or x.requests()[-1]["until_id"] == str(oldest)
    assert is_balanced(worker)
