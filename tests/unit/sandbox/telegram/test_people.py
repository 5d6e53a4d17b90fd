"""What people do in chats, and the updates that the bot gets."""

import pytest
from telegram import Bot, KeyboardButton, Message, ReplyKeyboardMarkup, Update
from telegram.error import BadRequest, ChatMigrated, Forbidden

from tests.unit.sandbox.conftest import ControlApi

GROUP = -1_001_000
BASIC_GROUP = -4_000
CHANNEL = -1_002_000
ANONYMOUS = 1_087_968_824
SPEAKING_CHANNEL = 136_817_688


async def latest(bot: Bot) -> Update:
    return (await bot.get_updates())[-1]


async def latest_message(bot: Bot) -> Message:
    message = (await latest(bot)).effective_message
    assert isinstance(message, Message)
    return message


async def test_a_private_message_names_its_writer(bot: Bot, control: ControlApi) -> None:
    control.send(7, 7, "/track@TallybirdBot @nasa", first_name="Ada", username="ada", language_code="de")
    message = await latest_message(bot)
    assert message.chat.type == "private"
    assert message.from_user
    assert (message.from_user.first_name, message.from_user.username) == ("Ada", "ada")
    assert message.from_user.language_code == "de"


async def test_entities_are_found_as_clients_do(bot: Bot, control: ControlApi) -> None:
    control.send(7, 7, "🐦 /track@TallybirdBot @nasa https://x.com/esa a/b")
    found = {each.type: text for each, text in (await latest_message(bot)).parse_entities().items()}
    assert found == {"bot_command": "/track@TallybirdBot", "mention": "@nasa", "url": "https://x.com/esa"}


async def test_long_texts_are_passed_on(bot: Bot, control: ControlApi) -> None:
    control.send(7, 7, "x" * 5000)
    assert len((await latest_message(bot)).text or "") == 5000


async def test_the_first_message_of_a_group_adds_the_bot(bot: Bot, control: ControlApi) -> None:
    control.send(GROUP, 7, "/start", title="Space fans")
    added, written = await bot.get_updates()
    assert added.my_chat_member
    assert added.my_chat_member.new_chat_member.status == "member"
    assert written.message
    assert (written.message.chat.type, written.message.chat.title) == ("supergroup", "Space fans")


async def test_the_first_writer_of_a_group_created_it(bot: Bot, control: ControlApi) -> None:
    control.send(GROUP, 7, "/start")
    control.send(GROUP, 8, "/start")
    control.send(GROUP, 9, "/start", role="administrator")
    roles = [(await bot.get_chat_member(GROUP, user_id)).status for user_id in (7, 8, 9)]
    assert roles == ["creator", "member", "administrator"]
    assert {admin.user.id for admin in await bot.get_chat_administrators(GROUP)} == {7, 9}


@pytest.mark.parametrize("role", ["creator", "administrator", "member", "restricted", "left", "kicked"])
async def test_a_bot_understands_what_each_person_is(bot: Bot, control: ControlApi, role: str) -> None:
    control.send(GROUP, 7, "/start", role=role)
    assert (await bot.get_chat_member(GROUP, 7)).status == role


async def test_an_anonymous_admin_speaks_as_the_group(bot: Bot, control: ControlApi) -> None:
    control.send(GROUP, ANONYMOUS, "/settings")
    message = await latest_message(bot)
    assert message.sender_chat
    assert message.from_user
    assert (message.sender_chat.id, message.from_user.id) == (GROUP, ANONYMOUS)


async def test_a_person_who_speaks_as_a_channel_is_nobody_in_the_group(bot: Bot, control: ControlApi) -> None:
    control.send(GROUP, 7, "/start")
    control.send(GROUP, SPEAKING_CHANNEL, "/settings")
    message = await latest_message(bot)
    assert message.sender_chat
    assert message.from_user
    assert (message.sender_chat.type, message.from_user.id) == ("channel", SPEAKING_CHANNEL)
    assert message.sender_chat.id != GROUP
    assert (await bot.get_chat_member(GROUP, SPEAKING_CHANNEL)).status == "left"


@pytest.mark.parametrize(
    ("text", "arrives"),
    [
        ("/track @nasa", True),
        ("/track@TallybirdBot @nasa", True),
        ("/track@AnotherBot @nasa", False),
        ("how are you, @tallybirdbot?", True),
        ("just chatter", False),
    ],
)
async def test_privacy_mode_keeps_chatter_from_the_bot(
    bot: Bot, control: ControlApi, text: str, *, arrives: bool
) -> None:
    control.send(GROUP, 7, text)
    assert any(update.message for update in await bot.get_updates()) is arrives


async def test_replies_to_the_bot_arrive(bot: Bot, control: ControlApi) -> None:
    control.send(GROUP, 7, "/start")
    sent = await bot.send_message(GROUP, "Which accounts?")
    control.send(GROUP, 7, "nasa", reply_to=sent.message_id)
    message = await latest_message(bot)
    assert message.reply_to_message
    assert (message.text, message.reply_to_message.message_id) == ("nasa", sent.message_id)


async def test_a_location_has_no_text_and_reaches_a_group_s_bot_as_a_reply_alone(bot: Bot, control: ControlApi) -> None:
    place = {"latitude": 40.4, "longitude": -3.7}
    control.send(GROUP, 7, "/start")
    sent = await bot.send_message(GROUP, "Which city?")
    control.send(GROUP, 7, "here", location=place)
    assert (await latest_message(bot)).text == "/start"
    control.send(GROUP, 7, "here", location=place, reply_to=sent.message_id)
    message = await latest_message(bot)
    assert message.location
    assert (message.text, message.location.latitude, message.location.longitude) == (None, 40.4, -3.7)


async def test_only_a_private_chat_can_be_asked_for_a_location(bot: Bot, control: ControlApi) -> None:
    for chat_id in (7, GROUP):
        control.send(chat_id, 7, "/start")
    keyboard = ReplyKeyboardMarkup([[KeyboardButton("Here", request_location=True)]])
    await bot.send_message(7, "Where?", reply_markup=keyboard)
    with pytest.raises(BadRequest, match="private chats only"):
        await bot.send_message(GROUP, "Where?", reply_markup=keyboard)


async def test_a_bot_that_is_admin_hears_everything(bot: Bot, control: ControlApi) -> None:
    control.send(GROUP, 7, "/start")
    control.post("telegram/member", chat_id=GROUP, status="administrator", user_id=7)
    control.send(GROUP, 7, "just chatter")
    assert (await latest_message(bot)).text == "just chatter"


async def test_topics_make_a_forum(bot: Bot, control: ControlApi) -> None:
    control.send(GROUP, 7, "/compare", thread_id=42)
    message = await latest_message(bot)
    assert (message.is_topic_message, message.message_thread_id, message.chat.is_forum) == (True, 42, True)


async def test_a_bot_that_is_restricted_hears_so(bot: Bot, control: ControlApi) -> None:
    control.send(GROUP, 7, "/start")
    control.post("telegram/member", chat_id=GROUP, status="restricted", user_id=7)
    change = (await latest(bot)).my_chat_member
    assert change
    assert change.new_chat_member.status == "restricted"


async def test_closing_and_opening_a_topic_is_announced_in_it(bot: Bot, control: ControlApi) -> None:
    control.send(GROUP, 7, "/compare", thread_id=42)
    control.post("telegram/topic", chat_id=GROUP, thread_id=42, state="closed")
    assert (await latest_message(bot)).forum_topic_closed
    control.post("telegram/topic", chat_id=GROUP, thread_id=42, state="open")
    message = await latest_message(bot)
    assert (bool(message.forum_topic_reopened), message.message_thread_id) == (True, 42)


async def test_a_channel_speaks_for_itself(bot: Bot, control: ControlApi) -> None:
    control.send(CHANNEL, 7, "/subscribe", chat_type="channel", title="News", username="spacenews")
    update = await latest(bot)
    assert update.channel_post
    assert update.channel_post.from_user is None
    assert update.channel_post.sender_chat
    assert update.channel_post.sender_chat.id == CHANNEL
    assert (await bot.get_chat("@SpaceNews")).id == CHANNEL
    assert (await bot.get_chat_member("@spacenews", 7)).status == "creator"


async def test_a_pressed_button_can_be_answered(bot: Bot, control: ControlApi) -> None:
    control.send(7, 7, "/start")
    sent = await bot.send_message(7, "Choose")
    pressed = control.post("telegram/press", chat_id=7, user_id=7, message_id=sent.message_id, data="yes")
    callback_id = pressed["callback_query_id"]
    assert control.get(f"telegram/callbacks/{callback_id}")["answered"] is False
    query = (await latest(bot)).callback_query
    assert query
    assert query.message
    assert (query.data, query.message.message_id) == ("yes", sent.message_id)
    await query.answer("Saved", show_alert=True)
    answer = control.get(f"telegram/callbacks/{callback_id}")
    assert (answer["answered"], answer["text"], answer["show_alert"]) == (True, "Saved", True)


def test_a_button_of_no_message_cannot_be_pressed(control: ControlApi) -> None:
    control.send(7, 7, "/start")
    assert "no message 99" in control.refused("telegram/press", chat_id=7, user_id=7, message_id=99, data="yes")


async def test_a_press_on_a_deleted_message_has_only_its_chat_and_id(bot: Bot, control: ControlApi) -> None:
    control.send(7, 7, "/start")
    sent = await bot.send_message(7, "Choose")
    control.post("telegram/delete", chat_id=7, message_id=sent.message_id)
    control.post("telegram/press", chat_id=7, user_id=7, message_id=sent.message_id, data="yes")
    query = (await latest(bot)).callback_query
    assert query
    assert query.message
    assert not query.message.is_accessible
    assert (query.message.chat.id, query.message.message_id, query.data) == (7, sent.message_id, "yes")


async def test_a_bot_that_is_blocked_is_told_so_until_the_person_writes_again(bot: Bot, control: ControlApi) -> None:
    control.send(7, 7, "/start")
    control.post("telegram/member", chat_id=7, status="kicked")
    change = (await latest(bot)).my_chat_member
    assert change
    assert change.new_chat_member.status == "kicked"
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(7, "Are you there?")
    assert (await bot.get_chat(7)).first_name == "Person 7"
    assert "member or kicked" in control.refused("telegram/member", chat_id=7, status="restricted")
    control.send(7, 7, "/start")
    await bot.send_message(7, "Welcome back")


@pytest.mark.parametrize(
    ("status", "why"),
    [("kicked", "bot was kicked from the supergroup chat"), ("left", "bot is not a member of the supergroup chat")],
)
async def test_a_group_can_be_without_the_bot(bot: Bot, control: ControlApi, status: str, why: str) -> None:
    control.send(GROUP, 7, "/start")
    control.post("telegram/member", chat_id=GROUP, status=status, user_id=7)
    with pytest.raises(Forbidden, match=why):
        await bot.send_message(GROUP, "Hello")
    control.post("telegram/member", chat_id=GROUP, status="member")
    await bot.send_message(GROUP, "Hello")


async def test_a_restricted_bot_keeps_its_chat_but_may_not_write(bot: Bot, control: ControlApi) -> None:
    control.send(GROUP, 7, "/start")
    control.post("telegram/member", chat_id=GROUP, status="restricted")
    with pytest.raises(BadRequest, match="Not enough rights to send text messages"):
        await bot.send_message(GROUP, "Hello")


async def test_a_channel_needs_the_bot_as_admin(bot: Bot, control: ControlApi) -> None:
    control.send(CHANNEL, 7, "/start", chat_type="channel")
    control.post("telegram/member", chat_id=CHANNEL, status="member")
    with pytest.raises(BadRequest, match="Need administrator rights in the channel chat"):
        await bot.send_message(CHANNEL, "Hello")


async def test_a_bot_can_be_added_before_anybody_writes(bot: Bot, control: ControlApi) -> None:
    control.post(
        "telegram/member", chat_id=CHANNEL, chat_type="channel", title="News", user_id=7, status="administrator"
    )
    await bot.send_message(CHANNEL, "Hello")
    assert (await bot.get_chat_member(CHANNEL, 7)).status == "creator"


async def test_a_migrated_group_names_its_supergroup(bot: Bot, control: ControlApi) -> None:
    control.send(BASIC_GROUP, 7, "/start", chat_type="group", title="Friends")
    new_id = control.post("telegram/migrate", chat_id=BASIC_GROUP)["chat_id"]
    moved, arrived = [update.message for update in (await bot.get_updates())[-2:]]
    assert moved
    assert arrived
    assert (moved.migrate_to_chat_id, arrived.migrate_from_chat_id) == (new_id, BASIC_GROUP)
    with pytest.raises(ChatMigrated) as caught:
        await bot.send_message(BASIC_GROUP, "Hello")
    assert caught.value.new_chat_id == new_id
    await bot.send_message(new_id, "Hello")


def test_only_basic_groups_migrate(control: ControlApi) -> None:
    control.send(GROUP, 7, "/start")
    assert "not a basic group" in control.refused("telegram/migrate", chat_id=GROUP)


async def test_a_message_that_a_person_deletes_is_gone(bot: Bot, control: ControlApi) -> None:
    control.send(7, 7, "/start")
    sent = await bot.send_message(7, "Chart")
    control.post("telegram/delete", chat_id=7, message_id=sent.message_id)
    assert [each["text"] for each in control.chat(7)] == ["/start"]
    with pytest.raises(BadRequest, match="Message to edit not found"):
        await bot.edit_message_text("Chart 2", 7, sent.message_id)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"chat_id": 7, "user_id": 7}, "missing: text"),
        ({"chat_id": "7", "user_id": 7, "text": "hi"}, "chat_id must be an integer"),
        ({"chat_id": 7, "user_id": 7, "text": "hi", "colour": "red"}, "unknown: colour"),
        ({"chat_id": -7, "user_id": 7, "text": "hi", "chat_type": "private"}, "chat_id is positive for private"),
        ({"chat_id": -7, "user_id": 7, "text": "hi", "chat_type": "club"}, "chat_type must be one of"),
        ({"chat_id": -7, "user_id": 7, "text": "hi", "role": "king"}, "role must be one of"),
        ({"chat_id": 7, "user_id": 7, "text": ""}, "text is empty"),
    ],
)
def test_the_control_api_explains_wrong_input(control: ControlApi, fields: dict[str, object], why: str) -> None:
    assert why in control.refused("telegram/send", **fields)


def test_the_list_of_chats_shows_the_last_message_of_each(control: ControlApi) -> None:
    control.send(7, 7, "/start", first_name="Ada")
    control.send(GROUP, 7, "/help", title="Space fans")
    seen = {chat["title"]: (chat["type"], chat["last"]["text"]) for chat in control.get("telegram/chats")}
    assert seen == {"Ada": ("private", "/start"), "Space fans": ("supergroup", "/help")}


def test_a_chat_nobody_wrote_in_is_empty(control: ControlApi) -> None:
    assert control.chat(12345) == []
