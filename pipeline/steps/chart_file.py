"""The chart_file step: a chart as a file of full quality, or its dataset, from the posts that are stored."""

import re
from datetime import datetime
from pathlib import PurePath

from pipeline.chart import render
from pipeline.chart.caption import caption
from pipeline.messaging.client import FileRequest, ReadyFile
from pipeline.records import ChartData, DocumentFormat
from pipeline.steps import dataset, draw
from pipeline.steps.resources import Resources
from pipeline.steps.snapshot import Snapshot

PNG_SCALE = 2
"""Sharp on paper too. A photo in a chat is smaller, and Telegram compresses it."""
NAMED = 3


def chart_file(resources: Resources, request: FileRequest, now: datetime) -> ReadyFile:
    """Make the file. Its content stays in Redis until the bot has it. Raises NoResultFound for a deleted comparison."""
    source = draw.read(resources, request.comparison_id, now)
    name, content = _render(source, request.file_format)
    first, *_, last = caption(source.data).splitlines()
    return ReadyFile(request, resources.blobs.put(content), name, f"{first}\n{last}")


def _render(source: Snapshot, file_format: DocumentFormat) -> tuple[str, bytes]:
    """The name and the bytes of the file."""
    data, name = source.data, f"{_stem(source.data)}.{file_format}"
    match file_format:
        case DocumentFormat.PNG:
            return name, render.render(render.draw(data), "png", PNG_SCALE)
        case DocumentFormat.SVG:
            return name, render.render(render.draw(data), "svg")
        case DocumentFormat.PDF:
            return name, render.render(render.draw(data), "pdf")
        case DocumentFormat.CSV:
            path, content = dataset.to_file(source.timelines, data.spec.count)
            return PurePath(path).name, content


def _stem(data: ChartData) -> str:
    """As in nasa-esa-and-2-more-likes-growth."""
    handles = [re.sub(r"[^A-Za-z0-9_]+", "-", row.handle).strip("-") for row in data.rows]
    more = [f"and-{len(handles) - NAMED}-more"] if len(handles) > NAMED else []
    return "-".join([*filter(None, handles[:NAMED]), *more, data.spec.metric, data.spec.view])
