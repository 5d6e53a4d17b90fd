"""The accounts that a picture has no room for, named."""

from collections.abc import Sequence

from pipeline.chart import frame
from pipeline.chart.page import elide, width
from pipeline.chart.standing import Standing, reason
from pipeline.language import speech
from pipeline.records import ChartData

MOST_LINES = 2


def named(data: ChartData, rest: Sequence[Standing]) -> list[str]:
    """In two lines at most; how many more there are where not all of them fit."""
    if not rest:
        return []
    say = speech(data.look.language).say
    names = [elide(_name(data, standing), frame.RIGHT - frame.LEFT) for standing in rest]
    for told in range(len(names), -1, -1):
        more = [say("{count} more", count=len(names) - told)] if told < len(names) else []
        lines = _wrapped([say("not drawn, in the text below:"), *_listed([*names[:told], *more])])
        if len(lines) <= MOST_LINES:
            break
    return lines


def _listed(names: Sequence[str]) -> list[str]:
    return [f"{name}," for name in names[:-1]] + list(names[-1:])


def _name(data: ChartData, standing: Standing) -> str:
    row = standing.row
    return f"@{row.handle}" if row.values else f"@{row.handle} ({reason(data, row)})"


def _wrapped(words: Sequence[str]) -> list[str]:
    lines = [""]
    for word in words:
        longer = f"{lines[-1]} {word}".strip()
        if width(longer) <= frame.RIGHT - frame.LEFT:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
