"""The chart in words, short enough to be a photo's caption."""

from pipeline.chart.standing import Standing, extent, figures, moment, reason, sample, standings, title
from pipeline.records import ChartData

MAX_UNITS = 1024
"""Telegram's limit for a caption, in UTF-16 code units."""


def caption(data: ChartData) -> str:
    """One line an account, the highest median first: as many as fit into MAX_UNITS, then how many more there are."""
    first = f"{title(data)}, {extent(data)}, own posts only"
    last = f"as of {moment(data.as_of, year=True)}"
    lines = [_line(standing) for standing in standings(data.rows)]
    for told in range(len(lines), -1, -1):
        rest = [f"and {len(lines) - told} more"] if told < len(lines) else []
        text = "\n".join([first, *lines[:told], *rest, last])
        if _units(text) <= MAX_UNITS:
            break
    return text


def _line(standing: Standing) -> str:
    row = standing.row
    if not row.values:
        return f"@{row.handle} · {reason(row)}"
    note = [row.note] if row.note else []
    return " · ".join([f"@{row.handle}", *figures(standing), sample(standing), *note])


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
