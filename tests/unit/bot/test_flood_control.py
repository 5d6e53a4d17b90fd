"""A flood of one person, or of thousands, delays nobody else."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from time import monotonic

import pytest

from bot import flood_control
from bot.flood_control import (
    ANSWERS_PER_SECOND,
    ANSWERS_PER_SECOND_EACH,
    BUSY_FROM,
    MAX_COPIES,
    MAX_COPIES_EACH,
    MAX_WAITING,
    CopyLimits,
    FloodControl,
)
from tests.conftest import until
from tests.unit.bot.conftest import Bot

FLOODER, NEWCOMER = 1, 2


def test_the_limits_are_those_in_the_security_policy() -> None:
    assert (MAX_WAITING, ANSWERS_PER_SECOND_EACH, ANSWERS_PER_SECOND, flood_control.IGNORE_S) == (20, 7, 28, 60)


async def test_one_person_may_have_twenty_waiting_commands() -> None:
    flood = FloodControl()
    async with AsyncExitStack() as waiting:
        for _ in range(MAX_WAITING):
            assert not flood.is_over_limit(FLOODER)
            await waiting.enter_async_context(flood.admission(FLOODER))
        assert flood.is_over_limit(FLOODER)
        assert not flood.is_over_limit(NEWCOMER)
    assert not flood.is_over_limit(FLOODER)
    assert not flood.waiting_counts
    assert not flood.queues


async def test_when_thousands_wait_each_person_may_have_one_waiting_command() -> None:
    flood = FloodControl()
    tasks = [asyncio.create_task(answered(flood, person, [])) for person in range(10, 40 + BUSY_FROM)]
    await asyncio.sleep(0)
    assert not flood.is_over_limit(NEWCOMER)
    assert flood.is_over_limit(39 + BUSY_FROM)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert not flood.waiting_counts


def test_ignoring_one_person_affects_nobody_else() -> None:
    flood = FloodControl()
    assert not flood.is_ignored(FLOODER)
    flood.ignore(FLOODER)
    assert flood.is_ignored(FLOODER)
    assert not flood.is_ignored(NEWCOMER)


async def answered(flood: FloodControl, person: int, order: list[int]) -> None:
    async with flood.admission(person):
        order.append(person)


async def test_one_person_gets_at_most_a_quarter_of_the_answers_of_a_second() -> None:
    flood, order, began = FloodControl(), list[int](), monotonic()
    tasks = [asyncio.create_task(answered(flood, FLOODER, order)) for _ in range(ANSWERS_PER_SECOND_EACH + 1)]
    await asyncio.sleep(0)
    assert len(order) == ANSWERS_PER_SECOND_EACH
    await asyncio.gather(*tasks)
    assert monotonic() - began >= 1


async def test_nobody_waits_while_the_limits_allow_answers() -> None:
    flood, order = FloodControl(), list[int]()
    for person in range(ANSWERS_PER_SECOND):
        await answered(flood, person, order)
    assert order == list(range(ANSWERS_PER_SECOND))
    assert flood.timer is None


async def test_a_newcomer_is_answered_before_hundreds_who_came_earlier() -> None:
    """200 people send six commands each, which takes 43 seconds to answer."""
    flood, order = FloodControl(), list[int]()
    crowd = [asyncio.create_task(answered(flood, person, order)) for _ in range(6) for person in range(100, 300)]
    await asyncio.sleep(0)
    assert len(order) == ANSWERS_PER_SECOND
    await answered(flood, NEWCOMER, order)
    before = order[: order.index(NEWCOMER)]
    assert len(before) < ANSWERS_PER_SECOND + 2
    assert max(Counter(before).values()) == 1
    for task in crowd:
        task.cancel()
    await asyncio.gather(*crowd, return_exceptions=True)


async def test_one_persons_commands_are_answered_in_the_order_they_came() -> None:
    flood, order = FloodControl(), list[int]()

    async def note(number: int) -> None:
        async with flood.admission(FLOODER):
            order.append(number)

    await asyncio.gather(*(note(number) for number in range(ANSWERS_PER_SECOND_EACH + 3)))
    assert order == list(range(ANSWERS_PER_SECOND_EACH + 3))


def presses_answered(bot: Bot, since: int) -> int:
    return len([call for call in bot.sandbox.calls("telegram", since) if call["method"] == "answerCallbackQuery"])


@pytest.mark.parametrize("kind", ["private", "supergroup"])
def test_a_flood_of_presses_costs_a_few_answers_and_then_nothing(bot: Bot, kind: str) -> None:
    flooder = bot.chat(61 if kind == "private" else -61, user_id=61 + len(kind), type=kind)
    if kind == "private":
        flooder.user_id = 61
    message = flooder.answer_to(flooder.send("/settings"))
    since = bot.sandbox.last_call()
    for _ in range(300):
        flooder.press(message, "made up")
    other = bot.chat(62 + len(kind))
    assert other.ask("/id").startswith("Chat: ")
    until(lambda: presses_answered(bot, since) >= MAX_WAITING)
    assert presses_answered(bot, since) <= MAX_WAITING + 7 * 10
    dropped = flooder.press(message, "made up")
    bot.chat(-62, user_id=flooder.user_id, type="supergroup").send("/id")
    assert other.ask("/id").startswith("Chat: ")
    assert not bot.sandbox.get(f"telegram/callbacks/{dropped}")["answered"]
    assert not [each for each in bot.chat(-62).messages() if each["by_bot"] and each["text"].startswith("Chat: ")]


def test_members_of_a_group_open_a_few_copies_of_charts_and_hold_up_no_other_group() -> None:
    limits = CopyLimits()
    assert [limits.admit(-1, 7) for _ in range(3)] == [True, True, False]
    others = [limits.admit(-1, person) for person in range(100, 110)]
    assert others.count(True) == MAX_COPIES - MAX_COPIES_EACH
    assert limits.admit(-2, 7)
