import pytest

from pipeline.chart.number_format import short, tick
from pipeline.records import Language


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0"),
        (6.5, "6.5"),
        (999, "999"),
        (1234, "1,234"),
        (1234.5, "1,234.5"),
        (9999, "9,999"),
        (10_000, "10k"),
        (12_345, "12.3k"),
        (12_350, "12.4k"),
        (99_949, "99.9k"),
        (99_950, "100k"),
        (123_456, "123k"),
        (999_499, "999k"),
        (999_500, "1M"),
        (1_234_567, "1.2M"),
        (3_000_000, "3M"),
        (1_250_000_000, "1.3B"),
        (1_234_000_000_000, "1,234B"),
    ],
)
def test_counts_are_exact_up_to_9999_and_keep_three_digits_beyond(value: float, written: str) -> None:
    assert short(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [(-0.004, "-0.004"), (-0.25, "-0.25"), (-7, "-7"), (-1234, "-1,234"), (-12_345, "-12.3k"), (-1_250_000, "-1.3M")],
)
def test_what_was_lost_is_as_short_as_what_was_gained(value: float, written: str) -> None:
    assert short(value) == written


def test_round_numbers_below_zero_are_short_too() -> None:
    assert [tick(value) for value in (-1, -2000, -30_000)] == ["-1", "-2k", "-30k"]


def test_round_numbers_on_an_axis_are_short() -> None:
    written = [tick(value) for value in (0, 1, 100, 1000, 1500, 3000, 10_000, 25_000, 1_000_000)]
    assert written == ["0", "1", "100", "1k", "1.5k", "3k", "10k", "25k", "1M"]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0, "0"),
        (0.000_012_3, "0.000012"),
        (0.004, "0.004"),
        (0.005, "0.005"),
        (0.0456, "0.046"),
        (0.0996, "0.1"),
        (0.25, "0.25"),
        (0.996, "1"),
        (1.04, "1"),
        (1.05, "1.1"),
        (37.5, "37.5"),
    ],
)
def test_rates_keep_two_digits_below_one_and_one_decimal_above(value: float, written: str) -> None:
    assert short(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.25, "0,25"),
        (1234.5, "1.234,5"),
        (9999, "9.999"),
        (12_345, "12,3 k"),
        (123_456, "123 k"),
        (3_000_000, "3 M"),
        (1_250_000_000, "1,3 mil M"),
    ],
)
def test_spanish_numbers_have_its_marks_and_units(value: float, written: str) -> None:
    assert short(value, Language.SPANISH).replace("\N{NO-BREAK SPACE}", " ") == written


def test_round_numbers_on_an_axis_are_short_in_spanish_too() -> None:
    ticks = [tick(value, Language.SPANISH).replace("\N{NO-BREAK SPACE}", " ") for value in (0.1, 100, 3000, 1_000_000)]
    assert ticks == ["0,1", "100", "3 k", "1 M"]
