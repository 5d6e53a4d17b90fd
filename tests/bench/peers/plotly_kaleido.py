"""Plotly with kaleido: one Chromium for all pictures, and the plotly.js of the package."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from math import log1p
from random import Random
from typing import Any

import kaleido
from plotly import graph_objects

from pipeline.records import ChartData
from tests.bench.peers import Draw, Missing, Size
from tests.bench.peers.subject import DOT_STRENGTH, GRID, INK, MUTED, PAPER, Row, Subject, subject

NAME = "plotly with kaleido"
BROWSERS = ("chromium", "google-chrome", "chrome")
EDGE, INSET, TOP, FOOT = 48, 50, 230, 92


@contextmanager
def opened(size: Size) -> Iterator[Draw]:
    browser = os.environ.get("BROWSER_PATH") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if not browser:
        raise Missing("apt-get install chromium")
    kaleido.start_sync_server(n=1, path=browser, mathjax=False)
    try:
        yield lambda data: _draw(data, size)
    finally:
        kaleido.stop_sync_server()


def _draw(data: ChartData, size: Size) -> bytes:
    content = subject(data)
    figure = graph_objects.Figure([*_dots(content), *_middles(content)], _layout(content))
    options = {"format": "png", "width": size.width, "height": size.height, "scale": 1}
    png: bytes = kaleido.calc_fig_sync(figure, opts=options)
    return png


def _layout(content: Subject) -> Any:
    ticks = content.ticks()
    font = {"family": "DejaVu Sans"}
    return graph_objects.Layout(
        template=None,
        paper_bgcolor=PAPER,
        plot_bgcolor=PAPER,
        showlegend=False,
        font=font | {"size": 34, "color": MUTED},
        margin={"l": EDGE + INSET, "r": EDGE + INSET, "t": TOP, "b": FOOT},
        title={
            "text": f"<b>{content.title}</b>",
            "font": font | {"size": 60, "color": INK},
            "subtitle": {"text": "<br>".join(content.subtitle), "font": font | {"size": 34, "color": MUTED}},
            "x": 0.0375,
            "xref": "container",
            "xanchor": "left",
            "y": 0.91,
            "yanchor": "bottom",
        },
        xaxis={
            "range": [0, log1p(content.end)],
            "tickvals": [log1p(value) for value in ticks],
            "ticktext": list(ticks.values()),
            "gridcolor": GRID,
            "gridwidth": 2,
            "zeroline": False,
        },
        yaxis={"range": [len(content.rows) - 0.5, -0.5], "visible": False},
        annotations=[note for index, row in enumerate(content.rows) for note in _notes(index, row)],
    )


def _notes(index: int, row: Row) -> Iterator[dict[str, Any]]:
    shared = {"xref": "paper", "y": index - 0.5, "yanchor": "top", "showarrow": False}
    name = {"text": f"<b>{row.name}</b>", "font": {"size": 36, "color": row.colour}}
    yield shared | name | {"x": 0, "xanchor": "left", "xshift": -INSET}
    figures = {"text": row.figures, "font": {"size": 34, "color": INK}}
    yield shared | figures | {"x": 1, "xanchor": "right", "xshift": INSET}


def _dots(content: Subject) -> Iterator[Any]:
    """Dots with random vertical offsets within their rows."""
    chance = Random(1)
    for index, row in enumerate(content.rows):
        yield graph_objects.Scatter(
            x=[log1p(value) for value in row.values],
            y=[index + 0.16 + chance.uniform(-0.27, 0.27) for _ in row.values],
            mode="markers",
            marker={"size": 12, "color": row.colour, "opacity": DOT_STRENGTH},
        )


def _middles(content: Subject) -> Iterator[Any]:
    """The bars of the quartiles, as one line with gaps, and the rings of the medians."""
    ends = [end for row in content.rows for end in (log1p(row.low), log1p(row.high), None)]
    middles = [index + 0.16 for index in range(len(content.rows))]
    heights = [height for middle in middles for height in (middle, middle, None)]
    yield graph_objects.Scatter(x=ends, y=heights, mode="lines", line={"width": 9, "color": INK})
    ring = {"size": 20, "color": PAPER, "line": {"width": 6, "color": INK}}
    yield graph_objects.Scatter(x=[log1p(row.median) for row in content.rows], y=middles, mode="markers", marker=ring)
