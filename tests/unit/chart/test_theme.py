from itertools import combinations

import pytest
from coloraide import Color

from pipeline.chart.paint.theme import COLOURS, PALETTE
from pipeline.records import Theme

DEFICIENCIES = ("protan", "deutan", "tritan")
"""Who sees no red, no green, or no blue."""
FIRST = 6
"""As many accounts as are drawn across each other; further ones stand in rows of their own."""


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's contrast ratio."""
    return Color(one).contrast(other, method="wcag21")


def difference(one: str, other: str, deficiency: str | None = None) -> float:
    """CIEDE2000, as seen by someone with the deficiency at its fullest: Machado, Oliveira and Fernandes, 2009."""
    seen = [Color(colour) for colour in (one, other)]
    if deficiency:
        seen = [colour.filter(deficiency, 1, method="machado").clip("srgb") for colour in seen]
    return seen[0].delta_e(seen[1], method="2000")


def least(colours: tuple[str, ...], deficiency: str | None = None) -> float:
    """The difference of the two that are most alike."""
    return min(difference(*pair, deficiency) for pair in combinations(colours, 2))


@pytest.mark.parametrize("theme", Theme)
def test_text_can_be_read_on_the_paper(theme: Theme) -> None:
    colours = COLOURS[theme]
    for colour in (colours.ink, colours.muted, *colours.accounts):
        assert contrast(colour, colours.paper) >= 4.5, colour


@pytest.mark.parametrize("theme", Theme)
def test_dots_can_be_seen_on_the_paper(theme: Theme) -> None:
    colours = COLOURS[theme]
    for colour in (colours.muted, *colours.accounts):
        assert contrast(colours.dot(colour), colours.paper) >= 3, colour


@pytest.mark.parametrize("theme", Theme)
def test_ten_accounts_have_ten_colours_that_are_no_stale_ones(theme: Theme) -> None:
    colours = COLOURS[theme]
    assert len(colours.accounts) == PALETTE == 10
    assert least(colours.accounts) >= 15
    assert min(difference(colour, colours.muted) for colour in colours.accounts) >= 12


@pytest.mark.parametrize("theme", Theme)
def test_the_medians_colour_is_no_accounts(theme: Theme) -> None:
    colours = COLOURS[theme]
    assert min(difference(colour, colours.ink) for colour in colours.accounts) >= 12


@pytest.mark.parametrize("theme", Theme)
@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_who_sees_fewer_colours_can_tell_the_accounts_apart(theme: Theme, deficiency: str) -> None:
    accounts = COLOURS[theme].accounts
    assert least(accounts[:FIRST], deficiency) >= 11
    assert least(accounts, deficiency) >= 9


@pytest.mark.parametrize("theme", Theme)
def test_the_first_accounts_differ_most(theme: Theme) -> None:
    assert least(COLOURS[theme].accounts[:FIRST]) >= 25


@pytest.mark.parametrize("theme", Theme)
def test_an_accounts_colour_goes_by_its_place_alone(theme: Theme) -> None:
    assert COLOURS[theme].account(3) == COLOURS[theme].account(13) == COLOURS[theme].accounts[3]
