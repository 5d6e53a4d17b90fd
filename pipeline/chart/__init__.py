"""The chart of a comparison: one picture in four views, and the same in words."""

from pipeline.chart.caption import caption
from pipeline.chart.layout import layout
from pipeline.records import ChartData

__all__ = ["caption", "draw", "layout"]


def draw(data: ChartData) -> bytes:
    """The comparison as a PNG, 1280 px wide and 720 to 1280 px high, or up to 2240 for more than 20 accounts or so.

    Equal data gives equal bytes.

    The first call imports matplotlib. A process that is to draw soon imports `pipeline.chart.render` beforehand.
    """
    from pipeline.chart.render import draw as paint  # noqa: PLC0415 captions are written without matplotlib

    return paint(data)
