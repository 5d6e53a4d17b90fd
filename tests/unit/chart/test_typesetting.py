"""How text that is too long for its place is shortened, and broken into lines."""

from itertools import pairwise

import pytest

from pipeline.chart.paint.typesetting import elide, width, wrap

HANDLE = "@someone.very.long@social.long.name.example"


@pytest.mark.parametrize("most_px", [80, 150, 300, 500])
def test_a_text_is_shortened_in_its_middle_to_what_fits(most_px: float) -> None:
    shorter = elide(HANDLE, most_px)
    start, end = shorter.split("…")
    assert width(shorter) <= most_px
    assert HANDLE.startswith(start)
    assert HANDLE.endswith(end)
    assert abs(len(start) - len(end)) <= 1


def test_a_text_that_fits_is_left_alone() -> None:
    assert elide(HANDLE, width(HANDLE)) == HANDLE


def test_two_long_handles_of_one_server_stay_apart() -> None:
    handles = tuple(f"@someone.very.long.{letter}.of.many@social.long.name.example" for letter in "ab")
    shortened = [elide(handle, 300, among=handles) for handle in handles]
    assert len(set(shortened)) == 2
    assert all(width(each) <= 300 for each in shortened)


def test_lines_hold_all_pieces_in_order_and_are_as_full_as_can_be() -> None:
    pieces = ["networks", "do", "not", "count", "alike", "and", "their", "audiences", "differ", "in", "size"]
    lines = wrap(pieces, 400)
    assert " ".join(lines).split() == pieces
    assert all(width(line) <= 400 for line in lines)
    assert all(width(f"{line} {after.split()[0]}") > 400 for line, after in pairwise(lines))


def test_a_piece_wider_than_a_line_has_one_of_its_own() -> None:
    assert wrap(["a", HANDLE, "b"], 100) == ["a", HANDLE, "b"]
