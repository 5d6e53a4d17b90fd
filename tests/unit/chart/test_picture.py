import gc
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from pipeline.chart import sample
from pipeline.chart.paint.marks import Text
from pipeline.chart.paint.page import Align, Page
from pipeline.chart.paint.theme import COLOURS
from pipeline.chart.paint.typesetting import Style
from pipeline.chart.render import render
from pipeline.records import ChartRow, ChartSpec, Normalization, Theme, View
from tests.unit.chart.boxes import text_box
from tests.unit.chart.made import EXTREMES, chart, crowd, mixed, png

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def resident() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE_BYTES


@pytest.mark.parametrize("theme", Theme)
@pytest.mark.parametrize("view", View)
def test_the_picture_is_a_small_png_of_few_colours_without_metadata(view: View, theme: Theme) -> None:
    content = png(chart(*crowd(5, 112), view=view, theme=theme))
    image = Image.open(BytesIO(content))
    image.load()
    assert (image.format, image.mode, image.width) == ("PNG", "P", 1280)
    assert len(image.getcolors() or range(256)) <= 128
    assert image.info == {}
    assert len(content) <= 90_000


def test_equal_data_gives_equal_bytes_also_in_another_process_that_draws_in_another_order() -> None:
    again = (
        "import sys; from pipeline.records import View; from tests.unit.chart.made import chart, crowd, png;"
        "[sys.stdout.buffer.write(png(chart(*crowd(3), view=view))) for view in reversed(View)]"
    )
    data = [chart(*crowd(3), view=view) for view in View]
    pictures = [png(one) for one in data]
    assert pictures == [png(replace(one)) for one in data]
    elsewhere = subprocess.run([sys.executable, "-c", again], check=True, capture_output=True).stdout
    assert b"".join(reversed(pictures)) == elsewhere


def test_equal_data_gives_equal_bytes_whatever_is_drawn_before_and_at_the_same_time() -> None:
    data = [chart(*crowd(amount), view=view, theme=theme) for amount in (2, 5) for view in View for theme in Theme]
    one_by_one = [png(one) for one in data]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(png, data[::-1] * 3)) == one_by_one[::-1] * 3


@pytest.mark.parametrize("view", View)
@pytest.mark.parametrize("rows", [*EXTREMES.values(), crowd(10), mixed(10)], ids=[*EXTREMES, "ten", "ten mixed"])
def test_extreme_data_is_drawn_as_a_small_picture(rows: list[ChartRow], view: View) -> None:
    picture = png(chart(*rows, view=view, theme=Theme.DARK))
    assert picture.startswith(b"\x89PNG")
    is_sawtooth = rows is EXTREMES["many stale"] and view is View.POSTS
    assert len(picture) <= (95_000 if is_sawtooth else 90_000)


def test_drawing_again_and_again_needs_no_more_memory() -> None:
    data = [chart(*crowd(3), view=view) for view in View]
    for _ in range(15):
        [png(one) for one in data]
    gc.collect()
    before = resident()
    for _ in range(30):
        [png(one) for one in data]
    gc.collect()
    assert resident() - before < 8_000_000


@pytest.mark.parametrize("view", View)
def test_real_timelines_are_drawn(timelines: Path, view: View) -> None:
    content = png(sample.comparison(sample.read(timelines)[:5], ChartSpec(view=view, theme=Theme.DARK)))
    assert 6_000 < len(content) <= 90_000


@pytest.mark.parametrize("view", View)
def test_a_sample_has_what_its_view_shows(timelines: Path, view: View) -> None:
    rows = sample.comparison(sample.read(timelines)[:5], ChartSpec(view=view)).rows
    assert all(row.values and row.total is not None for row in rows)
    assert all(row.total == sum(row.values) for row in rows if view is not View.GROWTH)
    assert any(row.gains for row in rows) == (view is View.GROWTH)
    assert all(row.gains[-1][1] == row.total for row in rows if row.gains)


def test_a_sample_is_measured_as_the_product_does(timelines: Path) -> None:
    counted, daily = (
        sample.comparison(sample.read(timelines)[:1], ChartSpec(view=View.RACE, normalization=normalization)).rows[0]
        for normalization in (Normalization.COUNT, Normalization.DAILY)
    )
    assert counted.total
    assert daily.total
    days = counted.total / daily.total
    assert days == pytest.approx((counted.times[0] - counted.times[-1]).total_seconds() / 86_400, abs=0.1)


def test_the_gallery_shows_each_view_in_both_themes_for_one_to_many_accounts_with_captions(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-W", "error", "-m", "pipeline.chart", tmp_path], check=True)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    expected = {f"{view}-{size}-{theme}.png" for view in View for size in (1, 2, 5, 10, 25) for theme in Theme}
    drawn = {path.name for path in tmp_path.glob("*.png")}
    assert expected <= drawn
    assert all((tmp_path / name).with_suffix(suffix).exists() for name in drawn for suffix in (".svg", ".pdf"))
    assert all(f'<a href="{name}"><img src="{name}"' in page for name in drawn)
    assert page.count("<figcaption>Retweets per post, last 100 posts") >= 20
    assert "<code>median" in page
    assert "`" not in page


def test_what_reaches_out_of_a_page_is_cut_off_and_keeps_no_picture_from_coming() -> None:
    page = Page(300, COLOURS[Theme.LIGHT])
    style = Style(page.colours.ink, 200, bold=True)
    page.marks += [Text(x, y, "Wide" * 9, style) for x in (-700, 1200, 5000) for y in (-90, 20, 290, 900)]
    page.dots([(-5, 5), (0, 0), (1279, 299), (2000, 2000), (640, 150)], page.colours.accounts[0], 20)
    page.line([(1300, 400), (1500, 500)], page.colours.ink, 6)
    page.bar((-50, -50), (5, 500), page.colours.ink)
    picture = Image.open(BytesIO(render(page, "png")))
    assert picture.size == (1280, 300)


@pytest.mark.parametrize("align", ["left", "center", "right"])
def test_text_has_no_more_than_the_room_that_the_page_has(align: Align) -> None:
    page = Page(300, COLOURS[Theme.LIGHT])
    for x in (48, 500, 1232):
        page.text(x, 100, "more than a line " * 9, Style(page.colours.ink), align)
    boxes = [text_box(mark) for mark in page.marks if isinstance(mark, Text)]
    assert len(boxes) == 3
    assert all(left >= 39 or right - left < 80 for left, _, right, _ in boxes)
    assert all(right <= 1241 or right - left < 80 for left, _, right, _ in boxes)
