"""From a chart's data to a page, and from a page to the bytes of a file. Importing this loads matplotlib."""

from pipeline.chart.paint.page import Page
from pipeline.chart.paint.png import png
from pipeline.chart.views import VIEWS, prepare
from pipeline.records import ChartData


def draw(data: ChartData) -> Page:
    """The picture of a comparison: 1280 px wide and 720 to 1280 px high, up to 2240 px for many accounts."""
    return VIEWS[data.spec.view].load_drawing()(prepare(data))


def render(page: Page) -> bytes:
    """The page as a file. Equal pages give equal bytes, in every process."""
    return png(page.paint())


def load_drawings() -> None:
    """Import all drawings, so that the processes that are forked later need not."""
    for view in VIEWS.values():
        view.load_drawing()
