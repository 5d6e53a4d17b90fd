"""The buttons under charts: what they say, what each chooses, and that a phone shows them in full."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import product

import pytest
from telegram import InlineKeyboardMarkup

from bot import keyboards
from bot.chart_choices import CHOICES
from bot.keyboards import ShownChart
from pipeline.records import ChartSpec, Language, Metric, Mode, Normalization, Span, Theme, View
from pipeline.sources.registry import NETWORKS
from tests.toy_network.facts import TOY

BOTH = ["x", TOY.key]
NARROW_PX, USUAL_PX = 318, 346
"""A keyboard under a chart on phones of 330 and of 390 px."""
PADDING_PX, GAP_PX, LETTER_PX = 12, 4, 7.3
"""The demo page's buttons, with the mean width of their letters."""


@pytest.fixture(autouse=True)
def _toy() -> Iterator[None]:
    NETWORKS[TOY.key] = TOY
    yield
    del NETWORKS[TOY.key]


USUAL = ChartSpec()


def shown(spec: ChartSpec = USUAL, networks: Iterable[str] = ("x",), mode: Mode = Mode.ONCE) -> ShownChart:
    return ShownChart(1, spec, mode, list(networks), max_posts=100)


def texts(keyboard: InlineKeyboardMarkup) -> list[list[str]]:
    return [[button.text for button in row] for row in keyboard.inline_keyboard]


def specs(chart: ShownChart, menu: str) -> dict[str, ChartSpec]:
    """What each button of a menu shows, by its text."""
    choices = {}
    for row in keyboards.menu(chart, menu).inline_keyboard:
        for button in row:
            action, _, *args = str(button.callback_data).split()
            if action == "set":
                choices[button.text] = CHOICES[args[0]].choose(chart.subject, args[1])
    return choices


def test_two_rows_stand_under_a_chart() -> None:
    assert texts(keyboards.closed(shown())) == [
        ["• All posts", "By date", "Growth", "Total"],
        ["Retweets ▾", "100 posts ▾", "⋯", "Keep updating"],
    ]


def test_a_view_of_a_span_offers_it_in_place_of_the_number_of_posts() -> None:
    growth = shown(ChartSpec(view=View.GROWTH, span=Span.WEEK, metric=Metric.LIKES), mode=Mode.LIVE)
    assert texts(keyboards.closed(growth))[1] == ["Likes ▾", "Last week ▾", "⋯", "Stop updating"]
    assert texts(keyboards.menu(growth, "more"))[0] == ["10", "20", "50", "• 100"]


def test_further_choices_stand_behind_the_three_dots() -> None:
    assert texts(keyboards.menu(shown(ChartSpec(view=View.RACE)), "more")) == [
        ["Per day", "Per 1,000 views"],
        ["Per 1,000 followers", "• Raw numbers"],
        ["• Without replies", "With replies"],
        ["• Light", "Dark"],
        ["As file ▾", "Refresh"],
        ["← Back"],
    ]
    assert texts(keyboards.menu(shown(), "files")) == [["PNG", "SVG", "PDF", "CSV"], ["← Back"]]


def test_a_choice_changes_one_thing() -> None:
    chart = shown(ChartSpec(metric=Metric.LIKES, view=View.RACE, normalization=Normalization.DAILY, count=50))
    assert specs(chart, "count")["20"] == ChartSpec(Metric.LIKES, View.RACE, 20, Normalization.DAILY)
    assert specs(chart, "more")["Dark"] == ChartSpec(Metric.LIKES, View.RACE, 50, Normalization.DAILY, theme=Theme.DARK)
    assert specs(chart, "more")["With replies"] == ChartSpec(
        Metric.LIKES, View.RACE, 50, Normalization.DAILY, replies=True
    )
    assert specs(chart, "metric")["Replies"].metric is Metric.REPLIES


@pytest.mark.parametrize(
    ("field", "value"), [("count", "101"), ("count", "7"), ("span", "day"), ("metric", "posts"), ("replies", "1")]
)
def test_what_is_not_to_be_chosen_is_refused(field: str, value: str) -> None:
    with pytest.raises(ValueError, match=value):
        CHOICES[field].choose(shown().subject, value)


def test_the_counts_of_a_mixed_chart_are_a_button_away() -> None:
    choices = specs(shown(ChartSpec(normalization=Normalization.FOLLOWERS), BOTH), "more")
    assert "• Per 1,000 followers" in choices
    assert choices["Raw numbers"].normalization is Normalization.COUNT


def test_a_mixed_chart_is_per_follower_again_after_a_view_that_cannot_be() -> None:
    growth = ChartSpec(view=View.GROWTH)
    assert specs(shown(growth, BOTH), "chart")["All posts"].normalization is Normalization.FOLLOWERS
    assert specs(shown(growth), "chart")["All posts"].normalization is Normalization.COUNT


def test_a_choice_stays_in_another_view_and_what_is_usual_does_not() -> None:
    race = ChartSpec(view=View.RACE, normalization=Normalization.DAILY)
    assert specs(shown(USUAL, BOTH), "chart")["Total"].normalization is Normalization.COUNT
    assert specs(shown(ChartSpec(normalization=Normalization.RATE)), "chart")["Total"].normalization is (
        Normalization.RATE
    )
    assert specs(shown(), "chart")["Total"].normalization is Normalization.DAILY
    assert specs(shown(race), "chart")["All posts"].normalization is Normalization.COUNT


def test_pages_are_turned_by_buttons_and_what_orders_anew_begins_with_the_first_page() -> None:
    def turns(page: int, accounts: int) -> dict[str, int]:
        chart = ShownChart(1, ChartSpec(page=page), Mode.ONCE, ["x"], max_posts=100, accounts=accounts)
        return {name: spec.page for name, spec in specs(chart, "chart").items() if "←" in name or "→" in name}

    assert turns(1, 10) == {}
    assert turns(1, 11) == {"2 →": 2}
    assert turns(2, 27) == {"← 1": 1, "3 →": 3}
    assert turns(9, 27) == {"← 2": 2}
    second = ShownChart(1, ChartSpec(page=2), Mode.ONCE, ["x"], max_posts=100, accounts=27)
    assert specs(second, "chart")["Total"].page == specs(second, "metric")["Likes"].page == 1
    assert specs(second, "more")["Dark"].page == 2


@pytest.mark.parametrize("page", ["0", "-1", "1e3", "4", "x"])
def test_an_invented_page_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match=page):
        CHOICES["page"].choose(replace(shown().subject, accounts=27), page)


def test_what_no_network_tells_has_no_button_nor_has_a_rate_of_it() -> None:
    toy, both = shown(networks=[TOY.key]), shown(networks=BOTH)
    assert not {"Views", "Bookmarks", "Per 1,000 views"} & {**specs(toy, "metric"), **specs(toy, "more")}.keys()
    assert {"Views", "Bookmarks", "Per 1,000 views"} <= {**specs(both, "metric"), **specs(both, "more")}.keys()


@pytest.mark.parametrize("language", Language)
def test_no_button_is_cut_off_on_a_phone(language: Language) -> None:
    """On the narrowest phones not under the charts that most people see; on others under none."""
    for view, metric, mode in product(View, Metric, Mode):
        chart = shown(ChartSpec(metric=metric, view=view, language=language), mode=mode)
        menus = [keyboards.menu(chart, name) for name in ("chart", "metric", "count", "span", "more", "files")]
        room_px = NARROW_PX if metric in {Metric.REPOSTS, Metric.LIKES} else USUAL_PX
        for row in (row for menu in menus for row in texts(menu)):
            width_px = sum(len(text) * LETTER_PX + PADDING_PX for text in row) + GAP_PX * (len(row) - 1)
            assert width_px <= room_px, row
