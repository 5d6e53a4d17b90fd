"""What stays where it is between two charts of one comparison: the ends of the axis and the order of the rows."""

from pipeline.chart.scale import fit
from pipeline.chart.standing import standings
from pipeline.records import ChartData, Layout


def layout(data: ChartData) -> Layout:
    """The axis and the order that these data demand, as near to those of the chart before as is honest."""
    scale = fit([value for row in data.rows for value in row.values], 1)
    return Layout(scale.low, scale.high, tuple(standing.index for standing in standings(data.rows)))
