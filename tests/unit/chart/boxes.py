"""Where the text of a page is."""

from pipeline.chart.paint.marks import Box, Text
from pipeline.chart.paint.typesetting import extent, parts


def text_box(mark: Text) -> Box:
    """The box of what is painted of a text."""
    extents = [extent(*part, mark.style.size, mark.style.bold) for part in parts(mark.text)]
    below = max((descent for _, _, descent in extents), default=0)
    above = max((height - descent for _, height, descent in extents), default=0)
    right = mark.left + sum(width for width, _, _ in extents)
    return mark.left, mark.baseline - above, right, mark.baseline + below
