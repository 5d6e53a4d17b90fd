"""What a soak says at its end: a table, the time that charts took to recover from each fault, a verdict, a plot."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np
from matplotlib.figure import Figure

from tests.soak.faults import Fault
from tests.soak.samples import MEGABYTE, Sample

Value = float | None
ROWS = 12
"""Of the table, at most: each is of as many samples."""
COLUMNS: dict[str, Callable[[Sample], Value]] = {
    "minute": lambda each: each.minute,
    "PSS MB": lambda each: each.pss_mb,
    "Redis MB": lambda each: each.redis_mb,
    "queued": lambda each: _queued(each),  # noqa: PLW0108 it is defined below
    "tick s": lambda each: each.tick_age_s,
    "reading s": lambda each: each.oldest_reading_s,
    "lag s": lambda each: each.lag_s,
    "seen s": lambda each: each.seen_lag_s,
    "slowest s": lambda each: each.slowest_s,
    "late": lambda each: each.late_charts,
    "anew": lambda each: each.anew,
    "429": lambda each: each.refused,
    "database MB": lambda each: each.database_mb,
    "DATA_DIR MB": lambda each: each.data_dir_mb,
    "written MB": lambda each: each.written_mb,
    "CPU s": lambda each: each.cpu_s,
}
LARGEST = {"queued", "tick s", "reading s", "slowest s", "late"}
"""Of a row's samples the table has the largest; of lasting totals it has the last, of the rest the mean."""
TOTALS = {"minute", "anew", "429", "database MB", "DATA_DIR MB", "written MB", "CPU s"}
FLAT, FLAT_MB = 0.05, 5.0
"""Memory does not grow where the straight line through its second half rises by less than this part, or this much."""
SETTLED_MINUTES = 10
"""A shorter second half is not judged: processes that were killed are still filling their caches."""
BYTES_A_CHANGE = 600
"""What the database may grow by for each change of a figure, which is a row of history."""


@dataclass(frozen=True)
class Outcome:
    """lost, twice: of what chats and the database are to have, a line each. fresh_s: None: charts never were."""

    samples: Sequence[Sample]
    faults: Sequence[Fault]
    lost: list[str]
    twice: list[str]
    fresh_s: float | None
    allowed_s: float

    @property
    def problems(self) -> list[str]:
        unrecovered = [
            f"charts never recovered from: {fault.name}" for fault in self.faults if fault.recovered_at is None
        ]
        fresh = [] if self.fresh_s is not None else [f"not all charts were fresh {self.allowed_s:.0f} s after the end"]
        return [*self.lost, *self.twice, *unrecovered, *fresh, *growing(self.samples)]


def _queued(sample: Sample) -> Value:
    return None if sample.queues is None else sum(sample.queues.values())


def growing(samples: Sequence[Sample]) -> Iterator[str]:
    """What grows without end, by the second half of the samples."""
    half = samples[len(samples) // 2 :]
    if half[-1].minute - half[0].minute < SETTLED_MINUTES:
        return
    flat: dict[str, Callable[[Sample], Value]] = {
        "memory": lambda each: each.pss_mb,
        "Redis' memory": lambda each: each.redis_mb,
        "DATA_DIR without the database": lambda each: each.other_files_mb,
    }
    for name, value in flat.items():
        rise, mean = _rise([(each.minute, found) for each in half if (found := value(each)) is not None])
        if rise > max(FLAT * mean, FLAT_MB):
            yield f"{name} grows: by {rise:.1f} MB in the second half, of {mean:.1f} MB"
    lengths = [length for each in half if (length := _queued(each)) is not None]
    if lengths and min(lengths) > 0:
        yield f"the queues were never empty in the second half: {min(lengths)} messages at least"
    sizes = [(each.changes, each.database_mb * MEGABYTE) for each in half if each.database_mb is not None]
    rise, _ = _rise(sizes)
    changes = sizes[-1][0] - sizes[0][0]
    if rise > BYTES_A_CHANGE * changes:
        yield f"the database grows by {rise / changes:.0f} bytes for each change of a figure, above {BYTES_A_CHANGE}"


def _rise(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """By how much the straight line through the points rises from the first to the last, and their mean."""
    x, y = np.array(points, dtype=float).T
    slope = np.polyfit(x, y, 1)[0]
    return float(slope * (x[-1] - x[0])), float(y.mean())


def table(samples: Sequence[Sample]) -> Iterator[str]:
    each = max(1, -(-len(samples) // ROWS))
    rows = [[_cell(name, samples[first : first + each]) for name in COLUMNS] for first in range(0, len(samples), each)]
    widths = [max(len(name), *(len(row[place]) for row in rows)) for place, name in enumerate(COLUMNS)]
    for row in [list(COLUMNS), *rows]:
        yield "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))


def _cell(name: str, samples: Sequence[Sample]) -> str:
    values = [value for sample in samples if (value := COLUMNS[name](sample)) is not None]
    if not values:
        return "-"
    value = max(values) if name in LARGEST else values[-1] if name in TOTALS else fmean(values)
    return f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:.1f}"


def recoveries(faults: Sequence[Fault], started_at: float) -> Iterator[str]:
    for fault in faults:
        took = "not" if fault.recovery_s is None else f"after {fault.recovery_s:.0f} s"
        lasted = (
            ""
            if not fault.ended_at or fault.ended_at - fault.started_at < 1
            else f" for {fault.ended_at - fault.started_at:.0f} s"
        )
        yield f"{(fault.started_at - started_at) / 60:5.1f} min  {fault.name}{lasted}: every chart fresh {took}"


def verdict(outcome: Outcome) -> Iterator[str]:
    yield f"lost: {'; '.join(outcome.lost) or 'nothing'}"
    yield f"twice: {'; '.join(outcome.twice) or 'nothing'}"
    if outcome.fresh_s is not None:
        yield f"all live charts fresh {outcome.fresh_s:.0f} s after the last change, {outcome.allowed_s:.0f} s allowed"
    yield from (f"PROBLEM: {problem}" for problem in outcome.problems)
    yield "Passed." if not outcome.problems else "Failed."


def plot(samples: Sequence[Sample], faults: Sequence[Fault], started_at: float, path: Path) -> None:
    panels: dict[str, list[str]] = {
        "memory, MB": ["PSS MB", "Redis MB"],
        "messages queued": ["queued"],
        "behind, s": ["seen s", "slowest s", "reading s", "tick s"],
        "kept on the disk, MB": ["database MB", "DATA_DIR MB"],
        "written to the disk, MB": ["written MB"],
    }
    figure = Figure(figsize=(11, 13), layout="constrained")
    minutes = [each.minute for each in samples]
    for axes, (title, names) in zip(figure.subplots(len(panels), sharex=True), panels.items(), strict=True):
        for name in names:
            values = [COLUMNS[name](each) for each in samples]
            axes.plot(minutes, [np.nan if value is None else value for value in values], label=name)
        for fault in faults:
            axes.axvline((fault.started_at - started_at) / 60, color="0.8", linewidth=0.8, zorder=0)
        axes.set_ylabel(title)
        axes.set_ylim(bottom=0)
        axes.legend(loc="upper left", fontsize="small")
    first = figure.axes[0]
    for fault in faults:
        at = (fault.started_at - started_at) / 60
        first.text(at, 1.01, fault.name, rotation=90, fontsize=7, transform=first.get_xaxis_transform(), ha="center")
    figure.axes[-1].set_xlabel("minutes")
    figure.savefig(path, dpi=110)
