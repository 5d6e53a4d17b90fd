"""In which language a chat is answered."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr
from telegram import Chat, User

from bot.call import translator_of
from bot.house import House
from pipeline.messaging.client import PipelineClient
from pipeline.records import Language
from pipeline.settings import BotSettings
from pipeline.store import Store, chats
from pipeline.store.migrate import migrate


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """The bot's tools, with a database that has no tables yet."""
    settings = BotSettings(telegram_bot_token=SecretStr("42:made-up-token-0123456789"), data_dir=tmp_path)
    house = House(settings, Store(settings.database_address), PipelineClient(settings))
    yield house
    await house.doors.close()
    house.store.close()


def person(tag: str | None) -> User:
    return User(7, "Ana", is_bot=False, language_code=tag)


@pytest.mark.parametrize(
    ("kind", "tag", "language"),
    [
        ("private", "es", Language.SPANISH),
        ("private", "es-MX", Language.SPANISH),
        ("private", "ES_419", Language.SPANISH),
        ("private", "pt-br", Language.ENGLISH),
        ("private", None, Language.ENGLISH),
        ("supergroup", "es", Language.ENGLISH),
    ],
)
async def test_a_private_chat_that_is_not_known_yet_has_the_persons_language(
    house: House, kind: str, tag: str | None, language: Language
) -> None:
    migrate(house.store)
    assert (await translator_of(house, Chat(7, kind), person(tag))).language is language


async def test_a_known_chat_has_the_language_that_it_chose(house: House) -> None:
    migrate(house.store)
    await house.write(chats.add, 7, datetime.now(UTC), Language.ENGLISH)
    assert (await translator_of(house, Chat(7, "private"), person("es"))).language is Language.ENGLISH
    await house.write(chats.choose, 7, language=Language.SPANISH)
    assert (await translator_of(house, Chat(7, "private"), person("en"))).language is Language.SPANISH


async def test_a_database_that_cannot_be_read_takes_nobodys_words_away(house: House) -> None:
    assert (await translator_of(house, Chat(7, "private"), person("es"))).language is Language.SPANISH
