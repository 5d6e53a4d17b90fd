"""This machine's clock and that of Redis, by which Tallybird goes, beside Telegram's."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import httpx
from redis import RedisError

from bot.doctor.finding import Check, Finding, warning, well
from pipeline.clock import TOLERATED_S
from pipeline.i18n import lazy_gettext
from pipeline.messaging import servers
from pipeline.settings import BotSettings
from pipeline.sources.observations import HALF_A_SECOND, date

TIMEOUT_S = 4


def run(settings: BotSettings) -> Iterator[Finding]:
    """Nothing where Telegram does not answer, which has a line of its own."""
    telegrams = _telegrams_ahead_s(settings)
    if telegrams is None:
        return
    clocks = {"Redis": _redis_ahead_s(settings), None: 0.0}
    off = {name: round(ahead_s - telegrams) for name, ahead_s in clocks.items() if ahead_s is not None}
    wrong_ones = {name: seconds for name, seconds in off.items() if abs(seconds) > TOLERATED_S}
    for name, seconds in wrong_ones.items():
        yield warning(
            lazy_gettext(
                "Clock: that of {whose} differs by {seconds:number} s from Telegram's. Set it, best by NTP",
                whose=name or lazy_gettext("this machine"),
                seconds=abs(seconds),
            )
        )
    if not wrong_ones:
        yield well(lazy_gettext("Clock: right by Telegram's"))


def _telegrams_ahead_s(settings: BotSettings) -> float | None:
    """How far Telegram's clock is ahead of this machine's; None where it does not tell."""
    token = settings.telegram_bot_token.get_secret_value()
    try:
        address = f"{settings.telegram_api_url}/bot{token}/getMe"
        answer = httpx.get(address, proxy=settings.telegram_proxy, timeout=TIMEOUT_S)
    except httpx.HTTPError:
        return None
    at = date(answer.headers)
    return None if at is None else (at + HALF_A_SECOND - datetime.now(UTC)).total_seconds()


def _redis_ahead_s(settings: BotSettings) -> float | None:
    """The same of Redis' clock."""
    try:
        with closing(servers.impatient(settings.redis_address)) as client:
            seconds, microseconds = client.time()  # type: ignore[misc] # not asyncio's
    except RedisError:
        return None
    return float(seconds + microseconds / 10**6 - datetime.now(UTC).timestamp())


CHECK = Check(lazy_gettext("Clock"), run)
