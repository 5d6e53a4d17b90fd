"""The accounts that a picture does not draw: it names them in its foot, each with its figure."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, product

from pipeline.chart.paint.typesetting import elide, width
from pipeline.chart.parts.frame import SEPARATOR
from pipeline.chart.parts.metrics import MAX_HEIGHT, SQUARE_HEIGHT, TEXT_WIDTH
from pipeline.chart.prepared import Chart
from pipeline.chart.ranking import RankedRow
from pipeline.chart.wording import reason, since
from pipeline.i18n import lazy_gettext, translator

NOT_DRAWN = lazy_gettext("not drawn")
READ_EARLIER = lazy_gettext("read earlier")
KNOWN_FOR_LESS = lazy_gettext("known for less")
NAME_WIDTHS = (372, 310, 260, 210, 170)
"""The greatest widths of a name, in px: the first one at which all accounts are drawn or named is taken."""
MIN_DRAWN = 3
"""Names are shortened rather than that fewer accounts than these are drawn."""

Height = Callable[[int, Sequence[str]], float]
"""The least height in px of a page with so many drawn accounts and with these lines that name the others."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a line, which is never broken; its width in px."""

    text: str
    width: float


def divide(chart: Chart, entries: Sequence[RankedRow], most: int, usual: int, height: Height) -> tuple[int, list[str]]:
    """How many of the first entries are drawn, at most so many, and the lines that name the others.

    The page becomes higher than a square only where less than the usual number of accounts could be drawn on a square.
    """
    usual, least, most = (min(number, most, len(entries)) for number in (usual, MIN_DRAWN, most))
    attempts = [(SQUARE_HEIGHT, usual, NAME_WIDTHS[0], True)]
    attempts += [(MAX_HEIGHT, least, name_px, each_time) for name_px, each_time in product(NAME_WIDTHS, (True, False))]
    for limit, lowest, name_px, each_time in attempts:
        drawn = _most_drawn(
            range(lowest, most + 1),
            lambda drawn: height(drawn, name_lines(chart, entries[drawn:], name_px, each_time=each_time)) <= limit,  # noqa: B023 used at once
        )
        if drawn is not None:
            return drawn, name_lines(chart, entries[drawn:], name_px, each_time=each_time)
    return _cut(chart, entries, least, height)


def _most_drawn(numbers: range, fits: Callable[[int], bool]) -> int | None:
    """The greatest of these numbers that fits; None where none does. Where a number fits, all lower ones do."""
    if not fits(numbers[0]):
        return None
    return numbers[bisect_left(numbers, True, key=lambda drawn: not fits(drawn)) - 1]  # noqa: FBT003 what is looked for


def _cut(chart: Chart, entries: Sequence[RankedRow], drawn: int, height: Height) -> tuple[int, list[str]]:
    """Where not even all names fit: as many names as do, and how many more accounts there are."""

    def lines(named: int) -> list[str]:
        ngettext = translator(chart.data.spec.language).ngettext
        more = ngettext("{count} more", "{count} more", len(entries) - named)
        return [*name_lines(chart, entries[drawn:named], NAME_WIDTHS[-1], each_time=False), more]

    most = _most_drawn(range(drawn, len(entries)), lambda named: height(drawn, lines(named)) <= MAX_HEIGHT)
    return drawn, lines(drawn if most is None else most)


def name_lines(chart: Chart, entries: Sequence[RankedRow], name_px: float, *, each_time: bool = True) -> list[str]:
    """Lines that name the entries with their figures, grouped by why a figure is missing or from when it is.

    each_time: whether each time has its own group; otherwise all times have one.
    """
    kind = _kind(chart, each_time=each_time)
    groups = [list(group) for _, group in groupby(sorted(entries, key=kind), kind)]
    pieces: list[str] = []
    for number, group in enumerate(groups):
        names = [_name(chart, entry, name_px) for entry in group]
        end = "" if number == len(groups) - 1 else SEPARATOR.rstrip()
        pieces += [*_intro(chart, group[0], kind, is_first=number == 0).split(), *_enumerated(names, end)]
    return _wrapped([Piece(piece, width(piece)) for piece in pieces])


Kind = Callable[[RankedRow], tuple[bool, str]]
"""Whether an account has no figure, and what its group has in common: a reason, a time, or nothing."""


def _kind(chart: Chart, *, each_time: bool) -> Kind:
    data = chart.data

    def kind(entry: RankedRow) -> tuple[bool, str]:
        if _figure(chart, entry) is None:
            return True, reason(data, entry.row)
        time = entry.row.note or since(data, entry.row)
        if not time or each_time:
            return False, time
        return False, translator(data.spec.language).gettext(READ_EARLIER if entry.row.note else KNOWN_FOR_LESS)

    return kind


def _intro(chart: Chart, entry: RankedRow, kind: Kind, *, is_first: bool) -> str:
    """The words before the group of this entry."""
    gettext = translator(chart.data.spec.language).gettext
    has_no_figure, common = kind(entry)
    column = [gettext(chart.columns[0].name)] if is_first and not has_no_figure else []
    return ", ".join(filter(None, [gettext(NOT_DRAWN) if is_first else "", *column, common])) + ":"


def _name(chart: Chart, entry: RankedRow, name_px: float) -> str:
    """The name and the figure in one piece."""
    name = elide(f"@{entry.row.handle}", name_px, among=chart.data.handles)
    return " ".join([name, *filter(None, [_figure(chart, entry)])]).replace(" ", "\N{NO-BREAK SPACE}")


def _figure(chart: Chart, entry: RankedRow) -> str | None:
    return None if entry.sort_value is None else chart.columns[0].cell(entry, chart.data.spec.language)


def _enumerated(names: Sequence[str], end: str) -> Iterator[str]:
    yield from (f"{name}," for name in names[:-1])
    yield names[-1] + end


def _wrapped(pieces: Sequence[Piece]) -> list[str]:
    """The pieces in lines as wide as the page's text."""
    lines: list[list[str]] = []
    space, end = width(" "), float("inf")
    for piece in pieces:
        if end + space + piece.width > TEXT_WIDTH:
            lines.append([])
            end = -space
        lines[-1].append(piece.text)
        end += space + piece.width
    return [" ".join(line) for line in lines]
