"""One person's flood is cut off; the others in the same chat are heard."""

from contextlib import ExitStack

from bot.crowd import MOST_WAITING, Crowd

FLOODING, OTHER = (-5, 1), (-5, 2)


def test_so_many_may_wait_for_an_answer_and_no_more() -> None:
    crowd = Crowd()
    with ExitStack() as waiting:
        for _ in range(MOST_WAITING):
            assert not crowd.is_too_much(FLOODING)
            waiting.enter_context(crowd.place(FLOODING))
        assert crowd.is_too_much(FLOODING)
        assert not crowd.is_too_much(OTHER)
    assert not crowd.is_too_much(FLOODING)
    assert not crowd.waiting


def test_whoever_is_left_out_is_alone_in_that() -> None:
    crowd = Crowd()
    assert not crowd.is_left_out(FLOODING)
    crowd.leave_out(FLOODING)
    assert crowd.is_left_out(FLOODING)
    assert not crowd.is_left_out(OTHER)
