"""The picture of a comparison. Importing this loads matplotlib."""

from pipeline.chart import posts, spread
from pipeline.chart.encode import png
from pipeline.records import ChartData, View

VIEWS = {View.SPREAD: spread.draw, View.POSTS: posts.draw}


def draw(data: ChartData) -> bytes:
    """The comparison as a PNG."""
    return png(VIEWS[data.view](data).figure, data.theme)
