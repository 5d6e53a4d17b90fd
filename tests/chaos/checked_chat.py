"""A chat that is checked against the model while anything happens in it.

A command is handled once the bot has tried to answer it; then the store must have what the model expects. A command
without an answer may or may not have been executed; both states are possible until the store tells which.
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
"""After this time a message counts as lost; then /id is sent, which the bot answers after all earlier messages."""
TRIES = 8
BACK_WITHIN_S = 60
MAX_UNSETTLED = 4
"""Messages without an awaited answer; the bot takes at most ten of a person."""
MAX_MESSAGES_A_MINUTE = 8
"""Of people in a group. Telegram allows the bot 20 a minute there, some of which are charts."""
SETTLED_S = 1
"""For calls under way when the bot is removed from the chat."""
FAILURE_TEXTS = (
    *("X ", "Reading X", "The part of the bot ", "I can't reach my database", "Telegram ", "Too many commands"),
    *("Ahora mismo no ", "Demasiados comandos", "La parte del bot ", "La lectura de X", "Aquí hay demasiado"),
)
"""How the bot's texts begin when it could not execute a command."""
FORBIDDEN_TEXTS = ("Something went wrong", "Algo ha fallado", "Traceback", 'File "', *SECRETS.values())
RETRIED_STATUSES = (429, 500)
CHARTS = ("sendPhoto", "editMessageMedia")


def unchanged(state: ChatState) -> ChatState:
    return state


@dataclass
class CheckedChat:
    """A chat, the states that it may have, and what it has been sent.

    member: the id of somebody in the group who is no admin.
    possible: the states that the store may have now.
    unsettled: the number of messages and presses of which it is unknown whether they were handled.
    epoch: raised whenever the chat has changed something.
    live_charts: an upper limit for the live charts that were started.
    seen: the sandbox's last call before the current action.
    left: the time from which the chat must get nothing, in seconds since 1970; None while the bot is in it.
    other_chat: used instead while this one has its messages of the minute.
    sent_charts: a key for each chart's content, by message id; no two may be equal.
    buttons_seen: the data of all buttons that each message has had.
    shown_in: the messages that have shown each live chart.
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
        """Whether another message could exceed Telegram's limit for a group."""
        return len(self.sent_at) == MAX_MESSAGES_A_MINUTE and self.sent_at[0] > time.monotonic() - 60

    @property
    def or_other(self) -> "CheckedChat":
        return self.other_chat if self.other_chat and self.is_full else self

    @property
    def stored(self) -> ChatState:
        """The chat's state in the store."""
        with self.store.read_session() as db:
            return stored_state(db, self.chat.id)

    # What people do

    def send(self, text: str, change: Change = unchanged, *, certain: bool = False, wait: bool = True) -> int:
        """Send a message; returns its id.

        change: what it does to the state. certain: no fault can prevent that. wait: until it is handled.
        """
        since = self._begin()
        sent = self.chat.send(text)
        self._expect(since, self._is_answer, change, certain=certain, wait=wait)
        return sent

    def press(
        self, message: Json, data: str, change: Change = unchanged, *, certain: bool = False, wait: bool = True
    ) -> None:
        since = self._begin()
        pressed = self.chat.press(message, data)
        self._expect(since, _answers(pressed), change, certain=certain, wait=wait)

    def send_as_member(self, text: str) -> None:
        """Send a message as a member of the group who is no admin."""
        since = self._begin()
        self.chat.send(text, user_id=self.member, role="member")
        self._expect(since, self._is_answer, unchanged)

    def press_as_member(self, message: Json, data: str) -> None:
        since = self._begin()
        pressed = replace(self.chat, user_id=self.member or 0).press(message, data)
        self._expect(since, _answers(pressed), unchanged)

    def leave(self) -> None:
        """Block the bot, or remove it from the group."""
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
        """Let the group become a supergroup, which has none of its messages."""
        self.settle()
        [before] = self.possible
        new_id = self.deployment.sandbox.post("telegram/migrate", chat_id=self.chat.id)["chat_id"]
        old, self.chat = self.chat, replace(self.chat, id=new_id, type="supergroup")
        until(lambda: self.stored.known == before.known, BACK_WITHIN_S)
        with self.store.read_session() as db:
            assert not chats.exists(db, old.id)
        self.live_charts = sum(each.mode is Mode.LIVE for each in before.kept)
        self.sent_charts.clear()
        self.buttons_seen.clear()
        self.shown_in.clear()
        self.check()

    # What it contains

    def charts(self) -> list[Json]:
        return [message for message in self.chat.messages() if message["photo"] and message["keyboard"]]

    def to_press(self) -> list[tuple[Json, str]]:
        """The buttons of charts, with earlier ones, since a person's client may be outdated."""
        messages = [message for message in self.charts() if not self._waits_for(message)]
        return [(message, data) for message in messages for data in self.buttons_seen[message["message_id"]]]

    def _waits_for(self, message: Json) -> bool:
        """Whether the message waits for a single chart."""
        with self.store.read_session() as db:
            row = subscriptions.find_by_message(db, self.chat.id, message["message_id"])
            return row is not None and row.mode is Mode.ONCE

    def live_in(self, message: Json) -> ExpectedSubscription | None:
        """The live chart of this message."""
        with self.store.read_session() as db:
            row = subscriptions.find_by_message(db, self.chat.id, message["message_id"])
            return from_row(db, row) if row and row.mode is Mode.LIVE else None

    def unfresh(self, is_fresh: Callable[[ExpectedSubscription, str], bool]) -> list[str]:
        """The captions of live charts that are not fresh."""
        captions = {message["message_id"]: message["caption"] or "" for message in self.chat.messages()}
        with self.store.read_session() as db:
            rows = [row for row in self._live_rows() if not _is_unconfirmed(row)]
            kept = [(from_row(db, row), captions.get(row.message_id or 0, "")) for row in rows]
        return [caption or f"nowhere: {each}" for each, caption in kept if not is_fresh(each, caption)]

    def waiting(self) -> list[str]:
        """The single charts that were asked for and not sent yet."""
        mine = select(Subscription.id).where(Subscription.chat_id == self.chat.id, Subscription.mode == Mode.ONCE)
        with self.store.read_session() as db:
            return [f"single chart {row_id}" for row_id in db.scalars(mine)]

    @property
    def unconfirmed(self) -> int:
        """The number of live charts that wait for an hour because it is unknown whether their new message arrived."""
        return sum(map(_is_unconfirmed, self._live_rows()))

    def _live_rows(self) -> list[Subscription]:
        with self.store.read_session() as db:
            return [row for row in subscriptions.list_of_chat(db, self.chat.id) if row.mode is Mode.LIVE]

    # What is checked

    def settle(self) -> None:
        """Wait until all messages and presses are handled or lost, and check the state."""
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
        texts = [f"{message['text']} {message['caption']}" for message in messages if message["by_bot"]]
        assert [text for text in texts if any(forbidden in text for forbidden in FORBIDDEN_TEXTS)] == []
        shown = [message for message in messages if message["photo"] and message["keyboard"]]
        for message in shown:
            self.buttons_seen[message["message_id"]] |= dict.fromkeys(buttons(message))
        self._check_news(shown, is_clear=is_clear)
        self._check_lives({each["message_id"] for each in shown if _has(each, "stop")}, is_clear=is_clear)

    def _check_news(self, shown: list[Json], *, is_clear: bool) -> None:
        """No chart is sent twice, unless the chat has changed something in between."""
        for message in shown:
            if not message["edits"] and not _has(message, "stop") and not _has(message, "live"):
                without_time = message["caption"].rpartition("\n")[0]
                when = self.epoch if is_clear else f"near {message['message_id']}"
                self.sent_charts.setdefault(
                    message["message_id"], (when, comparison_of(buttons(message)[0]), without_time)
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

    # How answers are found

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
        """The bot's call that answers, whatever Telegram's response."""
        end = time.monotonic() + HANDLED_WITHIN_S
        while time.monotonic() < end:
            calls = [call for call in self.deployment.sandbox.calls("telegram", since) if find(call)]
            if calls:
                return calls[0]
            time.sleep(0.05)
        return None

    def _is_answer(self, call: Json) -> bool:
        """A text to this chat. One that Telegram refuses with these statuses is sent again."""
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
    """The id of the comparison in the data of a chart's button."""
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
