"""The sizes that views share, in px."""

from pipeline.chart.paint.page import MARGIN, WIDTH

LEFT, RIGHT = MARGIN, WIDTH - MARGIN
"""The ends of the page's text and drawing."""
TEXT_WIDTH = RIGHT - LEFT
MIN_HEIGHT, ROW_HEIGHT = 540, 120
"""The height of a page without rows, and how much higher it becomes with each."""
MAX_HEIGHT = 1400
"""The limit of a page's height without its notes."""
HEAD = 278
"""The height of a page's head where its title has two lines. Page.top says where the head of a page ends."""
BOTTOM = 36
"""Below the foot."""
LINE = 46
"""From one line of text to the next."""
FOOT_LINE = 40
"""From one line of the foot to the next: the foot may have many."""
DROP = 12
"""From the middle of a line of usual text to its baseline."""
SPACE = 24
"""Between a drawing and its labels, or between two texts on one line."""
GRID = 2
"""The width of the grid's lines and of the axes."""
STROKE = 6
"""The width of an account's line."""
HALO = 3
"""The width of the paper-coloured rim around lines and their ends, which keeps them apart where they cross."""
END_DOT = 2.5
"""The size of the dot at the end of an account's line, in widths of the line."""
MIN_DRAWING = 250
"""The least height of a drawing with axes."""
MIN_LABEL = 140
"""The height that a label of three lines beside a drawing needs."""
SINGLE_HEAD = 64
"""The height of the heading over the drawing of a single account."""
SINGLE_NAME = 38
"""The size of the name in that heading."""
SINGLE_BASELINE = 32
"""From the heading's top to its baseline."""
