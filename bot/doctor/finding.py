"""What a check is, and a line of what it finds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from pydantic import TypeAdapter

from pipeline.i18n import lazy_gettext
from pipeline.records import LazyString
from pipeline.settings import BotSettings


class Mark(StrEnum):
    """How a line begins. A warning is nothing that keeps Tallybird from working."""

    WELL = "✓"
    WARNING = "!"
    WRONG = "✗"


@dataclass(frozen=True)
class Finding:
    mark: Mark
    text: LazyString


findings = TypeAdapter(list[Finding])


def well(text: LazyString) -> Finding:
    return Finding(Mark.WELL, text)


def warning(text: LazyString) -> Finding:
    return Finding(Mark.WARNING, text)


def wrong(text: LazyString) -> Finding:
    return Finding(Mark.WRONG, text)


def line(finding: Finding) -> LazyString:
    """The finding as people are shown it."""
    return lazy_gettext("{mark} {finding}", mark=finding.mark.value, finding=finding.text)


@dataclass(frozen=True)
class Check:
    """Looks at one thing. name: of the thing. run: yields what it finds, a line each; it has a thread of its own."""

    name: str | LazyString
    run: Callable[[BotSettings], Iterator[Finding]]
