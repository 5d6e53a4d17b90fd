"""Draws the growth view: the accounts that gained most as lines on axes of time, or a single account."""

from collections.abc import Sequence
from math import ceil

from pipeline.chart.number_format import short
from pipeline.chart.paint.page import Page
from pipeline.chart.paint.typesetting import TEXT_PX, Style
from pipeline.chart.parts import frame, labels, overflow
from pipeline.chart.parts.lines import draw_lines
from pipeline.chart.parts.metrics import (
    BOTTOM,
    END_DOT,
    HALO,
    HEAD,
    LINE,
    MIN_DRAWING,
    RIGHT,
    SINGLE_BASELINE,
    SINGLE_HEAD,
    SINGLE_NAME,
    SPACE,
    STROKE,
)
from pipeline.chart.prepared import Chart
from pipeline.chart.ranking import RankedRow
from pipeline.chart.views.growth import words
from pipeline.chart.views.growth.axes import Axes, GrowthLine, axes_of, draw_axes, draw_times
from pipeline.chart.views.growth.cumulative import Overtaking, cumulative_series, overtakings
from pipeline.i18n import translator
from pipeline.records import ChartData, ChartRow, Layout

MAX_LINES = 6
"""More lines could not be told apart."""
BRIEF = 1 / 40
"""An account that is ahead for less of the span overtakes nobody."""
MAX_RINGS = 6
RING, RING_WIDTH = 24, 5
"""The ring at an overtaking, in px."""
NAMED_OVERTAKINGS = 2
"""How many of the latest overtakings the foot names."""
MIN_EMPTY = 160
"""The least height of a drawing of nothing."""
GAP_DASH = (1.2, 1.2)


def draw(chart: Chart) -> Page:
    """Draw the accounts that gained most, as many as can be told apart; the foot names the others."""
    data, entries = chart.data, chart.entries
    start = data.end - data.spec.span.length
    changed = [entry for entry in entries if _has_changed(entry.row)]
    unchanged = [entry for entry in entries if entry not in changed]
    drawn = changed[:MAX_LINES]
    names = overflow.name_lines(chart, [*changed[MAX_LINES:], *unchanged])
    all_steps = [cumulative_series(entry.row, start) for entry in drawn]
    seen = [
        each
        for each in overtakings(all_steps, data.end, data.spec.span.length * BRIEF)
        if _is_seen(each, drawn[each.by].row) and _is_seen(each, drawn[each.of].row)
    ]
    foot = _foot(data, drawn, seen, names)
    page = frame.open_page(chart, _height(data, len(drawn), foot), words.legend(data, has_rings=bool(seen)))
    lines = [GrowthLine(entry, _colour(page, entry), steps) for entry, steps in zip(drawn, all_steps, strict=True)]
    bottom = frame.write_foot(page, data, foot)
    if len(lines) == 1:
        _draw_single(page, data, chart.layout, lines[0], bottom)
    elif lines:
        _draw_together(page, chart, lines, seen, bottom)
    else:
        _draw_nothing(page, data, bottom)
    return page


def _height(data: ChartData, drawn: int, foot: frame.Foot) -> int:
    """The height of a page with so many lines and this foot."""
    lines = frame.foot_height(len(frame.foot_lines(data, foot)))
    needed = max(MIN_DRAWING + LINE + SPACE if drawn else MIN_EMPTY, labels.least_height(data, drawn))
    return max(frame.height_for(drawn, data), ceil(HEAD + needed + lines + BOTTOM))


def _has_changed(row: ChartRow) -> bool:
    return row.total is not None and any(gained for _, gained in row.gains)


def _colour(page: Page, entry: RankedRow) -> str:
    return page.colours.muted if entry.row.note else page.colours.account(entry.index)


def _is_seen(overtaking: Overtaking, row: ChartRow) -> bool:
    """Whether the moment is known: at the end of a gap it is only known that it happened within the gap."""
    return overtaking.moment not in {end for _, end in row.gaps}


def _draw_together(
    page: Page, chart: Chart, lines: Sequence[GrowthLine], seen: Sequence[Overtaking], bottom: float
) -> None:
    """Draw the lines on the same axes, with rings where they cross, each line with a label at the right."""
    data = chart.data
    all_labels = [_label(page, data, line) for line in lines]
    axes = axes_of(data, chart.layout, RIGHT - labels.labels_width(all_labels), page.top + TEXT_PX / 2, bottom)
    draw_axes(page, data, axes)
    _draw_lines(page, axes, lines)
    _draw_rings(page, axes, lines, seen)
    ends = [(axes.right, axes.y(line.steps[-1][1])) for line in lines]
    labels.draw_labels(page, all_labels, ends, axes.right, bottom)


def _draw_single(page: Page, data: ChartData, layout: Layout, line: GrowthLine, bottom: float) -> None:
    """Draw the line over the whole width, with its words above."""
    ink, muted = Style(page.colours.ink, SINGLE_NAME, bold=True), Style(page.colours.muted)
    name = f"@{line.row.handle}", Style(line.colour, SINGLE_NAME, bold=True)
    gained, since = (_gained(data, line.row), ink), (words.since(data, line.row), muted)
    labels.write_heading(
        page, page.top + SINGLE_BASELINE, [name, (line.row.network, muted), gained, since, (line.row.note or "", muted)]
    )
    axes = axes_of(data, layout, RIGHT - STROKE * 2, page.top + SINGLE_HEAD + TEXT_PX / 2, bottom)
    draw_axes(page, data, axes)
    _draw_lines(page, axes, [line])


def _draw_nothing(page: Page, data: ChartData, bottom: float) -> None:
    """Draw a level line, and write what it means."""
    axes = axes_of(data, Layout(0, 1, ()), RIGHT, page.top, bottom)
    page.line([(axes.left, axes.bottom), (axes.right, axes.bottom)], page.colours.muted, 2)
    draw_times(page, data, axes)
    frame.write_message(page, data, words.why_nothing(data) if data.rows else frame.NOBODY, axes.bottom)


def _label(page: Page, data: ChartData, line: GrowthLine) -> labels.Label:
    gained = f"{_gained(data, line.row)} {words.since(data, line.row)}".strip()
    return labels.label(line.colour, line.row, data, page.colours.muted, (gained, Style(page.colours.ink)))


def _gained(data: ChartData, row: ChartRow) -> str:
    total = row.total or 0
    return ("+" if total >= 0 else "") + short(total, data.spec.language)


def _draw_lines(page: Page, axes: Axes, lines: Sequence[GrowthLine]) -> None:
    """Draw the lines, dashed over gaps, each with a dot at its end."""
    paths = [(line.colour, axes.path(line)) for line in lines]
    draw_lines(page, paths)
    for bridge in (bridge for line in lines for bridge in axes.bridges(line)):
        page.line(bridge, page.colours.paper, STROKE + 2, GAP_DASH)
    for colour, path in reversed(paths):
        page.dots(path[-1:], colour, STROKE * END_DOT, rim=HALO)


def _draw_rings(page: Page, axes: Axes, lines: Sequence[GrowthLine], seen: Sequence[Overtaking]) -> None:
    """Draw rings where lines cross, the latest first, as many as touch neither each other nor the axis."""
    rings: list[tuple[float, float]] = []
    for each in reversed(seen):
        x, y = axes.x(each.moment), axes.y(each.level)
        is_apart = y <= axes.y(0) - RING and all(max(abs(x - u), abs(y - v)) > RING for u, v in rings)
        if len(rings) < MAX_RINGS and is_apart:
            rings.append((x, y))
            page.rings([(x, y)], lines[each.by].colour, RING, RING_WIDTH)


def _foot(data: ChartData, drawn: Sequence[RankedRow], seen: Sequence[Overtaking], names: Sequence[str]) -> frame.Foot:
    """What dashes mean, the latest overtakings, and the accounts that are not drawn."""
    dashed = [translator(data.spec.language).gettext(words.GAPS)] if any(entry.row.gaps for entry in drawn) else []
    latest = [_overtaking(data, drawn, each) for each in seen[: -NAMED_OVERTAKINGS - 1 : -1]]
    return frame.Foot(facts=[*dashed, *latest], lines=names)


def _overtaking(data: ChartData, drawn: Sequence[RankedRow], each: Overtaking) -> str:
    """The overtaking in words, with names as in the labels."""
    by, of = (labels.shortened(f"@{drawn[index].row.handle}", data.handles) for index in (each.by, each.of))
    return words.overtaking(data, by, of, each.moment)
