import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.planning import shares
from pipeline.planning.columns import Flags, Floats, Ints

chats = st.lists(st.sets(st.integers(0, 3), min_size=1).map(sorted), min_size=1, max_size=6)


def buy(  # noqa: PLR0913, PLR0917
    account: Ints, cost: Floats, wanted: Flags, tracking: list[list[int]], money: float, whole: Flags | None = None
) -> Floats:
    """whole: none is, where it is not given."""
    is_whole = np.zeros(len(cost), np.bool_) if whole is None else whole
    return shares.buy(account, cost, wanted, tracking, money, is_whole)


@st.composite
def lists(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[list[int]]]:
    """Accounts, costs and whether they are wanted, of candidates; and the chats of each account."""
    tracking = draw(chats)
    size = draw(st.integers(1, 60))
    chance = np.random.default_rng(draw(st.integers(0, 10**6)))
    cost = np.where(chance.random(size) < 0.8, 1.0, chance.uniform(0, 9, size))
    return chance.integers(0, len(tracking), size), cost, chance.random(size) < 0.7, tracking


@settings(deadline=None)
@given(lists(), st.floats(0, 80))
def test_nothing_costs_more_than_its_price_nor_all_more_than_the_money(
    given: tuple[np.ndarray, np.ndarray, np.ndarray, list[list[int]]], money: float
) -> None:
    account, cost, wanted, tracking = given
    paid = buy(account, cost, wanted, tracking, money)
    assert (paid >= 0).all()
    assert (paid <= cost + 1e-9).all()
    assert paid.sum() <= money + 1e-6


@settings(deadline=None)
@given(lists(), st.floats(1, 80))
def test_what_a_stranger_tracks_alone_takes_nothing_from_a_chats_share(
    given: tuple[np.ndarray, np.ndarray, np.ndarray, list[list[int]]], money: float
) -> None:
    account, _, wanted, tracking = given
    cost = np.ones(len(account))
    stranger, alone = 99, len(tracking)
    mine = sorted({chat for members in tracking for chat in members})
    share = money * len(mine) / (len(mine) + 1)
    without = buy(account, cost, wanted, tracking, share)
    theirs = np.full(50, alone)
    paid = buy(
        np.concatenate([theirs, account]),
        np.ones(50 + len(account)),
        np.concatenate([np.ones(50, np.bool_), wanted]),
        [*tracking, [stranger]],
        money,
    )[50:]
    enough = len(mine) == 1 or wanted.all()
    assert not enough or paid[wanted].sum() >= without[wanted].sum() - len(mine)


def test_each_chat_is_sure_of_its_share() -> None:
    account = np.array([0] * 30 + [1] * 30)
    paid = buy(account, np.ones(60), np.ones(60, np.bool_), [[1], [2]], 20)
    assert paid[:30].sum() == paid[30:].sum() == 10


def test_what_a_chat_does_not_want_is_spent_for_the_others() -> None:
    account = np.array([0] * 30 + [1] * 2)
    paid = buy(account, np.ones(32), np.ones(32, np.bool_), [[1], [2]], 20)
    assert paid[:30].sum() == 18
    assert paid[30:].sum() == 2


def test_chats_that_track_one_account_divide_its_cost() -> None:
    account = np.array([0] * 8 + [1] * 30 + [2] * 30)
    paid = buy(account, np.ones(68), np.ones(68, np.bool_), [[1, 2], [1], [2]], 20)
    assert paid[:8].sum() == 8
    assert paid[8:38].sum() == paid[38:].sum() == 6


def test_a_chat_without_money_left_costs_another_no_account_that_both_track() -> None:
    account = np.array([1] * 10 + [0] * 10)
    paid = buy(account, np.ones(20), np.ones(20, np.bool_), [[1, 2], [2]], 20)
    assert paid.sum() == 20


def test_the_last_one_is_paid_in_part_if_that_is_a_post() -> None:
    cost = np.array([3.0, 50.0])
    assert buy(np.array([0, 0]), cost, np.ones(2, np.bool_), [[1]], 10).tolist() == [3, 7]
    assert buy(np.array([0, 0]), cost, np.ones(2, np.bool_), [[1]], 3.5).tolist() == [3, 0]


@settings(deadline=None)
@given(lists(), st.floats(0, 80), st.integers(0, 10**6))
def test_of_what_is_whole_nothing_is_paid_in_part_and_no_money_is_kept_that_would_pay_it(
    given: tuple[np.ndarray, np.ndarray, np.ndarray, list[list[int]]], money: float, seed: int
) -> None:
    account, cost, wanted, tracking = given
    whole = np.random.default_rng(seed).random(len(cost)) < 0.5
    paid = buy(account, cost, wanted, tracking, money, whole)
    assert paid.sum() <= money + 1e-6
    assert np.isin(np.round(paid[whole], 6), [0, *np.round(cost[whole], 6)]).all()
    left_out = whole & (paid == 0) & (cost > 0)
    assert not left_out.any() or money - paid.sum() < max(1, cost[left_out].min()) + 1e-6


def test_what_is_too_dear_is_left_out_for_what_comes_after_it() -> None:
    cost = np.array([3.0, 50.0, 1.0, 60.0, 2.0])
    paid = buy(np.zeros(5, np.int64), cost, np.ones(5, np.bool_), [[1]], 6.5, np.ones(5, np.bool_))
    assert paid.tolist() == [3, 0, 1, 0, 2]
