"""Made-up timelines: plausible, growing, and the same for the same handle and time."""

import statistics
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from sandbox import lives
from sandbox.lives import Kind
from sandbox.x import invented
from sandbox.x.records import Post, State, moment

NOW = datetime(2026, 11, 23, 15, 7, 30, tzinfo=UTC)
HANDLES = ("nasa", "esa", "BBCWorld", "old_harbour", "x", "a_long_handle_1", "Reuters", "who", "unicef", "tallybird")


def posts(handle: str, now: datetime = NOW) -> list[Post]:
    return invented.timeline(invented.invent(handle).id, now)


def total_reposts(handle: str, now: datetime) -> int:
    return sum(post.counts_at(now)["retweets"] or 0 for post in posts(handle, now)[:100])


def test_the_same_handle_has_the_same_posts() -> None:
    first = [(post, post.counts_at(NOW)) for post in posts("NASA")]
    for cached in (invented._written_on, invented._written_before, lives.habits):
        cached.cache_clear()
    assert [(post, post.counts_at(NOW)) for post in posts("nasa")] == first
    assert posts("esa")[0].id != first[0][0].id


@pytest.mark.parametrize("handle", HANDLES)
def test_a_timeline_is_plausible(handle: str) -> None:
    written = posts(handle)
    assert 60 <= len(written) <= 400 + lives.MAX_A_DAY
    assert timedelta() < NOW - written[0].created_at < timedelta(hours=40)
    assert [post.id for post in written] == sorted((post.id for post in written), reverse=True)
    assert all(abs(moment(post.id) - post.created_at) < timedelta(milliseconds=2) for post in written)
    days = [post.created_at.date() for post in written[:-20]]
    assert max(map(days.count, days)) <= lives.MAX_A_DAY


def test_kinds_and_levels_are_distributed_realistically() -> None:
    written = [post for handle in HANDLES for post in posts(handle)]
    assert 0.10 < sum(post.kind is Kind.REPOST for post in written) / len(written) < 0.20
    assert 0.15 < sum(post.kind is Kind.REPLY for post in written) / len(written) < 0.25
    medians = [_median_reposts(f"account_{number}") for number in range(60)]
    assert 1 <= min(medians) < 20
    assert 200 < max(medians) < 700
    own = [post.counts_at(NOW) for post in written if post.kind is Kind.POST]
    likes, views, reposts = (sum(each[name] or 0 for each in own) for name in ("likes", "views", "retweets"))
    assert 2 < likes / reposts < 12
    assert views > 10 * likes


def _median_reposts(handle: str) -> float:
    return statistics.median(post.counts_at(NOW)["retweets"] or 0 for post in posts(handle) if post.kind is Kind.POST)


def test_counts_only_grow_and_most_in_the_first_hours() -> None:
    post = max(posts("nasa"), key=lambda post: post.counts["views"] or 0)
    seen = [post.counts_at(post.created_at + timedelta(minutes=5 * step))["views"] or 0 for step in range(600)]
    assert seen == sorted(seen)
    assert seen[12 * 10] > 0.6 * seen[-1]
    assert post.counts_at(post.created_at)["views"] == 0


def test_most_charts_of_three_change_within_30_seconds() -> None:
    trios = [("nasa", "esa", "who"), *((f"a{number}", f"b{number}", f"c{number}") for number in range(10))]
    assert statistics.median(_changes_in_15_minutes(trio) for trio in trios) >= 15 * 60 / 30


def _changes_in_15_minutes(handles: tuple[str, ...]) -> int:
    moments = [NOW + timedelta(seconds=10 * step) for step in range(90)]
    shown = [tuple(total_reposts(handle, at) for handle in handles) for at in moments]
    return sum(before != after for before, after in pairwise(shown))


def test_new_posts_appear_as_time_passes() -> None:
    later = NOW + timedelta(hours=12)
    fresh = sum(post.created_at > NOW for handle in HANDLES for post in posts(handle, later))
    assert fresh >= len(HANDLES)
    for handle in HANDLES:
        known = [post for post in posts(handle, later) if post.created_at <= NOW]
        assert known == posts(handle)[: len(known)]


def test_old_posts_disappear_only_at_midnight() -> None:
    midnight = datetime(2026, 11, 24, tzinfo=UTC)
    before, after = posts("nasa", midnight - timedelta(seconds=1)), posts("nasa", midnight + timedelta(seconds=1))
    assert after == before[: len(after)]
    assert len(before) - len(after) <= lives.MAX_A_DAY


def test_words_in_the_handle_choose_the_state() -> None:
    states = {handle: invented.invent(handle).state for handle in ("Protected_x", "suspended", "missing", "nobody9")}
    assert list(states.values()) == [State.PROTECTED, State.SUSPENDED, State.MISSING, State.MISSING]
    assert posts("empty_room") == []


def test_the_id_alone_is_enough_for_the_state() -> None:
    account = invented.invent("protected_x")
    recalled = invented.recall(account.id)
    assert recalled
    assert recalled.state is State.PROTECTED
    assert invented.recall(12) is None
