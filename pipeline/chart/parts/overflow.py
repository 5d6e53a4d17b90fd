"""The accounts that a picture does not draw: named on it, each with its figure."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, product

from pipeline.chart.paint.typesetting import elide, width
from pipeline.chart.parts import frame
from pipeline.chart.prepared import Chart
from pipeline.chart.ranking import RankedRow
from pipeline.chart.wording import reason, since
from pipeline.i18n import lazy_gettext, translator

NOT_DRAWN = lazy_gettext("not drawn")
EARLIER = lazy_gettext("read earlier")
NOT_ALL_KNOWN = lazy_gettext("known for less")
NAMES = (372, 310, 260, 210, 170)
"""The most room for a name: the first at which all accounts are drawn or named."""
LEAST_DRAWN = 3
"""Rather than to draw fewer than these, long names are shortened more."""

Height = Callable[[int, Sequence[str]], float]
"""The least height of a page with so many drawn accounts and these lines that name the others."""


@dataclass(frozen=True, slots=True)
class Words:
    """A piece of a line that is not broken."""

    words: str
    width: float


def divided(chart: Chart, found: Sequence[RankedRow], most: int, usual: int, height: Height) -> tuple[int, list[str]]:
    """How many of the accounts are drawn, the first ones and at most so many, and the lines that name all others.

    A page becomes higher than it usually may be rather than that fewer than usual are drawn.
    """
    usual, least, most = (min(amount, most, len(found)) for amount in (usual, LEAST_DRAWN, most))
    ways = [(frame.HEIGHTS[1], usual, NAMES[0], True)]
    ways += [(frame.MOST_HEIGHT, least, room, each_time) for room, each_time in product(NAMES, (True, False))]
    for limit, lowest, room, each_time in ways:
        drawn = _most_drawn(
            range(lowest, most + 1),
            lambda drawn: height(drawn, named(chart, found[drawn:], room, each_time=each_time)) <= limit,  # noqa: B023 used at once
        )
        if drawn is not None:
            return drawn, named(chart, found[drawn:], room, each_time=each_time)
    return _cut(chart, found, least, height)


def _most_drawn(amounts: range, fits: Callable[[int], bool]) -> int | None:
    """The greatest of these amounts that fits: the fewer are drawn the less room is taken."""
    if not fits(amounts[0]):
        return None
    return amounts[bisect_left(amounts, True, key=lambda drawn: not fits(drawn)) - 1]  # noqa: FBT003 what is looked for


def _cut(chart: Chart, found: Sequence[RankedRow], drawn: int, height: Height) -> tuple[int, list[str]]:
    """Far more accounts than a chat may usually track: as many as have room, and how many more there are."""

    def lines(told: int) -> list[str]:
        more = translator(chart.data.spec.language).ngettext("{count} more", "{count} more", len(found) - told)
        return [*named(chart, found[drawn:told], NAMES[-1], each_time=False), more]

    most = _most_drawn(range(drawn, len(found)), lambda told: height(drawn, lines(told)) <= frame.MOST_HEIGHT)
    return drawn, lines(drawn if most is None else most)


def named(chart: Chart, rest: Sequence[RankedRow], room: float, *, each_time: bool = True) -> list[str]:
    """Lines that name these accounts with their figures, those of one reason or time together."""
    others = chart.data.handles
    groups = [list(group) for _, group in groupby(_sorted(chart, rest, each_time=each_time), _kind(chart, each_time))]
    pieces: list[str] = []
    for number, group in enumerate(groups):
        names = [_named(chart, entry, room, others) for entry in group]
        ends = "" if number == len(groups) - 1 else frame.SEPARATOR.rstrip()
        pieces += [*_intro(chart, group[0], each_time=each_time, first=number == 0).split(), *_listed(names, ends)]
    return _wrapped([Words(piece, width(piece)) for piece in pieces])


def _kind(chart: Chart, each_time: bool) -> Callable[[RankedRow], tuple[bool, str]]:  # noqa: FBT001 a key's
    """Accounts with figures first; what is to be said of them all."""

    def kind(entry: RankedRow) -> tuple[bool, str]:
        known = _figure(chart, entry) is not None
        said = entry.row.note or since(chart.data, entry.row)
        if known and said:
            shorter = EARLIER if entry.row.note else NOT_ALL_KNOWN
            return False, said if each_time else translator(chart.data.spec.language).gettext(shorter)
        return not known, "" if known else reason(chart.data, entry.row)

    return kind


def _sorted(chart: Chart, rest: Sequence[RankedRow], *, each_time: bool) -> list[RankedRow]:
    return sorted(rest, key=_kind(chart, each_time))


def _intro(chart: Chart, entry: RankedRow, *, each_time: bool, first: bool) -> str:
    """What stands before a group: what its figures are, or why it has none, or when they were read."""
    gettext = translator(chart.data.spec.language).gettext
    figures = [gettext(chart.columns[0].name)] if first and _figure(chart, entry) is not None else []
    why = _kind(chart, each_time)(entry)[1]
    return ", ".join(filter(None, [gettext(NOT_DRAWN) if first else "", *figures, why])) + ":"


def _named(chart: Chart, entry: RankedRow, room: float, others: tuple[str, ...]) -> str:
    name = elide(f"@{entry.row.handle}", room, among=others)
    return " ".join([name, *filter(None, [_figure(chart, entry)])]).replace(" ", "\N{NO-BREAK SPACE}")


def _figure(chart: Chart, entry: RankedRow) -> str | None:
    return None if entry.sort_value is None else chart.columns[0].cell(entry, chart.data.spec.language)


def _listed(names: Sequence[str], end: str) -> Iterator[str]:
    yield from (f"{name}," for name in names[:-1])
    yield names[-1] + end


def _wrapped(pieces: Sequence[Words]) -> list[str]:
    """Lines as wide as the page's text, broken between these pieces."""
    lines: list[list[str]] = []
    space, end = width(" "), float("inf")
    for piece in pieces:
        if end + space + piece.width > frame.RIGHT - frame.LEFT:
            lines.append([])
            end = -space
        lines[-1].append(piece.words)
        end += space + piece.width
    return [" ".join(line) for line in lines]
