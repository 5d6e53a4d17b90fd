"""The same page as SVG and as PDF: all of its marks, in equal bytes."""

import os
import re
import subprocess
import sys
import zlib
from hashlib import sha256
from io import BytesIO
from itertools import product
from xml.etree import ElementTree as ET

import pytest
from PIL import Image, ImageChops, ImageStat

from pipeline.chart.paint.marks import Bars, Dots, Line, Text
from pipeline.chart.paint.page import Page
from pipeline.chart.paint.theme import COLOURS
from pipeline.chart.paint.typesetting import Style, parts
from pipeline.chart.render import FileFormat, draw, render
from pipeline.records import ChartData, Theme, View
from tests.unit.chart.made import EXTREMES, chart, crowd, png, row
from tests.unit.chart.test_references import PICTURES

SVG = "{http://www.w3.org/2000/svg}"
VECTORS: tuple[FileFormat, ...] = ("svg", "pdf")
SCRIPTS = ["Αθήνα", "القاهرة", "काठमाडौं", "東京都", "🐦🚀❤️", "서울", "กรุงเทพ"]


def scripts() -> ChartData:
    return chart(*(row(handle, [number + 1, 5, 9] * 9, youngest_h=1) for number, handle in enumerate(SCRIPTS)))


def digests() -> list[str]:
    pages = [draw(data) for data in [*(chart(*crowd(3), view=view) for view in View), scripts()]]
    return [sha256(render(page, each)).hexdigest() for page, each in product(pages, VECTORS)]


def svg_of(data: ChartData) -> ET.Element:
    return ET.fromstring(render(draw(data), "svg"))


def pdf_content(data: ChartData) -> str:
    """The operators that draw the page."""
    file = render(draw(data), "pdf")
    stream = re.search(rb">>\s*stream\n(.*?)\nendstream", file, re.DOTALL)
    assert stream
    return zlib.decompress(stream[1]).decode("latin-1")


def test_equal_pages_give_equal_bytes_also_in_another_process() -> None:
    again = "from tests.unit.chart.test_vector import digests; print(*digests())"
    environment = {**os.environ, "PYTHONHASHSEED": "7", "SOURCE_DATE_EPOCH": "1"}
    told = subprocess.run([sys.executable, "-c", again], check=True, capture_output=True, text=True, env=environment)
    assert digests() == digests() == told.stdout.split()


@pytest.mark.parametrize("name", PICTURES)
def test_each_dot_bar_line_and_text_of_the_page_is_in_the_svg(name: str) -> None:
    page, svg = draw(PICTURES[name]), svg_of(PICTURES[name])
    placed = [use for use in svg.iter(f"{SVG}use") if use.get("x")]
    shapes = [path.get("d", "") for path in svg.findall(f"{SVG}path")]
    boxes = sum(len(mark.boxes) for mark in page.marks if isinstance(mark, Bars))
    lines = [mark for mark in page.marks if isinstance(mark, Line) and len(mark.points) > 1]
    assert len(placed) == sum(len(mark.points) for mark in page.marks if isinstance(mark, Dots))
    assert sum(shape.count("z") for shape in shapes) == 1 + boxes
    assert sum(bool(shape) and "z" not in shape for shape in shapes) == len(lines)
    told = re.findall(r"<!-- (.*?) -->", render(page, "svg").decode())
    expected = [text for mark in page.marks if isinstance(mark, Text) for _, text in parts(mark.text)]
    assert [text.strip() for text in told] == [text.strip() for text in expected]


@pytest.mark.parametrize("name", PICTURES)
def test_each_dot_and_bar_of_the_page_is_in_the_pdf(name: str) -> None:
    """Matplotlib draws a dot that is alone as a shape, and others as copies of one."""
    page, content = draw(PICTURES[name]), pdf_content(PICTURES[name])
    dots = [len(mark.points) for mark in page.marks if isinstance(mark, Dots)]
    boxes = sum(len(mark.boxes) for mark in page.marks if isinstance(mark, Bars))
    assert len(re.findall(r" Do\b", content)) == sum(amount for amount in dots if amount > 1)
    assert len(re.findall(r"^h$", content, re.MULTILINE)) == 1 + boxes + dots.count(1)


@pytest.mark.parametrize("theme", Theme)
def test_paper_and_accounts_have_their_colours(theme: Theme) -> None:
    svg = render(draw(chart(*crowd(3), theme=theme)), "svg").decode()
    assert f'style="fill: {COLOURS[theme].paper}"' in svg
    assert all(COLOURS[theme].account(index) in svg for index in range(3))


def test_letters_of_other_scripts_are_outlines_in_svg_and_embedded_fonts_in_pdf() -> None:
    svg, pdf = svg_of(scripts()), render(draw(scripts()), "pdf")
    outlines = {path.get("id"): path.get("d") for path in svg.iter(f"{SVG}path") if path.get("id")}
    fonts = {str(name).rpartition("-")[0] for name in outlines}
    assert {"DejaVuSans", "NotoEmoji-Light"} & fonts
    assert sum(bool(shape) for shape in outlines.values()) > 60
    assert svg.find(f".//{SVG}text") is None
    assert pdf.count(b"/Type3") >= len({path for handle in SCRIPTS for path, _ in parts(handle)})


@pytest.mark.parametrize("view", View)
def test_any_data_has_its_vector_files(view: View) -> None:
    for rows in EXTREMES.values():
        page = draw(chart(*rows, view=view))
        assert ET.fromstring(render(page, "svg")).tag == f"{SVG}svg"
        assert render(page, "pdf").startswith(b"%PDF")


@pytest.mark.parametrize("view", View)
def test_the_files_are_small(view: View) -> None:
    page = draw(chart(*crowd(5), view=view))
    assert len(render(page, "svg")) < 150_000
    assert len(render(page, "pdf")) < 50_000


def test_a_scale_enlarges_each_format() -> None:
    page = Page(720, COLOURS[Theme.LIGHT])
    page.text(48, 96, "Twice", Style("#16202a"))
    page.line([(100, 200), (300, 400)], "#0070d6", 5)
    page.rings([(500, 500)], "#0070d6", 40, 8)
    page.bar((600, 100), (700, 200), "#cc4700")
    assert Image.open(BytesIO(render(page, "png", 2))).size == (2560, 1440)
    assert b'width="1920pt" height="1080pt"' in render(page, "svg", 2)
    assert b"/MediaBox [ 0 0 1920 1080 ]" in render(page, "pdf", 2)


def test_a_larger_png_shows_the_same() -> None:
    data = PICTURES["spread-light"]
    usual, twice = (Image.open(BytesIO(content)).convert("L") for content in (png(data), render(draw(data), "png", 2)))
    small = twice.resize(usual.size, Image.Resampling.BOX)
    difference = ImageChops.difference(usual, small)
    assert ImageStat.Stat(difference).mean[0] < 3
