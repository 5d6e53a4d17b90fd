"""Anything happens in any order: what people do, what the services do wrong, and processes that are killed.

A simple model beside the running system says what each chat must have; nothing may be lost, shown twice, changed by
somebody who may not, and in the end everything is fresh.
"""

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import psutil
import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as some
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from redis import Redis
from sqlalchemy import and_, or_, update

from pipeline.records import Language, Metric, Mode, Theme, View
from pipeline.store import Store, chats
from pipeline.store.tables import Subscription
from tests.chaos import mischief
from tests.chaos.account import Account, numbers
from tests.chaos.conftest import Tell
from tests.chaos.expected import Belongings, shown_by
from tests.chaos.room import CHARTS, Change, Room, buttons, comparison_of, nothing
from tests.chaos.subscribed import ticks
from tests.conftest import until
from tests.e2e.chat import Json
from tests.e2e.house import House, running

TICK_S = 1
FRESH_WITHIN_S = 100
"""What was killed again and again is started later each time, and a group that had its 20 messages waits a minute."""
CALM_AFTER_S = 15
"""For a process to be started again, and a service's wait to be over."""
NEW_EVERY_S = 2
MOST_HIDDEN = 2
TICKED = "tick: "
METRICS = {"": Metric.REPOSTS, "likes": Metric.LIKES, "replies": Metric.REPLIES, "views": Metric.VIEWS}
VIEWS = (View.SPREAD, View.POSTS, View.RACE)
READING = ("/list", "/status", "/help", "/compare", "/compare likes", "/compare posts")
CHANGING = ("/track {}", "/untrack {}", "/subscribe likes", "/unsubscribe", "/settings", "/forget")
KILLED = ("worker", "worker's child", "uploader", "beat", "bot")
KINDS = (
    ("commands", "commands of outsiders", "presses", "presses of outsiders", "settings", "forgotten"),
    ("messages deleted", "chats left", "groups migrated", "counts changed", "posts deleted", "accounts hidden"),
    ("telegram failing", "x failing", "dropbox failing", "faults lifted", "ticks"),
    (*(f"{name} killed" for name in KILLED), "redis wiped"),
)
"""What must have been played for the test to mean something."""
MISHAPS = ("an update was not handled", "a command failed", "showing a chart failed", "never retrieved")
UNSURE = "live charts of which nobody knows whether they arrived"
WAIT = some.sampled_from([True, False])
F = TypeVar("F", bound=Callable[..., None])
OFTEN = 3
MOVES: list[some.SearchStrategy[tuple[str, dict[str, Any]]]] = []
"""Drawn by one rule: of many rules hypothesis would leave out most in each play."""


def move(*, often: bool = False, **about: some.SearchStrategy[Any]) -> Callable[[F], F]:
    """Something that may happen, with all that it may happen to."""

    def note(method: F) -> F:
        times = range(OFTEN if often else 1)  # each a strategy of its own: the same one would count once
        MOVES.extend(some.tuples(some.just(method.__name__), some.fixed_dictionaries(about)) for _ in times)
        return method

    return note


@dataclass
class Stage:
    """What all plays share. played: how often each kind of thing was. left_alone: the chats of the play before."""

    house: House
    store: Store
    played: Counter[str] = field(default_factory=Counter)
    waits_s: list[float] = field(default_factory=list)
    left_alone: list[Room] = field(default_factory=list)

    def forget(self, rooms: Iterable[Room]) -> None:
        """X would be asked more than it allows."""
        with self.store.write_session() as db:
            for room in rooms:
                chats.forget(db, room.chat.id)


class Play(RuleBasedStateMachine):
    """One play, in chats and with accounts of its own."""

    rooms: Bundle[Room] = Bundle("rooms")
    groups: Bundle[Room] = Bundle("groups")
    accounts: Bundle[Account] = Bundle("accounts")
    anywhere = some.one_of(rooms, groups.map(lambda room: room.or_another))
    names = some.lists(accounts, min_size=1, max_size=2, unique=True)
    names_or_none = some.lists(accounts, max_size=2, unique=True)

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage, self.house, self.sandbox = stage, stage.house, stage.house.sandbox
        self.troubled_until = 0.0
        self.read_log_from = self.house.log.stat().st_size
        self.known = [Account(self.sandbox) for _ in range(5)]
        self.private = [self._room(700_000 + next(numbers)) for _ in range(4)]
        self.public = [self._room(-700_000 - next(numbers), type=kind) for kind in ("group", "supergroup")]
        for room, other in zip(self.public, self.private[2:], strict=True):
            room.another = other
        self.has_begun = False

    @property
    def all_rooms(self) -> list[Room]:
        return [*self.private, *self.public]

    @initialize(target=accounts)
    def meet_accounts(self) -> "MultipleResults[Account]":
        return multiple(*self.known)

    @initialize(target=rooms)
    def meet_rooms(self) -> "MultipleResults[Room]":
        return multiple(*self.private)

    @initialize(target=groups)
    def meet_groups(self) -> "MultipleResults[Room]":
        return multiple(*self.public)

    def _begin(self) -> None:
        """Some chats have a live chart, some new ones, the last none; new ones would soon fill a group's minute."""
        self.has_begun = True
        self._note("a new play", rooms=[room.chat.id for room in self.all_rooms])
        first = [*self.public, *self.private[:3]]
        for room, how in zip(first, ("live", "live", "live", "new 1m", "new 1m"), strict=True):
            self.track(room, self.known[:2], wait=False)
            self.subscribe(room, [], how, "", wait=True)

    # Nothing

    @move()
    def pause(self) -> None:
        """Hypothesis begins with the play that it deems the simplest, in which only this happens."""

    # What people say

    @move(often=True, room=anywhere, names=names, wait=WAIT)
    def track(self, room: Room, names: list[Account], *, wait: bool) -> None:
        shown = {each.handle for each in names if not each.hidden}
        self._say(room, f"/track {_spoken(names)}", lambda has: has.track(shown), wait=wait)

    @move(room=anywhere, names=names, wait=WAIT)
    def untrack(self, room: Room, names: list[Account], *, wait: bool) -> None:
        handles = {each.handle for each in names}
        self._say(room, f"/untrack {_spoken(names)}", lambda has: has.untrack(handles), wait=wait)

    @move(
        often=True,
        room=anywhere,
        names=names_or_none,
        how=some.sampled_from(["live", "new 1m"]),
        metric=some.sampled_from(sorted(METRICS)),
        wait=WAIT,
    )
    def subscribe(self, room: Room, names: list[Account], how: str, metric: str, *, wait: bool) -> None:
        mode, handles = Mode(how.split(maxsplit=1)[0]), {each.handle for each in names}
        room.lives += mode is Mode.LIVE
        words = f"/subscribe {_spoken(names)} {how} {metric}"
        self._say(room, words, lambda has: has.subscribe(mode, handles, METRICS[metric]), wait=wait)
        self._shorten_intervals()

    @move(room=anywhere, names=names_or_none, wait=WAIT)
    def unsubscribe(self, room: Room, names: list[Account], *, wait: bool) -> None:
        handles = {each.handle for each in names}
        self._say(room, f"/unsubscribe {_spoken(names)}", lambda has: has.unsubscribe(handles), wait=wait)

    @move(room=anywhere, words=some.sampled_from(READING), wait=WAIT)
    def read(self, room: Room, words: str, *, wait: bool) -> None:
        self._say(room, words, nothing, wait=wait)

    @move(room=groups, words=some.sampled_from(CHANGING), account=accounts)
    def outsider_says(self, room: Room, words: str, account: Account) -> None:
        if not room.is_full:
            self._played("commands of outsiders", room, words)
            room.outsider_says(words.format(account.handle))

    # What people press

    @move(often=True, room=anywhere, place=some.integers(0, 99), wait=WAIT)
    def press(self, room: Room, place: int, *, wait: bool) -> None:
        room.settle()
        if found := self._button(room, place):
            message, data = found
            self._press(room, message, data, self._change(room, message, data), wait=wait)

    @move(room=groups, place=some.integers(0, 99))
    def outsider_presses(self, room: Room, place: int) -> None:
        if room.is_full:
            return
        room.settle()
        if found := self._button(room, place):
            self._played("presses of outsiders", room, found[1])
            room.outsider_presses(*found)

    @move(room=anywhere, choice=some.sampled_from([*Theme, *Language]), wait=WAIT)
    def choose(self, room: Room, choice: Theme | Language, *, wait: bool) -> None:
        theme = choice if isinstance(choice, Theme) else None
        language = choice if isinstance(choice, Language) else None
        data = f"settings {choice}"
        if message := self._question(room, "/settings", data):
            self.stage.played["settings"] += 1
            self._press(room, message, data, lambda has: has.choose(theme, language), wait=wait)

    @move(room=anywhere, sure=some.sampled_from([False, True]), wait=WAIT)
    def forget(self, room: Room, *, sure: bool, wait: bool) -> None:
        data = "forget yes" if sure else "forget no"
        if message := self._question(room, "/forget", data):
            self.stage.played["forgotten"] += sure
            self._press(room, message, data, lambda has: Belongings() if sure else has, wait=wait)

    # What else people do

    @move(room=anywhere)
    def leave(self, room: Room) -> None:
        self._played("chats left", room)
        room.leave()

    @move(room=anywhere, place=some.integers(0, 9))
    def delete_message(self, room: Room, place: int) -> None:
        room.settle()
        if found := room.charts():
            message_id = found[place % len(found)]["message_id"]
            self._played("messages deleted", room, message_id)
            self.sandbox.post("telegram/delete", chat_id=room.chat.id, message_id=message_id)

    @move(room=groups)
    def migrate(self, room: Room) -> None:
        if room.chat.type == "group":
            self._played("groups migrated", room)
            room.migrate()

    # What X shows

    @move(account=accounts)
    def raise_count(self, account: Account) -> None:
        self._played("counts changed", account.handle)
        account.raise_count()

    @move(account=accounts)
    def delete_post(self, account: Account) -> None:
        if len(account.counts) > 2:
            self._played("posts deleted", account.handle)
            account.delete_post()

    @move(account=accounts, state=some.sampled_from(["suspended", "protected"]))
    def hide(self, account: Account, state: str) -> None:
        if not account.hidden and sum(each.hidden is not None for each in self.known) < MOST_HIDDEN:
            for room in self.all_rooms:
                room.settle()  # what was asked about the account before is over
            self._played("accounts hidden", account.handle, state)
            account.hide(state)

    # What goes wrong

    @move(
        often=True,
        room=anywhere,
        method=some.sampled_from(mischief.OF_ONE_CHAT),
        name=some.sampled_from([*mischief.TELEGRAM]),
    )
    def telegram_fails_a_chat(self, room: Room, method: str, name: str) -> None:
        self._fault("telegram", method, name, {"params": {"chat_id": room.chat.id}, **mischief.TELEGRAM[name]})
        if method in CHARTS:
            for account in self.known:
                account.raise_count()

    @move(method=some.sampled_from(mischief.OF_ALL), name=some.sampled_from([*mischief.TELEGRAM]))
    def telegram_fails(self, method: str, name: str) -> None:
        self._fault("telegram", method, name, mischief.TELEGRAM[name])

    @move(
        method=some.sampled_from([mischief.TIMELINE, mischief.PEOPLE]),
        name=some.sampled_from([*mischief.X]),
        times=some.integers(1, 3),
    )
    def x_fails(self, method: str, name: str, times: int) -> None:
        self._fault("x", method, name, {"times": times, **mischief.X[name]()})

    @move(name=some.sampled_from([*mischief.DROPBOX]))
    def dropbox_fails(self, name: str) -> None:
        self._fault("dropbox", "files/upload", name, mischief.DROPBOX[name])

    @move(often=True, name=some.sampled_from(KILLED), at_work=some.booleans())
    def kill(self, name: str, *, at_work: bool) -> None:
        """at_work: while new charts are drawn and shown."""
        for account in self.known if at_work else ():
            account.raise_count()
        if at_work:
            ticks(self.house, TICKED, more=1)
        for process in _processes(self.house, name)[:1]:
            self._played(f"{name} killed", "at work" if at_work else "")
            self._trouble()
            process.kill()

    @move()
    def lift_faults(self) -> None:
        self._played("faults lifted")
        self.sandbox.delete("faults")

    @move()
    def wipe_redis(self) -> None:
        self._played("redis wiped")
        self._trouble()
        with Redis.from_url(self.house.redis) as redis:
            redis.flushall()

    @move(account=accounts)
    def tick(self, account: Account) -> None:
        self._played("ticks")
        account.raise_count()
        ticks(self.house, TICKED, more=1)

    @rule(move=some.one_of(MOVES))
    def play(self, move: tuple[str, dict[str, Any]]) -> None:
        name, about = move
        if not self.has_begun and name != "pause":
            self._begin()
        getattr(self, name)(**about)

    # What must be true

    @invariant()
    def check(self) -> None:
        for room in self.all_rooms if self.has_begun else ():
            room.check()

    def teardown(self) -> None:
        if not self.has_begun:
            return
        try:
            if sys.exception() is None:
                self._end_well()
                self._leave_alone()
        finally:
            self.sandbox.delete("faults")
            self.stage.forget(self.all_rooms if sys.exception() else ())

    def _end_well(self) -> None:
        """All faults are lifted; then all is fresh again."""
        self._note("the end of the play")
        self.sandbox.delete("faults")
        for account in self.known:
            account.raise_count()
        started = time.monotonic()
        for room in self.all_rooms:
            room.settle()
        try:
            until(lambda: not any(self._unfresh()), FRESH_WITHIN_S, every_s=0.3)
        finally:
            self._note("not fresh:", *self._unfresh())
        until(self._is_in_dropbox, FRESH_WITHIN_S, every_s=0.5)
        self.stage.waits_s.append(time.monotonic() - started)
        self._note("all is fresh", after=self.stage.waits_s[-1])
        self.check()
        until(lambda: all(_processes(self.house, name) for name in KILLED), FRESH_WITHIN_S)
        log = self.house.log.read_bytes()[self.read_log_from :].decode(errors="replace")
        assert [words for words in MISHAPS if words in log] == []
        self.stage.played[UNSURE] += sum(room.unsure for room in self.all_rooms)

    def _leave_alone(self) -> None:
        """A last chart, whose answers are lost: whoever then tries again does so while the next play is played."""
        for room in self.stage.left_alone:
            room.check()
        self.stage.forget(self.stage.left_alone)
        self.stage.left_alone = self.all_rooms
        lost = mischief.TELEGRAM["accepted, answer lost"]
        shown = {account.handle for account in self.known if not account.hidden}
        for room in self.private:
            if any(kept.mode is Mode.NEW and kept.handles & shown for kept in room.has.kept):
                self._fault("telegram", "sendPhoto", "at the end", {"params": {"chat_id": room.chat.id}, **lost})
        self._shorten_intervals()
        for account in self.known:
            account.raise_count()
        until(lambda: not self.sandbox.get("faults"), FRESH_WITHIN_S)

    def _unfresh(self) -> Iterator[str]:
        accounts = {account.handle: account for account in self.known}
        for room in self.all_rooms:
            yield from room.unfresh(
                lambda kept, caption: all(accounts[handle].stands_in(kept, caption) for handle in kept.handles)
            )
            yield from room.waiting()

    def _is_in_dropbox(self) -> bool:
        """The newest count of every account that a chart is kept fresh of, and that X shows."""
        handles = {handle for room in self.all_rooms for kept in room.has.kept for handle in kept.handles}
        watched = [account for account in self.known if account.handle in handles and not account.hidden]
        paths = [file["path"] for file in self.sandbox.get("dropbox/files") if "-last-" in file["path"]]
        files = [self.sandbox.bytes(f"dropbox/files{path}").decode() for path in paths if "any_" in path]
        return all(any(f",{max(each.counts.values())}," in file for file in files) for each in watched)

    # How it is played

    def _say(self, room: Room, words: str, change: Change, *, wait: bool) -> int:
        self._played("commands", room, words, "" if wait else "and no wait")
        return room.say(words, change, calm=self._is_calm, wait=wait)

    def _press(self, room: Room, message: Json, data: str, change: Change, *, wait: bool) -> None:
        self._played("presses", room, message["message_id"], data, "" if wait else "and no wait")
        room.press(message, data, change, calm=self._is_calm, wait=wait)

    def _question(self, room: Room, words: str, data: str) -> Json | None:
        """The message that answers the command and has this button, where it arrived."""
        sent = self._say(room, words, nothing, wait=True)
        return next((message for message in room.chat.messages(sent) if data in buttons(message)), None)

    def _button(self, room: Room, place: int) -> tuple[Json, str] | None:
        found = [(message, data) for message, data in room.to_press() if _is_played(data)]
        return found[place % len(found)] if found else None

    def _change(self, room: Room, message: Json, data: str) -> Change:
        """What pressing this button does, as long as nothing else is done in the chat."""
        current = room.live_in(message)
        with self.stage.store.read_session() as db:
            pressed = shown_by(db, comparison_of(data))
        match data.split():
            case ["show", _, view, metric, *_]:
                return lambda has: has.show(current, pressed, Metric(metric), View(view))
            case ["live", _]:
                room.lives += 1
                return lambda has: has.keep(current, pressed)
            case _:
                return lambda has: has.stop(current, pressed)

    def _fault(self, service: str, method: str, name: str, fault: mischief.Fault) -> None:
        self._played(f"{service} failing", method, name, fault.get("params", ""))
        self._trouble()
        self.sandbox.post("faults", service=service, method=method, **fault)

    def _trouble(self) -> None:
        self.troubled_until = time.monotonic() + CALM_AFTER_S

    @property
    def _is_calm(self) -> bool:
        """Whether nothing is there that could keep a command from being done."""
        if self.sandbox.get("faults"):
            self._trouble()
        return time.monotonic() > self.troubled_until

    def _shorten_intervals(self) -> None:
        """A person may choose a minute at least; here that would only make the play longer."""
        mine = [room.chat.id for room in self.all_rooms]
        now = datetime.now(UTC)
        far = and_(Subscription.problem.is_(None), Subscription.next_at > now + timedelta(seconds=2 * NEW_EVERY_S))
        long = (Subscription.mode == Mode.NEW, or_(Subscription.interval_s > NEW_EVERY_S, far))
        with self.stage.store.write_session() as db:
            soon = {"interval_s": NEW_EVERY_S, "next_at": now}
            db.execute(update(Subscription).where(*long, Subscription.chat_id.in_(mine)).values(soon))

    def _room(self, chat_id: int, **more: object) -> Room:
        member = 900_000 + next(numbers) if more else None
        who = {"user_id": 800_000 + next(numbers), **more} if more else {}
        return Room(self.house, self.stage.store, self.house.chat(chat_id, **who), member)

    def _played(self, kind: str, *about: object) -> None:
        self.stage.played[kind] += 1
        self._note(kind, *(each.chat.id if isinstance(each, Room) else each for each in about))

    def _note(self, *what: object, **more: object) -> None:
        """Shown where the test fails: beside the log of the house it says what came when."""
        print(f"{datetime.now(UTC):%H:%M:%S.%f}", *what, *(f"{name}={value}" for name, value in more.items()))


def _spoken(names: Iterable[Account]) -> str:
    return " ".join(f"@{each.handle}" for each in names)


def _is_played(data: str) -> bool:
    """The model knows the metrics and most views; the rest of a chart's look stays as it is."""
    match data.split():
        case ["show", _, view, _, normalization, span]:
            return view in VIEWS and (normalization, span) == ("count", "day")
        case _:
            return True


def _processes(house: House, name: str) -> list[psutil.Process]:
    """None while it is started again."""
    words = name.removesuffix("'s child")
    found = [each for each in house.supervisor.children() if _is_called(each, words)]
    return [child for each in found for child in each.children()] if name != words else found


def _is_called(process: psutil.Process, name: str) -> bool:
    try:
        return process.cmdline()[-1:] == [name]
    except psutil.NoSuchProcess:
        return False


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with running(
        tmp_path_factory.mktemp("anything"), None, {"X_DAILY_USD": "1000", "X_MONTHLY_USD": "1000"}, tick_s=TICK_S
    ) as house:
        store = Store(house.database)
        yield Stage(house, store)
        store.close()


PLAYS = 6
ONE_PLAY = settings(
    max_examples=2,  # after the simplest play, which is none; later ones would repeat parts of the first
    stateful_step_count=50,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # each try to make a failing play shorter takes as long as the play
    suppress_health_check=[HealthCheck.too_slow],  # a step takes as long as real processes do
)


@pytest.mark.timeout(900)
def test_whatever_happens_nothing_is_lost_or_comes_twice_and_all_is_fresh_again(stage: Stage, tell: Tell) -> None:
    for number in range(PLAYS):

        class Staged(Play):
            def __init__(self) -> None:
                super().__init__(stage)

        run_state_machine_as_test(seed(number)(Staged), settings=ONE_PLAY)
    for kinds in KINDS:
        tell(", ".join(f"{stage.played[kind]} {kind}" for kind in kinds))
    unsure = stage.played[UNSURE]
    tell("all of it in any order", lost=f"{unsure} {UNSURE}" if unsure else "nothing", fresh_s=max(stage.waits_s))
    assert [kind for kinds in KINDS for kind in kinds if not stage.played[kind]] == []
