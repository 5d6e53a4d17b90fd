"""Telegram's rate limits, and how answers and charts share them."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from time import monotonic
from typing import Any

import pytest
from telegram.error import RetryAfter, TelegramError

from bot.rate_limits import RateLimiter
from bot.signs import Signs

GROUP, PRIVATE = -1001, 1001


async def sent(rate_limiter: RateLimiter, chat_id: int, times: int) -> None:
    async def accept() -> None: ...

    for _ in range(times):
        await rate_limiter.process_request(accept, (), {}, "sendMessage", {"chat_id": chat_id}, None)


@pytest.mark.parametrize(("chat_id", "before_full", "full"), [(GROUP, 15, 20), (PRIVATE, 2, 3)])
async def test_charts_that_nobody_asked_for_leave_room_for_answers(chat_id: int, before_full: int, full: int) -> None:
    rate_limiter = RateLimiter(Signs())
    await sent(rate_limiter, chat_id, before_full - 1)
    assert rate_limiter.has_room(chat_id, requested=False)
    await sent(rate_limiter, chat_id, 1)
    assert not rate_limiter.has_room(chat_id, requested=False)
    assert rate_limiter.has_room(chat_id, requested=True)
    await sent(rate_limiter, chat_id, full - before_full)
    assert not rate_limiter.has_room(chat_id, requested=True)


async def test_a_full_chat_delays_no_other() -> None:
    rate_limiter = RateLimiter(Signs())
    await sent(rate_limiter, GROUP, 20)
    assert rate_limiter.has_room(PRIVATE, requested=False)


async def test_a_request_that_arrives_late_counts_from_its_arrival() -> None:
    """Otherwise a Telegram that stood still would get the messages of two seconds within one."""
    rate_limiter, moves = RateLimiter(Signs()), asyncio.Event()
    rate_limiter.probe = moves.wait
    got: list[float] = []

    async def accept() -> None:
        await moves.wait()
        got.append(monotonic())

    async def say(chat_id: int) -> None:
        await rate_limiter.process_request(accept, (), {}, "sendMessage", {"chat_id": chat_id}, None)

    talk = [asyncio.create_task(say(chat_id)) for chat_id in range(1, 2 * rate_limiter.bot_window.count + 1)]
    await asyncio.sleep(1.2)
    moves.set()
    await asyncio.gather(*talk)
    assert got[rate_limiter.bot_window.count] - got[0] >= rate_limiter.bot_window.seconds


async def test_requests_that_hang_delay_no_other_while_telegram_answers() -> None:
    rate_limiter, moves = RateLimiter(Signs()), asyncio.Event()

    async def accept() -> None: ...

    rate_limiter.probe = accept
    hanging = [
        asyncio.create_task(rate_limiter.process_request(moves.wait, (), {}, "sendPhoto", {"chat_id": chat_id}, None))
        for chat_id in range(1, rate_limiter.bot_window.count + 1)
    ]
    await asyncio.sleep(0)
    async with asyncio.timeout(2.5):
        await sent(rate_limiter, PRIVATE, 1)
    moves.set()
    await asyncio.gather(*hanging)


class Telegram:
    """Accepts every request at once, and records what it was and when it came."""

    def __init__(self) -> None:
        self.got: list[tuple[str, float]] = []

    async def take(self, what: str) -> None:
        self.got.append((what, monotonic()))

    def send(
        self, rate_limiter: RateLimiter, endpoint: str, chat_id: int, what: str, *, asked: bool = False
    ) -> asyncio.Task[None]:
        request = rate_limiter.process_request(self.take, (what,), {}, endpoint, {"chat_id": chat_id}, asked)
        return asyncio.create_task(request)

    def most_in_a_second(self) -> int:
        """The most requests within 0.8 s, since a busy machine may hand over late what was sent in time."""
        moments = [at for _, at in self.got]
        return max(sum(start <= at < start + 0.8 for at in moments) for start in moments)


@pytest.mark.parametrize("endpoint", ["sendPhoto", "editMessageMedia", "sendMessage", "editMessageText"])
async def test_no_second_has_more_than_28_requests(endpoint: str) -> None:
    rate_limiter, telegram = RateLimiter(Signs()), Telegram()
    await asyncio.gather(*(telegram.send(rate_limiter, endpoint, chat_id, "it") for chat_id in range(1, 71)))
    assert telegram.most_in_a_second() <= 28
    assert telegram.got[-1][1] - telegram.got[0][1] > 2 * 0.99, "70 requests take 2 seconds and more"


async def test_no_minute_of_a_group_has_more_than_20_requests_and_no_3_seconds_of_a_person_more_than_3() -> None:
    rate_limiter, telegram = RateLimiter(Signs()), Telegram()
    talk = [telegram.send(rate_limiter, "sendMessage", GROUP, "group") for _ in range(30)]
    talk += [telegram.send(rate_limiter, "sendMessage", PRIVATE, "person") for _ in range(10)]
    await asyncio.sleep(1)
    assert [[what for what, _ in telegram.got].count(each) for each in ("group", "person")] == [20, 3]
    for each in talk:
        each.cancel()
    await asyncio.gather(*talk, return_exceptions=True)


@pytest.mark.parametrize(
    ("endpoint", "asked"), [("sendMessage", False), ("editMessageText", False), ("editMessageMedia", True)]
)
async def test_requests_that_people_wait_for_go_before_other_charts(endpoint: str, *, asked: bool) -> None:
    rate_limiter, telegram = RateLimiter(Signs()), Telegram()
    charts = [telegram.send(rate_limiter, "editMessageMedia", chat_id, "chart") for chat_id in range(1, 121)]
    while len(telegram.got) < 40:  # noqa: ASYNC110 the window is full by then
        await asyncio.sleep(0.005)
    before = len(telegram.got)
    await asyncio.gather(
        *(telegram.send(rate_limiter, endpoint, 1000 + number, "it", asked=asked) for number in range(8))
    )
    ahead = [what for what, _ in telegram.got[before:]][:9].count("chart")
    assert ahead <= 3, "the one at the head of the line, and those that a busy machine let go before it was asked"
    for each in charts:
        each.cancel()
    await asyncio.gather(*charts, return_exceptions=True)
    assert telegram.most_in_a_second() <= 28


async def test_a_cancelled_request_keeps_nobody_waiting() -> None:
    rate_limiter, telegram = RateLimiter(Signs()), Telegram()
    talk = [telegram.send(rate_limiter, "editMessageMedia", chat_id, "chart") for chat_id in range(1, 31)]
    await asyncio.sleep(0.1)
    for each in talk[1::2]:
        each.cancel()
    await asyncio.gather(*talk, return_exceptions=True)
    await telegram.send(rate_limiter, "sendMessage", 1000, "it")
    assert not rate_limiter.bot_lock.is_locked
    assert telegram.got[-1][0] == "it"


def failing_once(error: TelegramError) -> Callable[[], Coroutine[Any, Any, str]]:
    errors = [error]

    async def request() -> str:
        if errors:
            raise errors.pop()
        return "said"

    return request


async def test_an_answer_is_sent_after_the_wait_that_telegram_asks_for() -> None:
    rate_limiter, request = RateLimiter(Signs()), failing_once(RetryAfter(timedelta(seconds=0.2)))
    assert await rate_limiter.process_request(request, (), {}, "sendMessage", {"chat_id": PRIVATE}, None) == "said"


async def test_a_charts_refusal_is_raised_and_closes_its_own_chat_only() -> None:
    rate_limiter, request = RateLimiter(Signs()), failing_once(RetryAfter(timedelta(seconds=250)))
    with pytest.raises(RetryAfter):
        await rate_limiter.process_request(request, (), {}, "sendPhoto", {"chat_id": PRIVATE}, None)
    assert not rate_limiter.has_room(PRIVATE, requested=True)
    assert rate_limiter.has_room(PRIVATE + 1, requested=False)
    assert not rate_limiter.charts_in_flight
