"""Growth: lines from nothing, who overtook whom and when, and what is said where there is nothing to draw."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pipeline.chart.caption import caption
from pipeline.chart.paint.page import Page
from pipeline.chart.paint.raster import paint
from pipeline.chart.paint.theme import COLOURS
from pipeline.chart.render import draw as draw_view
from pipeline.chart.views.growth.axes import Axes, round_times
from pipeline.chart.views.growth.cumulative import cumulative_series, overtakings
from pipeline.records import ChartRow, Language, Span, Theme, View
from tests.unit.chart.made import EXTREMES, LONGEST, NOW, WIDEST, chart, crowd
from tests.unit.chart.test_posts import covered, dots, lines, outside, texts

LIGHT = COLOURS[Theme.LIGHT]
START = NOW - timedelta(days=1)
MINUTE = timedelta(minutes=1)
BRIEF = timedelta(minutes=30)


def steps(*gains: tuple[float, int], span: Span = Span.DAY) -> tuple[tuple[datetime, int], ...]:
    """What had been gained after so much of the span."""
    return tuple((NOW - span.length * (1 - share), gained) for share, gained in gains)


def growing(
    handle: str, *gains: tuple[float, int], note: str | None = None, span: Span = Span.DAY, since: float | None = None
) -> ChartRow:
    """since: after which share of the span the account is known."""
    row = ChartRow(handle, (1,), (NOW,), note, gains[-1][1] if gains else 0, steps(*gains, span=span))
    return row if since is None else replace(row, since=NOW - span.length * (1 - since))


def gapped(handle: str, gained: int) -> ChartRow:
    """Not read from a quarter of the day to its half; nor lately."""
    known = growing(handle, (0.1, gained // 3), (0.5, gained), note="as of 23 Nov 14:05 UTC")
    quarter, half, lately = (NOW - timedelta(days=1 - share) for share in (0.25, 0.5, 0.95))
    return replace(known, gaps=((quarter, half),), until=lately)


def unknown(handle: str, note: str | None = None) -> ChartRow:
    return ChartRow(handle, (), (), note)


def racing(amount: int, span: Span, handle: str = "account") -> list[ChartRow]:
    """Accounts whose paces change, so that they pass each other now and then."""
    chance = Random(amount)
    return [_racing(f"{number}{handle}", chance, span) for number in range(amount)]


def _racing(handle: str, chance: Random, span: Span) -> ChartRow:
    gained, gains = 0, []
    burst = chance.random()
    for moment in range(1, 60):
        gained += chance.randrange(9 if burst < moment / 60 < burst + 0.3 else 3)
        gains.append((moment / 60, gained))
    return growing(handle, *gains, span=span)


def draw(*rows: ChartRow, **spec: Any) -> Page:
    page = draw_view(chart(*rows, view=View.GROWTH, **spec))
    paint(page)
    return page


CASES: dict[str, list[ChartRow]] = EXTREMES | {
    f"{amount} accounts": [*crowd(amount - 1), growing(WIDEST, (0.4, 7), note="as of 23 Sept 14:05 UTC")]
    for amount in (1, 2, 5, 6, 10, 25)
}
CASES["long zones"] = [growing(WIDEST, (0.4, 7), note="as of 23 Sept 14:05 UTC+13:45"), *crowd(3)]
CASES["long names in a race"] = racing(9, Span.DAY, LONGEST)
CASES["stale names in a race"] = [
    ChartRow(each.handle, each.values, each.times, "as of 23 Sept 14:05 UTC", each.total, each.gains)
    for each in racing(6, Span.DAY, WIDEST)
]
CASES["read late"] = [growing(f"{number}{WIDEST}", (0.9, 40 * number), since=0.5) for number in range(1, 6)]
CASES["not read for a while"] = [gapped(f"{number}{WIDEST}", 90 * number) for number in range(1, 6)]
CASES["one not read for a while"] = [gapped(LONGEST, 12_345)]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("rows", CASES.values(), ids=CASES)
def test_all_is_inside_the_picture_and_nothing_covers_text(rows: list[ChartRow], language: Language) -> None:
    page = draw(*rows, language=language)
    assert outside(page) == []
    assert covered(page) == []


@pytest.mark.parametrize("theme", Theme)
@pytest.mark.parametrize("span", Span)
@pytest.mark.parametrize("amount", [1, 2, 6, 25])
def test_a_race_over_any_span_is_drawn_clearly(amount: int, span: Span, theme: Theme) -> None:
    page = draw(*racing(amount, span), span=span, theme=theme)
    assert outside(page) == []
    assert covered(page) == []


@pytest.mark.parametrize(
    ("span", "times"),
    [
        (Span.HOUR, ["14:30", "14:45", "15:00", "15:15"]),
        (Span.DAY, ["18:00", "00:00", "06:00", "12:00"]),
        (Span.WEEK, ["Tue 17", "Thu 19", "Sat 21", "Mon 23"]),
    ],
)
def test_round_times_stand_below(span: Span, times: Sequence[str]) -> None:
    assert set(times) <= set(texts(draw(growing("a", (0.5, 9), span=span), span=span)))


@pytest.mark.parametrize(
    ("span", "zone", "times"),
    [
        (Span.HOUR, "Asia/Kathmandu", ["20:15", "20:30", "20:45", "21:00"]),
        (Span.DAY, "America/Bogota", ["12:00", "18:00", "00:00", "06:00"]),
        (Span.WEEK, "Pacific/Kiritimati", ["Wed 18", "Fri 20", "Sun 22"]),
    ],
)
def test_round_times_are_those_of_the_chats_zone(span: Span, zone: str, times: Sequence[str]) -> None:
    assert set(times) <= set(texts(draw(growing("a", (0.5, 9), span=span), span=span, time_zone=zone)))


@pytest.mark.parametrize(
    ("end", "times"),
    [
        (datetime(2026, 3, 29, 1, 40, tzinfo=UTC), ["01:45", "03:00", "03:15", "03:30"]),  # from 2 to 3 at 01:00 UTC
        (datetime(2026, 10, 25, 14, tzinfo=UTC), ["14:00", "14:15", "14:30", "14:45", "15:00"]),
    ],
)
def test_no_round_time_stands_twice_where_the_clocks_skip_it(end: datetime, times: list[str]) -> None:
    axes = Axes(0, 100, 0, 100, end - timedelta(hours=1), end, 0, 1)
    madrid = ZoneInfo("Europe/Madrid")
    moments = round_times(axes, timedelta(minutes=15), madrid)
    assert [f"{moment.astimezone(madrid):%H:%M}" for moment in moments] == times


def test_times_are_told_in_the_chats_language() -> None:
    told = texts(draw(growing("a", (0.5, 9), span=Span.WEEK), span=Span.WEEK, language=Language.SPANISH))
    assert {"mar 17", "lun 23"} <= set(told)


def test_each_line_tells_its_name_and_what_it_gained() -> None:
    told = texts(draw(growing("esa", (0.2, 40), (0.8, 312)), growing("nasa", (0.3, 150)), growing("isro", (0.5, -4))))
    assert {"@esa", "+312", "@nasa", "+150", "@isro", "-4"} <= set(told)
    assert told["@esa"].style.colour == LIGHT.account(0)


def test_one_account_takes_the_whole_width() -> None:
    page = draw(growing("esa", (0.2, 40), (0.8, 312)))
    (end,) = dots(page)[0]
    assert {"@esa", "+312"} <= set(texts(page))
    assert end[0] > 1200


def test_a_line_is_level_between_what_is_known_and_until_the_end() -> None:
    path = max(lines(draw(growing("a", (0.25, 10), (0.5, 30))), LIGHT.account(0)), key=len)
    (left, zero), *_, (right, last) = path
    share = [round((x - left) / (right - left), 3) for x, _ in path]
    height = [round((zero - y) / (zero - last) * 30) for _, y in path]
    assert share == [0, 0.25, 0.25, 0.5, 0.5, 1]
    assert height == [0, 0, 10, 10, 30, 30]


def test_an_account_that_was_first_read_within_the_span_starts_there_and_says_so() -> None:
    page = draw(growing("new", (0.9, 8), since=0.5), growing("old", (0.5, 3)))
    begins = {number: max(lines(page, LIGHT.account(number)), key=len)[0][0] for number in (0, 1)}
    assert begins[0] > begins[1] + 200
    assert "+8 since 03:20" in texts(page)
    assert "+3" in texts(page)


def test_who_overtook_whom_is_told_and_ringed_where_the_lines_cross() -> None:
    page = draw(growing("slow", (0.1, 60), (0.9, 80)), growing("fast", (0.5, 10), (0.75, 100)))
    rings = [points for points in dots(page) if len(points) == 1 and points[0] not in _ends(page)]
    assert "no reposts · no replies · @fast passed @slow at 09:20" in texts(page)
    assert any("ring: one passes another" in words for words in texts(page))
    assert len(rings) == 1


def _ends(page: Page) -> list[tuple[float, float]]:
    return [max(lines(page, LIGHT.account(number)), key=len)[-1] for number in (0, 1)]


def test_without_an_overtaking_rings_are_not_explained() -> None:
    told = texts(draw(growing("slow", (0.1, 6)), growing("fast", (0.05, 10), (0.75, 100))))
    assert not [words for words in told if "ring" in words or "passed" in words]


def test_accounts_beyond_six_are_named_with_what_they_gained_and_unknown_ones_with_their_reason() -> None:
    rows = [growing(f"a{number}", (0.5, 100 - number)) for number in range(7)]
    told = list(texts(draw(*rows, growing("still"), unknown("closed", "protected"))))
    named = [words for words in told if words.startswith("not drawn")]
    assert named == ["not drawn, gained: @a6\N{NO-BREAK SPACE}+94, @still\N{NO-BREAK SPACE}0 · protected: @closed"]


def test_where_nothing_was_gained_the_picture_says_so() -> None:
    page = draw(growing("a"), growing("b"), unknown("c", "protected"), span=Span.HOUR)
    assert "nothing gained in the last hour" in texts(page)
    assert "not drawn, gained: @a\N{NO-BREAK SPACE}0, @b\N{NO-BREAK SPACE}0 · protected: @c" in texts(page)
    assert not dots(page)


def test_where_nothing_is_known_the_picture_does_not_say_that_nothing_was_gained() -> None:
    assert "nothing known yet" in texts(draw(unknown("a", "not read yet")))


def test_a_stale_account_is_grey_with_its_note() -> None:
    told = texts(draw(growing("late", (0.5, 9), note="as of 23 Sept 14:05 UTC"), growing("fresh", (0.5, 7))))
    assert told["@late"].style.colour == LIGHT.muted
    assert "as of 23 Sept 14:05 UTC" in told


def at(*gains: tuple[int, int]) -> list[tuple[datetime, float]]:
    """What had been gained so many minutes after the start."""
    return [(START, 0.0), *((START + minutes * MINUTE, float(gained)) for minutes, gained in gains)]


def test_an_overtaking_is_when_one_gets_ahead_that_was_behind() -> None:
    (found,) = overtakings([at((10, 5), (300, 6)), at((20, 3), (200, 9))], NOW, BRIEF)
    assert (found.moment, found.by, found.of, found.level) == (START + 200 * MINUTE, 1, 0, 5)


def test_drawing_level_is_not_yet_an_overtaking() -> None:
    first, second = at((10, 5)), at((20, 3), (200, 5), (400, 6))
    assert [each.moment for each in overtakings([first, second], NOW, BRIEF)] == [START + 400 * MINUTE]
    assert overtakings([first, at((20, 3), (200, 5))], NOW, BRIEF) == []


def test_a_lead_that_was_lost_at_once_is_no_overtaking_but_the_latest_is() -> None:
    first = at((10, 5), (210, 8))
    assert overtakings([first, at((20, 3), (200, 6))], NOW, BRIEF) == []
    late = START + timedelta(hours=23, minutes=59)
    ahead = [*at((20, 3)), (late, 9.0)]
    assert [each.moment for each in overtakings([first, ahead], NOW, BRIEF)] == [late]


def test_what_changed_at_one_moment_is_compared_together() -> None:
    assert overtakings([at((10, 5), (200, 20)), at((20, 3), (200, 9))], NOW, BRIEF) == []


def test_a_course_starts_at_nothing_with_the_span_or_with_a_first_reading() -> None:
    assert cumulative_series(growing("a", (0.5, 4)), START)[0] == (START, 0)
    assert cumulative_series(growing("a", (0.6, 4), since=0.5), START)[0] == (START + timedelta(hours=12), 0)


def test_over_a_gap_a_line_is_dashed_and_aslant_and_it_ends_where_the_account_was_read_last() -> None:
    page = draw(gapped("a", 90))
    path = max(lines(page, LIGHT.muted), key=len)
    (left, zero), *_, (_, last) = path
    right = left + (path[-1][0] - left) / 0.95
    assert [round((x - left) / (right - left), 2) for x, _ in path] == [0, 0.1, 0.1, 0.25, 0.5, 0.95]
    assert [round((zero - y) / (zero - last) * 90) for _, y in path] == [0, 0, 30, 30, 90, 90]
    assert [list(bridge) for bridge in lines(page, LIGHT.paper) if list(bridge) == path[3:5]]
    assert any("dashed: not read then" in words for words in texts(page))


def test_who_overtook_whom_while_nobody_looked_is_not_told_with_a_time() -> None:
    told = texts(draw(growing("slow", (0.1, 60)), gapped("fast", 99)))
    assert not [words for words in told if "ring" in words or "passed" in words]


def test_accounts_that_are_only_named_say_since_when_their_gain_is_known_too() -> None:
    rows = [growing(f"a{number}", (0.5, 100 - number)) for number in range(7)]
    told = " ".join(texts(draw(*rows, growing("new", (0.9, 8), since=0.5)))).replace("\N{NO-BREAK SPACE}", " ")
    assert "@a6 +94" in told
    assert "since 23 Nov 03:20 UTC: @new +8" in told


def test_nothing_gained_is_told_since_when_all_are_known() -> None:
    assert "nothing gained since 03:20" in texts(draw(growing("a", since=0.5), growing("b", since=0.2)))


def test_where_nobody_was_read_within_the_span_nothing_is_known_of_it() -> None:
    late = replace(unknown("a", "as of 18 Nov 14:05 UTC"), values=(1,), times=(NOW,), read_at=NOW - timedelta(days=5))
    assert "nothing known of the last 24 hours" in texts(draw(late))


def test_the_caption_says_since_when_a_gain_is_known_and_never_that_nothing_was_where_that_is_not() -> None:
    rows = growing("new", (0.9, 8), since=0.5), unknown("late", "as of 18 Nov 14:05 UTC")
    told = caption(chart(*rows, view=View.GROWTH)).splitlines()
    assert told[2].endswith("+8` @new · since 23 Nov 03:20 UTC")
    assert told[3].endswith("–` @late · as of 18 Nov 14:05 UTC")
