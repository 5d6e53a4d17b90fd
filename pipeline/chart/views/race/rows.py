"""Where the rows of a race are, and the bars in them, in px."""

from dataclasses import dataclass

from pipeline.chart.paint.page import Page
from pipeline.chart.paint.theme import blend
from pipeline.chart.ranking import RankedRow

MIN_BAR = 1
"""The length of a bar of zero: no bar is further from its total than this."""
PALE = 0.52
"""The opacity of a bar's part that is the best post's."""
CAPITAL = 0.36
"""From the middle of a line of figures down to its baseline, in sizes of its text."""


@dataclass(frozen=True, slots=True)
class Band:
    """A row with a line of text above its bar; the sizes of both depend on the height."""

    top: float
    height: float

    @property
    def name_size(self) -> int:
        return round(min(max(self.height * 0.25, 38), 50))

    @property
    def name_baseline(self) -> float:
        return self.top + self.name_size

    @property
    def bar(self) -> tuple[float, float]:
        """The top and the bottom of the bar, whole px so that its edges are sharp."""
        top = round(self.top + self.name_size * 1.35)
        return top, top + round(min((self.top + self.height - top) * 0.68, 110))

    @property
    def middle(self) -> float:
        return sum(self.bar) / 2

    @property
    def number_size(self) -> int:
        top, bottom = self.bar
        return round(min(max((bottom - top) * 0.85, 42), 84))

    @property
    def number_baseline(self) -> float:
        return self.middle + CAPITAL * self.number_size


def colour_of(page: Page, entry: RankedRow) -> str:
    """The account's colour, or grey where its figures are old or missing."""
    is_muted = entry.row.note or entry.sort_value is None
    return page.colours.muted if is_muted else page.colours.account(entry.index)


def draw_best(page: Page, entry: RankedRow, end: float, length: float, sides: tuple[float, float]) -> None:
    """Draw the best post's part of a bar that ends there: its last part, paler."""
    if length >= MIN_BAR:
        page.bar(
            (end - round(length), sides[0]), (end, sides[1]), blend(colour_of(page, entry), page.colours.paper, PALE)
        )


def draw_bar(page: Page, entry: RankedRow, left: float, length: float, sides: tuple[float, float]) -> float:
    """Draw a bar between its top and bottom; returns its right end."""
    end = left + round(max(length, MIN_BAR))
    page.bar((left, sides[0]), (end, sides[1]), colour_of(page, entry))
    return end
