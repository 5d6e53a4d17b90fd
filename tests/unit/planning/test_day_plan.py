import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.planning.columns import DAY_S, Outlooks, StoredPosts
from pipeline.planning.day import start_day
from pipeline.planning.day_plan import ALL_BIRTHS_SHARE, DayPlan, expected_births, plan_day
from pipeline.planning.value import birth_values, missing_errors, post_values
from tests.unit.planning.fleets import NOW_S, WINDOW, fleet, fleets

Fleet = tuple[StoredPosts, Outlooks]
PLENTY = 1e6


def planned(fleet: Fleet, money: float) -> DayPlan:
    return plan_day(*fleet, budget_posts=money, now_s=NOW_S, window=WINDOW)


def spent(plan: DayPlan) -> float:
    return float(plan.open.sum() + plan.births.sum())


def without_new_posts(fleet: Fleet) -> Fleet:
    posts, outlooks = fleet
    return posts, Outlooks(np.zeros_like(outlooks.rate), np.zeros_like(outlooks.rate), outlooks.chats)


@settings(deadline=None)
@given(fleets, st.floats(0, 300))
def test_a_plan_never_spends_more_than_the_budget(given: Fleet, money: float) -> None:
    assert spent(planned(given, money)) <= money + 1e-6


@settings(deadline=None)
@given(fleets, st.floats(0, 300))
def test_a_plan_spends_all_but_less_than_a_post_unless_everything_is_bought(given: Fleet, money: float) -> None:
    posts, outlooks = given
    asked = posts, Outlooks(outlooks.rate, np.zeros_like(outlooks.rate), outlooks.chats)
    assert spent(planned(asked, money)) > min(money, spent(planned(asked, PLENTY))) - 2


@settings(deadline=None)
@given(fleets)
def test_nothing_is_missing_where_money_is_plenty(given: Fleet) -> None:
    plan = planned(given, PLENTY)
    assert plan.finds.all()
    assert plan.catches_up.all()
    assert np.allclose(plan.error, 0)


@settings(deadline=None)
@given(fleets)
def test_finding_all_new_posts_of_a_day_saves_half_a_day_of_the_error_without_them(given: Fleet) -> None:
    posts, outlooks = given
    busy = Outlooks(np.maximum(outlooks.rate, 1), outlooks.unseen, outlooks.chats)
    day = start_day(posts, busy, now_s=NOW_S, window=WINDOW)
    assert np.allclose(birth_values(day) * busy.rate, missing_errors(day, busy.rate) / 2)


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 100), st.integers(0, 50))
def test_more_money_opens_all_that_less_does(seed: int, money: int, more: int) -> None:
    quiet = without_new_posts(fleet(seed, 5))
    poor, rich = planned(quiet, money), planned(quiet, money + more)
    assert (rich.open >= poor.open).all()
    assert (rich.error <= poor.error + 1e-12).all()


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 60))
def test_no_post_left_closed_is_worth_more_than_one_that_is_opened(seed: int, money: int) -> None:
    quiet = without_new_posts(fleet(seed, 5))
    plan = planned(quiet, money)
    values = post_values(start_day(*quiet, now_s=NOW_S, window=WINDOW))
    if plan.open.any() and not plan.open.all():
        assert values[plan.open].min() >= values[~plan.open].max()


@settings(deadline=None)
@given(fleets, st.floats(0, 300))
def test_an_account_that_is_asked_all_day_is_asked_for_what_is_unseen_too(given: Fleet, money: float) -> None:
    plan = planned(given, money)
    assert (plan.catches_up | ~plan.finds).all()


@settings(deadline=None)
@given(fleets, st.floats(0, 300))
def test_posts_outside_the_window_are_never_opened(given: Fleet, money: float) -> None:
    posts, outlooks = given
    plan = plan_day(posts, outlooks, budget_posts=money, now_s=NOW_S, window=5)
    newer = np.arange(len(posts.account)) - np.searchsorted(posts.account, posts.account)
    assert not plan.open[newer >= 5].any()


def test_the_money_kept_back_for_new_posts_is_what_is_expected_and_a_common_margin() -> None:
    births = expected_births(np.array([60.0, 40.0]))
    assert np.isclose(births.sum(), 100 + 3)
    assert np.isclose(births[0] / births[1], 1.5)


def test_posts_that_are_found_cheaply_come_before_all_others() -> None:
    posts, outlooks = fleet(3, 10)
    calm = Outlooks(np.full(10, 0.5), np.zeros(10), outlooks.chats)
    money = expected_births(calm.rate).sum() / 0.75 + 1e-6
    assert plan_day(posts, calm, budget_posts=money, now_s=NOW_S, window=WINDOW).finds.all()


def test_accounts_that_fell_behind_are_found_all_day_again_where_the_money_pays_what_they_post() -> None:
    rates = np.full(10, 2.0)
    money = expected_births(rates).sum() / ALL_BIRTHS_SHARE + 1e-6
    unseen = np.full(10, 1.0 * WINDOW)
    for _ in range(21):
        posts, outlooks = fleet(3, 10)
        plan = planned((posts, Outlooks(rates, unseen, outlooks.chats)), money)
        unseen = np.where(plan.finds, 0, np.where(plan.catches_up, rates, unseen + rates))
    assert plan.finds.all()


def test_an_account_that_no_chart_shows_any_post_of_is_planned_as_well() -> None:
    nothing = np.array([])
    posts = StoredPosts(np.array([], np.int64), nothing, nothing, nothing)
    plan = plan_day(posts, Outlooks(np.array([1.0]), np.array([2.0]), [[7]]), budget_posts=50, now_s=NOW_S, window=20)
    assert plan.finds.all()
    assert plan.births[0] >= 3


def run_weeks(money: float, weeks: int, rates: np.ndarray, chats: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """The most days that each account waited to be asked, and by day how many posts were unread for over 14 days."""
    accounts = len(rates)
    account = np.repeat(np.arange(accounts), WINDOW)
    created = NOW_S - np.tile(np.arange(WINDOW) + 1, accounts) / np.repeat(rates, WINDOW) * DAY_S
    read, asked = np.full(len(account), NOW_S), np.full(accounts, NOW_S)
    longest, overdue = np.zeros(accounts), []
    for day in range(weeks * 7):
        now = NOW_S + day * DAY_S
        unseen = rates * (now - asked) / DAY_S
        posts = StoredPosts(account, created, read, np.full(len(account), 100.0))
        plan = plan_day(posts, Outlooks(rates, unseen, chats), budget_posts=money, now_s=now + 60, window=WINDOW)
        longest = np.maximum(longest, (now - asked) / DAY_S)
        asked = np.where(plan.finds, now + DAY_S, np.where(plan.births > 0, now, asked))
        read = np.where(plan.open, now + DAY_S, read)
        overdue.append(int((now + DAY_S - read > 14 * DAY_S).sum()))
    return longest, np.array(overdue)


def test_no_account_is_starved_though_money_is_short_for_weeks() -> None:
    rates = np.array([0.1, 0.5, 2, 5, 10, 20])
    longest, _ = run_weeks(8, 8, rates, [[1]] * 6)
    assert longest.max() <= 14  # one day more than LONGEST_WAIT_DAYS


def test_every_post_is_opened_within_14_days_where_money_is_left() -> None:
    rates = np.array([0.01, 0.02, 0.01, 0.01])
    _, overdue = run_weeks(10, 8, rates, [[1], [1], [2], [2]])
    assert overdue.max() == 0
