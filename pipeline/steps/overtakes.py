"""Alerts of overtakes: an account passes another in a live chart, by the figures that the chart ranks its accounts by.

The order of the accounts is kept from one chart to the next. Two of them change places once the lower one's figure is
above the other's by MARGIN, so that two that are close do not pass each other again and again. An overtake is told
where the one that passes has risen since the chart before, and the other has not fallen by more than FALL_IGNORED: a
deleted post, or one that newer posts displace, makes nobody pass. Accounts that cannot be read, are read late or not
wholly yet take no part until they are read as usual, and then they find their place without a word.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from pydantic import TypeAdapter

from pipeline.chart.views import VIEWS
from pipeline.i18n import lazy_gettext
from pipeline.records import ChartRow
from pipeline.steps.resources import Resources
from pipeline.steps.snapshot import Snapshot
from pipeline.store import alerts
from pipeline.store.tables import Account, Comparison

MARGIN, FALL_IGNORED = 0.1, 0.02
"""Of a figure."""
HELD_FOR = timedelta(days=2)
"""A standing that is older says nothing of who passes whom now."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Accounts by their ids, in their order from the top, with their figures at a moment."""

    at: datetime
    accounts: tuple[int, ...]
    figures: tuple[float, ...]


standings = TypeAdapter(Standing)
"""Packs a standing to JSON bytes and back."""


class Overtake(NamedTuple):
    """Which account passes which, by their ids."""

    riser: int
    passed: int


def find(resources: Resources, source: Snapshot, now: datetime) -> None:
    """Alert the chats that show the comparison live of who passes whom in it. Most charts have none: one query."""
    with resources.store.read_session() as db:
        listeners = alerts.listeners_of_chart(db, source.comparison_id)
    if not listeners:
        return
    accounts = {account.id: account for account, _ in source.timelines}
    with resources.store.write_session() as db:
        comparison = db.get_one(Comparison, source.comparison_id)
        before = standings.validate_json(comparison.standing) if comparison.standing else None
        standing, overtakes = compare(before, _figures(source), now)
        comparison.standing = standings.dump_json(standing).decode()
        for overtake in overtakes:
            key = f"overtake {comparison.id} {overtake.riser} {overtake.passed} {now:%Y-%m-%d}"
            text = lazy_gettext(
                "@{riser} has passed @{passed} in the live chart of {metric}.",
                riser=accounts[overtake.riser].handle,
                passed=accounts[overtake.passed].handle,
                metric=source.data.noun,
            )
            for listener in listeners:
                alerts.publish(db, listener, key, text, now)


def _figures(source: Snapshot) -> dict[int, float]:
    """What the accounts are ranked by, of those whose figure is sure."""
    ranked = VIEWS[source.data.spec.view].rank(source.data.rows)
    known = [(source.timelines[each.index][0], each.row, each.sort_value) for each in ranked]
    return {account.id: figure for account, row, figure in known if figure is not None and _is_sure(account, row)}


def _is_sure(account: Account, row: ChartRow) -> bool:
    """Whether the account is read as usual, and its gain, where the chart shows one, is known of the whole span."""
    is_read = row.note is None and account.until_id is None
    return is_read and row.since is None and row.until is None and not row.gaps


def compare(before: Standing | None, figures: Mapping[int, float], now: datetime) -> tuple[Standing, list[Overtake]]:
    """The standing now, and who passed whom since the one before. figures: by account id."""
    last = _last_figures(before, now)
    order = [account_id for account_id in last if account_id in figures]
    overtakes = [each for index in range(len(order)) if (each := _rise(order, index, figures)) is not None]
    for account_id in figures.keys() - last.keys():
        above = (index for index, other in enumerate(order) if figures[other] < figures[account_id])
        order.insert(next(above, len(order)), account_id)
    standing = Standing(now, tuple(order), tuple(figures[account_id] for account_id in order))
    return standing, [each for each in overtakes if _is_told(each, last, figures)]


def _last_figures(before: Standing | None, now: datetime) -> dict[int, float]:
    """The figures of the standing before, by account id, in its order; empty where it is too old."""
    if before is None or now - before.at > HELD_FOR:
        return {}
    return dict(zip(before.accounts, before.figures, strict=True))


def _rise(order: list[int], index: int, figures: Mapping[int, float]) -> Overtake | None:
    """Move the account at this index up past those that it leads by the margin; returns the highest one of them."""
    riser, place = order[index], index
    while place > 0 and figures[riser] > figures[order[place - 1]] * (1 + MARGIN):
        order[place] = order[place - 1]
        place -= 1
    order[place] = riser
    return Overtake(riser, order[place + 1]) if place < index else None


def _is_told(overtake: Overtake, last: Mapping[int, float], figures: Mapping[int, float]) -> bool:
    """Whether the one rose and the other did not fall; who passes an account without anything passes nobody."""
    riser, passed = overtake
    has_fallen = figures[passed] < last[passed] * (1 - FALL_IGNORED)
    return figures[riser] > last[riser] and figures[passed] > 0 and not has_fallen
