"""Paints a page as SVG or PDF, with matplotlib's own writers of these formats.

Text is drawn as outlines in SVG and with embedded fonts in PDF, so that it looks the same on every machine.
"""

from io import BytesIO, StringIO
from typing import Any, assert_never

import matplotlib as mpl
from matplotlib.backends.backend_pdf import PdfFile, RendererPdf
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.colors import to_rgb
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

from pipeline.chart.paint.marks import Bars, Dots, Line, Mark, Text
from pipeline.chart.paint.page import Page
from pipeline.chart.paint.typesetting import copies, extent, font, parts

mpl.rcParams["svg.hashsalt"] = "tallybird"  # otherwise the ids of an SVG's parts are random
POINTS_PER_PX = 0.75
"""As in CSS, so that a browser shows the SVG as large as the PNG."""
POINTS_PER_INCH = 72
DISC = Path.unit_circle()
NO_SVG_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))
NO_PDF_METADATA = dict.fromkeys(("Creator", "Producer", "CreationDate"))


def svg(page: Page, scale: float) -> bytes:
    """Equal pages give equal bytes."""
    unit = POINTS_PER_PX * scale
    file = StringIO()
    renderer: Any = RendererSVG(page.width * unit, page.height * unit, file, metadata=NO_SVG_METADATA)  # type: ignore[no-untyped-call] # has no types in matplotlib
    _replay(page, renderer, unit)
    renderer.finalize()
    return file.getvalue().encode()


def pdf(page: Page, scale: float) -> bytes:
    """Equal pages give equal bytes."""
    unit = POINTS_PER_PX * scale
    width, height = page.width * unit / POINTS_PER_INCH, page.height * unit / POINTS_PER_INCH
    content = BytesIO()
    file: Any = PdfFile(content, metadata=NO_PDF_METADATA)  # type: ignore[no-untyped-call] # has no types in matplotlib
    file.newPage(width, height)
    renderer: Any = RendererPdf(file, POINTS_PER_INCH, height, width)  # type: ignore[no-untyped-call] # the same
    _replay(page, renderer, unit)
    renderer.finalize()
    file.finalize()
    file.close()
    return content.getvalue()


def _replay(page: Page, renderer: Any, unit: float) -> None:
    """Hand the paper and all marks to a renderer, whose points are 1 / unit px."""
    paper = Bars(((0, 0, page.width, page.height),), page.colours.paper)
    from_top = Affine2D().scale(unit, -unit).translate(0, page.height * unit)
    for mark in [paper, *page.marks]:
        _draw(mark, renderer, unit, from_top)


def _draw(mark: Mark, renderer: Any, unit: float, from_top: Affine2D) -> None:
    context = renderer.new_gc()
    match mark:
        case Text():
            _draw_text(mark, renderer, context, unit, from_top)
        case Dots():
            context.set_linewidth(mark.rim * unit)
            context.set_foreground(mark.edge)
            disc = Affine2D().scale(mark.size / 2 * unit)
            renderer.draw_markers(context, DISC, disc, Path(mark.points), from_top, to_rgb(mark.fill))
        case Bars():
            context.set_linewidth(0)
            renderer.draw_path(context, _boxes(mark), from_top, to_rgb(mark.colour))
        case Line():
            context.set_linewidth(mark.width * unit)
            context.set_foreground(mark.colour)
            context.set_joinstyle("round")
            if mark.dash:
                context.set_dashes(0, [length * mark.width * unit for length in mark.dash])
            renderer.draw_path(context, Path(mark.points), from_top)
        case _:
            assert_never(mark)
    context.restore()


def _draw_text(mark: Text, renderer: Any, context: Any, unit: float, from_top: Affine2D) -> None:
    """Each part where the raster has it. SVG counts y from the top, PDF from the bottom."""
    style, x = mark.style, mark.left
    context.set_foreground(style.colour)
    y = mark.baseline * unit if renderer.flipy() else from_top.transform((0, mark.baseline))[1]
    for path, text in parts(mark.text):
        properties = font(path, style.size * unit, bold=style.bold)
        for shift in range(copies(path, style)):
            renderer.draw_text(context, (x + shift) * unit, y, text, properties, 0)
        x += extent(path, text, style.size, style.bold)[0]


def _boxes(mark: Bars) -> Path:
    """All boxes in one path, so that no seam is seen between two that touch."""
    corners = [
        corner
        for left, top, right, bottom in mark.boxes
        for corner in ((left, top), (right, top), (right, bottom), (left, bottom), (left, top))
    ]
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * len(mark.boxes)
    return Path(corners, codes)
