"""The words of /subscribe that say when, as people type them."""

from datetime import time, timedelta

import pytest

from bot import timing
from pipeline.errors import UserError
from pipeline.store.timing import LIVE, Schedule, Timing

NINE, DAYS, HOUR = time(9), (0, 1, 2, 3, 4, 5, 6), timedelta(hours=1)


@pytest.mark.parametrize(
    ("typed", "schedule"),
    [
        ("daily 09:00", Schedule((NINE,), DAYS)),
        ("daily", Schedule((NINE,), DAYS)),
        ("every day at 9pm", Schedule((time(21),), DAYS)),
        ("18:30 7:15", Schedule((time(7, 15), time(18, 30)), DAYS)),
        ("12am 12:05 pm", Schedule((time(0), time(12, 5)), DAYS)),
        ("weekly mon 9:00", Schedule((NINE,), (0,))),
        ("weekly", Schedule((NINE,), (0,))),
        ("Fridays", Schedule((NINE,), (4,))),
        ("every tue sat 6 am", Schedule((time(6),), (1, 5))),
        ("weekdays 8:00", Schedule((time(8),), (0, 1, 2, 3, 4))),
        ("diario 9:00", Schedule((NINE,), DAYS)),
        ("todos los días a las 21", Schedule((time(21),), DAYS)),
        ("los lunes", Schedule((NINE,), (0,))),
        ("miercoles sábado 10.30", Schedule((time(10, 30),), (2, 5))),
        ("semanal dom", Schedule((NINE,), (6,))),
    ],
)
def test_a_schedule_in_peoples_words(typed: str, schedule: Schedule) -> None:
    assert timing.parse(typed.split()) == (Timing(schedule=schedule), [])


@pytest.mark.parametrize(
    ("typed", "interval"),
    [
        ("new", HOUR),
        ("new 1h", HOUR),
        ("every hour", HOUR),
        ("hourly", HOUR),
        ("every 30 min", timedelta(minutes=30)),
        ("every 90m", timedelta(minutes=90)),
        ("2d", timedelta(days=2)),
        ("every 4 weeks", timedelta(weeks=4)),
        ("cada hora", HOUR),
        ("nuevo cada 2 días", timedelta(days=2)),
    ],
)
def test_an_interval_in_peoples_words(typed: str, interval: timedelta) -> None:
    assert timing.parse(typed.split()) == (Timing(interval), [])


def test_what_says_something_else_is_left_in_its_order() -> None:
    when, rest = timing.parse(["race", "@daily", "likes", "daily", "@esa", "50", "9:00", "dark"])
    assert (when.schedule, rest) == (Schedule((NINE,), DAYS), ["race", "@daily", "likes", "@esa", "50", "dark"])
    assert timing.parse(["per", "day", "live"]) == (LIVE, ["per", "day"])
    assert timing.parse(["growth", "week", "day", "@mon"]) == (LIVE, ["growth", "week", "day", "@mon"])


@pytest.mark.parametrize(
    "typed",
    [
        *("new 30s", "every 10 seconds", "0m", "32d", "every 2 months", "1.5h", "every", "cada rato", "every @nasa"),
        *("24:00", "9:60", "13pm", "daily 2h", "2h 3h", "mon every 30 min", "1:00 2:00 3:00 4:00 5:00 6:00 7:00"),
    ],
)
def test_a_time_that_cannot_be_is_refused_with_those_that_can(typed: str) -> None:
    with pytest.raises(UserError) as refusal:
        timing.parse(typed.split())
    assert refusal.value.text == timing.WRONG_TIMING


@pytest.mark.parametrize("typed", ["live 1h", "live daily", "live new", "en vivo lunes"])
def test_a_live_chart_has_no_times(typed: str) -> None:
    with pytest.raises(UserError) as refusal:
        timing.parse(typed.split())
    assert refusal.value.text == timing.LIVE_AT_TIMES


@pytest.mark.parametrize(
    ("typed", "schedule", "span"),
    [
        ("digest", Schedule((NINE,), DAYS), "day"),
        ("Digest daily 18:00", Schedule((time(18),), DAYS), "day"),
        ("digest weekly", Schedule((NINE,), (0,)), "week"),
        ("digest fri 8:00", Schedule((time(8),), (4,)), "week"),
        ("resumen semanal", Schedule((NINE,), (0,)), "week"),
        ("weekdays resúmen", Schedule((NINE,), (0, 1, 2, 3, 4)), "day"),
    ],
)
def test_a_digest_says_when_and_what(typed: str, schedule: Schedule, span: str) -> None:
    assert timing.parse([*typed.split(), "@nasa"]) == (Timing(schedule=schedule), ["growth", span, "@nasa"])


@pytest.mark.parametrize(("typed", "span"), [("digest every 12h", "day"), ("digest every 3 days", "week")])
def test_a_digest_at_an_interval_looks_as_far_back_as_a_chart_can(typed: str, span: str) -> None:
    when, shown = timing.parse(typed.split())
    assert (when.schedule, shown) == (None, ["growth", span])


def test_a_digest_is_no_live_chart() -> None:
    with pytest.raises(UserError, match="already updates by itself"):
        timing.parse(["digest", "live"])
