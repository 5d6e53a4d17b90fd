"""Random sequences of actions: of people, of failing services, and of processes that are killed.

A model says what each chat must have. Nothing may be lost, repeated, or changed by somebody without the right, and in
the end all charts are fresh.
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
from tests.chaos import fault_kinds
from tests.chaos.chat_model import ChatState, for_comparison
from tests.chaos.checked_chat import CHARTS, Change, CheckedChat, buttons, comparison_of, unchanged
from tests.chaos.conftest import Report
from tests.chaos.growing_account import GrowingAccount, numbers
from tests.chaos.subscribed_chat import wait_for_ticks
from tests.conftest import until
from tests.e2e.chat import Json
from tests.e2e.deployment import Deployment, running

TICK_S = 1
FRESH_WITHIN_S = 100
"""A process that is killed often restarts later each time, and a group with its 20 messages waits for a minute."""
UNDISTURBED_AFTER_S = 15
"""For a process to restart, and for a service's wait to end."""
NEW_EVERY_S = 2
MAX_HIDDEN = 2
TICKED = "tick: "
METRICS = {"": Metric.REPOSTS, "likes": Metric.LIKES, "replies": Metric.REPLIES, "views": Metric.VIEWS}
VIEWS = (View.SPREAD, View.POSTS, View.RACE)
READING = ("/list", "/status", "/help", "/compare", "/compare likes", "/compare posts")
CHANGING = ("/track {}", "/untrack {}", "/subscribe likes", "/unsubscribe", "/settings", "/forget")
KILLED = ("worker", "worker's child", "slow", "beat", "bot")
ACTION_KINDS = (
    ("commands", "commands of outsiders", "presses", "presses of outsiders", "settings", "forgotten"),
    ("messages deleted", "chats left", "groups migrated", "counts changed", "posts deleted", "accounts hidden"),
    ("telegram failing", "x failing", "dropbox failing", "faults lifted", "ticks"),
    (*(f"{name} killed" for name in KILLED), "redis wiped"),
)
"""The kinds of actions; each must have occurred, so that the test means something."""
LOGGED_FAILURES = ("an update was not handled", "a command failed", "showing a chart failed", "never retrieved")
UNCONFIRMED = "live charts whose arrival is unknown"
WAIT = some.sampled_from([True, False])
F = TypeVar("F", bound=Callable[..., None])
OFTEN = 3
ACTIONS: list[some.SearchStrategy[tuple[str, dict[str, Any]]]] = []
"""The choices of a single rule, since Hypothesis leaves out most of many rules in each run."""


def action(*, often: bool = False, **about: some.SearchStrategy[Any]) -> Callable[[F], F]:
    """Makes a method an action. often: it is chosen more often. about: the strategies for its arguments."""

    def register(method: F) -> F:
        times = range(OFTEN if often else 1)  # different strategies, since Hypothesis counts equal ones once
        ACTIONS.extend(some.tuples(some.just(method.__name__), some.fixed_dictionaries(about)) for _ in times)
        return method

    return register


@dataclass
class SharedState:
    """What all runs share.

    counts: of actions by kind. recovery_s: how long each run took to be fresh in the end.
    previous_chats: the chats of the run before.
    """

    deployment: Deployment
    store: Store
    counts: Counter[str] = field(default_factory=Counter)
    recovery_s: list[float] = field(default_factory=list)
    previous_chats: list[CheckedChat] = field(default_factory=list)

    def forget(self, checked_chats: Iterable[CheckedChat]) -> None:
        """Forget chats, so that X gets fewer requests than it allows."""
        with self.store.write_session() as db:
            for chat in checked_chats:
                chats.delete_chat(db, chat.chat.id)


class RandomRun(RuleBasedStateMachine):
    """One run, with chats and accounts of its own."""

    private_chats: Bundle[CheckedChat] = Bundle("private_chats")
    groups: Bundle[CheckedChat] = Bundle("groups")
    accounts: Bundle[GrowingAccount] = Bundle("accounts")
    anywhere = some.one_of(private_chats, groups.map(lambda chat: chat.or_other))
    names = some.lists(accounts, min_size=1, max_size=2, unique=True)
    names_or_none = some.lists(accounts, max_size=2, unique=True)

    def __init__(self, shared: SharedState) -> None:
        super().__init__()
        self.shared, self.deployment, self.sandbox = shared, shared.deployment, shared.deployment.sandbox
        self.disturbed_until = 0.0
        self.read_log_from = self.deployment.log.stat().st_size
        self.known = [GrowingAccount(self.sandbox) for _ in range(5)]
        self.private = [self._checked_chat(700_000 + next(numbers)) for _ in range(4)]
        self.public = [self._checked_chat(-700_000 - next(numbers), type=kind) for kind in ("group", "supergroup")]
        for chat, other in zip(self.public, self.private[2:], strict=True):
            chat.other_chat = other
        self.has_begun = False

    @property
    def all_chats(self) -> list[CheckedChat]:
        return [*self.private, *self.public]

    @initialize(target=accounts)
    def add_accounts(self) -> "MultipleResults[GrowingAccount]":
        return multiple(*self.known)

    @initialize(target=private_chats)
    def add_private_chats(self) -> "MultipleResults[CheckedChat]":
        return multiple(*self.private)

    @initialize(target=groups)
    def add_groups(self) -> "MultipleResults[CheckedChat]":
        return multiple(*self.public)

    def _begin(self) -> None:
        """Subscribe the first chats, groups to live charts only, since new messages would reach their limit."""
        self.has_begun = True
        self._note("a new run", private_chats=[chat.chat.id for chat in self.all_chats])
        first = [*self.public, *self.private[:3]]
        for chat, how in zip(first, ("live", "live", "live", "new 1m", "new 1m"), strict=True):
            self.track(chat, self.known[:2], wait=False)
            self.subscribe(chat, [], how, "", wait=True)

    # Nothing

    @action()
    def pause(self) -> None:
        """Do nothing. Hypothesis begins with the simplest run, which has only this action."""

    # What people send

    @action(often=True, chat=anywhere, names=names, wait=WAIT)
    def track(self, chat: CheckedChat, names: list[GrowingAccount], *, wait: bool) -> None:
        shown = {each.handle for each in names if not each.hidden}
        self._say(chat, f"/track {_mentions(names)}", lambda state: state.track(shown), wait=wait)

    @action(chat=anywhere, names=names, wait=WAIT)
    def untrack(self, chat: CheckedChat, names: list[GrowingAccount], *, wait: bool) -> None:
        handles = {each.handle for each in names}
        self._say(chat, f"/untrack {_mentions(names)}", lambda state: state.untrack(handles), wait=wait)

    @action(
        often=True,
        chat=anywhere,
        names=names_or_none,
        how=some.sampled_from(["live", "new 1m"]),
        metric=some.sampled_from(sorted(METRICS)),
        wait=WAIT,
    )
    def subscribe(self, chat: CheckedChat, names: list[GrowingAccount], how: str, metric: str, *, wait: bool) -> None:
        mode, handles = Mode(how.split(maxsplit=1)[0]), {each.handle for each in names}
        chat.live_charts += mode is Mode.LIVE
        text = f"/subscribe {_mentions(names)} {how} {metric}"
        self._say(chat, text, lambda state: state.subscribe(mode, handles, METRICS[metric]), wait=wait)
        self._shorten_intervals()

    @action(chat=anywhere, names=names_or_none, wait=WAIT)
    def unsubscribe(self, chat: CheckedChat, names: list[GrowingAccount], *, wait: bool) -> None:
        handles = {each.handle for each in names}
        self._say(chat, f"/unsubscribe {_mentions(names)}", lambda state: state.unsubscribe(handles), wait=wait)

    @action(chat=anywhere, text=some.sampled_from(READING), wait=WAIT)
    def read(self, chat: CheckedChat, text: str, *, wait: bool) -> None:
        self._say(chat, text, unchanged, wait=wait)

    @action(chat=groups, text=some.sampled_from(CHANGING), account=accounts)
    def send_as_member(self, chat: CheckedChat, text: str, account: GrowingAccount) -> None:
        if not chat.is_full:
            self._count("commands of outsiders", chat, text)
            chat.send_as_member(text.format(account.handle))

    # What people press

    @action(often=True, chat=anywhere, index=some.integers(0, 99), wait=WAIT)
    def press(self, chat: CheckedChat, index: int, *, wait: bool) -> None:
        chat.settle()
        if button := self._button(chat, index):
            message, data = button
            self._press(chat, message, data, self._change(chat, message, data), wait=wait)

    @action(chat=groups, index=some.integers(0, 99))
    def press_as_member(self, chat: CheckedChat, index: int) -> None:
        if chat.is_full:
            return
        chat.settle()
        if button := self._button(chat, index):
            self._count("presses of outsiders", chat, button[1])
            chat.press_as_member(*button)

    @action(chat=anywhere, choice=some.sampled_from([*Theme, *Language]), wait=WAIT)
    def choose(self, chat: CheckedChat, choice: Theme | Language, *, wait: bool) -> None:
        theme = choice if isinstance(choice, Theme) else None
        language = choice if isinstance(choice, Language) else None
        data = f"settings {choice}"
        if message := self._question(chat, "/settings", data):
            self.shared.counts["settings"] += 1
            self._press(chat, message, data, lambda state: state.choose(theme, language), wait=wait)

    @action(chat=anywhere, sure=some.sampled_from([False, True]), wait=WAIT)
    def forget(self, chat: CheckedChat, *, sure: bool, wait: bool) -> None:
        data = "forget yes" if sure else "forget no"
        if message := self._question(chat, "/forget", data):
            self.shared.counts["forgotten"] += sure
            self._press(chat, message, data, lambda state: ChatState() if sure else state, wait=wait)

    # What else people do

    @action(chat=anywhere)
    def leave(self, chat: CheckedChat) -> None:
        self._count("chats left", chat)
        chat.leave()

    @action(chat=anywhere, index=some.integers(0, 9))
    def delete_message(self, chat: CheckedChat, index: int) -> None:
        chat.settle()
        if found := chat.charts():
            message_id = found[index % len(found)]["message_id"]
            self._count("messages deleted", chat, message_id)
            self.sandbox.post("telegram/delete", chat_id=chat.chat.id, message_id=message_id)

    @action(chat=groups)
    def migrate(self, chat: CheckedChat) -> None:
        if chat.chat.type == "group":
            self._count("groups migrated", chat)
            chat.migrate()

    # What X shows

    @action(account=accounts)
    def raise_count(self, account: GrowingAccount) -> None:
        self._count("counts changed", account.handle)
        account.raise_count()

    @action(account=accounts)
    def delete_post(self, account: GrowingAccount) -> None:
        if len(account.counts) > 2:
            self._count("posts deleted", account.handle)
            account.delete_post()

    @action(account=accounts, state=some.sampled_from(["suspended", "protected"]))
    def hide(self, account: GrowingAccount, state: str) -> None:
        if not account.hidden and sum(each.hidden is not None for each in self.known) < MAX_HIDDEN:
            for chat in self.all_chats:
                chat.settle()  # what was asked about the account before is handled
            self._count("accounts hidden", account.handle, state)
            account.hide(state)

    # What goes wrong

    @action(
        often=True,
        chat=anywhere,
        method=some.sampled_from(fault_kinds.OF_ONE_CHAT),
        name=some.sampled_from([*fault_kinds.TELEGRAM]),
    )
    def telegram_fails_a_chat(self, chat: CheckedChat, method: str, name: str) -> None:
        self._fault("telegram", method, name, {"params": {"chat_id": chat.chat.id}, **fault_kinds.TELEGRAM[name]})
        if method in CHARTS:
            for account in self.known:
                account.raise_count()

    @action(method=some.sampled_from(fault_kinds.OF_ALL), name=some.sampled_from([*fault_kinds.TELEGRAM]))
    def telegram_fails(self, method: str, name: str) -> None:
        self._fault("telegram", method, name, fault_kinds.TELEGRAM[name])

    @action(
        method=some.sampled_from([fault_kinds.TIMELINE, fault_kinds.USERS]),
        name=some.sampled_from([*fault_kinds.X]),
        times=some.integers(1, 3),
    )
    def x_fails(self, method: str, name: str, times: int) -> None:
        self._fault("x", method, name, {"times": times, **fault_kinds.X[name]()})

    @action(name=some.sampled_from([*fault_kinds.DROPBOX]))
    def dropbox_fails(self, name: str) -> None:
        self._fault("dropbox", "files/upload", name, fault_kinds.DROPBOX[name])

    @action(often=True, name=some.sampled_from(KILLED), at_work=some.booleans())
    def kill(self, name: str, *, at_work: bool) -> None:
        """at_work: while new charts are drawn and sent."""
        for account in self.known if at_work else ():
            account.raise_count()
        if at_work:
            wait_for_ticks(self.deployment, TICKED, more=1)
        for process in _processes(self.deployment, name)[:1]:
            self._count(f"{name} killed", "at work" if at_work else "")
            self._note_disturbance()
            process.kill()

    @action()
    def lift_faults(self) -> None:
        self._count("faults lifted")
        self.sandbox.delete("faults")

    @action()
    def wipe_redis(self) -> None:
        self._count("redis wiped")
        self._note_disturbance()
        with Redis.from_url(self.deployment.redis) as redis:
            redis.flushall()

    @action(account=accounts)
    def tick(self, account: GrowingAccount) -> None:
        self._count("ticks")
        account.raise_count()
        wait_for_ticks(self.deployment, TICKED, more=1)

    @rule(action=some.one_of(ACTIONS))
    def perform(self, action: tuple[str, dict[str, Any]]) -> None:
        name, about = action
        if not self.has_begun and name != "pause":
            self._begin()
        getattr(self, name)(**about)

    # What is checked

    @invariant()
    def check(self) -> None:
        for chat in self.all_chats if self.has_begun else ():
            chat.check()

    def teardown(self) -> None:
        if not self.has_begun:
            return
        try:
            if sys.exception() is None:
                self._assert_all_fresh()
                self._lose_last_answers()
        finally:
            self.sandbox.delete("faults")
            self.shared.forget(self.all_chats if sys.exception() else ())

    def _assert_all_fresh(self) -> None:
        """Without faults, all charts and datasets become fresh."""
        self._note("the end of the run")
        self.sandbox.delete("faults")
        for account in self.known:
            account.raise_count()
        started = time.monotonic()
        for chat in self.all_chats:
            chat.settle()
        try:
            until(lambda: not any(self._unfresh()), FRESH_WITHIN_S, every_s=0.3)
        finally:
            self._note("not fresh:", *self._unfresh())
        until(self._is_in_dropbox, FRESH_WITHIN_S, every_s=0.5)
        self.shared.recovery_s.append(time.monotonic() - started)
        self._note("all is fresh", after=self.shared.recovery_s[-1])
        self.check()
        until(lambda: all(_processes(self.deployment, name) for name in KILLED), FRESH_WITHIN_S)
        log = self.deployment.log.read_bytes()[self.read_log_from :].decode(errors="replace")
        assert [text for text in LOGGED_FAILURES if text in log] == []
        self.shared.counts[UNCONFIRMED] += sum(chat.unconfirmed for chat in self.all_chats)

    def _lose_last_answers(self) -> None:
        """Send a last chart whose responses are lost; the next run checks that the bot does not send it again."""
        for chat in self.shared.previous_chats:
            chat.check()
        self.shared.forget(self.shared.previous_chats)
        self.shared.previous_chats = self.all_chats
        lost = fault_kinds.TELEGRAM["accepted, answer lost"]
        shown = {account.handle for account in self.known if not account.hidden}
        for chat in self.private:
            if any(subscription.mode is Mode.NEW and subscription.handles & shown for subscription in chat.stored.kept):
                self._fault("telegram", "sendPhoto", "at the end", {"params": {"chat_id": chat.chat.id}, **lost})
        self._shorten_intervals()
        for account in self.known:
            account.raise_count()
        until(lambda: not self.sandbox.get("faults"), FRESH_WITHIN_S)

    def _unfresh(self) -> Iterator[str]:
        accounts = {account.handle: account for account in self.known}
        for chat in self.all_chats:
            yield from chat.unfresh(
                lambda subscription, caption: all(
                    accounts[handle].is_shown_in(subscription, caption) for handle in subscription.handles
                )
            )
            yield from chat.waiting()

    def _is_in_dropbox(self) -> bool:
        """Whether Dropbox has the newest count of every account that is subscribed to and that X shows."""
        handles = {
            handle for chat in self.all_chats for subscription in chat.stored.kept for handle in subscription.handles
        }
        subscribed = [account for account in self.known if account.handle in handles and not account.hidden]
        paths = [file["path"] for file in self.sandbox.get("dropbox/files") if "-last-" in file["path"]]
        files = [self.sandbox.bytes(f"dropbox/files{path}").decode() for path in paths if "any_" in path]
        return all(any(f",{max(each.counts.values())}," in file for file in files) for each in subscribed)

    # How actions are done

    def _say(self, chat: CheckedChat, text: str, change: Change, *, wait: bool) -> int:
        self._count("commands", chat, text, "" if wait else "and no wait")
        return chat.send(text, change, certain=self._is_undisturbed, wait=wait)

    def _press(self, chat: CheckedChat, message: Json, data: str, change: Change, *, wait: bool) -> None:
        self._count("presses", chat, message["message_id"], data, "" if wait else "and no wait")
        chat.press(message, data, change, certain=self._is_undisturbed, wait=wait)

    def _question(self, chat: CheckedChat, text: str, data: str) -> Json | None:
        """The message that answers the command and has this button; None if it did not arrive."""
        sent = self._say(chat, text, unchanged, wait=True)
        return next((message for message in chat.chat.messages(sent) if data in buttons(message)), None)

    def _button(self, chat: CheckedChat, index: int) -> tuple[Json, str] | None:
        found = [(message, data) for message, data in chat.to_press() if _is_modelled(data)]
        return found[index % len(found)] if found else None

    def _change(self, chat: CheckedChat, message: Json, data: str) -> Change:
        """What a press of this button does to the state."""
        current = chat.live_in(message)
        with self.shared.store.read_session() as db:
            pressed = for_comparison(db, comparison_of(data))
        match data.split():
            case ["set", _, "metric", metric]:
                return lambda state: state.show(current, pressed, metric=Metric(metric))
            case ["set", _, "view", view]:
                return lambda state: state.show(current, pressed, view=View(view))
            case ["menu", *_]:
                return unchanged
            case ["live", _]:
                chat.live_charts += 1
                return lambda state: state.keep(current, pressed)
            case _:
                return lambda state: state.stop(current, pressed)

    def _fault(self, service: str, method: str, name: str, fault: fault_kinds.Fault) -> None:
        self._count(f"{service} failing", method, name, fault.get("params", ""))
        self._note_disturbance()
        self.sandbox.post("faults", service=service, method=method, **fault)

    def _note_disturbance(self) -> None:
        self.disturbed_until = time.monotonic() + UNDISTURBED_AFTER_S

    @property
    def _is_undisturbed(self) -> bool:
        """Whether no fault can keep a command from being executed."""
        if self.sandbox.get("faults"):
            self._note_disturbance()
        return time.monotonic() > self.disturbed_until

    def _shorten_intervals(self) -> None:
        """Below the minute that a person can choose, so that a run takes less time."""
        mine = [chat.chat.id for chat in self.all_chats]
        now = datetime.now(UTC)
        far = and_(Subscription.problem.is_(None), Subscription.next_at > now + timedelta(seconds=2 * NEW_EVERY_S))
        long = (Subscription.mode == Mode.NEW, or_(Subscription.interval_s > NEW_EVERY_S, far))
        with self.shared.store.write_session() as db:
            soon = {"interval_s": NEW_EVERY_S, "next_at": now}
            db.execute(update(Subscription).where(*long, Subscription.chat_id.in_(mine)).values(soon))

    def _checked_chat(self, chat_id: int, **more: object) -> CheckedChat:
        member = 900_000 + next(numbers) if more else None
        who = {"user_id": 800_000 + next(numbers), **more} if more else {}
        return CheckedChat(self.deployment, self.shared.store, self.deployment.chat(chat_id, **who), member)

    def _count(self, kind: str, *about: object) -> None:
        self.shared.counts[kind] += 1
        self._note(kind, *(each.chat.id if isinstance(each, CheckedChat) else each for each in about))

    def _note(self, *what: object, **more: object) -> None:
        """Print what is done and when, which pytest shows beside the deployment's log if the test fails."""
        print(f"{datetime.now(UTC):%H:%M:%S.%f}", *what, *(f"{name}={value}" for name, value in more.items()))


def _mentions(names: Iterable[GrowingAccount]) -> str:
    return " ".join(f"@{each.handle}" for each in names)


def _is_modelled(data: str) -> bool:
    """Whether the model knows what this button does; it has no growth, and knows no further choices."""
    match data.split():
        case ["set", _, "view", view]:
            return view in VIEWS
        case ["set", _, field, _]:
            return field == "metric"
        case [action, *_]:
            return action in {"live", "stop", "menu"}
    return False


def _processes(deployment: Deployment, name: str) -> list[psutil.Process]:
    """The processes of this name; none while it restarts."""
    text = name.removesuffix("'s child")
    found = [each for each in deployment.supervisor.children() if _is_called(each, text)]
    return [child for each in found for child in each.children()] if name != text else found


def _is_called(process: psutil.Process, name: str) -> bool:
    try:
        return process.cmdline()[-1:] == [name]
    except psutil.NoSuchProcess:
        return False


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedState]:
    with running(
        tmp_path_factory.mktemp("anything"), None, {"X_DAILY_USD": "1000", "X_MONTHLY_USD": "1000"}, tick_s=TICK_S
    ) as deployment:
        store = Store(deployment.database)
        yield SharedState(deployment, store)
        store.close()


RUNS = 6
ONE_RUN = settings(
    max_examples=2,  # the simplest run and a random one; later ones would repeat parts of it
    stateful_step_count=50,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # to shrink a failing run takes as long as the run, many times
    suppress_health_check=[HealthCheck.too_slow],  # a step takes as long as real processes do
)


@pytest.mark.timeout(900)
def test_after_random_actions_nothing_is_lost_or_repeated_and_all_is_fresh(shared: SharedState, report: Report) -> None:
    for number in range(RUNS):

        class Run(RandomRun):
            def __init__(self) -> None:
                super().__init__(shared)

        run_state_machine_as_test(seed(number)(Run), settings=ONE_RUN)
    for kinds in ACTION_KINDS:
        report(", ".join(f"{shared.counts[kind]} {kind}" for kind in kinds))
    unconfirmed = shared.counts[UNCONFIRMED]
    report(
        "all of it in any order",
        lost=f"{unconfirmed} {UNCONFIRMED}" if unconfirmed else "nothing",
        fresh_s=max(shared.recovery_s),
    )
    assert [kind for kinds in ACTION_KINDS for kind in kinds if not shared.counts[kind]] == []
