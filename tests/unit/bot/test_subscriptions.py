"""Subscriptions as people manage them: by words, by the buttons under /list, by replies, for a channel, pinned."""

from datetime import time
from itertools import count

import pytest

from bot.pins import MAY_NOT_PIN
from bot.refusals import OUTDATED_LIST
from bot.timing import WRONG_TIMING
from pipeline import clock
from pipeline.records import Comparison, Mode, Profile, State
from pipeline.store import accounts, chats, comparisons, subscriptions
from pipeline.store.tables import Subscription
from pipeline.store.timing import LIVE, Schedule
from tests.conftest import NETWORK
from tests.e2e.chat import Chat, Json
from tests.unit.bot.conftest import Bot

ADMINS_ONLY = "Only admins can change what is tracked and shown here. Ask one of them."
NUMBERS = count(1)
EVERY_MORNING = Schedule((time(9),))


def track(bot: Bot, chat_id: int, *handles: str) -> list[int]:
    with bot.store.write_session() as db:
        profiles = [Profile(handle, State.ACTIVE, f"id-{handle}") for handle in handles]
        accounts.save_profiles(db, profiles, NETWORK, clock.now())
        found = accounts.find_by_remote_ids(db, [f"id-{name}" for name in handles], NETWORK)
        ids = [each.id for each in sorted(found, key=lambda each: handles.index(each.handle))]
        chats.add(db, chat_id, clock.now())
        chats.track(db, chat_id, ids, clock.now())
    return ids


def live(bot: Bot, chat_id: int, account_id: int, message_id: int) -> int:
    """The id of a new live subscription whose chart stands in this message."""
    with bot.store.write_session() as db:
        row = comparisons.get_or_create(db, Comparison((account_id,)))
        subscription = Subscription(
            chat_id=chat_id, comparison_id=row.id, all_tracked=False, mode=Mode.LIVE, message_id=message_id,
            min_version=1, next_at=clock.now(),
        )  # fmt: skip
        return subscriptions.add(db, subscription).id


def message(chat: Chat) -> int:
    """The id of a message of the bot's in the chat."""
    return int(chat.answer_to(chat.send("/id"))["message_id"])


def stored(bot: Bot, chat_id: int) -> list[Subscription]:
    with bot.store.read_session() as db:
        return list(subscriptions.list_of_chat(db, chat_id))


def person(bot: Bot) -> Chat:
    chat = bot.chat(20_000 + next(NUMBERS))
    chat.ask("/id")
    return chat


def group(bot: Bot) -> Chat:
    number = next(NUMBERS)
    chat = bot.chat(-20_000 - number, user_id=30_000 + number, type="supergroup")
    chat.ask("/id")
    return chat


def buttons(message: Json) -> dict[str, str]:
    """The data of the message's buttons, by their names."""
    return {each["text"]: each["callback_data"] for row in message["keyboard"] or [] for each in row}


def press(chat: Chat, message: Json, name: str) -> Json:
    """Press the button of this name; returns the message after it."""
    assert chat.press_and_read(message, buttons(message)[name]) == ""
    return chat.message(message["message_id"])


def test_a_subscription_is_named_in_full_and_managed_by_the_buttons_of_the_list(bot: Bot) -> None:
    chat = person(bot)
    track(bot, chat.id, "nasa", "esa")
    answer = chat.ask("/subscribe growth week likes @nasa daily 9:00")
    what = "likes of the last 100 posts of @nasa (Growth, last 7 days) · daily at 09:00"
    assert answer.startswith(f"Subscribed: {what}. The first chart comes on ")
    assert chat.ask("/subscribe likes cada 2h").startswith(
        "Subscribed: likes of the last 100 posts of @esa and @nasa (Spread) · every 2 hours, if something changed"
    )
    listed = chat.answer_to(chat.send("/list"))
    assert f"1. {what} · next on " in listed["text"]
    assert "2. likes of the last 100 posts of @nasa and @esa (Spread) · every 2 hours" in listed["text"]
    assert list(buttons(listed)) == ["1 · daily at 09:00", "2 · every 2 hours"]
    shown = press(chat, listed, "1 · daily at 09:00")
    assert list(buttons(shown)) == ["Pause", "Change", "End", "Back"]
    paused = press(chat, shown, "Pause")
    assert paused["text"] == f"{what} · paused"
    assert [each.paused for each in stored(bot, chat.id)] == [True, False]
    choices = press(chat, press(chat, paused, "Resume"), "Change")
    assert list(buttons(choices)) == ["live", "every hour", "Monday at 09:00", "Back"]
    listed = press(chat, choices, "Monday at 09:00")
    assert [each.schedule for each in stored(bot, chat.id)] == [None, Schedule((time(9),), (0,))]
    old = buttons(shown)["End"]
    assert chat.press_and_read(listed, old) == OUTDATED_LIST.msgid
    press(chat, press(chat, listed, "2 · Monday at 09:00"), "End")
    assert [each.interval_s for each in stored(bot, chat.id)] == [7200]


def test_times_that_cannot_be_are_told_apart_from_a_race(bot: Bot) -> None:
    chat = person(bot)
    track(bot, chat.id, "nasa")
    assert chat.ask("/subscribe new 5s") == WRONG_TIMING.msgid
    assert "/subscribe takes it" in chat.ask("/compare every 5 h")
    assert "(Race)" in chat.ask("/compare race daily")
    assert "(Spread) · daily at 09:00" in chat.ask("/subscribe daily")
    assert "already" in chat.ask("/subscribe daily 09:00")
    assert chat.ask("/subscribe daily 18:00").startswith("Subscribed")


def test_in_a_group_only_admins_press_and_a_list_reaches_no_other_chat(bot: Bot) -> None:
    chat, other = group(bot), group(bot)
    [account] = track(bot, chat.id, "nasa")
    live(bot, chat.id, account, 900)
    track(bot, other.id, "nasa")
    strangers = live(bot, other.id, account, 900)
    listed = chat.answer_to(chat.send("/list"))
    member = Chat(bot.sandbox, chat.id, user_id=77, type="supergroup")
    member.send("Hello", role="member")
    for data in (buttons(listed)["1 · live"], f"list {chat.id}", f"sub {stored(bot, chat.id)[0].id} end"):
        assert member.press_and_read(listed, data) == ADMINS_ONLY
    for data in (f"sub {strangers} end", f"list {other.id}", "sub 1 nonsense", "sub ٣ end"):
        assert chat.press_and_read(listed, data) == OUTDATED_LIST.msgid
    private = person(bot)
    track(bot, private.id, "nasa")
    live(bot, private.id, account, 900)
    asked = private.answer_to(private.send("/list"))
    assert "Only admins of" in private.press_and_read(asked, f"sub {strangers} end")
    assert len(stored(bot, other.id)) == 1


def test_a_reply_to_a_chart_is_about_that_chart(bot: Bot) -> None:
    chat = person(bot)
    nasa, esa = track(bot, chat.id, "nasa", "esa")
    first, second = (live(bot, chat.id, account, message(chat)) for account in (nasa, esa))
    messages = {each.id: each.message_id for each in stored(bot, chat.id)}
    assert "@nasa (Spread) · live" in chat.ask("/pause", reply_to=messages[first])
    assert [each.paused for each in stored(bot, chat.id)] == [True, False]
    assert "no subscription like that" in chat.ask("/resume", reply_to=messages[second])
    assert "@nasa (Spread) · live" in chat.ask("/resume")
    assert "@esa (Spread) · live" in chat.ask("/unsubscribe", reply_to=messages[second])
    assert [each.id for each in stored(bot, chat.id)] == [first]
    assert "no subscription like that" in chat.ask("/unsubscribe", reply_to=message(chat))


def test_a_topic_has_its_own_subscriptions_and_general_shows_all(bot: Bot) -> None:
    general = group(bot)
    topic = Chat(bot.sandbox, general.id, user_id=general.user_id, type="supergroup", thread_id=5)
    [account] = track(bot, general.id, "nasa")
    live(bot, general.id, account, 900)
    topic.ask("/subscribe hourly")
    assert "1 more in another topic" in topic.ask("/list")
    assert "every hour · in another topic" in general.ask("/list")
    assert "every hour" in topic.ask("/unsubscribe")
    assert [each.timing for each in stored(bot, general.id)] == [LIVE]


def channel(bot: Bot, admin: Chat, name: str) -> int:
    """The id of a new public channel where the bot and this person are admins."""
    chat_id = -40_000 - next(NUMBERS)
    owner = bot.chat(chat_id, user_id=admin.id, type="channel")
    owner.send("Hello", username=name, role="administrator", title=f"The {name}")
    return chat_id


def test_an_admin_subscribes_a_channel_from_their_private_chat(bot: Bot) -> None:
    admin, stranger = person(bot), person(bot)
    channel_id = channel(bot, admin, "space_news")
    track(bot, channel_id, "nasa")
    assert admin.ask("/subscribe in @space_news daily 9:00").startswith("Subscribed: ")
    assert admin.ask("/subscribe @space_news hourly").startswith("Subscribed: ")
    assert [each.schedule for each in stored(bot, channel_id)] == [EVERY_MORNING, None]
    assert stored(bot, admin.id) == []
    listed = admin.answer_to(admin.send(f"/list in {channel_id}"))
    press(admin, press(admin, listed, "2 · every hour"), "End")
    assert [each.schedule for each in stored(bot, channel_id)] == [EVERY_MORNING]
    assert stranger.ask("/unsubscribe in @space_news") == "Only admins of The space_news may do that."
    assert stranger.ask("/list in @nowhere_at_all").startswith("I am in no channel @nowhere_at_all.")
    bot.sandbox.post("telegram/member", chat_id=channel_id, status="left")
    assert "I may not post in" in admin.ask("/pause in @space_news") or "I am in no channel" in admin.ask(
        "/pause in @space_news"
    )
    assert not stored(bot, channel_id)[0].paused


def test_a_tracked_account_is_never_taken_for_a_channel(bot: Bot) -> None:
    admin = person(bot)
    channel_id = channel(bot, admin, "spacenews")
    track(bot, channel_id, "nasa")
    track(bot, admin.id, "SpaceNews")
    assert "@SpaceNews" in admin.ask("/subscribe @spacenews hourly")
    assert (len(stored(bot, admin.id)), stored(bot, channel_id)) == (1, [])
    assert "@nasa" in admin.ask("/subscribe in @spacenews hourly")
    assert len(stored(bot, channel_id)) == 1


@pytest.mark.parametrize("status", ["member", "administrator"])
def test_a_live_chart_is_pinned_where_that_is_allowed(bot: Bot, status: str) -> None:
    chat = group(bot)
    bot.sandbox.post("telegram/member", chat_id=chat.id, status=status)
    [account] = track(bot, chat.id, "nasa")
    message_id = chat.send("here")
    live(bot, chat.id, account, message_id)
    since = bot.sandbox.last_call()
    answer, is_allowed = chat.ask("/pin"), status == "administrator"
    assert answer.startswith("Pinned") if is_allowed else answer == MAY_NOT_PIN.msgid
    assert chat.message(message_id)["pinned"] == is_allowed
    [call] = [each for each in bot.sandbox.calls("telegram", since) if each["method"] == "pinChatMessage"]
    assert call["params"]["disable_notification"] is True
    assert [each.pinned for each in stored(bot, chat.id)] == [is_allowed]
    if is_allowed:
        shown = press(chat, chat.answer_to(chat.send("/list")), "1 · live")
        press(chat, shown, "Unpin")
        assert not chat.message(message_id)["pinned"]
