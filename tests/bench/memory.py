"""Prints as JSON by how many percent a process that draws charts grows between its 200th and its 5,000th chart."""

import json
import os
import sys
from itertools import cycle, islice
from pathlib import Path
from random import Random

from pipeline.records import View
from tests.bench.chart import spread
from tests.unit.chart.made import png

FIRST, LAST = 200, 5000
LAYOUTS = 40
"""Sets of accounts, which are drawn in turn with new counts."""
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    first = 0
    for number, view in enumerate(islice(cycle(View), LAST), 1):
        layout = number % LAYOUTS
        png(spread([f"account_{layout}_{index}" for index in range(1 + layout % 12)], Random(number), number, view))
        if number == FIRST:
            first = _resident_bytes()
        if number % 1000 == 0:
            print(f"{number} of {LAST} charts drawn", file=sys.stderr, flush=True)
    print(json.dumps(round(100 * (_resident_bytes() - first) / first, 2)))


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES


if __name__ == "__main__":
    main()
