"""What accounts had gained by each moment, and the moments at which one overtook another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise

from pipeline.records import ChartRow

CumulativeSeries = Sequence[tuple[datetime, float]]
"""Steps, oldest first: a moment, and what the account has gained from the start of the span until then."""


@dataclass(frozen=True, slots=True)
class Overtaking:
    """by, of: the indices of the account that overtook and of the one overtaken; level: what the latter had gained."""

    moment: datetime
    by: int
    of: int
    level: float


@dataclass(frozen=True, slots=True)
class Lead:
    """Since when the first of two accounts was ahead, or the second one; level: what the other one had gained then."""

    since: datetime
    is_of_first: bool
    level: float


def cumulative_series(row: ChartRow, start: datetime) -> CumulativeSeries:
    """The steps of a row, with 0 at the start of the span, or from when on the account's gain is known."""
    return [(max(row.since or start, start), 0.0), *((moment, float(gained)) for moment, gained in row.gains)]


def level_at(steps: CumulativeSeries, moment: datetime) -> float:
    """What had been gained by the moment, including a step at the moment itself."""
    return next((gained for when, gained in reversed(steps) if when <= moment), 0)


def level_before(steps: CumulativeSeries, moment: datetime) -> float:
    """What had been gained before the moment."""
    return next((gained for when, gained in reversed(steps) if when < moment), 0)


def overtakings(all_steps: Sequence[CumulativeSeries], until: datetime, brief: timedelta) -> list[Overtaking]:
    """All overtakings of any two accounts, oldest first; leads that lasted less than `brief` count as none."""
    found = []
    for one, other in combinations(range(len(all_steps)), 2):
        for _, lead in pairwise(_lasting(_leads(all_steps[one], all_steps[other]), until, brief)):
            by, of = (one, other) if lead.is_of_first else (other, one)
            found.append(Overtaking(lead.since, by, of, lead.level))
    return sorted(found, key=lambda each: (each.moment, each.by, each.of))


def _leads(one: CumulativeSeries, other: CumulativeSeries) -> list[Lead]:
    """The leads of two accounts, alternating; while they are level, the last lead goes on."""
    leads: list[Lead] = []
    for moment, first, second in _levels(one, other):
        is_of_first = first > second
        if first != second and (not leads or leads[-1].is_of_first != is_of_first):
            leads.append(Lead(moment, is_of_first, min(first, second)))
    return leads


def _levels(one: CumulativeSeries, other: CumulativeSeries) -> Iterator[tuple[datetime, float, float]]:
    """The moments at which one of both changes, with what both had gained, from when on both are known."""
    levels: dict[bool, float] = {}
    changes = sorted([(*step, True) for step in one] + [(*step, False) for step in other], key=lambda each: each[0])
    end = datetime.max.replace(tzinfo=UTC), 0, True
    for (moment, gained, is_of_first), (following, *_) in pairwise([*changes, end]):
        levels[is_of_first] = gained
        if len(levels) == len({True, False}) and moment != following:
            yield moment, levels[True], levels[False]


def _lasting(leads: Sequence[Lead], until: datetime, brief: timedelta) -> list[Lead]:
    """The leads without the brief ones. The last one is not over, so that it is never brief."""
    ends = [*(lead.since for lead in leads), until + brief][1:]
    lasting: list[Lead] = []
    for lead, end in zip(leads, ends, strict=True):
        if end - lead.since >= brief and (not lasting or lasting[-1].is_of_first != lead.is_of_first):
            lasting.append(lead)
    return lasting
