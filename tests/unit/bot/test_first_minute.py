"""The first minute: what a person, a group and a channel see of the bot before anything is tracked."""

import re
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from bot import deep_links, keyboards
from bot.commands import COMMANDS
from bot.suggestions import nearest_handle
from pipeline import clock
from pipeline.i18n import translator
from pipeline.records import Language, Profile, State
from pipeline.store import accounts, chats
from tests.conftest import until
from tests.e2e.chat import Chat
from tests.unit.bot.conftest import Bot, running


@pytest.fixture(scope="module")
def bot() -> Iterator[Bot]:
    """A bot that reads X too, so that names without a dot are looked up."""
    with running(x_bearer_token=SecretStr("a-token")) as started:
        yield started


PURPOSE = {"en": "I compare accounts on", "es": "Comparo cuentas de"}


def track(bot: Bot, chat_id: int, *handles: str) -> None:
    with bot.store.write_session() as db:
        accounts.save_profiles(db, [Profile(each, State.ACTIVE, f"id-{each}") for each in handles], "x", clock.now())
        rows = accounts.find_by_remote_ids(db, [f"id-{each}" for each in handles], "x")
        chats.add(db, chat_id, clock.now())
        chats.track(db, chat_id, [row.id for row in rows], clock.now())


def buttons(message: dict[str, list[list[dict[str, str]]]]) -> dict[str, str]:
    return {each["text"]: each["callback_data"] for row in message["keyboard"] for each in row}


@pytest.mark.parametrize(
    ("code", "texts"), [("en", ("See an example", "Track accounts")), ("es", ("Ver un ejemplo", "Seguir cuentas"))]
)
def test_start_is_three_lines_and_two_buttons(bot: Bot, code: str, texts: tuple[str, str]) -> None:
    chat = bot.chat(71_000 + len(texts[0]))
    welcome = chat.answer_to(chat.send("/start", language_code=code))
    assert len(welcome["text"].splitlines()) == 3
    assert welcome["text"].startswith(PURPOSE[code])
    assert buttons(welcome) == dict(zip(texts, ("example", "names"), strict=True))


@pytest.mark.parametrize("kind", ["group", "supergroup", "channel"])
def test_a_chat_is_greeted_once_in_the_language_of_who_added_the_bot(bot: Bot, kind: str) -> None:
    chat = bot.chat(-71_100 - len(kind), user_id=71_101, type=kind)
    bot.chat(71_101).ask("/id", language_code="es-AR")
    there = "administrator" if kind == "channel" else "member"
    for status in (there, "left", there):
        bot.sandbox.post(
            "telegram/member", chat_id=chat.id, status=status, user_id=71_101, chat_type=kind, title="Prensa"
        )
    [greeting] = until(chat.messages)
    assert greeting["text"].startswith(PURPOSE["es"])
    assert len(greeting["text"].splitlines()) == 3
    assert set(buttons(greeting).values()) == {"example", "names"}
    reader = Chat(bot.sandbox, chat.id, user_id=71_102, type=kind)
    assert reader.ask("/start", language_code="en").startswith(PURPOSE["es"])
    assert len(chat.messages()) == 3, "the greeting, the command and its answer"


def test_a_group_that_begins_with_a_command_is_not_greeted_beside_the_answer(bot: Bot) -> None:
    group = bot.chat(-71_200, user_id=71_201, type="supergroup")
    assert group.ask("/id").startswith("Chat: ")
    other = bot.chat(-71_201, user_id=71_201, type="supergroup")
    other.send("Hello")
    until(lambda: [each for each in other.messages() if (each["text"] or "").startswith(PURPOSE["en"])])
    assert len(group.messages()) == 2


@pytest.fixture
def asked(bot: Bot, request: pytest.FixtureRequest) -> tuple[Chat, int]:
    """A chat of this kind, and the bot's question for names in it, which a press brought."""
    kind, number = request.param
    chat = bot.chat(number, user_id=71_300, type=kind)
    welcome = chat.answer_to(chat.send("/start", first_name="Zoë 🦉"))
    assert chat.press_and_read(welcome, "names") == ""
    question = until(lambda: chat.messages(welcome["message_id"]))[0]
    assert question["forces_reply"]
    assert question["text"].removeprefix("Zoë 🦉: ").startswith("Which accounts? Reply with their names")
    return chat, question["message_id"]


@pytest.mark.parametrize("asked", [("private", 71_300), ("supergroup", -71_301)], indirect=True, ids=str)
def test_a_reply_to_the_question_for_names_is_taken_as_track(bot: Bot, asked: tuple[Chat, int]) -> None:
    chat, question = asked
    track(bot, chat.id, "nasa", "esa")
    assert chat.ask("@esa, nasa and $$", reply_to=question).startswith("Already tracked: @esa")
    assert chat.ask("/id", reply_to=question).startswith("Chat: ")
    if chat.type == "private":
        assert chat.ask("@esa, @nasa").startswith("Did you mean /track @esa @nasa?")
    else:
        member = Chat(bot.sandbox, chat.id, user_id=71_302, type=chat.type)
        assert member.ask("@esa", reply_to=question, role="member").startswith("Only admins")


def test_a_channel_is_told_to_post_the_command(bot: Bot) -> None:
    channel = bot.chat(-71_303, user_id=71_303, type="channel")
    welcome = channel.answer_to(channel.send("/start"))
    channel.press(welcome, "names")
    [told] = until(lambda: channel.messages(welcome["message_id"]))
    assert told["text"].startswith("Post the names here with the command, for example /track")


def test_a_deep_link_carries_names_to_track(bot: Bot) -> None:
    chat = bot.chat(71_400)
    track(bot, chat.id, "nasa", "esa")
    [link] = re.findall(r"https://t\.me/(\S+)", chat.ask("/list"))
    name, payload = link.split("?start=")
    assert chat.ask(f"/start {payload}").startswith("Already tracked: @esa and @nasa")
    group = bot.chat(-71_401, user_id=71_401, type="supergroup")
    track(bot, group.id, "nasa", "esa")
    assert group.ask(f"/start@{name} {payload}").startswith("Already tracked: @esa and @nasa")
    assert group.ask(f"/start@{name} {payload}", user_id=71_402, role="member").startswith("Only admins")
    for damaged in ("hello", "_-_-", "2024"):
        assert chat.ask(f"/start {damaged}").startswith(PURPOSE["en"])


@pytest.mark.parametrize("handles", [["nasa"], ["ada@social.example", "bsky.app"], ["a_1", "B2", "c_"]])
def test_a_link_is_in_telegrams_alphabet_and_gives_the_same_names_back(handles: list[str]) -> None:
    link = deep_links.link("tallybird_bot", handles)
    assert link
    payload = link.partition("?start=")[2]
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", payload)
    assert deep_links.handles_in(payload) == [f"@{handle}" for handle in handles]


def test_names_that_do_not_fit_have_no_link() -> None:
    assert deep_links.link("bot", ["a" * 15] * 3) is not None
    assert deep_links.link("bot", ["a" * 15] * 4) is None


def test_compare_offers_to_track_what_is_not_tracked_and_names_the_near(bot: Bot) -> None:
    chat = bot.chat(71_500)
    offer = chat.answer_to(chat.send("/compare @nasaa likes 50"))
    assert offer["text"] == "@nasaa is not tracked here. First: /track @nasaa"
    assert buttons(offer) == {"Track @nasaa and draw": "draw @nasaa likes 50"}
    track(bot, chat.id, "NASA", "esa")
    offer = chat.answer_to(chat.send("/compare @nasaa @somebody_else"))
    assert offer["text"].startswith("@nasaa and @somebody_else are not tracked here. Did you mean @NASA?")
    assert chat.ask("/compare").startswith("Drawing retweets")
    long = chat.answer_to(chat.send("/compare " + " ".join(f"@somebody_{number}" for number in range(6))))
    assert not long["keyboard"], "no button, since Telegram takes 64 bytes of data"


def test_a_press_on_the_offer_draws_what_was_asked_for(bot: Bot) -> None:
    chat = bot.chat(71_501)
    offer = chat.answer_to(chat.send("/compare @nasa likes 50"))
    track(bot, chat.id, "nasa")
    assert chat.press_and_read(offer, "draw @nasa likes 50") == ""
    told = until(lambda: chat.messages(offer["message_id"]))
    assert told[0]["text"].startswith("Drawing likes of the last 50 posts of @nasa")


def test_an_offer_fits_into_a_button_in_every_language() -> None:
    for language in Language:
        keyboard = keyboards.track_and_draw(
            translator(language).gettext, ["nasa", "esa"], ["@nasa", "@esa", "me gusta"]
        )
        assert keyboard
        assert keyboard.inline_keyboard[0][0].callback_data == "draw @nasa @esa me gusta"


@pytest.mark.parametrize(("name", "near"), [("nasaa", "NASA"), ("esaa", "esa"), ("spacex", None), ("n", None)])
def test_a_near_handle_is_found_whatever_its_case(name: str, near: str | None) -> None:
    assert nearest_handle(name, ["NASA", "esa", "roscosmos"]) == near


def test_names_that_begin_alike_and_are_as_long_are_sought_among_the_stored(bot: Bot) -> None:
    track(bot, 71_600, "qatar_air", "qatarairways_global", "quantas")
    with bot.store.read_session() as db:
        assert set(accounts.list_similar(db, ["Qatar_ai"])) == {"qatar_air", "quantas"}
        assert accounts.list_similar(db, ["zz"]) == []


@pytest.mark.parametrize(
    ("kind", "role", "shown"),
    [("private", None, "all"), ("supergroup", "member", "reading"), ("supergroup", "administrator", "all")],
)
@pytest.mark.parametrize("language", Language)
def test_the_menu_shows_what_a_person_may_use(
    bot: Bot, kind: str, role: str | None, shown: str, language: Language
) -> None:
    chat_id = 71_700 if kind == "private" else -71_700
    bot.chat(chat_id, user_id=71_700, type=kind).ask("/id")
    if role:
        bot.chat(chat_id, user_id=71_701, type=kind).ask("/id", role=role)
    menu = bot.sandbox.get("telegram/commands", chat_id=chat_id, user_id=71_701, language_code=language.value)
    commands = [each for each in COMMANDS if not each.owners and (shown == "all" or not each.changes)]
    gettext = translator(language).gettext
    assert menu == [{"command": each.name, "description": gettext(each.menu)} for each in commands]
