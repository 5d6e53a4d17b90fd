"""What a comparison's dataset and its chart are both made of, so that they agree."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from pipeline.records import ChartData
from pipeline.steps.chart_data import Timelines, chart_data
from pipeline.store import comparisons, posts
from pipeline.store.tables import Comparison


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A comparison as the database has it. drawn_inputs: the digest of what its published chart shows, if any."""

    comparison_id: int
    timelines: Timelines
    data: ChartData
    drawn_inputs: str | None


def snapshot(session: Session, comparison: Comparison, now: datetime) -> Snapshot:
    accounts = comparisons.list_accounts(session, comparison.id)
    newest = posts.list_newest(session, [account.id for account in accounts], comparison.spec.count)
    timelines = [(account, newest[account.id]) for account in accounts]
    return Snapshot(comparison.id, timelines, chart_data(session, comparison, timelines, now), comparison.inputs_digest)
