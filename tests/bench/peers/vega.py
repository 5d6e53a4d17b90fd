"""Vega-Lite with vl-convert, which runs JavaScript and its rasteriser in this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import vl_convert

from pipeline.records import ChartData
from tests.bench.peers import Draw, Size
from tests.bench.peers.subject import ACCOUNTS, DOT_STRENGTH, GRID, INK, MUTED, PAPER, Row, Subject, subject

NAME = "vega-lite"
EDGE, INSET = 48, 50
ROWS_TOP, FOOT = 230, 92
Json = dict[str, Any]


@contextmanager
def opened(size: Size) -> Iterator[Draw]:
    yield lambda data: _draw(data, size)


def _draw(data: ChartData, size: Size) -> bytes:
    png: bytes = vl_convert.vegalite_to_png(_chart(subject(data), size), scale=1)
    return png


def _chart(content: Subject, size: Size) -> Json:
    height = (size.height - ROWS_TOP - FOOT) / len(content.rows)
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": size.width - 2 * (EDGE + INSET),
        "height": size.height - ROWS_TOP - FOOT,
        "autosize": {"type": "none"},
        "padding": {"left": EDGE + INSET, "right": EDGE + INSET, "top": ROWS_TOP, "bottom": FOOT},
        "background": PAPER,
        "title": {
            "text": content.title,
            "subtitle": list(content.subtitle),
            "anchor": "start",
            "frame": "group",
            "dx": -INSET,
            "offset": 34,
        },
        "config": {
            "font": "DejaVu Sans",
            "view": {"stroke": None},
            "title": {"fontSize": 60, "subtitleFontSize": 34, "color": INK, "subtitleColor": MUTED}
            | {"subtitleLineHeight": 46, "subtitlePadding": 10},
            "axis": {"labelFontSize": 34, "labelColor": MUTED, "gridColor": GRID, "gridWidth": 2}
            | {"domain": False, "ticks": False, "labelPadding": 14, "labelOverlap": False, "labelFlush": False},
        },
        "encoding": {"y": _y(content)},
        "layer": [_dots(content, height), *_middles(content), *_texts(content, size, height)],
    }


def _dots(content: Subject, height: float) -> Json:
    """Dots with random vertical offsets within their rows, as in Vega-Lite's example of jitter."""
    return {
        "data": {"values": [{"name": row.name, "count": value} for row in content.rows for value in row.values]},
        "transform": [{"calculate": f"({height / 2} + 22) + (random() - 0.5) * {height * 0.55}", "as": "at"}],
        "mark": {"type": "circle", "size": 115, "opacity": DOT_STRENGTH},
        "encoding": {
            "x": _x(content, "count"),
            "yOffset": {"field": "at", "type": "quantitative", "scale": {"domain": [0, height], "range": [0, height]}},
            "color": {
                "field": "name",
                "scale": {
                    "domain": [row.name for row in content.rows],
                    "range": [ACCOUNTS[row.index] for row in content.rows],
                },
                "legend": None,
            },
        },
    }


def _middles(content: Subject) -> Iterator[Json]:
    """The bar of the quartiles and the ring of the median."""
    values = [{"name": row.name, "low": row.low, "median": row.median, "high": row.high} for row in content.rows]
    yield {
        "data": {"values": values},
        "mark": {"type": "rule", "strokeWidth": 9, "color": INK, "yOffset": 22},
        "encoding": {"x": _x(content, "low"), "x2": {"field": "high"}},
    }
    yield {
        "data": {"values": values},
        "mark": {"type": "point", "size": 360, "filled": False, "stroke": INK, "strokeWidth": 6, "opacity": 1}
        | {"fill": PAPER, "yOffset": 22},
        "encoding": {"x": _x(content, "median")},
    }


def _texts(content: Subject, size: Size, height: float) -> Iterator[Json]:
    yield from (_text(row, height, "name", -INSET) for row in content.rows)
    yield from (_text(row, height, "figures", size.width - 2 * EDGE - INSET) for row in content.rows)


def _text(row: Row, height: float, field: str, x: float) -> Json:
    styles = {
        "name": {"align": "left", "fontSize": 36, "fontWeight": "bold", "color": row.colour},
        "figures": {"align": "right", "fontSize": 34, "color": INK},
    }
    mark = {"type": "text", "text": getattr(row, field), "yOffset": 34 - height / 2, "x": x, "baseline": "alphabetic"}
    return {"data": {"values": [{"name": row.name}]}, "mark": mark | styles[field]}


def _y(content: Subject) -> Json:
    scale = {"domain": [row.name for row in content.rows], "paddingInner": 0, "paddingOuter": 0}
    return {"field": "name", "type": "nominal", "axis": None, "scale": scale}


def _x(content: Subject, field: str) -> Json:
    ticks = content.ticks()
    axis = {"values": list(ticks), "labelExpr": "datum.value >= 1000 ? datum.value / 1000 + 'k' : '' + datum.value"}
    scale = {"type": "symlog", "constant": 1, "domain": [0, content.end], "nice": False}
    return {"field": field, "type": "quantitative", "title": None, "axis": axis, "scale": scale}
