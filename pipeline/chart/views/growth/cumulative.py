"""What accounts gained by when, and the moments at which one overtook another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise

from pipeline.records import ChartRow

Course = Sequence[tuple[datetime, float]]
"""What had been gained from a moment on, until the next one; oldest first."""


@dataclass(frozen=True, slots=True)
class Overtaking:
    """Who passed whom, as places in what was compared, and what the passed one had gained by then."""

    moment: datetime
    by: int
    of: int
    level: float


@dataclass(frozen=True, slots=True)
class Lead:
    """From when on the first of two was ahead, or the second; and what the other one had gained by then."""

    since: datetime
    first: bool
    level: float


def course(row: ChartRow, start: datetime) -> Course:
    """From the start at nothing, or from when the account is known."""
    return [(max(row.since or start, start), 0.0), *((moment, float(gained)) for moment, gained in row.course)]


def level_at(steps: Course, moment: datetime) -> float:
    """What had been gained by then."""
    return next((gained for when, gained in reversed(steps) if when <= moment), 0)


def level_before(steps: Course, moment: datetime) -> float:
    """What had been gained until just before."""
    return next((gained for when, gained in reversed(steps) if when < moment), 0)


def overtakings(courses: Sequence[Course], until: datetime, brief: timedelta) -> list[Overtaking]:
    """All of them, oldest first, but for those that were undone within a brief time."""
    found = []
    for one, other in combinations(range(len(courses)), 2):
        for _, lead in pairwise(_lasting(_leads(courses[one], courses[other]), until, brief)):
            by, of = (one, other) if lead.first else (other, one)
            found.append(Overtaking(lead.since, by, of, lead.level))
    return sorted(found, key=lambda each: (each.moment, each.by, each.of))


def _leads(one: Course, other: Course) -> list[Lead]:
    """Who was ahead by turns; being level changes nothing."""
    leads: list[Lead] = []
    for moment, ours, theirs in _together(one, other):
        first = ours > theirs
        if ours != theirs and (not leads or leads[-1].first != first):
            leads.append(Lead(moment, first, min(ours, theirs)))
    return leads


def _together(one: Course, other: Course) -> Iterator[tuple[datetime, float, float]]:
    """What both had gained at each moment from which on both are known."""
    known: dict[bool, float] = {}
    changes = sorted([(*step, True) for step in one] + [(*step, False) for step in other], key=lambda each: each[0])
    for (moment, gained, first), (following, *_) in pairwise([*changes, (datetime.max.replace(tzinfo=UTC), 0, True)]):
        known[first] = gained
        if len(known) == len({True, False}) and moment != following:
            yield moment, known[True], known[False]


def _lasting(leads: Sequence[Lead], until: datetime, brief: timedelta) -> list[Lead]:
    """Without the brief ones; the last one is not over yet."""
    ends = [*(lead.since for lead in leads), until + brief][1:]
    lasting: list[Lead] = []
    for lead, end in zip(leads, ends, strict=True):
        if end - lead.since >= brief and (not lasting or lasting[-1].first != lead.first):
            lasting.append(lead)
    return lasting
