"""What the runs say, as tables and as a plot."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from tests.simulate.error import FIGURES
from tests.simulate.growth import Floats
from tests.simulate.runs import BUDGETS, Result

NAMES = {
    "ours": "ours",
    "law": "ours, knowing each post's law",
    "simple": "twice as old or 14 days",
    "newest_n": "newest n of each",
    "whole_in_turn": "whole accounts in turn",
    "oracle": "knowing each post's future",
    "today": "everything, every day",
}
LEVELS = (1.0, 0.5)
LEAST = 0.01
"""The least error that a plot shows, in %."""


def tables(results: Sequence[Result]) -> Iterable[str]:
    """Lines for each mix: the errors at equal dollars, the dollars for equal errors, and what ours is made of."""
    for mix in dict.fromkeys(result.mix for result in results):
        mine = [result for result in results if result.mix == mix]
        yield f"\n{mix}, {mine[0].growth} growth, seeds {sorted({result.seed for result in mine})}:"
        yield "chart error in %, at dollars an account and day"
        yield from _by_dollars(mine, mix)
        yield from _by_error(mine)
        yield from _details(mine)


def _by_dollars(results: Sequence[Result], mix: str) -> Iterable[str]:
    yield f"{'':32}" + "".join(f"{usd:>8g}" for usd in BUDGETS[mix])
    for policy, name in NAMES.items():
        curves = [curve(results, policy, seed) for seed in _seeds(results)]
        if policy == "today":
            yield f"{name:32}" + f"  0 at ${np.mean([usd[0] for usd, _ in curves]):.3f}"
            continue
        values = [np.mean([error_at(*each, usd) for each in curves]) for usd in BUDGETS[mix]]
        yield f"{name:32}" + "".join(f"{'-' if np.isnan(value) else f'{value:.2f}':>8}" for value in values)


def _by_error(results: Sequence[Result]) -> Iterable[str]:
    yield "dollars an account and day for a chart error of"
    for policy, name in NAMES.items():
        if policy == "today":
            continue
        curves = [curve(results, policy, seed) for seed in _seeds(results)]
        prices = [np.mean([dollars_for(*each, level) for each in curves]) for level in LEVELS]
        yield f"{name:32}" + "   ".join(
            f"{level:g} %: {price:.4f}" for level, price in zip(LEVELS, prices, strict=True)
        )


def _details(results: Sequence[Result]) -> Iterable[str]:
    yield "in detail, mean of the seeds, errors in %"
    for policy, name in NAMES.items():
        for group in _same_budget([result for result in results if result.policy == policy]):
            yield f"{name:32}" + _detail(group)


def _same_budget(results: Sequence[Result]) -> list[list[Result]]:
    """The results of a policy, one of each seed: they come in the same order in each.

    The oracle is not run on budgets that it cannot spend, which differ by seed: those of some seeds alone are left out.
    """
    by_seed = [[result for result in results if result.seed == seed] for seed in _seeds(results)]
    return [list(group) for group in zip(*by_seed, strict=False)]


def _detail(group: Sequence[Result]) -> str:
    figures = 100 * np.mean([result.errors.by_account.mean(axis=0) for result in group], axis=0)
    chart = 100 * np.mean([result.errors.chart.mean() for result in group])
    p95, worst = (
        100 * np.mean(each) for each in zip(*[(r.errors.p95, r.errors.chart.max()) for r in group], strict=True)
    )
    kinds = {
        kind: 100 * np.mean([result.errors.by_kind()[kind] for result in group]) for kind in group[0].errors.by_kind()
    }
    more = {name: np.mean([result.more[name] for result in group]) for name in group[0].more}
    parts = [f"${np.mean([result.usd for result in group]):.4f}", f"chart {chart:.2f}"]
    parts += [f"{name} {value:.2f}" for name, value in zip(FIGURES, figures, strict=True)]
    parts += [f"p95 {p95:.2f}", f"worst {worst:.1f}", "|", *(f"{kind} {value:.2f}" for kind, value in kinds.items())]
    parts += ["|", *(f"{name} {value:.4g}" for name, value in more.items())] if more else []
    return " ".join(parts)


def curve(results: Sequence[Result], policy: str, seed: int) -> tuple[Floats, Floats]:
    """Dollars and chart errors in % of a policy on one seed, by rising dollars."""
    mine = sorted((r.usd, 100 * float(r.errors.chart.mean())) for r in results if (r.policy, r.seed) == (policy, seed))
    dollars, errors = np.array(mine).T
    return dollars, errors


def error_at(dollars: Floats, errors: Floats, usd: float) -> float:
    """The error at so many dollars, by the logarithms of both; not a number outside of what was run."""
    if not dollars[0] * 0.97 <= usd <= dollars[-1] * 1.03:
        return float("nan")
    return float(
        np.exp(np.interp(np.log(usd), np.log(np.maximum(dollars, 1e-6)), np.log(np.maximum(errors, LEAST / 10))))
    )


def dollars_for(dollars: Floats, errors: Floats, level: float) -> float:
    """The dollars for an error, by the logarithms of both; where the errors rise in between, the last crossing."""
    above = np.flatnonzero(errors > level)
    if not len(above):
        return float(dollars[0])
    last = int(above[-1])
    if last + 1 == len(errors):
        return float("nan")
    logs = np.log(np.maximum(errors[last : last + 2], LEAST / 10))
    share = (logs[0] - np.log(level)) / (logs[0] - logs[1])
    return float(np.exp(np.log(dollars[last]) * (1 - share) + np.log(dollars[last + 1]) * share))


def _seeds(results: Sequence[Result]) -> list[int]:
    return sorted({result.seed for result in results})


def plot(results: Sequence[Result], path: Path) -> None:
    """Error against dollars, a panel for each mix; the seeds' geometric mean."""
    mixes = list(dict.fromkeys(result.mix for result in results))
    figure = Figure(figsize=(5.2 * len(mixes), 4.2), dpi=110, layout="constrained")
    for index, mix in enumerate(mixes):
        axes = figure.add_subplot(1, len(mixes), index + 1)
        mine = [result for result in results if result.mix == mix]
        for policy, name in NAMES.items():
            groups = _same_budget([result for result in mine if result.policy == policy])
            dollars = [np.mean([result.usd for result in group]) for group in groups]
            errors = [max(LEAST, 100 * np.mean([r.errors.chart.mean() for r in group])) for group in groups]
            width = 2.5 if policy == "ours" else 1.2
            axes.plot(dollars, errors, marker="o", markersize=3, linewidth=width, label=name)
        axes.set(xscale="log", yscale="log", title=f"{mix} accounts", xlabel="US dollars an account and day")
        axes.set_ylabel("error of the chart, %")
        axes.xaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.grid(alpha=0.3)
    figure.axes[0].legend(fontsize=8, frameon=False, loc="lower left")
    figure.savefig(path)
