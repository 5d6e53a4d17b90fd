"""`python -m pipeline.chart [FILE.csv] OUTDIR`: draws both views in both themes, for people to look at."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

from pipeline.chart import caption, draw, sample
from pipeline.records import Theme, View

SIZES = (1, 3, 5, 10, 25)


def main(folder: Path, file: Path | None) -> None:
    rows = sample.read(file) if file else sample.make_up(datetime.now(UTC))
    folder.mkdir(parents=True, exist_ok=True)
    for size, view, theme in product(SIZES, View, Theme):
        data = sample.comparison(rows[:size], view, theme)
        (folder / f"{view}-{size}-{theme}.png").write_bytes(draw(data))
        (folder / f"{size}.txt").write_text(caption(data) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = ArgumentParser(description="Draw the charts of a file with the columns of X timelines, or made-up ones.")
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("folder", type=Path)
    asked = parser.parse_args()
    main(asked.folder, asked.file)
