"""The methods of the Bot API, and what they refuse."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from PIL import Image
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    BotCommandScopeChatAdministrators,
    BotCommandScopeChatMember,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaDocument,
    InputMediaPhoto,
    LinkPreviewOptions,
    ReplyParameters,
)
from telegram.constants import ChatAction, ParseMode
from telegram.error import BadRequest, Forbidden, RetryAfter, TelegramError

from tests.unit.sandbox.conftest import ControlApi

GROUP = -1_001_000
CHANNEL = -1_002_000
KEYBOARD = InlineKeyboardMarkup([[InlineKeyboardButton("Log", callback_data="log")]])


def picture(width: int = 64, height: int = 48, colour: str = "navy", kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(file, kind)
    return file.getvalue()


@pytest.fixture(autouse=True)
def chat(control: ControlApi) -> int:
    """A private chat with the bot."""
    control.send(7, 7, "/start")
    return 7


async def test_html_becomes_text_and_entities(bot: Bot, control: ControlApi) -> None:
    message = await bot.send_message(7, "🐦 <b>A &amp; B</b>\n<a href='https://x.com/a'>a</a>", ParseMode.HTML)
    assert message.text == "🐦 A & B\na"
    assert {each.type: text for each, text in message.parse_entities().items()} == {"bold": "A & B", "text_link": "a"}
    assert control.last(7)["text"] == "🐦 A & B\na"


@pytest.mark.parametrize(
    ("html", "why"),
    [
        ("<h1>Title</h1>", 'unsupported start tag "h1" at byte offset 0'),
        ("ü <b>bold", 'can\'t find end tag corresponding to start tag "b"'),
        ("<b>x</i>", 'unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("x</b>", "unexpected end tag at byte offset 1"),
        ("1 < 2", 'unsupported start tag "" at byte offset 2'),
    ],
)
async def test_broken_html_is_refused(bot: Bot, html: str, why: str) -> None:
    with pytest.raises(BadRequest) as caught:
        await bot.send_message(7, html, ParseMode.HTML)
    assert f"can't parse entities: {why}" in str(caught.value).lower()


async def test_text_is_measured_in_utf16_after_parsing(bot: Bot) -> None:
    await bot.send_message(7, f"<b>{'🐦' * 2048}</b>", ParseMode.HTML)
    with pytest.raises(BadRequest, match="Message is too long"):
        await bot.send_message(7, "🐦" * 2048 + "x")
    with pytest.raises(BadRequest, match="Message text is empty"):
        await bot.send_message(7, "<b> </b>", ParseMode.HTML)


async def test_captions_end_at_1024(bot: Bot) -> None:
    await bot.send_photo(7, picture(), caption=f"<i>{'x' * 1024}</i>", parse_mode=ParseMode.HTML)
    with pytest.raises(BadRequest, match="Message caption is too long"):
        await bot.send_photo(7, picture(), caption="x" * 1025)


async def test_a_chat_never_seen_is_not_found(bot: Bot) -> None:
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(8, "hello")


@pytest.mark.parametrize(
    ("method", "parameters", "why"),
    [
        ("sendMessage", {"chat_id": 7, "text": "hi", "colour": "red"}, 'unknown parameter "colour" of sendMessage'),
        ("sendMessage", {"chat_id": 7, "text": 5}, 'parameter "text" must be a String'),
        ("sendMessage", {"chat_id": "seven", "text": "hi"}, 'parameter "chat_id" must be an Integer'),
        ("sendMessage", {"text": "hi"}, "chat_id is empty"),
        ("sendMessage", {"chat_id": 7, "text": "hi", "parse_mode": "Markdown"}, "unsupported parse_mode"),
        ("sendMessage", {"chat_id": 7, "text": "hi", "disable_notification": "maybe"}, "must be a Boolean"),
        ("sendMessage", {"chat_id": 7, "text": "hi", "reply_markup": "{"}, "can't parse reply_markup JSON object"),
        ("sendMessage", {"chat_id": 7, "text": "hi", "reply_parameters": {"id": 1}}, 'unknown parameter "id"'),
        ("sendPhoto", {"chat_id": 7}, "there is no photo in the request"),
        ("sendPhoto", {"chat_id": 7, "photo": "https://example.org/a.png"}, "wrong file identifier/HTTP URL specified"),
        ("editMessageText", {"chat_id": 7, "text": "hi"}, "message identifier is not specified"),
        ("sendChatAction", {"chat_id": 7, "action": "juggle"}, "wrong parameter action in request"),
    ],
)
def test_wrong_parameters_are_refused(
    raw: Callable[..., httpx.Response], method: str, parameters: dict[str, Any], why: str
) -> None:
    answer = raw(method, **parameters)
    assert answer.status_code == 400
    body = answer.json()
    assert (body["ok"], body["error_code"]) == (False, 400)
    assert body["description"].startswith("Bad Request: ")
    assert why in body["description"]


def test_unknown_methods_are_not_found(raw: Callable[..., httpx.Response]) -> None:
    answer = raw("sendPigeon", chat_id=7)
    assert (answer.status_code, answer.json()) == (404, {"ok": False, "error_code": 404, "description": "Not Found"})


def test_parameters_may_come_in_the_query(raw: Callable[..., httpx.Response]) -> None:
    assert raw("getMe").json()["result"]["username"] == "TallybirdBot"
    answer = httpx.get(str(raw("getMe").url).replace("getMe", "SENDMESSAGE"), params={"chat_id": 7, "text": "hi"})
    assert answer.json()["result"]["text"] == "hi"


@pytest.mark.parametrize(
    ("button", "why"),
    [
        ({"text": "a", "callback_data": "é" * 33}, "BUTTON_DATA_INVALID"),
        ({"text": "a", "callback_data": ""}, "BUTTON_DATA_INVALID"),
        ({"text": "", "callback_data": "a"}, "text is empty"),
        ({"text": "a"}, "Text buttons are unallowed in the inline keyboard"),
        ({"text": "a", "url": "nowhere"}, "BUTTON_URL_INVALID"),
        ({"text": "a", "callback_data": "a", "colour": "red"}, 'unknown parameter "colour"'),
    ],
)
def test_bad_buttons_are_refused(raw: Callable[..., httpx.Response], button: dict[str, str], why: str) -> None:
    answer = raw("sendMessage", chat_id=7, text="hi", reply_markup={"inline_keyboard": [[button]]})
    assert answer.status_code == 400
    assert why in answer.json()["description"]


async def test_links_are_found_but_not_inside_code(bot: Bot) -> None:
    message = await bot.send_message(7, "@nasa <code>@esa /track</code>", ParseMode.HTML)
    assert {each.type: text for each, text in message.parse_entities().items()} == {
        "mention": "@nasa",
        "code": "@esa /track",
    }


async def test_a_person_only_met_in_a_group_cannot_be_written_to(bot: Bot, control: ControlApi) -> None:
    control.send(GROUP, 8, "/start")
    with pytest.raises(Forbidden, match="bot can't initiate conversation with a user"):
        await bot.send_message(8, "hello")


async def test_what_clients_send_along_is_understood(bot: Bot, control: ControlApi) -> None:
    first = await bot.send_message(7, "first", link_preview_options=LinkPreviewOptions(is_disabled=True))
    await bot.send_message(7, "Which?", reply_markup=ForceReply(selective=True), disable_notification=True)
    answer = await bot.send_message(7, "second", reply_parameters=ReplyParameters(first.message_id))
    assert answer.reply_to_message
    assert control.last(7)["reply_to"] == first.message_id
    with pytest.raises(BadRequest, match="Message to be replied not found"):
        await bot.send_message(7, "third", reply_parameters=ReplyParameters(999))
    await bot.send_message(7, "third", reply_parameters=ReplyParameters(999, allow_sending_without_reply=True))


async def test_a_photo_comes_in_sizes_and_can_be_fetched(bot: Bot, control: ControlApi) -> None:
    data = picture(1280, 720)
    message = await bot.send_photo(7, data, caption="Chart", reply_markup=KEYBOARD)
    assert [(size.width, size.height) for size in message.photo] == [(90, 51), (320, 180), (800, 450), (1280, 720)]
    assert message.photo[-1].file_size == len(data)
    file = await bot.get_file(message.photo[-1].file_id)
    assert bytes(await file.download_as_bytearray()) == data
    seen = control.last(7)
    assert (seen["caption"], seen["photo"]["width"], seen["photo"]["bytes"]) == ("Chart", 1280, len(data))
    assert seen["keyboard"] == [[{"text": "Log", "callback_data": "log"}]]
    assert control.bytes(seen["photo"]["url"]) == data


def test_files_that_are_not_there_are_not_found(raw: Callable[..., httpx.Response]) -> None:
    address = str(raw("getMe").url).replace("/telegram/bot", "/telegram/file/bot").replace("getMe", "photos/none.png")
    assert httpx.get(address).json()["error_code"] == 404


async def test_identical_bytes_are_one_photo(bot: Bot) -> None:
    first, second = [await bot.send_photo(7, picture()) for _ in range(2)]
    third = await bot.send_photo(7, picture(colour="teal"))
    by_id = await bot.send_photo(7, first.photo[-1].file_id)
    unique = [message.photo[-1].file_unique_id for message in (first, second, third, by_id)]
    assert unique[0] == unique[1] == unique[3] != unique[2]


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
async def test_png_and_jpeg_are_read(bot: Bot, kind: str) -> None:
    message = await bot.send_photo(7, picture(31, 17, kind=kind))
    assert (message.photo[-1].width, message.photo[-1].height) == (31, 17)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"not a picture", "Image_process_failed"),
        (picture()[:-30], "Image_process_failed"),
        (picture(9000, 1001), "Photo_invalid_dimensions"),
        (picture(420, 20), "Photo_invalid_dimensions"),
        (b"x" * (10 * 2**20 + 1), "File of size 10485761 bytes is too big for a photo"),
    ],
)
async def test_bad_photos_are_refused(bot: Bot, data: bytes, why: str) -> None:
    with pytest.raises(BadRequest, match=why):
        await bot.send_photo(7, data)


async def test_documents_keep_their_bytes_and_name(bot: Bot, control: ControlApi) -> None:
    message = await bot.send_document(7, b"a,b\n1,2\n", filename="posts.csv", caption="Data")
    assert message.document
    assert (message.document.file_name, message.document.mime_type) == ("posts.csv", "text/csv")
    seen = control.last(7)["document"]
    assert (seen["file_name"], seen["bytes"]) == ("posts.csv", 8)
    assert control.bytes(seen["url"]) == b"a,b\n1,2\n"
    with pytest.raises(BadRequest, match="Can't use file of type document as photo"):
        await bot.send_photo(7, message.document.file_id)


async def test_a_document_over_50_mb_is_too_large(bot: Bot) -> None:
    with pytest.raises(TelegramError, match="Request Entity Too Large"):
        await bot.send_document(7, b"x" * (50 * 2**20 + 1))


async def test_a_text_becomes_a_photo_and_the_photo_changes_in_place(bot: Bot, control: ControlApi) -> None:
    sent = await bot.send_message(7, "drawing…", reply_markup=KEYBOARD)
    await bot.edit_message_media(InputMediaPhoto(picture(), caption="one"), 7, sent.message_id, reply_markup=KEYBOARD)
    stored = (await bot.send_photo(7, picture(colour="teal"))).photo[-1].file_id
    await bot.edit_message_media(InputMediaPhoto(stored, caption="two"), 7, sent.message_id)
    seen = next(each for each in control.chat(7) if each["message_id"] == sent.message_id)
    assert (seen["text"], seen["caption"], seen["edits"], seen["keyboard"]) == (None, "two", 2, None)
    assert seen["photo"]["file_id"] == stored


async def test_media_can_become_a_document(bot: Bot, control: ControlApi) -> None:
    sent = await bot.send_photo(7, picture())
    await bot.edit_message_media(InputMediaDocument(b"a,b", filename="posts.csv"), 7, sent.message_id)
    assert control.last(7)["document"]["file_name"] == "posts.csv"


async def test_an_edit_that_changes_nothing_is_refused(bot: Bot, control: ControlApi) -> None:
    text = await bot.send_message(7, "<b>same</b>", ParseMode.HTML, reply_markup=KEYBOARD)
    photo = await bot.send_photo(7, picture(), caption="same")
    with pytest.raises(BadRequest, match="Message is not modified: specified new message content and reply markup"):
        await bot.edit_message_text("<b>same</b>", 7, text.message_id, parse_mode=ParseMode.HTML, reply_markup=KEYBOARD)
    with pytest.raises(BadRequest, match="Message is not modified"):
        await bot.edit_message_media(InputMediaPhoto(picture(), caption="same"), 7, photo.message_id)
    await bot.edit_message_text("<b>same</b>", 7, text.message_id, parse_mode=ParseMode.HTML)
    assert [each["edits"] for each in control.chat(7)] == [0, 1, 0]


async def test_captions_and_keyboards_are_edited_alone(bot: Bot, control: ControlApi) -> None:
    sent = await bot.send_photo(7, picture(), caption="one")
    await bot.edit_message_caption(7, sent.message_id, caption="two")
    await bot.edit_message_reply_markup(7, sent.message_id, reply_markup=KEYBOARD)
    seen = control.last(7)
    assert (seen["caption"], seen["edits"], len(seen["keyboard"])) == ("two", 2, 1)


async def test_edits_of_the_wrong_kind_are_refused(bot: Bot) -> None:
    text = await bot.send_message(7, "text")
    photo = await bot.send_photo(7, picture())
    with pytest.raises(BadRequest, match="There is no caption in the message to edit"):
        await bot.edit_message_caption(7, text.message_id, caption="x")
    with pytest.raises(BadRequest, match="There is no text in the message to edit"):
        await bot.edit_message_text("x", 7, photo.message_id)
    with pytest.raises(BadRequest, match="Message can't be edited"):
        await bot.edit_message_text("x", 7, 1)


async def test_messages_are_deleted_once(bot: Bot, control: ControlApi) -> None:
    sent = await bot.send_message(7, "x")
    await bot.delete_message(7, sent.message_id)
    assert len(control.chat(7)) == 1
    with pytest.raises(BadRequest, match="Message to delete not found"):
        await bot.delete_message(7, sent.message_id)


async def test_others_messages_in_groups_are_not_the_bots_to_delete(bot: Bot, control: ControlApi) -> None:
    message_id = control.send(GROUP, 7, "/start")
    with pytest.raises(BadRequest, match="Message can't be deleted"):
        await bot.delete_message(GROUP, message_id)


async def test_answers_to_unknown_presses_are_too_late(bot: Bot) -> None:
    with pytest.raises(BadRequest, match="Query is too old and response timeout expired or query id is invalid"):
        await bot.answer_callback_query("0")


async def test_answers_to_presses_end_at_200_characters(bot: Bot, control: ControlApi) -> None:
    pressed = control.post("telegram/press", chat_id=7, user_id=7, message_id=1, data="x")
    with pytest.raises(BadRequest, match="Message_too_long"):
        await bot.answer_callback_query(pressed["callback_query_id"], "x" * 201)


async def test_topics_are_answered_where_they_exist(bot: Bot, control: ControlApi) -> None:
    asked = control.send(GROUP, 7, "/compare", thread_id=42)
    assert (await bot.send_message(GROUP, "here", message_thread_id=42)).message_thread_id == 42
    assert (await bot.send_message(GROUP, "here", reply_parameters=ReplyParameters(asked))).message_thread_id == 42
    assert (await bot.send_message(GROUP, "in General")).message_thread_id is None
    for thread_id in (1, 43):
        with pytest.raises(BadRequest, match="Message thread not found"):
            await bot.send_message(GROUP, "where?", message_thread_id=thread_id)


async def test_topics_close_and_vanish(bot: Bot, control: ControlApi) -> None:
    control.send(GROUP, 7, "/compare", thread_id=42)
    control.post("telegram/topic", chat_id=GROUP, thread_id=42, state="closed")
    with pytest.raises(BadRequest, match="Topic_closed"):
        await bot.send_message(GROUP, "x", message_thread_id=42)
    control.post("telegram/topic", chat_id=GROUP, thread_id=42, state="deleted")
    with pytest.raises(BadRequest, match="Message thread not found"):
        await bot.send_message(GROUP, "x", message_thread_id=42)
    assert control.chat(GROUP) == []


async def test_chat_actions_show_except_in_channels(bot: Bot, control: ControlApi) -> None:
    await bot.send_chat_action(7, ChatAction.UPLOAD_PHOTO)
    assert control.get("telegram/chats")[0]["action"] == "upload_photo"
    control.send(CHANNEL, 7, "/start", chat_type="channel")
    with pytest.raises(BadRequest):
        await bot.send_chat_action(CHANNEL, ChatAction.TYPING)


async def test_chats_and_members_can_be_asked_for(bot: Bot, control: ControlApi) -> None:
    control.send(GROUP, 7, "/start", title="Space fans")
    assert (await bot.get_chat(GROUP)).title == "Space fans"
    assert (await bot.get_chat_member(GROUP, bot.id)).status == "member"
    assert (await bot.get_chat_member(7, 7)).status == "member"
    with pytest.raises(BadRequest, match="Participant_id_invalid"):
        await bot.get_chat_member(GROUP, 99)
    with pytest.raises(BadRequest, match="There are no administrators in the private chat"):
        await bot.get_chat_administrators(7)


async def test_a_bot_can_leave(bot: Bot, control: ControlApi) -> None:
    control.send(GROUP, 7, "/start")
    await bot.leave_chat(GROUP)
    assert control.get("telegram/chats")[-1]["bot_status"] == "left"


async def test_pins_need_rights_in_groups(bot: Bot, control: ControlApi) -> None:
    sent = await bot.send_message(7, "chart")
    await bot.pin_chat_message(7, sent.message_id, disable_notification=True)
    assert control.last(7)["pinned"] is True
    await bot.unpin_chat_message(7, sent.message_id)
    assert control.last(7)["pinned"] is False
    await bot.pin_chat_message(7, sent.message_id)
    await bot.delete_message(7, sent.message_id)
    assert (await bot.get_chat(7)).pinned_message is None
    control.send(GROUP, 7, "/start")
    with pytest.raises(BadRequest, match="Not enough rights to manage pinned messages"):
        await bot.pin_chat_message(GROUP, 1)


async def test_the_narrowest_menu_is_shown_in_the_users_language_first(bot: Bot, control: ControlApi) -> None:
    control.send(GROUP, 7, "/start")
    control.send(GROUP, 8, "/start")
    everywhere = [
        ("default", None, ""),
        ("private", BotCommandScopeAllPrivateChats(), ""),
        ("privat", BotCommandScopeAllPrivateChats(), "de"),
        ("groups", BotCommandScopeAllGroupChats(), ""),
        ("admins", BotCommandScopeAllChatAdministrators(), ""),
    ]
    for name, scope, language in everywhere:
        await bot.set_my_commands([BotCommand(name, "…")], scope=scope, language_code=language)

    def shown(chat_id: int, user_id: int, language: str = "en") -> str:
        query = {"chat_id": chat_id, "user_id": user_id, "language_code": language}
        return str(control.get("telegram/commands", **query)[0]["command"])

    assert [shown(7, 7), shown(7, 7, "de-AT"), shown(GROUP, 8), shown(GROUP, 7)] == [
        "private",
        "privat",
        "groups",
        "admins",
    ]
    await bot.set_my_commands([BotCommand("here", "…")], scope=BotCommandScopeChat(GROUP))
    assert [shown(GROUP, 8), shown(GROUP, 7)] == ["here", "here"]
    await bot.set_my_commands([BotCommand("chiefs", "…")], scope=BotCommandScopeChatAdministrators(GROUP))
    await bot.set_my_commands([BotCommand("just_you", "…")], scope=BotCommandScopeChatMember(GROUP, 8))
    assert [shown(GROUP, 8), shown(GROUP, 7)] == ["just_you", "chiefs"]
    await bot.delete_my_commands(BotCommandScopeAllPrivateChats(), language_code="de")
    assert shown(7, 7, "de") == "private"
    assert [command.command for command in await bot.get_my_commands()] == ["default"]


@pytest.mark.parametrize(
    ("commands", "why"),
    [
        ([("Upper", "x")], "Bot_command_invalid"),
        ([("a" * 33, "x")], "Bot_command_invalid"),
        ([("fine", "")], "Bot_command_description_invalid"),
        ([("fine", "x" * 257)], "Bot_command_description_invalid"),
        ([(f"c{number}", "x") for number in range(101)], "Bot_commands_too_much"),
    ],
)
async def test_bad_menus_are_refused(bot: Bot, commands: list[tuple[str, str]], why: str) -> None:
    with pytest.raises(BadRequest, match=why):
        await bot.set_my_commands(commands)


async def test_a_private_chat_takes_a_burst_of_five(raw: Callable[..., httpx.Response]) -> None:
    answers = [raw("sendMessage", chat_id=7, text="x") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[5].headers["Retry-After"] == "1"
    assert answers[5].json() == {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests: retry after 1",
        "parameters": {"retry_after": 1},
    }


async def test_edits_share_the_budget_of_a_group(bot: Bot, control: ControlApi) -> None:
    control.send(GROUP, 7, "/start")
    sent = await bot.send_message(GROUP, "0")
    for number in range(1, 20):
        await bot.edit_message_text(str(number), GROUP, sent.message_id)
    with pytest.raises(RetryAfter) as caught:
        await bot.send_message(GROUP, "one too many")
    assert isinstance(caught.value.retry_after, timedelta)
    assert 55 <= caught.value.retry_after.total_seconds() <= 60
    await bot.send_message(7, "other chats go on")
