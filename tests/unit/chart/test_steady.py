"""Between two charts of one comparison nothing moves that the data do not move."""

from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from pipeline.chart.views import VIEWS
from pipeline.records import ChartData, ChartRow, Layout, Normalization, View
from tests.unit.chart.made import chart, layout, lost, row

COUNTS = some.integers(0, 10**9) | some.integers(0, 400)
RATES = some.floats(0, 1000) | some.floats(0, 0.5)
ENDS = some.floats(-(10**6), 10**10)


@some.composite
def charts(draw: some.DrawFn) -> ChartData:
    """Any accounts, each with any chart before: one of the same accounts, or of others."""
    view = draw(some.sampled_from(View))
    normalization = draw(some.sampled_from([each for each in VIEWS[view].measures if each is not Normalization.DAILY]))
    values = some.lists(RATES if normalization is Normalization.RATE else COUNTS, max_size=14)
    rows = [row(f"a{number}", found) for number, found in enumerate(draw(some.lists(values, max_size=12)))]
    places = some.permutations(range(len(rows))) | some.permutations(range(3))
    before = some.builds(Layout, ENDS, ENDS, places.map(tuple))
    return chart(*rows, view=view, normalization=normalization, before=draw(some.none() | before))


def again(data: ChartData) -> Layout:
    return layout(replace(data, before=layout(data)))


def after(before: ChartData, *rows: ChartRow) -> Layout:
    return layout(replace(before, rows=rows, before=layout(before)))


def medians(*values: float) -> list[ChartRow]:
    return [row(f"a{number}", [value]) for number, value in enumerate(values)]


@given(charts())
@settings(derandomize=True, database=None, deadline=None, max_examples=250)
@example(chart())
@example(chart(lost("a"), view=View.GROWTH))
def test_equal_data_are_laid_out_as_before(data: ChartData) -> None:
    assert again(data) == layout(data)


@given(charts())
@settings(derandomize=True, database=None, deadline=None, max_examples=250)
@example(chart(view=View.GROWTH, before=Layout(0, 5e-324, ())))
def test_each_account_has_one_row_and_the_axis_holds_what_is_drawn(data: ChartData) -> None:
    found = layout(data)
    assert sorted(found.order) == list(range(len(data.rows)))
    assert found.low < found.high
    if data.spec.view in {View.SPREAD, View.POSTS}:
        values = [value for row in data.rows for value in row.values]
        assert all(found.low <= value for value in values)
        assert sum(value > found.high for value in values) <= 1


@given(charts())
@settings(derandomize=True, database=None, deadline=None, max_examples=200)
def test_a_race_is_in_the_order_of_its_totals_whatever_was_before(data: ChartData) -> None:
    race = replace(data, spec=replace(data.spec, view=View.RACE))
    totals = [race.rows[index].total for index in layout(race).order]
    known = [total for total in totals if total is not None]
    assert known == sorted(known, reverse=True)
    assert totals == known + [None] * (len(totals) - len(known))


@pytest.mark.parametrize("view", [View.SPREAD, View.POSTS])
def test_neighbours_change_places_only_where_one_is_clearly_ahead(view: View) -> None:
    before = chart(*medians(100, 98, 40), view=view)
    assert layout(before).order == (0, 1, 2)
    assert after(before, *medians(100, 104, 40)).order == (0, 1, 2)
    assert after(before, *medians(100, 106, 40)).order == (1, 0, 2)
    assert after(before, *medians(100, 100, 400)).order == (2, 0, 1)


def test_a_difference_that_nobody_sees_moves_nothing() -> None:
    assert after(chart(*medians(1, 0.5)), *medians(1, 1.9)).order == (0, 1)
    assert after(chart(*medians(1, 0.5)), *medians(1, 2)).order == (1, 0)
    rates = chart(*medians(0.05, 0.01), normalization=Normalization.RATE)
    assert after(rates, *medians(0.05, 0.054)).order == (0, 1)
    assert after(rates, *medians(0.05, 0.056)).order == (1, 0)


def test_who_is_clearly_ahead_stands_above_also_where_others_are_between() -> None:
    assert after(chart(*medians(100, 99, 98)), *medians(100, 104, 108)).order == (1, 2, 0)


def test_accounts_without_posts_stand_last_in_the_order_before() -> None:
    before = chart(*medians(1, 9), row("none", ()))
    assert layout(before).order == (1, 0, 2)
    assert after(before, row("a", ()), *medians(9, 0)).order == (1, 2, 0)


def test_equal_totals_keep_the_order_before() -> None:
    before = chart(*medians(5, 6), view=View.RACE)
    assert after(before, *medians(6, 6)).order == (1, 0)
    assert after(before, *medians(6.5, 6)).order == (0, 1)


def test_a_chart_of_other_accounts_before_is_ignored() -> None:
    rows = medians(5, 6)
    other = Layout(300, 10**9, (1, 0, 2))
    assert layout(chart(*rows, before=other)) == layout(chart(*rows))


@pytest.mark.parametrize("view", [View.SPREAD, View.POSTS])
def test_the_axis_grows_at_once_and_shrinks_where_much_of_it_is_empty(view: View) -> None:
    before = chart(row("a", [0, 250]), view=view)
    assert layout(before).high == 300
    assert after(before, row("a", [0, 301])).high == 1000
    assert after(before, row("a", [0, 31])).high == 300
    assert after(before, row("a", [0, 30])).high == 30


def test_the_axis_leaves_zero_where_all_counts_are_far_from_it() -> None:
    assert layout(chart(row("a", [99, 88_000]))).low == 0
    assert layout(chart(row("a", [100, 88_000]))).low == 100
    before = chart(row("a", [1100, 88_000]))
    assert layout(before).low == 1000
    assert after(before, row("a", [990, 88_000])).low == 300
    assert after(before, row("a", [4000, 88_000])).low == 1000
    assert after(chart(row("a", [50, 88_000])), row("a", [150, 88_000])).low == 0
    assert after(chart(row("a", [50, 88_000])), row("a", [350, 88_000])).low == 300


@pytest.mark.parametrize(
    ("total", "high"),
    [(0, 1), (0.3, 0.3), (1, 1), (3, 3), (7, 8), (17, 20), (101, 120), (208, 250), (3_000_001, 4_000_000)],
)
def test_a_linear_axis_ends_at_a_round_number(total: float, high: float) -> None:
    found = layout(chart(row("a", [1], total=total), view=View.RACE))
    assert (found.low, found.high) == (0, high)


def test_a_linear_axis_grows_at_once_and_shrinks_where_much_of_it_is_empty() -> None:
    before = chart(row("a", [90]), view=View.RACE)
    assert after(before, row("a", [101])).high == 120
    assert after(before, row("a", [41])).high == 100
    assert after(before, row("a", [40])).high == 40


def test_growth_that_went_below_nothing_is_within_the_axis() -> None:
    found = layout(chart(lost("loser"), view=View.GROWTH))
    assert (found.low, found.high) == (-8, 4)


def test_one_post_far_beyond_all_others_does_not_stretch_the_spread() -> None:
    many = list(range(100))
    assert layout(chart(row("a", [3_000_000, *many]), row("b", many))).high == 100
    assert layout(chart(row("a", [3_000_000, 2_000_000, *many]), row("b", many))).high == 3_000_000
    assert layout(chart(row("a", [3_000_000]), row("b", many))).high == 3_000_000
    assert layout(chart(row("a", [3_000_000, *many]), view=View.POSTS)).high == 100


def test_a_post_within_the_axis_stays_there() -> None:
    many = [0, *[200] * 20]
    before = chart(row("a", [1_900, *many]))
    assert layout(before).high == 3000
    assert after(before, row("a", [3_000, *many])).high == 3000
    assert layout(chart(row("a", [3_000, *many]))).high == 300
