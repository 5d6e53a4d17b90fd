"""Who may do what: every command and every button, by role, by kind of chat, by the message that it stands under.

What is allowed is judged by the store, and what is refused by the words too.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import select
from telegram import InlineKeyboardMarkup

from bot import gazetteer, keyboards, time_zones
from bot.commands import COMMANDS
from pipeline import clock
from pipeline.i18n import lazy_gettext, translator
from pipeline.records import ChartSpec, Comparison, Language, Mode, Profile, State
from pipeline.store import accounts, chats, circuit_breakers, comparisons, subscriptions
from pipeline.store.tables import Chat as ChatRow
from pipeline.store.tables import Subscription
from tests.conftest import NETWORK, ROOT, until
from tests.e2e.chat import HTTP, Chat, Json
from tests.unit.bot.conftest import OWNER, TOKEN, Bot, running

OLD = "This button no longer works. Send /compare for a new chart."
ADMINS_ONLY = "Only admins can change what is tracked and shown here. Ask one of them."
OWNER_ONLY = "Only the bot's owner can do that."
IN_PRIVATE_ONLY = "Only the bot's owner can use that, in a private chat with the bot."
COPIED = "This copy is yours: the chart above stays as it is."
ANONYMOUS_ADMIN = 1_087_968_824
SPEAKING_CHANNEL = 136_817_688
NUMBERS = count(1)
PICTURE = (ROOT / "docs" / "spread.png").read_bytes()


@dataclass(frozen=True)
class Role:
    """A person in a kind of chat. user_id: None for a new one. changes: may change what the chat has."""

    kind: str
    name: str
    changes: bool
    owns: bool = False
    user_id: int | None = None
    role: str | None = None


ROLES = [
    Role("private", "person", changes=True),
    Role("supergroup", "creator", changes=True, role="creator"),
    Role("supergroup", "admin", changes=True, role="administrator"),
    Role("supergroup", "member", changes=False, role="member"),
    Role("supergroup", "somebody who left", changes=False, role="left"),
    Role("supergroup", "passer-by", changes=False),
    Role("supergroup", "the bot's owner", changes=True, owns=True, user_id=OWNER, role="member"),
    Role("channel", "admin", changes=True, role="administrator"),
    Role("channel", "reader", changes=False),
    Role("channel", "the bot's owner", changes=True, owns=True, user_id=OWNER),
]
SINGLE, LIVE, SETTINGS, QUESTION, CITIES, STATUS, WELCOME, OFFER, PLAIN = (
    "single chart",
    "live chart",
    "settings",
    "question",
    "cities",
    "status",
    "welcome",
    "offer",
    "plain",
)
MESSAGES = (SINGLE, LIVE, SETTINGS, QUESTION, CITIES, STATUS, WELCOME, OFFER, PLAIN)


@dataclass(frozen=True)
class Button:
    data: str
    under: tuple[str, ...]
    changes: tuple[str, ...] = ()
    """Under which messages only an admin may press it."""


DRAWING = ("show {number} spread likes count day", "set {number} metric likes")
"""They change a chart; for members of a group they open a copy of it."""
BUTTONS = [
    *(Button(data, (SINGLE, LIVE)) for data in DRAWING),
    Button("live {number}", (SINGLE, LIVE), changes=(SINGLE, LIVE)),
    Button("stop {number}", (LIVE,), changes=(LIVE, SINGLE)),  # of a single chart there is nothing to stop
    Button("settings dark", (SETTINGS,), changes=(SETTINGS,)),
    Button("settings silent", (SETTINGS,), changes=(SETTINGS,)),
    Button("forget yes", (QUESTION,), changes=(QUESTION,)),
    Button("forget no", (QUESTION,), changes=(QUESTION,)),
    Button("names", (WELCOME,), changes=(WELCOME,)),
    Button("draw @nasa likes", (OFFER,), changes=(OFFER,)),
    Button("zone Europe/Madrid", (CITIES,), changes=(CITIES,)),
    Button("again", (STATUS,)),
]
"""Without "example", whose picture a worker draws."""
OWN_TEST = "again"


@dataclass
class Setup:
    """A chat that tracks an account, with a message of the bot in it, seen by a person of the role."""

    bot: Bot
    role: Role
    chat: Chat
    number: int
    message: Json

    def state(self) -> object:
        """What is stored of the chat that a person could change."""
        with self.bot.store.read_session() as db:
            chat = db.get(ChatRow, self.chat.id)
            kept = db.scalars(select(Subscription).where(Subscription.chat_id == self.chat.id)).all()
            shown = [(each.mode, each.message_id, each.comparison_id) for each in kept]
            return chat and (chat.theme, chat.language, chat.time_zone, chat.quiet_hours, chat.silent), shown

    def shown_in_message(self) -> object:
        """What is stored of the chart in the message."""
        with self.bot.store.read_session() as db:
            found = subscriptions.find_by_message(db, self.chat.id, self.message["message_id"])
            return found and (found.mode, found.comparison_id, found.min_version)

    def press(self, data: str) -> str:
        """The alert that answers a press with this data; "" for none."""
        pressed = self.chat.press(self.message, data.format(number=self.number))
        path = f"telegram/callbacks/{pressed}"
        answer: Json = until(lambda: (seen := self.bot.sandbox.get(path))["answered"] and seen, every_s=0.005)
        return str(answer["text"] or "")

    def ask(self, words: str) -> str:
        sent = self.chat.send(words)
        return until(lambda: self.chat.texts_after(sent), every_s=0.005)[0]


def set_up(bot: Bot, role: Role, under: str | None = None) -> Setup:
    """A new chat of the role that tracks an account; under: the kind of the bot's message in it."""
    number = next(NUMBERS)
    user_id = role.user_id or 10_000 + number
    chat_id = user_id if role.kind == "private" else -1_000_000 - number
    owner = bot.chat(chat_id, user_id=user_id if chat_id > 0 else 9_000_000 + number, type=role.kind)
    owner.ask("/id")
    if role.role:
        bot.chat(chat_id, user_id=user_id, type=role.kind).send("Hello", role=role.role)
    with bot.store.write_session() as db:
        now = clock.now()
        accounts.save_profiles(db, [Profile("nasa", State.ACTIVE, "11348282")], NETWORK, now)
        ids = [account.id for account in accounts.find_by_remote_ids(db, ["11348282"], NETWORK)]
        chats.add(db, chat_id, now)
        chats.track(db, chat_id, ids, now)
        comparison_id = comparisons.get_or_create(db, Comparison(tuple(ids))).id
    message = post(bot, chat_id, under, markup(under, comparison_id)) if under else {}
    if under not in {None, LIVE}:
        return Setup(bot, role, replace(owner, user_id=user_id), comparison_id, message)
    with bot.store.write_session() as db:
        live = Subscription(
            chat_id=chat_id,
            comparison_id=comparison_id,
            all_tracked=False,
            mode=Mode.LIVE,
            message_id=message.get("message_id"),
            min_version=1,
            next_at=clock.now() + timedelta(days=1),
        )
        subscriptions.add(db, live)
    return Setup(bot, role, replace(owner, user_id=user_id), comparison_id, message)


def markup(under: str, comparison_id: int) -> InlineKeyboardMarkup | None:
    """The keyboard of such a message."""
    gettext = translator(Language.ENGLISH).gettext
    return {
        SINGLE: keyboards.under_chart(comparison_id, ChartSpec(), Mode.ONCE, ["x"]),
        LIVE: keyboards.under_chart(comparison_id, ChartSpec(), Mode.LIVE, ["x"]),
        SETTINGS: keyboards.chat_settings(ChartSpec(), silent=False),
        QUESTION: keyboards.confirm_forget(gettext),
        CITIES: time_zones.choice(gazetteer.find("Barcelona"), Language.ENGLISH),
        STATUS: keyboards.retry_services(gettext),
        WELCOME: keyboards.first_steps(gettext),
        OFFER: keyboards.track_and_draw(gettext, ["nasa"], ["@nasa", "likes"]),
    }.get(under)


def post(bot: Bot, chat_id: int, words: str, buttons: InlineKeyboardMarkup | None) -> Json:
    """Send a message with the bot's token, without the bot: a picture where a chart has it, else a text."""
    is_chart = words in {SINGLE, LIVE}
    url = f"{bot.sandbox.address}/telegram/bot{TOKEN}/send{'Photo' if is_chart else 'Message'}"
    body = {"chat_id": str(chat_id), "caption" if is_chart else "text": words}
    body |= {"reply_markup": buttons.to_json()} if buttons else {}
    files = {"photo": ("chart.png", PICTURE)} if is_chart else None
    sent: Json = until(lambda: HTTP.post(url, data=body, files=files).json().get("result"))  # 30 a second
    return {"message_id": sent["message_id"]}


def is_stopped(bot: Bot) -> bool:
    with bot.store.read_session() as db:
        return circuit_breakers.find_open(db, NETWORK, clock.now()) is not None


@pytest.fixture(params=ROLES, ids=lambda role: f"{role.kind}, {role.name}")
def role(request: pytest.FixtureRequest) -> Role:
    chosen: Role = request.param
    return chosen


@pytest.mark.parametrize(
    ("button", "under"),
    [(button, under) for button in BUTTONS if button.data != OWN_TEST for under in button.under],
    ids=lambda each: each if isinstance(each, str) else each.data.replace("{number} ", ""),
)
def test_a_button_under_its_own_message_works_for_those_who_may_press_it(
    bot: Bot, role: Role, button: Button, under: str
) -> None:
    setup = set_up(bot, role, under)
    before, shown = setup.state(), setup.shown_in_message()
    alert = setup.press(button.data)
    is_refused = under in button.changes or (button.data in DRAWING and role.kind == "channel")
    if is_refused and not role.changes:
        assert (alert, setup.state()) == (ADMINS_ONLY, before)
    elif button.data in DRAWING and not role.changes:
        assert alert == COPIED
        until(lambda: setup.state() != before)
        [copy] = setup.chat.messages(setup.message["message_id"])
        assert copy["photo"]
        assert setup.shown_in_message() == shown
    elif (button.data, under) == ("live {number}", LIVE):
        assert alert.startswith("You already have that chart here.")
    else:
        assert alert == ""
        if button.data in {"forget no", "names"}:
            assert setup.state() == before
        else:
            until(lambda: setup.state() != before)


def test_only_the_owner_may_have_a_failed_service_tried_again(bot: Bot, role: Role) -> None:
    with bot.store.write_session() as db:
        circuit_breakers.open(
            db, NETWORK, lazy_gettext("no such account"), clock.now(), clock.now() + timedelta(days=1)
        )
    alert = set_up(bot, role, STATUS).press("again")
    assert (alert, is_stopped(bot)) == (("", False) if role.owns else (OWNER_ONLY, True))


@pytest.mark.parametrize("under", MESSAGES)
@pytest.mark.parametrize("role", [ROLES[0], ROLES[2], ROLES[3], ROLES[6], ROLES[8]], ids=lambda role: role.name)
def test_a_button_does_nothing_under_another_kind_of_message(bot: Bot, role: Role, under: str) -> None:
    setup = set_up(bot, role, under)
    before, seen = setup.state(), setup.chat.messages()
    others = [each.data for each in BUTTONS if under not in {*each.under, *each.changes}]
    assert len(others) >= 5
    for data in others:
        assert (data, setup.press(data)) == (data, OLD)
    assert setup.state() == before
    assert setup.chat.messages() == seen


@pytest.mark.parametrize("button", BUTTONS, ids=lambda button: button.data.replace("{number} ", ""))
@pytest.mark.parametrize("kind", ["private", "supergroup", "channel"])
def test_a_button_of_a_deleted_message_does_nothing(bot: Bot, kind: str, button: Button) -> None:
    role = next(each for each in reversed(ROLES) if each.kind == kind and each.changes)
    setup = set_up(bot, role, button.under[0])
    before = setup.state()
    bot.sandbox.post("telegram/delete", chat_id=setup.chat.id, message_id=setup.message["message_id"])
    assert setup.press(button.data) == OLD
    assert setup.state() == before


@pytest.mark.parametrize("data", ["show {number} spread likes count day", "live {number}"])
def test_a_press_with_another_comparisons_id_shows_the_messages_own_accounts(bot: Bot, data: str) -> None:
    setup = set_up(bot, ROLES[0], SINGLE)
    with bot.store.write_session() as db:
        accounts.save_profiles(db, [Profile("esa", State.ACTIVE, "34442404")], NETWORK, clock.now())
        added = [account.id for account in accounts.find_by_remote_ids(db, ["34442404"], NETWORK)]
        chats.track(db, setup.chat.id, added, clock.now())
        other = comparisons.get_or_create(db, Comparison(tuple(added))).id
    assert setup.press(data.format(number=other)) == ""
    with bot.store.read_session() as db:
        shown = subscriptions.find_by_message(db, setup.chat.id, setup.message["message_id"])
        assert shown
        assert [each.handle for each in comparisons.list_accounts(db, shown.comparison_id)] == ["nasa"]


CHANGING = {
    *("/track @nasa", "/untrack @nasa", "/subscribe likes", "/unsubscribe", "/pause", "/resume", "/pin"),
    *("/settings", "/forget", "/timezone Tokyo", "/quiet 22-7", "/alerts on", "/import"),
}
OPEN = {"/start", "/help", "/privacy", "/id"}
ASKING = OPEN | {"/list", "/status", "/budget", "/budget @nasa", "/compare", "/export", "/data"}
FOR_OWNERS = {"/doctor", "/version"}
"""In private, where none of SPEAKERS owns the bot."""
SPEAKERS = [
    *(
        each
        for each in ROLES
        if each.name not in {"passer-by", "reader"} and (each.kind, each.owns) != ("channel", True)
    ),
    Role("supergroup", "anonymous admin", changes=True, user_id=ANONYMOUS_ADMIN),
    Role("supergroup", "somebody's channel", changes=False, user_id=SPEAKING_CHANNEL),
]


def test_every_command_is_tested_for_access() -> None:
    assert {words.split()[0] for words in CHANGING | ASKING | FOR_OWNERS} == {
        f"/{command.name}" for command in COMMANDS
    }


@pytest.mark.parametrize("role", SPEAKERS, ids=lambda role: f"{role.kind}, {role.name}")
def test_commands_that_change_something_are_for_admins_and_the_others_for_all(bot: Bot, role: Role) -> None:
    for words in sorted(CHANGING):
        setup = set_up(bot, role)
        before = setup.state()
        answer = setup.ask(words)
        assert (answer == ADMINS_ONLY) != role.changes, (words, answer)
        if not role.changes:
            assert setup.state() == before
    for words in sorted(ASKING):
        assert set_up(bot, role).ask(words) != ADMINS_ONLY
    for words in FOR_OWNERS:
        assert set_up(bot, role).ask(words) == IN_PRIVATE_ONLY


@pytest.fixture(scope="module")
def closed() -> Iterator[Bot]:
    """A bot that serves only the chat -77 and its owner."""
    with running(allowed_chats=frozenset({-77})) as started:
        yield started


@pytest.mark.parametrize("role", [ROLES[0], ROLES[1], ROLES[6], ROLES[7]], ids=lambda role: f"{role.kind}, {role.name}")
def test_a_chat_that_is_not_allowed_gets_nothing_whoever_asks(closed: Bot, role: Role) -> None:
    for button in BUTTONS:
        setup = set_up(closed, role, button.under[0])
        before = setup.state()
        chosen = "This bot works only in chats that its owner has chosen. The owner can add this one; its id is"
        refusal = f"{chosen} {setup.chat.id}."
        assert (button.data, setup.press(button.data)) == (button.data, refusal)
        assert setup.state() == before
    for words in FOR_OWNERS:
        assert set_up(closed, role).ask(words) == IN_PRIVATE_ONLY
    for words in sorted(CHANGING | ASKING - OPEN):
        assert set_up(closed, role).ask(words).startswith("This bot works only in chats that its owner has chosen.")
    assert until(lambda: closed.chat(-77, user_id=5, type="group").ask("/list")).startswith(
        "This chat does not track any accounts"
    )
