"""X's bill passes no limit and is counted to the post, whatever fails and whoever asks."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from redis import Redis
from sqlalchemy import create_engine, text

from tests.conftest import until
from tests.e2e.authors import (
    TIMELINE,
    USAGE,
    Author,
    authors,
    clock_of,
    set_clock,
    stored_of,
    track,
    untrack,
    wait_for_ticks,
)
from tests.e2e.books import billed, by_day, read_books, uncounted
from tests.e2e.deployment import UNLIMITED, Deployment, running

DAILY_USD, DAILY_POSTS = 1.0, 200
"""The limit of the tests that share a deployment, and how many posts it pays."""
OWNER, NEIGHBOUR, CHAT = 900, 4900, 4901
PLENTY = 100_000
OF_NEIGHBOUR = 0.005
"""What the neighbour's account costs a day."""
EVENING = 19
"""Late enough (UTC) for any chat to use what the others have left of the day's money."""


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Charts have up to 500 posts of an account. A neighbour's chat tracks an account that makes no posts."""
    settings = {
        "X_DAILY_USD": str(DAILY_USD),
        "X_MONTHLY_USD": "1000",
        "POSTS_PER_ACCOUNT": "500",
        "MAX_ACCOUNTS_PER_CHAT": "100",
        "ADMIN_IDS": str(OWNER),
    }
    with running(tmp_path_factory.mktemp("bill"), None, settings, tick_s=1) as started:
        started.chat(OWNER).ask("/start")
        set_clock(started.sandbox, 9, 0)
        track(started, NEIGHBOUR, authors(started.sandbox, [1]))
        yield started


@pytest.fixture
def day(deployment: Deployment) -> Iterator[str]:
    """A UTC day of X's own, of which nothing is spent yet. It is ten o'clock, and the day's list is made."""
    yield start_day(deployment, days=1)
    deployment.sandbox.delete("faults")
    deployment.sandbox.post("x/bill", deduplicates=True)
    deployment.sandbox.post("x/limits", **UNLIMITED)
    untrack(deployment, CHAT)


def start_day(deployment: Deployment, days: int) -> str:
    """So many days later, at ten o'clock."""
    return set_time(deployment, 10, days)


def set_time(deployment: Deployment, hour: int, days: int = 0) -> str:
    wait_for_ticks(deployment, 2)  # nothing is under way
    at = clock_of(deployment.sandbox).replace(hour=hour, minute=0, second=0, microsecond=0) + timedelta(days=days)
    deployment.sandbox.post("clock", at=at.isoformat())
    # An answer tells the day, and an account that hardly posts may not be asked for minutes.
    run_sql(deployment, "UPDATE accounts SET next_at = '2026-01-01 00:00:00.000000' WHERE next_at IS NOT NULL")
    until(lambda: read_books(deployment).planned_on == f"{at:%Y-%m-%d}", within_s=80)
    wait_for_ticks(deployment, 2)  # an answer has told the time
    return f"{at:%Y-%m-%d}"


def billed_on(deployment: Deployment, day: str) -> float:
    return by_day(billed(deployment)).get(day, 0.0)


def spent_on(deployment: Deployment, day: str) -> float:
    """What is counted as spent, and is never less than the bill."""
    assert not uncounted(deployment)
    return by_day(read_books(deployment).spent).get(day, 0.0)


def is_balanced_on(deployment: Deployment, day: str) -> bool:
    books, posts = read_books(deployment), (day, "posts")
    return not +books.reserved and books.ledger[posts] == books.opened[posts] == billed(deployment)[posts]


def test_pages_that_come_too_late_are_paid_once_and_within_the_limit(deployment: Deployment, day: str) -> None:
    made = authors(deployment.sandbox, [450, 450])
    deployment.sandbox.post("faults", service="x", method=TIMELINE, delay=2, times=PLENTY)
    track(deployment, CHAT, made)
    for _ in range(5):
        wait_for_ticks(deployment, 1)
        assert billed_on(deployment, day) <= spent_on(deployment, day) <= DAILY_USD
    deployment.sandbox.delete("faults")
    until(lambda: sum(stored_of(deployment, each) for each in made) >= 80, within_s=60)
    until(lambda: is_balanced_on(deployment, day))
    assert billed_on(deployment, day) <= DAILY_USD


@pytest.mark.parametrize("status", [503, 0])
def test_a_page_that_was_billed_and_lost_is_counted(deployment: Deployment, day: str, status: int) -> None:
    [author] = authors(deployment.sandbox, [60])
    lost = {"service": "x", "path": author.timeline, "status": status, "accepted": True}
    deployment.sandbox.post("faults", skip=1, **lost)
    track(deployment, CHAT, [author])
    until(lambda: not deployment.sandbox.get("faults"), every_s=0.02)
    assert billed_on(deployment, day) <= spent_on(deployment, day)
    until(lambda: is_balanced_on(deployment, day) and stored_of(deployment, author) == 60, within_s=40)
    deployment.sandbox.post("faults", skip=1, **lost)
    author.write(12)
    until(lambda: not deployment.sandbox.get("faults"), every_s=0.02)
    assert billed_on(deployment, day) <= spent_on(deployment, day)
    until(lambda: is_balanced_on(deployment, day) and stored_of(deployment, author) == 72, within_s=40)


def test_an_account_that_does_not_fit_waits_alone(deployment: Deployment, day: str) -> None:
    set_time(deployment, EVENING)
    nine = authors(deployment.sandbox, [12] * 9, hours_apart=12)
    track(deployment, CHAT, nine)
    until(lambda: all(stored_of(deployment, each) == 12 for each in nine), within_s=40)
    [tenth] = authors(deployment.sandbox, [300], hours_apart=12)
    track(deployment, CHAT, [tenth])
    wait_for_ticks(deployment, 3)
    assert stored_of(deployment, tenth) < 300
    for each in nine:
        each.write()
    until(lambda: all(stored_of(deployment, each) == 13 for each in nine))
    assert billed_on(deployment, day) <= spent_on(deployment, day) <= DAILY_USD


def test_a_limit_below_a_full_reading_buys_what_it_can(deployment: Deployment, day: str) -> None:
    [author] = authors(deployment.sandbox, [450])
    track(deployment, CHAT, [author])
    until(lambda: stored_of(deployment, author) >= 20)
    chart = deployment.chat(CHAT).chart(f"/compare @{author.handle}")
    assert f"@{author.handle}" in chart["caption"]
    wait_for_ticks(deployment, 4)
    assert DAILY_USD / 2 - 0.15 <= billed_on(deployment, day) <= DAILY_USD / 2 + OF_NEIGHBOUR


@pytest.mark.usefixtures("day")
def test_names_leave_the_money_of_the_posts(deployment: Deployment) -> None:
    set_time(deployment, EVENING)
    made = authors(deployment.sandbox, [8] * 12, hours_apart=720)
    track(deployment, CHAT, made)
    until(lambda: all(stored_of(deployment, each) == 8 for each in made), within_s=40)
    wait_for_ticks(deployment, 2)
    later = start_day(deployment, days=1)
    let_names_be_due(deployment)
    until(lambda: billed(deployment)[later, "users"])
    for each in made:
        each.write()
    until(lambda: all(stored_of(deployment, each) == 9 for each in made))
    assert billed_on(deployment, later) <= spent_on(deployment, later) <= DAILY_USD


def run_sql(deployment: Deployment, statement: str) -> None:
    engine = create_engine(deployment.database)
    with engine.begin() as db:
        db.execute(text(statement))
    engine.dispose()


def let_names_be_due(deployment: Deployment) -> None:
    run_sql(deployment, "UPDATE accounts SET profiled_on = '2026-01-01'")
    with Redis.from_url(deployment.redis) as redis:
        redis.delete("tallybird:follow_names")


def test_a_message_that_tracks_many_accounts_spends_the_share_of_its_chat(deployment: Deployment, day: str) -> None:
    track(deployment, CHAT, authors(deployment.sandbox, [100] * 30))
    wait_for_ticks(deployment, 6)
    assert DAILY_USD / 2 - 0.15 <= billed_on(deployment, day) <= DAILY_USD / 2 + OF_NEIGHBOUR
    [author] = authors(deployment.sandbox, [20])
    track(deployment, NEIGHBOUR, [author])
    until(lambda: stored_of(deployment, author) == 20)
    deployment.chat(NEIGHBOUR).ask(f"/untrack {author.handle}")


def test_handles_that_are_looked_up_are_paid_by_the_chat_that_asks(deployment: Deployment, day: str) -> None:
    for _ in range(3):
        track(deployment, CHAT, [Author(deployment.sandbox) for _ in range(30)])
        untrack(deployment, CHAT)
    assert 0.25 <= billed_on(deployment, day) <= DAILY_USD / 2 + OF_NEIGHBOUR
    [author] = authors(deployment.sandbox, [3])
    assert f"@{author.handle}" in track(deployment, NEIGHBOUR, [author])
    until(lambda: stored_of(deployment, author) == 3)
    deployment.chat(NEIGHBOUR).ask(f"/untrack {author.handle}")


def test_repeats_end_once_x_bills_them_and_the_admins_are_told(deployment: Deployment, day: str) -> None:
    deployment.sandbox.post("x/bill", deduplicates=False)
    track(deployment, CHAT, authors(deployment.sandbox, [30], hours_apart=0.01))
    told = until(lambda: [each for each in texts(deployment, OWNER) if "is billing posts twice" in each], within_s=100)
    assert len(told) == 1
    assert not [each for each in texts(deployment, CHAT) if "is billing posts twice" in each]
    wait_for_ticks(deployment, 2)
    before = repeats_on(deployment, day)
    wait_for_ticks(deployment, 5)
    assert repeats_on(deployment, day) == before <= 2 * DAILY_POSTS


def test_without_a_count_of_xs_own_repeats_have_a_fixed_limit_a_day(deployment: Deployment, day: str) -> None:
    problem = {"title": "Not Found", "type": "about:blank", "status": 404}
    deployment.sandbox.post("faults", service="x", method=USAGE, status=404, body=problem, times=PLENTY)
    track(deployment, CHAT, authors(deployment.sandbox, [60], hours_apart=0.01))
    until(lambda: repeats_on(deployment, day) >= DAILY_POSTS - 60, within_s=60)
    wait_for_ticks(deployment, 25)
    assert repeats_on(deployment, day) <= DAILY_POSTS


def repeats_on(deployment: Deployment, day: str) -> int:
    statement = deployment.sandbox.get("x/bill")["by_day"][day]
    return int(statement["posts_returned"] - statement["posts_billed"])


@pytest.mark.parametrize("limits", [{"timelines": 900, "posts": 5_000}, {"timelines": 10, "posts": 15}])
@pytest.mark.usefixtures("day")
def test_no_more_is_asked_than_the_answers_allow(deployment: Deployment, limits: dict[str, int]) -> None:
    """With a user's token, and on X's old plan Basic."""
    deployment.sandbox.post("x/limits", **limits)
    since = deployment.sandbox.last_call()
    made = authors(deployment.sandbox, [15] * 12, hours_apart=0.1)
    wait_for_ticks(deployment, 2)  # an answer tells
    track(deployment, CHAT, made)
    wait_for_ticks(deployment, 12)
    calls = deployment.sandbox.calls("x", since)
    assert Counter(call["status"] for call in calls).keys() == {200}
    assert any(call["method"] == TIMELINE for call in calls)


def texts(deployment: Deployment, chat_id: int) -> list[str]:
    return [each["text"] or "" for each in deployment.chat(chat_id).messages()]
