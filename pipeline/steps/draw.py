"""The draw step: a comparison's chart is drawn and published, unless it would show the same as before."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from pipeline.chart import render
from pipeline.chart.caption import caption
from pipeline.chart.views import prepare
from pipeline.messaging import client, progress
from pipeline.records import ChartData
from pipeline.steps.chart_data import inputs, layouts
from pipeline.steps.resources import Resources
from pipeline.steps.snapshot import Snapshot, snapshot
from pipeline.store import comparisons
from pipeline.store.tables import Comparison


def claim(resources: Resources, comparison_ids: Collection[int], now: datetime) -> Sequence[tuple[int, int]]:
    """Those of these comparisons that are to be drawn now, as (id, version)."""
    if not comparison_ids:
        return []
    with resources.store.write_session() as db:
        return comparisons.claim(db, comparison_ids, now)


def release_claims(resources: Resources) -> None:
    """Let any outdated comparison be claimed again, since a worker that is gone may have claimed some."""
    with resources.store.write_session() as db:
        comparisons.release_claims(db)


def read(resources: Resources, comparison_id: int, now: datetime) -> Snapshot:
    """Read what the comparison's dataset and chart are made of."""
    with resources.store.read_session() as db:
        return snapshot(db, db.get_one(Comparison, comparison_id), now)


def draw(resources: Resources, source: Snapshot, version: int) -> bool:
    """Draw the chart, note it as the comparison's newest and wake the bot. True where a later version is wanted by now.

    version: what `claim` returned; a chart of a later version that was published meanwhile stays.
    """
    digest = inputs(source.data)
    chart = None if source.drawn_inputs == digest else _chart(resources, source.data)
    replaced = None
    with resources.store.write_session() as db:
        if chart is None:
            data = source.data
            comparisons.mark_unchanged(db, source.comparison_id, digest, data.as_of, data.expires_at)
        else:
            replaced = _publish(db, source.comparison_id, version, chart)
        is_behind = comparisons.mark_rendered(db, source.comparison_id, version)
    progress.note(resources.redis, progress.DRAWING)
    if chart is not None:
        progress.count(resources.redis, {("charts_drawn",): 1})
    resources.blobs.retire(replaced)
    client.wake_bot(resources.redis)
    return is_behind


def _chart(resources: Resources, data: ChartData) -> dict[str, Any]:
    """The columns of a comparison that describe its chart. The PNG itself stays in Redis until the bot has it.

    A picture under which other figures stand is another chart, although too little has changed to be seen in it.
    """
    text = caption(data)
    figures, _time = text.rsplit("\n", 1)
    return {
        "chart_digest": resources.blobs.put(render.render(render.draw(data), "png"), figures),
        "inputs_digest": inputs(data),
        "caption": text,
        "layout": layouts.dump_json(prepare(data).layout).decode(),
        "as_of": data.as_of,
        "checked_at": data.as_of,
        "expires_at": data.expires_at,
    }


def _publish(db: Session, comparison_id: int, version: int, chart: dict[str, Any]) -> str | None:
    """Note the chart, unless a later one or an equal one stands; returns the digest of the picture that it replaces."""
    comparison = db.get_one(Comparison, comparison_id)
    if comparison.rendered_version > version or comparison.inputs_digest == chart["inputs_digest"]:
        return None
    replaced = comparison.chart_digest
    for name, value in chart.items():
        setattr(comparison, name, value)
    return replaced if replaced != comparison.chart_digest else None
