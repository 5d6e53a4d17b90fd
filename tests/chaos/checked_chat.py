"""A chat in which anything may happen, and all that may be true of it meanwhile.

A command is over once the bot tried to answer it: then the store holds what the model expects. One that nothing is
heard of was done or was not: both may be true until the store tells which.
"""

import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sqlalchemy import select

from pipeline.records import Mode
from pipeline.store import Store, chats, subscriptions
from pipeline.store.tables import Subscription
from tests.chaos.chat_model import ChatState, ExpectedSubscription, from_row, stored_state
from tests.conftest import until
from tests.e2e.chat import Chat, Json
from tests.e2e.deployment import SECRETS, Deployment

Change = Callable[[ChatState], ChatState]
Find = Callable[[Json], bool]
HANDLED_WITHIN_S = 12
"""After that long something is taken for lost: the chat is asked another thing, which waits for all before it."""
TRIES = 8
BACK_WITHIN_S = 60
MAX_UNSETTLED = 4
"""The bot lets one person wait for the answers to ten."""
MAX_MESSAGES_A_MINUTE = 8
"""Telegram takes 20 messages a minute for a group, and the charts need some of them."""
SETTLED_S = 1
"""For what was on its way to a chat when the bot had to leave."""
FAILURE_TEXTS = (
    *("X ", "The part of me ", "My memory ", "Telegram ", "That is too much", "Too much at once"),
    *("Ahora mismo no ", "Es demasiado", "Aquí hay demasiado"),
)
"""How the bot begins to say that something kept it from doing what was asked."""
FORBIDDEN_TEXTS = ("Something went wrong", "Algo salió mal", "Traceback", 'File "', *SECRETS.values())
RETRIED_STATUSES = (429, 500)
CHARTS = ("sendPhoto", "editMessageMedia")


def unchanged(state: ChatState) -> ChatState:
    return state


@dataclass
class CheckedChat:
    """may_be: what the chat may have now. loose: how much was said there since it was known that all is over.

    epoch: how often the chat chose something. lives: how many live charts were begun there, at most.
    seen: a call to the services that was made before what is played now.
    left: from when on nothing may come there. another: where to go on while this one is full.
    """

    deployment: Deployment
    store: Store
    chat: Chat
    member: int | None = None
    possible: frozenset[ChatState] = frozenset({ChatState()})
    unsettled: int = 0
    epoch: int = 0
    live_charts: int = 0
    seen: int = 0
    left: float | None = None
    other_chat: "CheckedChat | None" = None
    sent_at: deque[float] = field(default_factory=lambda: deque(maxlen=MAX_MESSAGES_A_MINUTE))
    sent_charts: dict[int, tuple[object, ...]] = field(default_factory=dict)
    buttons_seen: defaultdict[int, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    shown_in: defaultdict[int, set[int]] = field(default_factory=lambda: defaultdict(set))

    @property
    def is_full(self) -> bool:
        """Whether Telegram may let a group wait for the rest of the minute."""
        return len(self.sent_at) == MAX_MESSAGES_A_MINUTE and self.sent_at[0] > time.monotonic() - 60

    @property
    def or_other(self) -> "CheckedChat":
        return self.other_chat if self.other_chat and self.is_full else self

    @property
    def stored(self) -> ChatState:
        """What the store holds."""
        with self.store.read_session() as db:
            return stored_state(db, self.chat.id)

    # What people do

    def send(self, words: str, change: Change = unchanged, *, certain: bool = False, wait: bool = True) -> int:
        """calm: nothing can keep it from being done. wait: until it is over. Returns the message's id."""
        since = self._begin()
        sent = self.chat.send(words)
        self._expect(since, self._is_answer, change, certain=certain, wait=wait)
        return sent

    def press(
        self, message: Json, data: str, change: Change = unchanged, *, certain: bool = False, wait: bool = True
    ) -> None:
        since = self._begin()
        pressed = self.chat.press(message, data)
        self._expect(since, _answers(pressed), change, certain=certain, wait=wait)

    def send_as_member(self, words: str) -> None:
        """A group's member who is no admin."""
        since = self._begin()
        self.chat.send(words, user_id=self.member, role="member")
        self._expect(since, self._is_answer, unchanged)

    def press_as_member(self, message: Json, data: str) -> None:
        since = self._begin()
        pressed = replace(self.chat, user_id=self.member or 0).press(message, data)
        self._expect(since, _answers(pressed), unchanged)

    def leave(self) -> None:
        """The bot is blocked, or removed."""
        self.settle()
        self._set_status("left" if self.member else "blocked")
        until(lambda: not self.stored.known or self._is_set_aside(), BACK_WITHIN_S)
        self.left = time.time() + SETTLED_S
        self._last_call()

    def come_back(self) -> None:
        if self.left is None:
            return
        self._check_nothing_came()
        self.left = None
        self._set_status("member")
        until(lambda: not self._is_set_aside(), BACK_WITHIN_S)

    def migrate(self) -> None:
        """The group becomes a supergroup, whose messages start anew."""
        self.settle()
        [had] = self.possible
        new_id = self.deployment.sandbox.post("telegram/migrate", chat_id=self.chat.id)["chat_id"]
        old, self.chat = self.chat, replace(self.chat, id=new_id, type="supergroup")
        until(lambda: self.stored.known == had.known, BACK_WITHIN_S)
        with self.store.read_session() as db:
            assert not chats.exists(db, old.id)
        self.live_charts = sum(each.mode is Mode.LIVE for each in had.kept)
        self.sent_charts.clear()
        self.buttons_seen.clear()
        self.shown_in.clear()
        self.check()

    # What stands in it

    def charts(self) -> list[Json]:
        return [message for message in self.chat.messages() if message["photo"] and message["keyboard"]]

    def to_press(self) -> list[tuple[Json, str]]:
        """What can be pressed under the charts, also what stood there before: somebody's screen may be old."""
        found = [message for message in self.charts() if not self._waits_for(message)]
        return [(message, data) for message in found for data in self.buttons_seen[message["message_id"]]]

    def _waits_for(self, message: Json) -> bool:
        """Whether a single chart is still to come there, at a moment that nobody knows."""
        with self.store.read_session() as db:
            row = subscriptions.find_by_message(db, self.chat.id, message["message_id"])
            return row is not None and row.mode is Mode.ONCE

    def live_in(self, message: Json) -> ExpectedSubscription | None:
        """The live chart that shows in this message."""
        with self.store.read_session() as db:
            row = subscriptions.find_by_message(db, self.chat.id, message["message_id"])
            return from_row(db, row) if row and row.mode is Mode.LIVE else None

    def unfresh(self, is_fresh: Callable[[ExpectedSubscription, str], bool]) -> list[str]:
        """What the live charts say that do not show what they should."""
        captions = {message["message_id"]: message["caption"] or "" for message in self.chat.messages()}
        with self.store.read_session() as db:
            rows = [row for row in self._live_rows() if not _is_unconfirmed(row)]
            kept = [(from_row(db, row), captions.get(row.message_id or 0, "")) for row in rows]
        return [caption or f"nowhere: {each}" for each, caption in kept if not is_fresh(each, caption)]

    def waiting(self) -> list[str]:
        """The single charts that were asked for and are still to come."""
        mine = select(Subscription.id).where(Subscription.chat_id == self.chat.id, Subscription.mode == Mode.ONCE)
        with self.store.read_session() as db:
            return [f"single chart {row_id}" for row_id in db.scalars(mine)]

    @property
    def unconfirmed(self) -> int:
        """How many live charts wait for an hour, since nobody knows whether their new message arrived."""
        return sum(map(_is_unconfirmed, self._live_rows()))

    def _live_rows(self) -> list[Subscription]:
        with self.store.read_session() as db:
            return [row for row in subscriptions.list_of_chat(db, self.chat.id) if row.mode is Mode.LIVE]

    # What must be true

    def settle(self) -> None:
        """Wait until all that was said is over, done or not, and see what became of it."""
        self.come_back()
        for _ in range(TRIES if self.unsettled else 0):
            since = self._last_call()
            self.chat.send("/id")
            if self._handled_by(
                since, lambda call: self._is_answer(call) and str(self.chat.id) in call["params"]["text"]
            ):
                self.unsettled = 0
                break
        assert not self.unsettled, f"{self.chat.id} is not answered any more"
        self.check()

    def check(self) -> None:
        stored = self.stored
        assert stored in self.possible, f"{self.chat.id} has {stored}, and not one of {self.possible}"
        is_clear = len(self.possible) == 1
        if not self.unsettled:
            self.possible = frozenset({stored})
        self._check_nothing_came()
        self._check_messages(is_clear=is_clear)

    def _check_messages(self, *, is_clear: bool) -> None:
        messages = self.chat.messages()
        said = [f"{message['text']} {message['caption']}" for message in messages if message["by_bot"]]
        assert [words for words in said if any(never in words for never in FORBIDDEN_TEXTS)] == []
        shown = [message for message in messages if message["photo"] and message["keyboard"]]
        for message in shown:
            self.buttons_seen[message["message_id"]] |= dict.fromkeys(buttons(message))
        self._check_news(shown, is_clear=is_clear)
        self._check_lives({each["message_id"] for each in shown if _has(each, "stop")}, is_clear=is_clear)

    def _check_news(self, shown: list[Json], *, is_clear: bool) -> None:
        """Nothing comes twice, unless the chat chose something in between."""
        for message in shown:
            if not message["edits"] and not _has(message, "stop") and not _has(message, "live"):
                time_apart = message["caption"].rpartition("\n")[0]
                when = self.epoch if is_clear else f"near {message['message_id']}"
                self.sent_charts.setdefault(
                    message["message_id"], (when, comparison_of(buttons(message)[0]), time_apart)
                )
        contents = list(self.sent_charts.values())
        assert len(contents) == len(set(contents)), f"{self.chat.id} got a chart twice: {self.sent_charts}"

    def _check_lives(self, live: set[int], *, is_clear: bool) -> None:
        for row in self._live_rows() if is_clear else ():
            if row.message_id is not None:
                self.shown_in[row.id].add(row.message_id)
        twice = {row_id: both for row_id, ids in self.shown_in.items() if len(both := ids & live) > 1}
        assert not twice, f"{self.chat.id} has a live chart in more than one message: {twice}"
        assert len(live) <= self.live_charts, f"{self.chat.id} has live charts in {live}, and began {self.live_charts}"

    def _check_nothing_came(self) -> None:
        if self.left is None:
            return
        calls = [call for call in self.deployment.sandbox.calls("telegram", self.seen) if call["method"] in CHARTS]
        mine = [call for call in calls if call["params"]["chat_id"] == self.chat.id]
        assert [call for call in mine if call["at"] > self.left] == []

    # How it is found out

    def _begin(self) -> int:
        self.come_back()
        self.check()
        self.sent_at.append(time.monotonic())
        return self._last_call()

    def _last_call(self) -> int:
        self.seen = self.deployment.sandbox.last_call(self.seen)
        return self.seen

    def _expect(self, since: int, find: Find, change: Change, *, certain: bool = False, wait: bool = True) -> None:
        before, after = self.possible, frozenset(map(change, self.possible))
        alone = not self.unsettled
        self.possible, self.unsettled = before | after, self.unsettled + 1
        if after != before:
            self.epoch += 1
            self.shown_in.clear()
        if not wait and self.unsettled < MAX_UNSETTLED:
            return
        if alone and (call := self._handled_by(since, find)):
            self.unsettled = 0
            self.possible = after if certain or not _reports_failure(call) else self.possible
        self.settle()

    def _handled_by(self, since: int, find: Find) -> Json | None:
        """The bot's last try to answer, whatever Telegram said to it."""
        end = time.monotonic() + HANDLED_WITHIN_S
        while time.monotonic() < end:
            found = [call for call in self.deployment.sandbox.calls("telegram", since) if find(call)]
            if found:
                return found[0]
            time.sleep(0.05)
        return None

    def _is_answer(self, call: Json) -> bool:
        """What Telegram refused for now is said again."""
        mine = call["method"] == "sendMessage" and call["params"].get("chat_id") == self.chat.id
        return bool(mine and call["status"] not in RETRIED_STATUSES)

    def _set_status(self, status: str) -> None:
        self.deployment.sandbox.post("telegram/member", chat_id=self.chat.id, status=status)

    def _is_set_aside(self) -> bool:
        with self.store.read_session() as db:
            return chats.is_inactive(db, self.chat.id)


def buttons(message: Json) -> list[str]:
    return [button["callback_data"] for row in message["keyboard"] or () for button in row]


def comparison_of(data: str) -> int:
    """The number of the comparison that a button under a chart was drawn for."""
    return int(data.split()[1])


def _is_unconfirmed(row: Subscription) -> bool:
    return row.message_id is None and row.delivered_digest is not None and row.next_at > datetime.now(UTC)


def _has(message: Json, word: str) -> bool:
    return any(data.startswith(word) for data in buttons(message))


def _answers(pressed: str) -> Find:
    return lambda call: bool(
        call["method"] == "answerCallbackQuery" and call["params"].get("callback_query_id") == pressed
    )


def _reports_failure(call: Json) -> bool:
    return str(call["params"].get("text", "")).startswith(FAILURE_TEXTS)
