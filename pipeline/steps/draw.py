"""The draw step: from stored posts to a published chart, unless it would show the same as before."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime

from pipeline.chart import render
from pipeline.chart.caption import caption
from pipeline.chart.views import prepare
from pipeline.messaging import client
from pipeline.steps.chart_data import Drawing, chart_data, drawings, inputs, layouts
from pipeline.steps.resources import Resources
from pipeline.store import comparisons
from pipeline.store.tables import Comparison


def claim(resources: Resources, comparison_ids: Collection[int], now: datetime) -> Sequence[tuple[int, int]]:
    """Those of these comparisons that are to be drawn now, as (id, version)."""
    if not comparison_ids:
        return []
    with resources.store.write_session() as db:
        return comparisons.claim(db, comparison_ids, now)


def draw(resources: Resources, comparison_id: int, now: datetime) -> str | None:
    """Draw the comparison; returns the digest of the drawing, or None where the chart would show the same as before."""
    with resources.store.read_session() as db:
        comparison = db.get_one(Comparison, comparison_id)
        data = chart_data(db, comparison, now)
    if comparison.inputs_digest == inputs(data):
        with resources.store.write_session() as db:
            comparisons.mark_unchanged(db, comparison_id, inputs(data), data.as_of)
        return None
    packed_layout = layouts.dump_json(prepare(data).layout).decode()
    chart = resources.blobs.put(render.render(render.draw(data)))
    drawing = Drawing(chart, caption(data), inputs(data), packed_layout, data.as_of, data.expires_at)
    return resources.blobs.put(drawings.dump_json(drawing))


def publish(resources: Resources, digest: str | None, comparison_id: int, version: int) -> bool:
    """Note the chart as the comparison's newest, and wake the bot. True where a later version was asked for."""
    packed = resources.blobs.get(digest) if digest else None
    if digest and packed is None:
        with resources.store.write_session() as db:
            comparisons.requeue(db, comparison_id)
        return True
    with resources.store.write_session() as db:
        if packed is not None:
            drawing = drawings.validate_json(packed)
            comparison = db.get_one(Comparison, comparison_id)
            if (
                comparison.rendered_version <= version and comparison.inputs_digest != drawing.inputs_digest
            ):  # the same may be drawn twice
                resources.blobs.replace(comparison.chart_digest, drawing.chart_digest)
                for name, value in asdict(drawing).items():
                    setattr(comparison, name, value)
                comparison.checked_at = drawing.as_of
        behind = comparisons.mark_rendered(db, comparison_id, version)
    resources.blobs.retire(digest)
    client.announce(resources.redis, comparison_id)
    return behind
