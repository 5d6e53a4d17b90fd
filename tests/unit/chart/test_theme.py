from itertools import combinations

import pytest

from pipeline.chart.theme import COLOURS, PALETTE
from pipeline.records import Theme


def light(share: float) -> float:
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's contrast ratio."""
    luminances = [
        sum(weight * light(part / 255) for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))
        for parts in (bytes.fromhex(one[1:]), bytes.fromhex(other[1:]))
    ]
    return (max(luminances) + 0.05) / (min(luminances) + 0.05)


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
    several = [bytes.fromhex(colour[1:]) for colour in (*colours.accounts, colours.muted)]
    assert len(colours.accounts) == PALETTE == 10
    assert min(sum(abs(a - b) for a, b in zip(*pair, strict=True)) for pair in combinations(several, 2)) > 40


@pytest.mark.parametrize("theme", Theme)
def test_an_accounts_colour_goes_by_its_place_alone(theme: Theme) -> None:
    assert COLOURS[theme].account(3) == COLOURS[theme].account(13) == COLOURS[theme].accounts[3]
