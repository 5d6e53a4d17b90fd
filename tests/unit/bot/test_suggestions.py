"""Messages that are no plain command: prose, photos, edits, forwarded ones; and chats that track nothing yet."""

from zlib import crc32

import pytest

from bot.commands import COMMANDS
from bot.suggestions import nearest
from tests.conftest import until
from tests.unit.bot.conftest import Bot

NAMES = [command.name for command in COMMANDS]
USUAL = "I only understand commands. /help lists them."


@pytest.mark.parametrize(
    ("typed", "command"),
    [
        ("nasa", "track @nasa"),
        ("@nasa, @esa", "track @nasa @esa"),
        ("https://x.com/nasa/status/1?s=20", "track @nasa"),
        ("track nasa", "track @nasa"),
        ("Track @nasa and @esa", "track @nasa @esa"),
        ("/trak nasa", "track @nasa"),
        ("/trak\nnasa", "track @nasa"),
        ("／track ＠nasa", "track @nasa"),
        ("/compair nasa likes 50", "compare nasa likes 50"),
        ("subscribe new 1h", "subscribe new 1h"),
        ("/sub", "subscribe"),
        ("/unsuscribe", "unsubscribe"),
        ("/start@OtherBot", "start"),
        ("HELP", "help"),
        ("/track `<b>` *x* @nasa", "track @x @nasa"),
        ("how are you today", None),
        ("/xyz", None),
        ("👍", None),
        ("", None),
        ("/", None),
        ("@", None),
        ("https://example.org/nasa", None),
    ],
)
def test_the_most_similar_command_is_suggested_or_none(typed: str, command: str | None) -> None:
    assert nearest(typed, NAMES) == command


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ({"text": "nasa"}, "Did you mean /track @nasa? /help lists all commands."),
        ({"text": "/trak nasa"}, "Did you mean /track @nasa? /help lists all commands."),
        ({"text": "how are you"}, USUAL),
        ({"text": "-", "media": "sticker"}, USUAL),
        ({"text": "-", "media": "voice"}, USUAL),
        ({"text": "/track @nasa", "media": "photo"}, USUAL),
        ({"text": "/forget", "forwarded": True}, "Did you mean /forget? /help lists all commands."),
        ({"text": "/forget", "via_bot": True}, "Did you mean /forget? /help lists all commands."),
    ],
)
def test_a_private_chat_gets_one_line_for_a_message_that_is_no_command(
    bot: Bot, said: dict[str, object], answer: str, request: pytest.FixtureRequest
) -> None:
    chat = bot.chat(2000 + crc32(request.node.name.encode()) % 10**6)
    sent = chat.send(str(said["text"]), **{name: value for name, value in said.items() if name != "text"})
    assert until(lambda: chat.texts_after(sent), every_s=0.01) == [answer]


@pytest.mark.parametrize("kind", ["group", "supergroup", "channel"])
def test_groups_and_channels_get_no_answer_to_such_messages(bot: Bot, kind: str) -> None:
    chat = bot.chat({"group": -31, "supergroup": -32, "channel": -33}[kind], user_id=31, type=kind)
    bot.sandbox.post("telegram/member", chat_id=chat.id, user_id=31, status="administrator", chat_type=kind)
    for said in ("nasa", "track @nasa", "/trak @nasa", "/id@OtherBot", "@TallybirdBot hello"):
        chat.send(said)
    for more in ({"media": "sticker"}, {"media": "photo"}, {"forwarded": True}, {"via_bot": True}):
        chat.send("/id", **more)
    assert chat.ask("/id").startswith(f"Chat: {chat.id}")
    assert len([message for message in chat.messages() if message["by_bot"]]) == 1


def edit(bot: Bot, chat_id: int, message_id: int, text: str) -> None:
    bot.sandbox.post("telegram/edit", chat_id=chat_id, message_id=message_id, text=text)


@pytest.mark.parametrize(("chat_id", "kind"), [(41, "private"), (-41, "supergroup"), (-42, "channel")])
def test_an_edited_command_is_answered_once_for_each_wording(bot: Bot, chat_id: int, kind: str) -> None:
    chat = bot.chat(chat_id, user_id=41, type=kind)
    sent = chat.send("/privac")
    for words in ("/privacy", "/privacy", "/id", "/privacy", "id please", "/id"):
        edit(bot, chat_id, sent, words)
    chat.send("/list")
    until(lambda: "any accounts yet" in chat.texts_after(sent)[-1])
    first = ["Did you mean /privacy? /help lists all commands."] if kind == "private" else []
    said = chat.texts_after(sent)
    assert [each for each in said if each.startswith("Did you")] == first
    assert len([each for each in said if each.startswith("What is stored")]) == 1
    assert len([each for each in said if each.startswith("Chat: ")]) == 1


def test_a_member_changes_nothing_with_an_edited_command(bot: Bot) -> None:
    group = bot.chat(-43, user_id=43, type="supergroup")
    group.send("Hello")
    sent = group.send("/lisst", user_id=44, role="member")
    edit(bot, group.id, sent, "/settings")
    assert until(lambda: group.texts_after(sent))[0].startswith("Only admins")


@pytest.mark.parametrize(("chat_id", "kind"), [(51, "private"), (-51, "supergroup"), (-52, "channel")])
def test_a_new_chat_may_choose_spanish_and_dark_first(bot: Bot, chat_id: int, kind: str) -> None:
    chat = bot.chat(chat_id, user_id=51, type=kind)
    if kind == "private":
        assert chat.ask("/forget") == "Nothing about this chat is stored."
    question = chat.answer_to(chat.send("/settings"))
    for data in ("settings es", "settings dark"):
        assert chat.press_and_read(question, data) == ""
    shown = chat.message(question["message_id"])
    assert [each["text"] for row in shown["keyboard"] for each in row if each["text"].startswith("• ")] == [
        "• Oscuro",
        "• Español",
        "• Con sonido",
    ]
    assert chat.ask("/start").startswith("Comparo cuentas")
    assert chat.ask("/list").startswith("Este chat aún no sigue")
    assert chat.press_and_read(chat.answer_to(chat.send("/forget")), "forget yes") == ""
    assert chat.ask("/start").startswith("I compare accounts")


def test_spanish_is_marked_for_a_spanish_speaker_before_anything_is_chosen(bot: Bot) -> None:
    chat = bot.chat(53)
    asked = chat.answer_to(chat.send("/settings", language_code="es"))
    assert "• Español" in [each["text"] for row in asked["keyboard"] for each in row]
