"""The accounts that a picture has no room for, named."""

from bisect import bisect_right
from collections.abc import Sequence

from pipeline.chart import frame
from pipeline.chart.standing import Standing, reason
from pipeline.chart.words import elide, width
from pipeline.language import speech, text
from pipeline.records import ChartData, ChartRow

MOST_LINES = 2
NOT_DRAWN = text("not drawn, in the text below:")
AND_MORE = text("and {count} more")
MORE = text("{count} more")


def named(data: ChartData, rest: Sequence[Standing]) -> list[str]:
    """Their names, with the reason where they have no posts."""
    return fitting(data, speech(data.look.language).say(NOT_DRAWN), [_name(data, each.row) for each in rest])


def _name(data: ChartData, row: ChartRow) -> str:
    return f"@{row.handle}" if row.values else f"@{row.handle} ({reason(data, row)})"


def fitting(data: ChartData, intro: str, names: Sequence[str]) -> list[str]:
    """The intro with as many of the names as fit into MOST_LINES, and how many more there are."""
    if not names:
        return []
    short = [elide(name, frame.RIGHT - frame.LEFT) for name in names]
    lines = _lines(data, intro, short, len(short))
    if len(lines) <= MOST_LINES:
        return lines
    most = bisect_right(range(len(short)), MOST_LINES, key=lambda told: len(_lines(data, intro, short, told)))
    return _lines(data, intro, short, max(most - 1, 0))


def _lines(data: ChartData, intro: str, names: Sequence[str], told: int) -> list[str]:
    """The first of the names, and how many more there are."""
    left = len(names) - told
    more = [speech(data.look.language).say(AND_MORE if told else MORE, count=left)] if left else []
    return _wrap([*intro.split(), *_listed(names[:told]), *more])


def _wrap(words: Sequence[str]) -> list[str]:
    """Lines as wide as the page's text, broken between these words."""
    lines = [""]
    for word in words:
        longer = f"{lines[-1]} {word}".strip()
        if width(longer) <= frame.RIGHT - frame.LEFT:
            lines[-1] = longer
        else:
            lines.append(word)
    return [line for line in lines if line]


def _listed(names: Sequence[str]) -> list[str]:
    return [f"{name}," for name in names[:-1]] + list(names[-1:])
