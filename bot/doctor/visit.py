"""Has another process examine for the running bot."""

import asyncio
import logging
import sys
from asyncio.subprocess import PIPE

from pydantic import SecretStr
from pydantic_core import to_json

from bot.doctor.finding import Finding, findings
from pipeline.errors import ServiceError
from pipeline.i18n import lazy_gettext
from pipeline.settings import BotSettings

log = logging.getLogger(__name__)

WITHIN_S = 30


async def examine(settings: BotSettings) -> list[Finding]:
    """What is found. The process gets the settings in effect, since .env may say something else by now.

    Raises ServiceError where it does not answer.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.doctor", stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    try:
        async with asyncio.timeout(WITHIN_S):
            output, errors = await process.communicate(_packed(settings))
    except TimeoutError:
        process.kill()
        raise _failed() from None
    if process.returncode:
        log.error("the doctor failed: %s", errors.decode(errors="replace"))
        raise _failed()
    return findings.validate_json(output)


def _packed(settings: BotSettings) -> bytes:
    """The settings with their secrets, as JSON."""
    values = {name: value for name, value in settings if value is not None}
    plain = {name: each.get_secret_value() if isinstance(each, SecretStr) else each for name, each in values.items()}
    return to_json(plain)


def _failed() -> ServiceError:
    text = lazy_gettext("The examination failed. On the bot's machine, try .venv/bin/python -m bot doctor")
    return ServiceError("doctor", text)
