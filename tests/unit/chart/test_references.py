"""Pictures as they were last looked at and found good. `python -m tests.unit.chart.test_references` renews them."""

from pathlib import Path
from random import Random

import pytest
from matplotlib.testing.compare import compare_images

from pipeline.records import ChartData, ChartRow, Theme, View
from tests.unit.chart.made import chart, png, row

FOLDER = Path(__file__).parent / "references"
RENEW = "python -m tests.unit.chart.test_references"
TOLERANCE = 1.0
"""Of 255, the root mean square over all pixels: one changed letter gives 2 or more, rounding elsewhere far less."""
NAMES = ("nasa", "esa", "isro", "roscosmos", "JAXA_en", "csa_asc", "cnes", "uksga")


def accounts(amount: int) -> list[ChartRow]:
    """Plausible ones; of several the second has fewer posts and the fourth is stale."""
    chance = Random(7)
    return [
        row(
            NAMES[number % len(NAMES)] + str(number // len(NAMES) or ""),
            [int(chance.lognormvariate(5 - number * 0.3, 1.1)) for _ in range(85 if number % 5 == 1 else 100)],
            "as of 23 Sept 14:05 UTC" if number % 5 == 3 else None,
            youngest_h=1,
        )
        for number in range(amount)
    ]


PICTURES: dict[str, ChartData] = {
    **{f"{view}-{theme}": chart(*accounts(5), view=view, theme=theme) for view in View for theme in Theme},
    "spread-light-25": chart(*accounts(25)),
    "race-light-25": chart(*accounts(25), view=View.RACE),
    "spread-light-1": chart(*accounts(1)),
    "race-light-1": chart(*accounts(1), view=View.RACE),
}


@pytest.mark.parametrize("name", PICTURES)
def test_the_picture_is_the_one_that_was_found_good(name: str, tmp_path: Path) -> None:
    drawn = tmp_path / f"{name}.png"
    drawn.write_bytes(png(PICTURES[name]))
    difference = compare_images(str(FOLDER / drawn.name), str(drawn), TOLERANCE)
    assert difference is None, f"{difference}\nLook at these; if the new picture is as it should be: {RENEW}"


def test_each_reference_is_of_a_picture() -> None:
    assert {path.stem for path in FOLDER.glob("*.png")} == set(PICTURES)


def renew() -> None:
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.png"):
        old.unlink()
    for name, data in PICTURES.items():
        (FOLDER / f"{name}.png").write_bytes(png(data))


if __name__ == "__main__":
    renew()
