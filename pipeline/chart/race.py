"""The race: one total an account, as a bar from zero and a number; the standing of this minute."""

from pipeline.chart import frame
from pipeline.chart.layout import layout
from pipeline.chart.numbers import short
from pipeline.chart.page import Page, Style, elide, width
from pipeline.chart.standing import Standing, ranked, reason
from pipeline.language import speech, text
from pipeline.records import ChartData

MOST_ROWS = 10
NAME = 38
NAME_BASELINE = 36
HEAD = 50
"""The height of a row's line of text."""
SPACE = 24
BAR = 0.62
"""How much of a row's room below its text the bar takes."""
THICKEST = 96
READING = text("bar: all these posts together")


def draw(data: ChartData) -> Page:
    """The rows with the highest totals, as many as can be told apart."""
    say = speech(data.look.language).say
    found = ranked(data, layout(data))
    shown, hidden = found[:MOST_ROWS], len(found[MOST_ROWS:])
    page = frame.open_page(data, frame.height_for(len(shown)), say(READING))
    more = [say("and {count} more in the text below", count=hidden)] if hidden else []
    bottom = frame.foot(page, data, growing=False, lines=more)
    high = layout(data).high
    height = (bottom - frame.TOP) / max(len(shown), 1)
    for number, standing in enumerate(shown):
        _row(page, data, standing, frame.TOP + height * number, height, high)
    return page


def _row(page: Page, data: ChartData, standing: Standing, top: float, height: float, high: float) -> None:  # noqa: PLR0913, PLR0917
    row = standing.row
    colour = page.colours.muted if row.note else page.colours.account(standing.index)
    name, figure = Style(colour, NAME, bold=True), Style(page.colours.ink, NAME, bold=True)
    number = "" if row.total is None else short(row.total, data.look.language)
    words = _words(data, standing)
    room = frame.RIGHT - frame.LEFT - SPACE - width(number, figure)
    note = elide(words, max(room - width(f"@{row.handle}", name) - SPACE, room / 3)) if words else ""
    taken = width(note) + SPACE if note else 0
    handle = elide(f"@{row.handle}", room - taken, name)
    page.text(frame.LEFT, top + NAME_BASELINE, handle, name)
    if note:
        page.text(frame.LEFT + width(handle, name) + SPACE, top + NAME_BASELINE, note, Style(page.colours.muted))
    page.text(frame.RIGHT, top + NAME_BASELINE, number, figure, "right")
    if row.total is not None:
        _bar(page, row.total / high, colour, top + HEAD, height - HEAD)


def _words(data: ChartData, standing: Standing) -> str:
    """What is to be said of the row: why it is stale or empty, and how many posts it is of if fewer than asked for."""
    row = standing.row
    few = f"n={len(row.values)}" if row.total is not None and len(row.values) < data.look.count else ""
    note = row.note if row.total is not None else reason(data, row)
    return frame.SEPARATOR.join(filter(None, [few, note]))


def _bar(page: Page, share: float, colour: str, top: float, room: float) -> None:
    """On a pale track of the whole length; nothing at all is a thin line at the start."""
    thickness = min(room * BAR, THICKEST)
    y = top + thickness / 2
    page.line([(frame.LEFT, y), (frame.RIGHT, y)], page.colours.grid, thickness)
    end = frame.LEFT + max(share * (frame.RIGHT - frame.LEFT), 3)
    page.line([(frame.LEFT, y), (end, y)], colour, thickness)
