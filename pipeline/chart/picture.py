"""The picture of a comparison. Importing this loads matplotlib."""

import gc

from pipeline.chart import growth, posts, race, spread
from pipeline.chart.encode import png
from pipeline.records import ChartData, View

VIEWS = {View.SPREAD: spread.draw, View.POSTS: posts.draw, View.GROWTH: growth.draw, View.RACE: race.draw}


def draw(data: ChartData) -> bytes:
    """The comparison as a PNG."""
    picture = png(VIEWS[data.look.view](data).figure, data.look.theme)
    gc.collect(1)  # a drawn figure and its 6 MB of pixels refer to each other, and dozens would pile up
    return picture
