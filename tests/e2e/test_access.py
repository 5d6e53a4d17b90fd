"""Who may use which command and button, by role and kind of chat.

The store tells what an action has changed; a refused one is recognised by the bot's text too.
"""

import ast
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.commands import COMMANDS
from pipeline.records import ChartSpec, Comparison, Language, Mode
from pipeline.store import Store, chats, comparisons, subscriptions
from pipeline.store.tables import Account, Subscription
from pipeline.store.tables import Chat as ChatRow
from tests.conftest import ROOT, until
from tests.e2e.chat import HTTP, Chat, Json
from tests.e2e.deployment import SECRETS, Deployment, running

PICTURE = (ROOT / "docs" / "spread.png").read_bytes()
PARALLEL_CASES = 16
POLL_EVERY_S = 0.3
ANSWERED_WITHIN_S = 120
ANONYMOUS_ADMIN = 1_087_968_824
SPEAKING_CHANNEL = 136_817_688
OWNER = 900
MEMBER_OF_NOTHING = 666
FORGETTER = 5_902
"""Whose chat is served, and of no case."""
DONE, ADMINS_ONLY, OWNER_ONLY, NOT_SERVED = "done", "admins only", "owner only", "not served"
REFUSALS = {
    ADMINS_ONLY: ("Only admins can change", "Aquí solo los administradores"),
    OWNER_ONLY: ("Only the bot's owner", "Solo el dueño del bot"),
    NOT_SERVED: ("works only in chats that its owner has chosen", "solo funciona en los chats que elige su dueño"),
}
"""What each says, in English and in Spanish."""


@dataclass(frozen=True)
class Action:
    """A command or a button's data. right: the right to use it. seen_in_store: whether it changes the store.

    message_index: of the message that has the button. opens_copy: in a group, for those who have not the right.
    """

    text: str
    right: str
    seen_in_store: bool = False
    message_index: int = 0
    opens_copy: bool = False


pytestmark = pytest.mark.timeout(300)  # the first test waits until all actions of all roles are done

OPEN, READ, CHANGE, OWN = "nothing", "a served chat", "an admin", "the bot's owner"
SINGLE, LIVE, SETTINGS, REFUSED_QUESTION, QUESTION, STATUS = MESSAGES = range(6)
READING = [
    *(Action(text, OPEN) for text in ("/start", "/help", "/privacy", "/id")),
    *(Action(text, READ) for text in ("/list", "/compare", "/export", "/data", "/budget", "/status")),
]
CHANGING = [
    *(Action(text, CHANGE, seen_in_store=True) for text in ("/track {1}", "/untrack {1}")),
    Action("/subscribe likes", CHANGE, seen_in_store=True),
    *(Action(text, CHANGE) for text in ("/pause", "/resume", "/pin")),
    Action("/unsubscribe", CHANGE, seen_in_store=True),
    Action("/timezone Madrid", CHANGE, seen_in_store=True),
    *(Action(text, CHANGE) for text in ("/alerts on", "/quiet 22-7", "/import", "/settings")),
    Action("/forget", CHANGE),
]
PRESSING = [
    Action("again", OWN, message_index=STATUS),
    Action("show {number} spread views count day", CHANGE, seen_in_store=True, message_index=LIVE, opens_copy=True),
    *(
        Action(f"{action} {{number}} {choice}".strip(), CHANGE, message_index=SINGLE, opens_copy=True)
        for action, choice in {"set": "metric likes", "menu": "more"}.items()
    ),
    Action("settings dark", CHANGE, seen_in_store=True, message_index=SETTINGS),
    Action("settings {other}", CHANGE, seen_in_store=True, message_index=SETTINGS),
    Action("stop {number}", CHANGE, seen_in_store=True, message_index=LIVE),
    Action("live {number}", CHANGE, seen_in_store=True, message_index=LIVE),
    Action("forget no", CHANGE, message_index=REFUSED_QUESTION),
    Action("forget yes", CHANGE, seen_in_store=True, message_index=QUESTION),
]
ELSEWHERE = {"zone", "example", "names", "draw", "refresh", "file"}
"""Buttons that tests/unit/bot and tests/e2e/shared try: each is answered by messages, and a group gets 20 a minute."""
PARTS = {"reading": READING, "changing": CHANGING, "pressing": PRESSING}


@dataclass(frozen=True)
class Role:
    """A person in a chat. may: the rights that the person has there. served: whether ALLOWED_CHATS has the chat."""

    name: str
    may: tuple[str, ...]
    user_id: int | None = None
    person: tuple[tuple[str, str], ...] = ()
    served: bool = True
    set_aside: bool = False
    parts: tuple[str, ...] = tuple(PARTS)


ALL_BUT_OWNER, READ_ONLY = (OPEN, READ, CHANGE), (OPEN, READ)
ALL_RIGHTS = (*ALL_BUT_OWNER, OWN)
PRIVATE = [
    Role("person", ALL_BUT_OWNER),
    Role("the bot's owner", ALL_RIGHTS, OWNER, served=False),
    Role("stranger", (OPEN,), served=False),
    Role("set aside", ALL_BUT_OWNER, set_aside=True),
]
GROUP = [
    Role("creator", ALL_BUT_OWNER, 71),
    Role("admin", ALL_BUT_OWNER, 73, (("role", "administrator"),)),
    Role("anonymous admin", ALL_BUT_OWNER, ANONYMOUS_ADMIN, parts=("reading", "changing")),
    Role("the bot's owner", ALL_RIGHTS, OWNER, (("role", "member"),)),
    Role("member", READ_ONLY, 72, (("role", "member"),)),
    Role("restricted member", READ_ONLY, 74, (("role", "restricted"),)),
    Role("somebody's channel", READ_ONLY, SPEAKING_CHANNEL, parts=("reading", "changing")),
    Role("passer-by", READ_ONLY, MEMBER_OF_NOTHING, parts=("pressing",)),
    Role("admin of a group that is not let in", (OPEN,), 71, served=False),
    Role("the bot's owner in one", (OPEN,), OWNER, (("role", "administrator"),), served=False),
    Role("admin of a group set aside", ALL_BUT_OWNER, 71, set_aside=True),
    Role("member of a group set aside", READ_ONLY, 72, (("role", "member"),), set_aside=True),
]
CHANNEL = [
    Role("admin", ALL_BUT_OWNER, 71),
    Role("reader", READ_ONLY, MEMBER_OF_NOTHING, parts=("pressing",)),
    Role("the bot's owner", ALL_RIGHTS, OWNER, parts=("pressing",)),
    Role("admin of a channel that is not let in", (OPEN,), 71, served=False),
    Role("admin of a channel set aside", ALL_BUT_OWNER, 71, set_aside=True),
]
FEW_GROUP_ROLES = [role for role in GROUP if role.name in {"creator", "anonymous admin", "member", "passer-by"}]
"""Rights are the same in every kind of group: the supergroup has all roles, the other kinds one of each sort."""
KINDS = {
    "private": PRIVATE,
    "group": FEW_GROUP_ROLES,
    "supergroup": GROUP,
    "topic": FEW_GROUP_ROLES,
    "channel": CHANNEL,
}


@dataclass(frozen=True)
class Case:
    """The actions of one part by one role, in a chat of their own."""

    kind: str
    role: Role
    part: str
    number: int

    @property
    def name(self) -> str:
        return f"{self.part}, {self.kind}, {self.role.name}"

    @property
    def chat_id(self) -> int:
        if self.kind != "private":
            return -1_005_000 - self.number
        return self.role.user_id + PART_NAMES.index(self.part) if self.role.user_id else 5_000 + self.number

    @property
    def languages(self) -> tuple[Language, Language]:
        """The chat's, each in turn, and the other one."""
        is_english = self.number % 2 == 1
        return (Language.ENGLISH, Language.SPANISH) if is_english else (Language.SPANISH, Language.ENGLISH)

    @property
    def user_id(self) -> int:
        return self.chat_id if self.kind == "private" else self.role.user_id or 71

    def chat(self, deployment: Deployment) -> Chat:
        topic = {"thread_id": 3} if self.kind == "topic" else {}
        return deployment.chat(self.chat_id, user_id=71 if self.chat_id < 0 else 0, type=self.chat_type, **topic)

    @property
    def chat_type(self) -> str:
        return "supergroup" if self.kind == "topic" else self.kind


PART_NAMES = list(PARTS)
OWNERS = [OWNER + number for number in range(len(PARTS))]
"""An owner for each part, since each part has its own chat, and a private chat has its person's id."""


def _cases() -> Iterator[Case]:
    number = 0
    for kind, roles in KINDS.items():
        for role in roles:
            for part in role.parts:
                number += 1
                yield Case(kind, role, part, number)


CASES = list(_cases())


def is_refused(answer: str, result: str) -> bool:
    return any(text in answer for text in REFUSALS[result])


@dataclass
class Outcome:
    """The result of an action. answer: the bot's text. changed: whether the store has changed."""

    action: Action
    answer: str
    changed: bool

    @property
    def result(self) -> str:
        return next((result for result in REFUSALS if is_refused(self.answer, result)), DONE)


@dataclass
class ChatState:
    """What the store has of a chat that a person can change."""

    known: bool
    set_aside: bool
    tracked: list[str] = field(default_factory=list)
    kept: list[tuple[Mode, int]] = field(default_factory=list)
    spec: ChartSpec = field(default_factory=ChartSpec)


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory, timelines: Path) -> Iterator[Deployment]:
    allowed = " ".join(map(str, [FORGETTER, *(case.chat_id for case in CASES if case.role.served)]))
    settings = {"ADMIN_IDS": " ".join(map(str, OWNERS)), "ALLOWED_CHATS": allowed}
    with running(tmp_path_factory.mktemp("access"), timelines, settings) as started:
        yield started


@pytest.fixture(scope="module")
def store(deployment: Deployment) -> Iterator[Store]:
    store = Store(deployment.database)
    yield store
    store.close()


@pytest.fixture(scope="module")
def outcomes(deployment: Deployment, store: Store, handles: list[str]) -> dict[str, list[Outcome]]:
    """The outcomes of all cases, which run in parallel."""
    deployment.chat(OWNER).ask(f"/track {handles[0]} {handles[1]}")
    with store.write_session() as db:
        chats.delete_chat(db, OWNER)
    with ThreadPoolExecutor(PARALLEL_CASES) as pool:
        outcomes = pool.map(lambda case: _run(deployment, store, case, handles), CASES)
        return dict(zip([case.name for case in CASES], outcomes, strict=True))


def _run(deployment: Deployment, store: Store, case: Case, handles: list[str]) -> list[Outcome]:
    chat = case.chat(deployment)
    if case.part != "pressing":
        actions = _prepare(store, case, handles, [])
        return [_say(store, chat, case, action, action.text.format(*handles)) for action in actions]
    messages = [chat.answer_to(chat.send("/id")) for _ in MESSAGES]
    actions = _prepare(store, case, handles, messages)
    for message_index, message in enumerate(messages):
        data = [action.text for action in actions if action.message_index == message_index]
        _add_buttons(deployment, message, chat.id, data, is_chart=message_index in {SINGLE, LIVE})
    if case.role.person:
        chat.send("Hello", user_id=case.user_id, **dict(case.role.person))
    presser = replace(chat, user_id=case.user_id)
    return [_press(store, presser, messages[action.message_index], action) for action in actions]


def _add_buttons(deployment: Deployment, message: Json, chat_id: int, data: list[str], *, is_chart: bool) -> None:
    """Add buttons to a message of the bot, since a press counts only for a button that its message has.

    is_chart: the message becomes a picture.
    """
    method = "editMessageMedia" if is_chart else "editMessageReplyMarkup"
    url = f"{deployment.sandbox.address}/telegram/bot{SECRETS['TELEGRAM_BOT_TOKEN']}/{method}"
    rows = [[{"text": text, "callback_data": text}] for text in data]
    body = {"chat_id": str(chat_id), "message_id": str(message["message_id"])}
    body["reply_markup"] = json.dumps({"inline_keyboard": rows})
    body |= {"media": json.dumps({"type": "photo", "media": "attach://chart"})} if is_chart else {}
    files = {"chart": ("chart.png", PICTURE)} if is_chart else None
    until(lambda: HTTP.post(url, data=body, files=files).is_success, ANSWERED_WITHIN_S, POLL_EVERY_S)


def _prepare(store: Store, case: Case, handles: list[str], messages: list[Json]) -> list[Action]:
    """Let the chat track an account, have a live chart, and perhaps be set aside; returns the part's actions."""
    now = datetime.now(UTC)
    with store.write_session() as db:
        ids = [db.scalars(select(Account.id).where(Account.handle == handles[0])).one()]
        chats.add(db, case.chat_id, now).language = case.languages[0]
        chats.track(db, case.chat_id, ids, now)
        row = comparisons.get_or_create(db, Comparison(tuple(ids)))
        live = Subscription(
            chat_id=case.chat_id,
            comparison_id=row.id,
            all_tracked=False,
            mode=Mode.LIVE,
            message_id=messages[LIVE]["message_id"] if messages else None,
            min_version=comparisons.request_redraw(db, row) if messages else row.requested_version + 1,
            next_at=now,
        )
        subscriptions.add(db, live)
        if case.role.set_aside:
            chats.deactivate(db, case.chat_id, "Forbidden: bot was kicked", now)
        return [replace(action, text=_filled(action.text, row.id, case)) for action in PARTS[case.part]]


def _filled(text: str, comparison_id: int, case: Case) -> str:
    return text.replace("{number}", str(comparison_id)).replace("{other}", case.languages[1])


def _say(store: Store, chat: Chat, case: Case, action: Action, text: str) -> Outcome:
    before = _chat_state(store, chat.id)
    person = {} if case.kind == "private" else {"user_id": case.user_id, **dict(case.role.person)}
    sent = chat.send(text, **person)
    answer = until(lambda: chat.texts_after(sent), ANSWERED_WITHIN_S, POLL_EVERY_S)[0]
    refused = any(is_refused(answer, result) for result in REFUSALS)
    return Outcome(action, answer, changed=_changed(store, chat.id, before, wait=action.seen_in_store and not refused))


def _press(store: Store, presser: Chat, message: Json, action: Action) -> Outcome:
    before = _chat_state(store, presser.id)
    answer = presser.outcome(message, action.text)
    refused = any(is_refused(answer, result) for result in REFUSALS)
    wait = action.seen_in_store and not refused
    return Outcome(action, answer, changed=_changed(store, presser.id, before, wait=wait))


def _changed(store: Store, chat_id: int, before: ChatState, *, wait: bool) -> bool:
    """Whether the store's data of the chat has changed. wait: up to 5 s, since an answer may precede its change."""

    def differs() -> bool:
        return replace(_chat_state(store, chat_id), set_aside=False) != replace(before, set_aside=False)

    end = time.monotonic() + (5 if wait else 0)
    while not (changed := differs()) and time.monotonic() < end:
        time.sleep(POLL_EVERY_S)
    return changed


def _chat_state(store: Store, chat_id: int) -> ChatState:
    with store.read_session() as db:
        chat = db.get(ChatRow, chat_id)
        if chat is None:
            return ChatState(known=False, set_aside=False)
        tracked = [account.handle for account in chats.list_tracked_accounts(db, chat_id)]
        kept = [(each.mode, each.comparison_id) for each in subscriptions.list_of_chat(db, chat_id)]
        spec = chats.default_spec(db, chat_id)
        return ChatState(known=True, set_aside=chat.inactive_reason is not None, tracked=tracked, kept=kept, spec=spec)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_role_may_do_what_it_may_and_nothing_else(outcomes: dict[str, list[Outcome]], case: Case) -> None:
    for outcome in outcomes[case.name]:
        action = outcome.action
        has_right = action.right in case.role.may
        may = has_right or (action.opens_copy and case.kind != "channel" and READ in case.role.may)
        refusal = NOT_SERVED if READ not in case.role.may else OWNER_ONLY if action.right == OWN else ADMINS_ONLY
        assert (action.text, outcome.result) == (action.text, DONE if may else refusal), outcome.answer
        assert may or REFUSALS[refusal][case.languages[0] is Language.SPANISH] in outcome.answer
        assert (action.text, outcome.changed) == (action.text, has_right and action.seen_in_store), outcome.answer
        assert "Something went wrong" not in outcome.answer, action.text


@pytest.mark.parametrize("case", [case for case in CASES if case.role.set_aside], ids=lambda case: case.name)
def test_a_chat_set_aside_is_served_again_when_somebody_asks_there(
    outcomes: dict[str, list[Outcome]], store: Store, case: Case
) -> None:
    assert outcomes[case.name]
    assert not _chat_state(store, case.chat_id).set_aside


def test_a_chat_that_is_not_let_in_stays_out_when_it_takes_the_bot_in_again(
    deployment: Deployment, store: Store
) -> None:
    group = deployment.chat(-1_005_999, user_id=71, type="supergroup")
    group.ask("/id")
    with store.write_session() as db:
        chats.add(db, group.id, datetime.now(UTC))
        chats.allow_only(db, {1}, datetime.now(UTC))
    for status in ("left", "member"):
        deployment.sandbox.post("telegram/member", chat_id=group.id, status=status, user_id=71)
    assert "Chat: " in group.ask("/id")
    assert _chat_state(store, group.id).set_aside


def test_forgetting_asks_first_and_then_leaves_nothing(deployment: Deployment, handles: list[str]) -> None:
    chat = deployment.chat(FORGETTER)
    chat.ask(f"/track {handles[0]}")
    sent = chat.send("/forget")
    question = chat.answer_to(sent)
    chat.press(question, "forget no")
    chat.wait_for_text(question, "Nothing was deleted.")
    assert handles[0] in chat.ask("/list")
    question = chat.answer_to(chat.send("/forget"))
    assert not chat.press_and_read(question, "forget yes")
    chat.wait_for_text(question, "Done: everything about this chat")
    assert "any accounts yet" in chat.ask("/list")
    assert "Nothing about this chat is stored" in chat.ask("/forget")


def test_the_table_holds_every_command() -> None:
    """But those of the bot's owners, which no role in a chat gives: unit/bot/test_access.py has them."""
    answer = {action.text.split()[0].removeprefix("/") for action in [*READING, *CHANGING]}
    assert answer == {command.name for command in COMMANDS if not command.owners}


def test_the_table_holds_every_kind_of_button() -> None:
    trees = [ast.parse((ROOT / "bot" / name).read_text("utf-8")) for name in ("callbacks.py", "chart_buttons.py")]
    kinds = {
        node.patterns[0].value.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.MatchSequence)
        and node.patterns
        and isinstance(node.patterns[0], ast.MatchValue)
        and isinstance(node.patterns[0].value, ast.Constant)
    }
    assert len(kinds) > 3
    assert {action.text.split()[0] for action in PRESSING} | ELSEWHERE == kinds
