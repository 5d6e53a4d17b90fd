"""The accounts of a page that the picture does not draw: it names them in its foot, each with its figure."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from pipeline.chart.paint.typesetting import elide, wrap
from pipeline.chart.parts.frame import SEPARATOR
from pipeline.chart.parts.metrics import TEXT_WIDTH
from pipeline.chart.prepared import Chart
from pipeline.chart.ranking import RankedRow
from pipeline.chart.wording import reason, since
from pipeline.i18n import lazy_gettext, translator

NOT_DRAWN = lazy_gettext("not drawn")
MAX_NAME = 372
"""The greatest width of a name, in px."""


def name_lines(chart: Chart, entries: Sequence[RankedRow]) -> list[str]:
    """Lines that name the entries with their figures, grouped by why a figure is missing or from when it is."""

    def kind(entry: RankedRow) -> tuple[bool, str]:
        return _kind(chart, entry)

    groups = [list(group) for _, group in groupby(sorted(entries, key=kind), kind)]
    pieces: list[str] = []
    for number, group in enumerate(groups):
        names = [_name(chart, entry) for entry in group]
        end = "" if number == len(groups) - 1 else SEPARATOR.rstrip()
        pieces += [*_intro(chart, group[0], is_first=number == 0).split(), *_enumerated(names, end)]
    return wrap(pieces, TEXT_WIDTH)


def _kind(chart: Chart, entry: RankedRow) -> tuple[bool, str]:
    """Whether an account has no figure, and what its group has in common: a reason, a time, or nothing."""
    if _figure(chart, entry) is None:
        return True, reason(chart.data, entry.row)
    return False, entry.row.note or since(chart.data, entry.row)


def _intro(chart: Chart, entry: RankedRow, *, is_first: bool) -> str:
    """The words before the group of this entry."""
    gettext = translator(chart.data.spec.language).gettext
    has_no_figure, common = _kind(chart, entry)
    column = [gettext(chart.columns[0].name)] if is_first and not has_no_figure else []
    return ", ".join(filter(None, [gettext(NOT_DRAWN) if is_first else "", *column, common])) + ":"


def _name(chart: Chart, entry: RankedRow) -> str:
    """The name and the figure in one piece."""
    name = elide(f"@{entry.row.handle}", MAX_NAME, among=chart.data.handles)
    return " ".join([name, *filter(None, [_figure(chart, entry)])]).replace(" ", "\N{NO-BREAK SPACE}")


def _figure(chart: Chart, entry: RankedRow) -> str | None:
    return None if entry.sort_value is None else chart.columns[0].cell(entry, chart.data.spec.language)


def _enumerated(names: Sequence[str], end: str) -> Iterator[str]:
    yield from (f"{name}," for name in names[:-1])
    yield names[-1] + end
