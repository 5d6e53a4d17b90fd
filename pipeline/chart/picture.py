"""The picture of a comparison. Importing this loads matplotlib."""

from pipeline.chart import growth, posts, race, spread
from pipeline.chart.encode import png
from pipeline.records import ChartData, View

VIEWS = {View.SPREAD: spread.draw, View.POSTS: posts.draw, View.GROWTH: growth.draw, View.RACE: race.draw}


def draw(data: ChartData) -> bytes:
    """The comparison as a PNG."""
    return png(VIEWS[data.spec.view](data).paint())
