"""The picture of a comparison. Importing this loads matplotlib."""

from pipeline.chart.paint.png import png
from pipeline.chart.views.growth import drawing as growth
from pipeline.chart.views.posts import drawing as posts
from pipeline.chart.views.race import drawing as race
from pipeline.chart.views.spread import drawing as spread
from pipeline.records import ChartData, View

VIEWS = {View.SPREAD: spread.draw, View.POSTS: posts.draw, View.GROWTH: growth.draw, View.RACE: race.draw}


def draw(data: ChartData) -> bytes:
    """The comparison as a PNG."""
    return png(VIEWS[data.spec.view](data).paint())
