"""A network of many servers: what one of them does stops no other, and what an owner withholds is deleted."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import func, insert, select

from pipeline.i18n import lazy_gettext
from pipeline.messaging import client
from pipeline.records import (
    Comparison,
    Counts,
    Due,
    FetchResult,
    LazyString,
    Observed,
    Post,
    Profile,
    RequestWindow,
    State,
)
from pipeline.settings import Settings
from pipeline.sources.problems import not_in_time
from pipeline.sources.registry import NETWORKS
from pipeline.sources.source import StopFlag
from pipeline.steps import breaker, look_up_servers, withheld
from pipeline.steps.fetch import fetch, fetch_servers
from pipeline.steps.follow_names import follow_names
from pipeline.steps.look_up import LOOK_UPS_AN_HOUR, TOO_MANY, look_up
from pipeline.steps.look_up_servers import NEW_SERVERS_AN_HOUR
from pipeline.steps.plan import plan
from pipeline.steps.resources import Resources
from pipeline.steps.store import store
from pipeline.store import accounts, chat_charts, chats, circuit_breakers, notices
from pipeline.store.chat_charts import Destination
from pipeline.store.tables import Account, FollowerCount, Gain, Subscription, Tracking
from pipeline.store.tables import Post as PostRow
from pipeline.store.tables import RequestWindow as WindowRow
from pipeline.store.timing import Timing
from tests.databases import migrate
from tests.integration.store.test_server_turns import SERVERS
from tests.unit.pipeline.conftest import NOW

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
MANY = replace(SERVERS, key="many", name="Many", handle_server=lambda handle: handle.partition("@")[2])
AWAY = lazy_gettext("its server does not answer")
CHAT, OTHER_CHAT = 1, 2


@dataclass
class Servers:
    """The servers' side. hangs: hosts that do not answer until the end, from their request slow_from on; away: that
    answer with a fault.

    stopped: until when hosts ask for no more requests. states: of accounts that are not as usual. asked: in this order.
    """

    hangs: set[str] = field(default_factory=set)
    slow_from: int = 0
    away: set[str] = field(default_factory=set)
    stopped: dict[str, timedelta] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)
    windows: tuple[RequestWindow, ...] = ()
    asked: list[str] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    def fetch(self, due: Due, now: datetime, stop: StopFlag) -> FetchResult:
        host = due.remote_id.partition("@")[2]
        self._ask(due.remote_id)
        if host in self.away:
            return FetchResult(due.account_id, now, problem=AWAY, requests=1)
        if host in self.stopped:
            stop.reason = AWAY
            return FetchResult(
                due.account_id, NOW, problem=AWAY, requests=1, stopped_until=NOW + self.stopped[host]
            )  # fmt: skip
        if state := self.states.get(due.remote_id):
            return FetchResult(due.account_id, now, state=state, problem=AWAY, requests=1)
        posts = tuple(Post(str(number), NOW - number * HOUR, Counts(likes=number)) for number in range(3))
        return FetchResult(due.account_id, now, posts, complete=True, ended=True, requests=1)

    def look_up(self, handles: Sequence[str]) -> list[Profile]:
        return [self._look_up(handle) for handle in handles]

    def profiles(self, remote_ids: Sequence[str]) -> list[Profile]:
        for remote_id in remote_ids:
            self._ask(remote_id)
        return [Profile(each, self.states.get(each, State.ACTIVE), each) for each in remote_ids]

    def observed(self) -> Observed:
        return Observed(windows=self.windows)

    def _look_up(self, handle: str) -> Profile:
        self._ask(handle)
        if handle.partition("@")[2] in self.away:
            return Profile(handle, State.UNREADABLE, note=AWAY)
        return Profile(handle, self.states.get(handle, State.ACTIVE), handle)

    def _ask(self, name: str) -> None:
        self.asked.append(name)
        if name.partition("@")[2] in self.hangs and len(self.asked) > self.slow_from:
            self.is_over.wait(20)

    def drain(self) -> list[str]:
        """Who was asked for since the last call, in the order of their names."""
        asked, self.asked = sorted(self.asked), []
        return asked


@dataclass
class Worker:
    resources: Resources
    servers: Servers

    def track(self, *handles: str, chat_id: int = CHAT) -> list[int]:
        profiles = [Profile(handle, State.ACTIVE, handle) for handle in handles]
        with self.resources.store.write_session() as db:
            accounts.save_profiles(db, profiles, MANY.key, NOW)
            ids = [each.id for each in accounts.find_by_remote_ids(db, handles, MANY.key)]
            chats.add(db, chat_id, NOW)
            chats.track(db, chat_id, ids, NOW)
        return ids

    def tick(self, after: timedelta = timedelta(0)) -> list[str]:
        """One tick; returns who was asked for."""
        now = NOW + after
        chunks = plan(self.resources, MANY.key, now)
        digests = [fetch(self.resources, chunk, now) for chunk in chunks]
        store(self.resources, MANY.key, digests, now)
        return self.servers.drain()

    def breakers(self, at: timedelta = timedelta(0)) -> dict[str, timedelta]:
        """The open breakers' hosts, and how long each stays open."""
        with self.resources.store.read_session() as db:
            opened, count = circuit_breakers.list_open(db, MANY.key, NOW + at, 100)
        assert len(opened) == count
        return {each.service.removeprefix("many "): each.retry_at - (NOW + at) for each in opened}

    def notices(self, at: timedelta = timedelta(0)) -> list[tuple[int, LazyString]]:
        with self.resources.store.read_session() as db:
            return [(chat, text) for _, chat, text, _ in notices.list_unsent(db, [], NOW + at)]

    def look_up(self, *handles: str, chat_id: int = CHAT) -> list[Profile]:
        answer = look_up(self.resources, MANY.key, list(handles), chat_id, NOW)
        assert answer.profiles is not None
        return answer.profiles


@pytest.fixture
def worker(tmp_path: Path, redis_address: str) -> Iterator[Worker]:
    NETWORKS[MANY.key] = replace(MANY, is_on=lambda _: True)
    settings = Settings(data_dir=tmp_path, redis_url=redis_address, tick_seconds=2, _env_file=None)
    resources, servers = Resources(settings), Servers()
    resources.sources[MANY.key] = servers
    migrate(resources.store)
    with Redis.from_url(redis_address) as redis:
        redis.flushdb()
    yield Worker(resources, servers)
    servers.is_over.set()
    del NETWORKS[MANY.key]
    resources.store.close()
    resources.redis.close()


def test_servers_that_hang_cost_the_accounts_of_no_other_and_are_not_asked_for_a_while(worker: Worker) -> None:
    hanging = [f"ada@hangs{number}.example" for number in range(50)]
    ids = worker.track(*hanging, "bob@answers.example", "cleo@too.example")
    worker.servers.hangs = {each.partition("@")[2] for each in hanging}
    worker.tick()
    with worker.resources.store.read_session() as db:
        read = {each.handle for each in accounts.get_many(db, ids) if each.fetched_at}
        problems = [each.problem for each in accounts.get_many(db, ids) if each.handle == hanging[7]]
    assert read == {"bob@answers.example", "cleo@too.example"}
    assert problems == [not_in_time("hangs7.example")], "the server is named"
    for seconds in (10, 20):  # a busy machine begins some requests so late that they are made once more
        worker.tick(timedelta(seconds=seconds))
    assert worker.breakers(timedelta(seconds=20)).keys() == worker.servers.hangs
    assert worker.tick(timedelta(seconds=40)) == ["bob@answers.example", "cleo@too.example"]


def test_a_server_is_asked_for_one_account_after_the_other_and_a_stop_of_one_is_no_others(worker: Worker) -> None:
    worker.servers.stopped = {"one.example": 10 * MINUTE}
    due = [Due(number, f"user{number}@{host}.example", 40) for number, host in enumerate(["one", "one", "two", "two"])]
    results = fetch_servers(MANY, worker.servers, due, NOW, timedelta(seconds=5))
    assert worker.servers.drain() == ["user0@one.example", "user2@two.example", "user3@two.example"]
    assert [(each.posts is not None, each.was_asked) for each in results] == [
        (False, True),
        (False, False),
        (True, True),
        (True, True),
    ]
    assert results[0].problem == results[1].problem == AWAY


def test_an_account_that_fails_alone_stops_nothing_and_one_of_which_all_fails_does(worker: Worker) -> None:
    worker.track("ada@one.example", "bob@one.example", "cleo@two.example")
    worker.servers.states = {"ada@one.example": State.SUSPENDED}
    worker.servers.away = {"two.example"}
    worker.tick()
    assert worker.breakers() == {"two.example": MINUTE}
    worker.servers.away = set()
    assert worker.tick(2 * MINUTE) == ["bob@one.example", "cleo@two.example"]
    assert worker.breakers() == {}


def test_a_server_that_stays_away_waits_longer_and_longer_and_only_its_chats_are_told(worker: Worker) -> None:
    worker.track("ada@one.example")
    worker.track("bob@two.example", chat_id=OTHER_CHAT)
    worker.servers.away = {"one.example"}
    waits, at = [], timedelta(0)
    for _ in range(6):
        worker.tick(at)
        [wait] = worker.breakers(at).values()
        waits.append(wait)
        told = worker.notices(at)
        assert {chat for chat, _ in told} == ({CHAT} if wait >= HOUR else set())
        at += wait
    assert waits == [MINUTE, 5 * MINUTE, HOUR, 6 * HOUR, 6 * HOUR, 6 * HOUR]
    assert told[0][1].values["server"] == "one.example"
    worker.servers.away = set()
    assert worker.tick(at) == ["ada@one.example", "bob@two.example"]
    assert worker.breakers(at) == {}
    assert worker.notices(at) == [], "the outage is over"


def test_a_server_that_asks_for_a_pause_gets_it_and_what_it_says_to_be_left_is_kept(worker: Worker) -> None:
    worker.track("ada@one.example", "bob@two.example")
    worker.servers.stopped = {"one.example": 12 * MINUTE}
    worker.servers.windows = (RequestWindow("timelines", 300, 0, NOW + HOUR, "two.example"),)
    worker.tick()
    assert worker.breakers() == {"one.example": 12 * MINUTE}
    with worker.resources.store.read_session() as db:
        assert [row.network for row in db.scalars(select(WindowRow))] == ["many two.example"]
    assert worker.tick(13 * MINUTE) == ["ada@one.example"], "the other one has nothing left"


def test_a_chunk_that_waited_asks_no_server_whose_breaker_opened_meanwhile(worker: Worker) -> None:
    worker.track("ada@one.example", "bob@two.example")
    [chunk] = plan(worker.resources, MANY.key, NOW)
    with worker.resources.store.write_session() as db:
        breaker.open_breaker(db, MANY, AWAY, NOW, NOW + MINUTE, "many one.example")
    fetch(worker.resources, chunk, NOW)
    assert worker.servers.drain() == ["bob@two.example"]


def test_what_an_owner_withholds_is_deleted_and_its_chats_are_told_once(worker: Worker) -> None:
    ada, bob = worker.track("ada@one.example", "bob@one.example")
    worker.track("ada@one.example", chat_id=OTHER_CHAT)
    with worker.resources.store.write_session() as db:
        here = Destination(CHAT, None)
        for chosen, is_all in (((ada,), False), ((ada, bob), True)):
            chat_charts.subscribe(
                db, here, Comparison(tuple(sorted(chosen))), timing=Timing(HOUR), all_tracked=is_all, now=NOW
            )  # fmt: skip
        db.execute(insert(FollowerCount).values(account_id=ada, day=NOW.date(), count=9))
    worker.tick()
    assert rows(worker, ada)[0] == 3
    assert 0 not in rows(worker, ada)
    worker.servers.states = {"ada@one.example": State.WITHHELD}
    for seconds in (20, 40, 60):
        worker.tick(timedelta(seconds=seconds))
    assert rows(worker, ada) == (0, 0, 0)
    assert rows(worker, bob)[0] == 3
    with worker.resources.store.read_session() as db:
        assert list(db.scalars(select(Tracking.account_id))) == [bob]
        [left] = db.scalars(select(Subscription)).all()
        assert chat_charts.comparison_of(db, left).accounts == (bob,)
        account = db.get_one(Account, ada)
        assert (account.state, account.fetched_at, account.followers) == (State.WITHHELD, None, None)
    worker.look_up("ada@one.example")
    told = worker.notices()
    assert sorted(chat for chat, _ in told) == [CHAT, OTHER_CHAT]
    assert {text.values["handle"] for _, text in told} == {"ada@one.example"}


def rows(worker: Worker, account_id: int) -> tuple[int, ...]:
    """How many posts, gains and days with followers are stored of the account."""
    with worker.resources.store.read_session() as db:
        counts = [
            db.scalar(select(func.count()).select_from(table).where(table.account_id == account_id))
            for table in (PostRow, Gain, FollowerCount)
        ]
    return tuple(count or 0 for count in counts)


def test_profiles_are_asked_for_one_account_of_each_server_a_minute_and_may_say_that_one_is_withheld(
    worker: Worker,
) -> None:
    worker.track("ada@one.example", "bob@one.example", "cleo@two.example", "dave@hangs.example", "eve@away.example")
    with worker.resources.store.write_session() as db:
        breaker.open_breaker(db, MANY, AWAY, NOW, NOW + HOUR, "many away.example")
    follow_names(worker.resources, MANY.key, NOW)
    follow_names(worker.resources, MANY.key, NOW + MINUTE)
    asked = worker.servers.drain()
    assert asked == ["ada@one.example", "bob@one.example", *["cleo@two.example"] * 2, *["dave@hangs.example"] * 2]
    worker.servers.states = {"cleo@two.example": State.WITHHELD}
    follow_names(worker.resources, MANY.key, NOW + 2 * MINUTE)
    assert [text.values.get("handle") for _, text in worker.notices()] == [None, "cleo@two.example"]


def test_a_chat_may_name_few_new_servers_an_hour_and_any_that_is_known(worker: Worker) -> None:
    worker.track("known@home.example", chat_id=OTHER_CHAT)
    handles = [f"ada@new{number}.example" for number in range(NEW_SERVERS_AN_HOUR + 2)]
    found = worker.look_up(*handles, "bob@home.example")
    states = [each.state for each in found]
    assert states == [*[State.ACTIVE] * NEW_SERVERS_AN_HOUR, *[State.UNREADABLE] * 2, State.ACTIVE]
    assert found[-2].note is not None
    assert len(worker.servers.drain()) == NEW_SERVERS_AN_HOUR + 1
    assert worker.look_up("cleo@new3.example")[0].state is State.ACTIVE, "it named that one before"
    assert worker.look_up(handles[-1], chat_id=OTHER_CHAT)[0].state is State.ACTIVE
    worker.resources.redis.delete(f"tallybird:new-servers:{CHAT}")
    assert worker.look_up(handles[-1])[0].state is State.ACTIVE, "an hour later"


def test_a_server_that_could_not_be_read_is_not_asked_again_whoever_names_it(worker: Worker) -> None:
    worker.servers.away = {"away.example"}
    assert worker.look_up("ada@away.example", "bob@answers.example") == [
        Profile("ada@away.example", State.UNREADABLE, note=AWAY),
        Profile("bob@answers.example", State.ACTIVE, "bob@answers.example"),
    ]
    worker.servers.drain()
    [again] = worker.look_up("eve@away.example", chat_id=OTHER_CHAT)
    assert (again.state, again.note, worker.servers.drain()) == (State.UNREADABLE, AWAY, [])
    worker.track("cleo@stopped.example")
    with worker.resources.store.write_session() as db:
        breaker.open_breaker(db, MANY, AWAY, NOW, NOW + MINUTE, "many stopped.example")
    assert worker.look_up("dave@stopped.example")[0].note == AWAY
    assert worker.servers.drain() == []


def test_a_server_that_had_time_for_some_names_alone_can_be_named_again_at_once(worker: Worker) -> None:
    worker.servers.hangs = {"busy.example"}
    worker.servers.slow_from = 2
    handles = [f"ada{number}@busy.example" for number in range(4)]
    found = look_up_servers.look_up(worker.resources, MANY, handles, CHAT, NOW, within=timedelta(seconds=1))
    assert [each.state for each in found] == [State.ACTIVE, State.ACTIVE, State.UNREADABLE, State.UNREADABLE]
    worker.servers.hangs = set()
    assert worker.look_up(handles[2])[0].state is State.ACTIVE


def test_a_chat_may_look_up_so_many_names_an_hour_whatever_their_servers_say(worker: Worker) -> None:
    worker.track("ada@home.example")
    handles = [f"ada{number}@home.example" for number in range(LOOK_UPS_AN_HOUR)]
    assert all(each.state is State.ACTIVE for each in worker.look_up(*handles))
    worker.servers.drain()
    answer = look_up(worker.resources, MANY.key, ["bob@home.example"], CHAT, NOW)
    assert answer.problem == TOO_MANY
    assert worker.servers.drain() == []
    assert worker.look_up("bob@home.example", chat_id=OTHER_CHAT)[0].state is State.ACTIVE


def test_what_a_worker_that_was_away_finds_in_its_queue_is_not_asked_for_again_and_again(worker: Worker) -> None:
    worker.track("ada@one.example")
    waiting = [(after, plan(worker.resources, MANY.key, NOW + after)) for after in (30 * SECOND * n for n in range(9))]
    back = NOW + 8 * 30 * SECOND + SECOND
    digests = [fetch(worker.resources, chunk, back) for _, chunks in waiting for chunk in chunks]
    assert len(digests) == 9
    assert worker.servers.drain() == ["ada@one.example"]
    store(worker.resources, MANY.key, digests, back)
    with worker.resources.store.read_session() as db:
        assert [each.fetched_at for each in db.scalars(select(Account))] == [back]


def test_an_account_that_is_purged_while_it_is_read_is_none_to_drop(worker: Worker) -> None:
    with worker.resources.store.write_session() as db:
        withheld.drop(db, [4711], NOW)


def test_a_look_up_is_answered_in_time_whatever_its_servers_do(worker: Worker) -> None:
    worker.servers.hangs = {"hangs.example"}
    handles, second = ["ada@hangs.example", "bob@answers.example"], timedelta(seconds=1)
    hangs, answers = look_up_servers.look_up(worker.resources, MANY, handles, CHAT, NOW, within=second)
    assert (hangs.state, hangs.note) == (State.UNREADABLE, not_in_time("hangs.example"))
    assert answers.state is State.ACTIVE
    packed = client.answers.dump_json(client.Answer([hangs, answers]))
    assert client.answers.validate_json(packed).profiles == [hangs, answers], "the reason reaches the chat"


def test_who_is_looked_up_and_withheld_by_now_is_dropped_at_once(worker: Worker) -> None:
    [ada] = worker.track("ada@one.example")
    worker.tick()
    worker.servers.states = {"ada@one.example": State.WITHHELD}
    worker.look_up("ada@one.example", chat_id=OTHER_CHAT)
    assert rows(worker, ada) == (0, 0, 0)
    assert [chat for chat, _ in worker.notices()] == [CHAT]


def test_nothing_is_stored_of_who_is_withheld_and_was_not_known(worker: Worker) -> None:
    worker.servers.states = {"ada@one.example": State.WITHHELD}
    worker.look_up("ada@one.example", "bob@one.example")
    with worker.resources.store.read_session() as db:
        assert [each.handle for each in db.scalars(select(Account))] == ["bob@one.example"]
