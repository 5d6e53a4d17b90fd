"""The language in which a chat is answered."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr
from telegram import Chat, User

from bot.command_context import translator_of
from bot.context import Context
from bot.lease import BotLease
from pipeline.messaging.client import PipelineClient
from pipeline.records import Language
from pipeline.settings import BotSettings
from pipeline.store import Store, chats
from pipeline.store.migrate import migrate


@pytest.fixture
async def context(tmp_path: Path) -> AsyncIterator[Context]:
    """A context with a database that has no tables yet."""
    settings = BotSettings(telegram_bot_token=SecretStr("42:made-up-token-0123456789"), data_dir=tmp_path)
    context = Context(settings, Store(settings.database_address), PipelineClient(settings), BotLease(settings))
    yield context
    await context.pipeline_client.close()
    context.store.close()


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
async def test_an_unknown_private_chat_has_the_users_language(
    context: Context, kind: str, tag: str | None, language: Language
) -> None:
    migrate(context.store)
    assert (await translator_of(context, Chat(7, kind), person(tag))).language is language


async def test_a_known_chat_has_the_language_that_it_chose(context: Context) -> None:
    migrate(context.store)
    await context.write(chats.add, 7, datetime.now(UTC), Language.ENGLISH)
    assert (await translator_of(context, Chat(7, "private"), person("es"))).language is Language.ENGLISH
    await context.write(chats.set_preferences, 7, language=Language.SPANISH)
    assert (await translator_of(context, Chat(7, "private"), person("en"))).language is Language.SPANISH


async def test_without_the_database_the_users_language_is_used(context: Context) -> None:
    assert (await translator_of(context, Chat(7, "private"), person("es"))).language is Language.SPANISH
