"""A view is one record and one line of the registry: a view that tests alone know is titled, captioned and drawn."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from bot.keyboards import MORE, ShownChart, menu, under_chart
from bot.parsing import ChartRequest
from pipeline.chart import wording
from pipeline.chart.caption import caption
from pipeline.chart.paint.page import Page
from pipeline.chart.paint.theme import COLOURS
from pipeline.chart.paint.typesetting import Style
from pipeline.chart.prepared import Chart, Column
from pipeline.chart.ranking import RankedRow
from pipeline.chart.render import draw, render
from pipeline.chart.views import VIEWS, fitted, prepare
from pipeline.chart.views.definition import Drawing, Figures, Measure, ViewDefinition
from pipeline.errors import UserError
from pipeline.records import (
    ChartData,
    ChartRow,
    ChartSpec,
    Language,
    Layout,
    LazyString,
    Mode,
    Normalization,
    Span,
    View,
)
from tests.conftest import ROOT
from tests.unit.chart.made import chart, row

TOY = cast("View", "toy")
"""What would be a member of View."""


def newest(entry: RankedRow, language: Language) -> str:
    return wording.figure(entry.row.values[0] if entry.row.values else None, language)


def by_newest(rows: list[ChartRow]) -> list[RankedRow]:
    entries = [RankedRow(each, index, None, None, each.values[0]) for index, each in enumerate(rows)]
    return sorted(entries, key=lambda entry: -(entry.sort_value or 0))


def layout(data: ChartData) -> Layout:
    entries = by_newest(list(data.rows))
    return Layout(0, 7, tuple(entry.index for entry in entries))


def drawing(chart: Chart) -> Page:
    """The title, and a bar for each account."""
    page = Page(720, COLOURS[chart.data.spec.theme])
    page.text(48, 96, chart.title, Style(page.colours.ink))
    for number, entry in enumerate(chart.entries):
        length = 100 * (entry.sort_value or 0) / chart.layout.high
        page.bar((48, 200 + 60 * number), (48 + length, 240 + 60 * number), page.colours.account(entry.index))
    return page


def load() -> Drawing:
    return drawing


DEFINITION = ViewDefinition(
    name=LazyString("Toy", {}),
    keyword=LazyString("toy", {}),
    label=LazyString("Toy", {}),
    measures={
        Normalization.DAILY: Measure(
            LazyString("{metric} of the newest post", {}),
            (Column(LazyString("newest", {}), newest),),
            (LazyString("{number} {metric} on the newest post", {}),),
            LazyString("nothing on the newest post", {}),
        )
    },
    takes_span=True,
    figures=Figures.COUNTED,
    rank=lambda rows: by_newest(list(rows)),
    layout=layout,
    load_drawing=load,
)


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    VIEWS[TOY] = DEFINITION
    yield
    del VIEWS[TOY]


def data() -> ChartData:
    return chart(row("low", [1, 9]), row("high", [5, 2]), view=TOY, normalization=Normalization.DAILY)


def test_its_title_its_order_and_its_columns_are_those_of_the_caption() -> None:
    assert caption(data()).splitlines()[:4] == [
        "Retweets of the newest post, last 24 hours · last 100 posts, own posts only, no replies",
        "`newest`",
        "`     5` @high",
        "`     1` @low",
    ]


def test_its_layout_and_its_picture_are_the_charts() -> None:
    assert prepare(data()).layout == Layout(0, 7, (1, 0))
    assert len(draw(data()).marks) == 3
    assert render(draw(data()), "png").startswith(b"\x89PNG")


def test_what_it_is_not_measured_by_is_left_out_of_a_spec() -> None:
    spec = ChartSpec(view=TOY, normalization=Normalization.RATE, span=Span.WEEK)
    assert fitted(spec) == replace(spec, normalization=Normalization.DAILY)


def test_the_bot_offers_it_and_refuses_what_it_is_not_measured_by() -> None:
    buttons = [button.text for line in under_chart(1, data().spec, Mode.ONCE, ["x"]).inline_keyboard for button in line]
    assert {"• Toy", "Last day ▾"} <= set(buttons)
    further = menu(ShownChart(1, data().spec, Mode.ONCE, ["x"], max_posts=100), MORE).inline_keyboard
    assert not {"Raw numbers", "Per day", "• Per day"} & {button.text for line in further for button in line}
    with pytest.raises(UserError, match="“rate” works with "):
        ChartRequest([], view=TOY, normalization=Normalization.RATE).spec(ChartSpec())


PARTS = {
    "name": 'LazyString("Toy", {})',
    "keyword": 'LazyString("toy", {})',
    "label": 'LazyString("Toy", {})',
    "measures": "{}",
    "takes_span": "False",
    "figures": "Figures.COUNTED",
    "rank": "by_total",
    "layout": "of_totals",
    "load_drawing": "load",
}
HEAD = """
from pipeline.chart.layout import of_totals
from pipeline.chart.ranking import by_total
from pipeline.chart.views.definition import Drawing, Figures, ViewDefinition
from pipeline.records import LazyString
def load() -> Drawing: ...  # type: ignore[empty-body]
"""


def test_a_record_that_lacks_a_part_does_not_pass_the_type_checker(tmp_path: Path) -> None:
    lines = []
    for lacking in ("nothing", *PARTS):
        given = ", ".join(f"{name}={value}" for name, value in PARTS.items() if name != lacking)
        lines.append(f"lacks_{lacking} = ViewDefinition({given})")
    file = tmp_path / "views_that_lack_a_part.py"
    file.write_text(HEAD + "\n".join(lines), encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(ROOT / ".mypy_cache"), str(file)]
    told = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True).stdout
    assert [f'Missing named argument "{name}"' in told for name in PARTS] == [True] * len(PARTS)
    assert f"Found {len(PARTS)} errors in 1 file" in told


def test_each_view_is_registered() -> None:
    assert set(VIEWS) == {*View, TOY}
