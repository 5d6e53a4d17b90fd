"""growth."""

from pipeline.chart import frame
from pipeline.chart.page import Page
from pipeline.records import ChartData


def draw(data: ChartData) -> Page:
    return frame.open_page(data, frame.height_for(len(data.rows)), "")
