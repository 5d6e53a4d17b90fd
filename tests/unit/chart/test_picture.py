import gc
import os
import subprocess
import sys
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from pipeline.chart import draw, sample
from pipeline.records import ChartRow, Theme, View
from tests.unit.chart.made import EXTREMES, chart, crowd

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def resident() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE_BYTES


@pytest.mark.parametrize("theme", Theme)
@pytest.mark.parametrize("view", View)
def test_the_picture_is_a_small_png_of_few_colours_without_metadata(view: View, theme: Theme) -> None:
    content = draw(chart(*crowd(5, 112), view=view, theme=theme))
    image = Image.open(BytesIO(content))
    image.load()
    assert (image.format, image.mode, image.width) == ("PNG", "P", 1280)
    assert len(image.getcolors() or range(256)) <= 128
    assert image.info == {}
    assert len(content) <= 90_000


@pytest.mark.parametrize("view", View)
def test_equal_data_gives_equal_bytes_also_in_another_process(view: View) -> None:
    data = chart(*crowd(3), view=view)
    again = (
        "import sys; from pipeline.chart import draw; from pipeline.records import View;"
        "from tests.unit.chart.made import chart, crowd;"
        f"sys.stdout.buffer.write(draw(chart(*crowd(3), view=View('{view}'))))"
    )
    assert draw(data) == draw(replace(data))
    assert draw(data) == subprocess.run([sys.executable, "-c", again], check=True, capture_output=True).stdout


@pytest.mark.parametrize("theme", Theme)
@pytest.mark.parametrize("view", View)
@pytest.mark.parametrize("rows", EXTREMES.values(), ids=EXTREMES)
def test_extreme_data_is_drawn(rows: list[ChartRow], view: View, theme: Theme) -> None:
    assert draw(chart(*rows, view=view, theme=theme)).startswith(b"\x89PNG")


def test_drawing_again_and_again_needs_no_more_memory() -> None:
    data = [chart(*crowd(3), view=view) for view in View]
    for _ in range(15):
        [draw(one) for one in data]
    gc.collect()
    before = resident()
    for _ in range(30):
        [draw(one) for one in data]
    gc.collect()
    assert resident() - before < 8_000_000


@pytest.mark.parametrize("view", View)
def test_real_timelines_are_drawn(timelines: Path, view: View) -> None:
    rows = sample.read(timelines)[:5]
    content = draw(sample.comparison(rows, view, Theme.DARK))
    assert 10_000 < len(content) <= 90_000


def test_the_demo_draws_both_views_in_both_themes_for_one_to_many_accounts(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-W", "error", "-m", "pipeline.chart", tmp_path], check=True)
    assert len(list(tmp_path.glob("*.png"))) == 20
    assert (tmp_path / "25.txt").read_text(encoding="utf-8").startswith("Retweets per post")
