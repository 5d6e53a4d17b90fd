"""A chat sets its time zone and its quiet hours, and is shown its own time."""

from datetime import time
from itertools import count
from typing import Any

import pytest

from bot import time_zones
from bot.parsing import parse_quiet_hours
from pipeline.errors import UserError
from pipeline.records import QuietHours
from pipeline.store import chats
from tests.conftest import until
from tests.e2e.chat import Chat, Json
from tests.unit.bot.conftest import Bot

NUMBERS = count(5001)
KATHMANDU = {"latitude": 27.7, "longitude": 85.3}


def new_chat(bot: Bot, **more: Any) -> Chat:
    return bot.chat(next(NUMBERS), **more)


def group(bot: Bot, role: str) -> Chat:
    """A group as one of its people sees it."""
    number = next(NUMBERS)
    chat = bot.chat(-number, user_id=number, type="supergroup")
    chat.send("hello", role=role)
    return chat


def zone_of(bot: Bot, chat: Chat) -> str:
    with bot.store.read_session() as db:
        locale = chats.locale(db, chat.id)
    return locale.time_zone if locale else "none"


def question_in(chat: Chat) -> Json:
    sent = chat.send("/timezone")
    return chat.answer_to(sent)


def test_a_city_sets_the_zone_of_all_times_in_the_chats_language(bot: Bot) -> None:
    chat = new_chat(bot)
    assert chat.ask("/settings", language_code="es").startswith("Zona horaria: UTC;")
    answer = chat.ask("/timezone Nueva York")
    assert answer.startswith("Zona horaria: New York City, New York. Ahora: ")
    assert "EST" in answer or "EDT" in answer
    assert zone_of(bot, chat) == "America/New_York"
    assert chat.ask("/settings").startswith("Zona horaria: Nueva York;")


def test_an_offset_may_have_parts_of_hours(bot: Bot) -> None:
    chat = new_chat(bot)
    for typed, zone in (("UTC+5:30", "Asia/Kolkata"), ("+0545", "Asia/Kathmandu"), ("GMT-9:30", "Pacific/Marquesas")):
        chat.ask(f"/timezone {typed}")
        assert zone_of(bot, chat) == zone
    for typed in ("UTC+2:30", "UTC+2:15"):
        assert chat.ask(f"/timezone {typed}").startswith("I know no city")
    chat.ask("/timezone UTC+2:00")
    assert zone_of(bot, chat) == "Etc/GMT-2"


def test_of_several_cities_of_a_name_people_choose_by_a_button(bot: Bot) -> None:
    chat = new_chat(bot)
    question = chat.answer_to(chat.send("/timezone portland"))
    buttons = [button for [button] in question["keyboard"]]
    assert [button["text"] for button in buttons] == ["Portland, Oregon", "Portland, Maine"]
    assert zone_of(bot, chat) == "none"
    chat.press(question, buttons[1]["callback_data"])
    until(lambda: zone_of(bot, chat) == "America/New_York")
    until(lambda: question["message_id"] not in [each["message_id"] for each in chat.messages()])
    chat.press(question, "zone Mars/Olympus")
    assert zone_of(bot, chat) == "America/New_York"


def test_a_question_in_private_is_answered_by_the_next_text_or_by_a_button_that_sends_the_location(bot: Bot) -> None:
    chat, since = new_chat(bot), bot.sandbox.last_call()
    question = question_in(chat)
    assert question["text"].startswith("Which city")
    [asked] = [each for each in bot.sandbox.calls("telegram", since) if each["method"] == "sendMessage"]
    assert "request_location" in str(asked["params"]["reply_markup"])
    assert "Did you mean Bogotá" in chat.ask("Bogto")
    assert "Bogota time" in chat.ask("Bogotá")
    assert "/help lists" in chat.ask("Bogotá"), "the question is answered"


def test_a_location_tells_the_zone_there(bot: Bot) -> None:
    chat = new_chat(bot)
    assert chat.ask("a place", location=KATHMANDU).startswith("Time zone: Kathmandu.")
    assert zone_of(bot, chat) == "Asia/Kathmandu"


def test_in_a_group_an_admins_reply_to_the_question_counts_and_nothing_else(bot: Bot) -> None:
    chat = group(bot, "administrator")
    question = question_in(chat)
    assert question["forces_reply"]
    other = chat.answer_to(chat.send("/id"))
    chat.send("a place", location=KATHMANDU)
    chat.send("a place", location=KATHMANDU, reply_to=other["message_id"])
    assert "Time zone: Tokyo, Japan" in chat.ask("Tokio", reply_to=question["message_id"])
    assert zone_of(bot, chat) == "Asia/Tokyo"
    until(lambda: question["message_id"] not in [each["message_id"] for each in chat.messages()])


def test_a_member_of_a_group_changes_neither_zone_nor_quiet_hours(bot: Bot) -> None:
    chat = group(bot, "member")
    for command in ("/timezone Madrid", "/quiet 22-7"):
        assert "Only admins" in chat.ask(command)
    assert zone_of(bot, chat) == "UTC"


def test_quiet_hours_are_set_shown_by_the_chats_clock_and_ended(bot: Bot) -> None:
    chat = new_chat(bot)
    chat.ask("/timezone Etc/GMT-3")
    assert chat.ask("/quiet 22:30-7").startswith("Quiet hours: 22:30–07:00 UTC+3.")
    assert "Quiet hours: 22:30–07:00 UTC+3." in chat.ask("/settings")
    assert chat.ask("/quiet 7").startswith("From when until when?")
    assert chat.ask("/quiet off").startswith("No quiet hours")
    assert chat.ask("/quiet").startswith("Quiet hours: none.")


@pytest.mark.parametrize(
    ("typed", "hours"),
    [
        ("22-7", (time(22), time(7))),
        ("de 22 a 7", (time(22), time(7))),
        ("22:30–07:15", (time(22, 30), time(7, 15))),
        ("10pm-6:45 am", (time(22), time(6, 45))),
        ("12 am to 12pm", (time(0), time(12))),
        ("24-6", (time(0), time(6))),
    ],
)
def test_quiet_hours_are_read_as_people_write_them(typed: str, hours: tuple[time, time]) -> None:
    assert parse_quiet_hours(typed) == QuietHours(*hours)


@pytest.mark.parametrize("typed", ["22", "7-7", "25-7", "22:60-7", "1-2-3", "13pm-1am", "2230-700", "soon"])
def test_what_is_no_two_times_of_day_is_refused(typed: str) -> None:
    with pytest.raises(UserError):
        parse_quiet_hours(typed)


def test_every_zone_of_the_database_can_be_typed_whatever_the_case() -> None:
    assert time_zones.names()["america/argentina/buenos_aires"] == "America/Argentina/Buenos_Aires"
    assert len(time_zones.names()) > 400
