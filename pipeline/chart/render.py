"""From a chart's data to a page, and from a page to a file. What draws is imported with the first picture."""

from typing import TYPE_CHECKING, Literal

from pipeline.chart.views import VIEWS, prepare
from pipeline.records import ChartData

if TYPE_CHECKING:
    from pipeline.chart.paint.page import Page

FileFormat = Literal["png", "svg", "pdf"]


def draw(data: ChartData) -> "Page":
    """The picture of a comparison: 1280 px wide and 720 to 1280 px high, up to 2240 px for many accounts."""
    return VIEWS[data.spec.view].load_drawing()(prepare(data))


def render(page: "Page", file_format: FileFormat, scale: float = 1) -> bytes:
    """The page as a file; scale is the size of its px in those of the file. Equal pages give equal bytes.

    A px of SVG and PDF is 0.75 points.
    """
    if file_format == "png":
        from pipeline.chart.paint import png, raster  # noqa: PLC0415 a process that draws nothing needs no matplotlib

        return png.png(raster.paint(page if scale == 1 else page.scaled(scale)))
    from pipeline.chart.paint import vector  # noqa: PLC0415 what it loads takes as long as all that a PNG needs

    return vector.svg(page, scale) if file_format == "svg" else vector.pdf(page, scale)


def load_drawings() -> None:
    """Import what draws a PNG of each view, so that processes forked later need not."""
    from pipeline.chart.paint import png, raster  # noqa: F401, PLC0415

    for view in VIEWS.values():
        view.load_drawing()
