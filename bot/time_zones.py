"""Setting a chat's time zone: by a city, by the zone's own name, by an offset from UTC, or by a place on the map."""

import asyncio
import re
import sys
from importlib.resources import files
from time import monotonic

from telegram import (
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    Location,
    Message,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
)
from telegram.constants import ChatType
from telegram.ext.filters import MessageFilter

from bot import gazetteer
from bot.command import Command
from bot.command_context import CommandContext
from bot.context import Context
from bot.gazetteer import City
from bot.phrasing import quote
from pipeline import clock
from pipeline.errors import UserError
from pipeline.i18n import lazy_gettext, translator
from pipeline.records import UTC_ZONE, Language
from pipeline.store import chat_charts

QUESTION = lazy_gettext("Which city's time should I use here? Answer with a city, such as Madrid, or send a location.")
OFFSET = re.compile(r"(?:UTC|GMT)? ?([+-])(\d{1,2})(?::?(00|30|45))?", re.IGNORECASE)
PARTS_OF_HOURS = {
    "+3:30": "Asia/Tehran",
    "+4:30": "Asia/Kabul",
    "+5:30": "Asia/Kolkata",
    "+5:45": "Asia/Kathmandu",
    "+6:30": "Asia/Yangon",
    "+8:45": "Australia/Eucla",
    "+9:30": "Australia/Darwin",
    "-9:30": "Pacific/Marquesas",
}
"""The zones at offsets of no whole hours that are never changed for the summer."""
LOOK_UP_TIMEOUT_S = 20.0
ANSWER_WITHIN_S = 600.0
"""How long the next message of a private chat is the answer to the question. In groups it is a reply."""


class AnswersToQuestion(MessageFilter):
    """Texts and locations that answer the question for the time zone, and locations that people send in private."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context

    def filter(self, message: Message) -> bool:
        if not message.text and not message.location:
            return False
        if message.chat.type == ChatType.PRIVATE:
            return bool(message.location) or self._is_asked(message.chat.id)
        question = message.reply_to_message
        return bool(question and question.from_user == message.get_bot().bot and question.text in _questions())

    def _is_asked(self, chat_id: int) -> bool:
        return monotonic() < self.context.asked_for_time_zone.get(chat_id, 0)


def _questions() -> list[str]:
    return [translator(language).gettext(QUESTION) for language in Language]


async def ask(command_context: CommandContext) -> None:
    """Ask for a city. In private a button sends the location; in a group only a reply reaches the bot."""
    gettext = (await command_context.translator()).gettext
    keyboard: ReplyKeyboardMarkup | ForceReply | None = None
    if command_context.message.chat.type == ChatType.PRIVATE:
        share = KeyboardButton(gettext("Send my location"), request_location=True)
        keyboard = ReplyKeyboardMarkup([[share]], resize_keyboard=True, one_time_keyboard=True)
        command_context.context.asked_for_time_zone[command_context.chat_id] = monotonic() + ANSWER_WITHIN_S
    elif command_context.in_group:
        keyboard = ForceReply(selective=True, input_field_placeholder="Madrid")
    await command_context.answer(QUESTION, keyboard=keyboard)


async def answer_question(command_context: CommandContext) -> None:
    """Set the zone by the city or the location in a message that answers the question."""
    message = command_context.message
    if message.location:
        await set_zone(command_context, await _zone_at(message.location))
    else:
        await set_by_name(command_context, " ".join(command_context.args))
    command_context.context.asked_for_time_zone.pop(command_context.chat_id, None)
    if command_context.in_group and message.reply_to_message:
        with command_context.ignoring_refusal():  # such as for a question that is older than 48 hours
            await message.reply_to_message.delete()


ANSWER = Command("", QUESTION, answer_question, changes=True)
"""What is done with an answer; it is run like a command."""


async def set_by_name(command_context: CommandContext, typed: str) -> None:
    """Set the zone that is typed, or ask which of several cities is meant. Raises UserError for an unknown name."""
    if zone := _zone_named(typed):
        await set_zone(command_context, zone)
        return
    cities = await asyncio.to_thread(gazetteer.find, typed)
    if not cities:
        raise await asyncio.to_thread(_unknown, typed)
    language = (await command_context.translator()).language
    if len(cities) == 1:
        await set_zone(command_context, cities[0].time_zone, gazetteer.label(cities[0], language))
        return
    await command_context.answer(lazy_gettext("Which one?"), keyboard=choice(cities, language))


def choice(cities: list[City], language: Language) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup.from_column(
        [
            InlineKeyboardButton(gazetteer.label(city, language), callback_data=f"zone {city.time_zone}")
            for city in cities
        ]
    )


def _unknown(typed: str) -> UserError:
    if near := gazetteer.suggest(typed):
        return UserError(
            lazy_gettext(
                "I know no city “{name}”. Did you mean {cities:or}? Send /timezone and its name.",
                name=quote(typed),
                cities=near,
            )
        )
    return UserError(
        lazy_gettext(
            "I know no city “{name}”. Try the nearest large one, for example /timezone Madrid, or UTC+2.",
            name=quote(typed),
        )
    )


def _zone_named(typed: str) -> str | None:
    """The zone with this name, whatever its case, or at this offset from UTC; None if there is none."""
    if offset := OFFSET.fullmatch(typed):
        if offset[3] not in {None, "00"}:
            return PARTS_OF_HOURS.get(f"{offset[1]}{int(offset[2])}:{offset[3]}")
        sign = "-" if offset[1] == "+" else "+"  # the names of these zones count westward
        typed = f"Etc/GMT{sign}{int(offset[2])}"
    return names().get(typed.lower())


def names() -> dict[str, str]:
    """The names of the zones of the IANA database, by the same in small letters."""
    zones = [zone for zone in files("tzdata").joinpath("zones").read_text().split() if "/" in zone]
    return {zone.lower(): zone for zone in (UTC_ZONE, *zones)}


async def _zone_at(place: Location) -> str:
    """The zone at a place. Raises UserError where it cannot be looked up."""
    coordinates = f"{place.longitude:f}", f"{place.latitude:f}"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.gazetteer.locate", *coordinates), stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(LOOK_UP_TIMEOUT_S):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        output = b""
    zone = _zone_named(output.decode())
    if zone is None:
        raise UserError(lazy_gettext("I could not tell the time zone there. Name a city: /timezone Madrid"))
    return zone


async def set_zone(command_context: CommandContext, zone: str, place: str | None = None) -> None:
    """Set the chat's time zone, and show the time there. place: what people call it; by default the zone's city."""
    context, language = command_context.context, (await command_context.translator()).language
    now = clock.now()
    redrawn = await context.write(
        chat_charts.restyle,
        command_context.chat_id,
        time_zone=zone,
        initial_language=language,
        now=now,
    )
    is_private = command_context.message.chat.type == ChatType.PRIVATE
    await command_context.answer(
        lazy_gettext(
            "Time zone: {place}. It is {at:moment}.",
            place=place or translator(language, zone).zone_label(now),
            at=now,
        ),
        keyboard=ReplyKeyboardRemove() if is_private else None,
    )
    await context.request_charts(redrawn)
