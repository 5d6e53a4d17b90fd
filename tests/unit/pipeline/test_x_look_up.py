"""Looking up X's posts by their ids, its profiles and its count of posts, and what its headers tell beside."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline import clock
from pipeline.errors import ServiceError
from pipeline.i18n import lazy_gettext
from pipeline.records import Due, RequestWindow, State
from pipeline.sources.observations import request_window
from pipeline.sources.source import PricedSource, StopFlag
from pipeline.sources.x.client import XClient
from pipeline.sources.x.facts import X
from tests.unit.pipeline.conftest import FIRST, NOW, timeline
from tests.unit.sandbox.conftest import ControlApi

POSTS = "GET /2/tweets"
NOT_FOUND = {"title": "Not Found Error", "type": "https://api.x.com/2/problems/resource-not-found"}
INTERNAL = {"title": "Internal Error", "type": "https://api.x.com/2/problems/internal-error"}
JOINED_AT = datetime(2009, 6, 2, tzinfo=UTC)
USAGE = {"service": "x", "method": "GET /2/usage/tweets"}


@pytest.fixture
def x(url: str) -> Iterator[XClient]:
    client = XClient("token", f"{url}/x")
    yield client
    client.client.session.close()


@pytest.fixture
def posts(control: ControlApi) -> list[str]:
    """The ids of an account's posts, newest first."""
    entries = timeline(9)
    control.post("x/accounts", accounts=[{"username": "nasa", "id": 42, "posts": entries}])
    return [str(entry["post_id"]) for entry in entries]


def answer(control: ControlApi, body: Any, status: int = 200, **headers: str) -> None:
    """What X answers to the next look-up of posts."""
    control.post("faults", service="x", method=POSTS, status=status, body=body, headers=headers)


def test_it_is_a_source_with_a_price(x: XClient) -> None:
    source: PricedSource = x
    assert source.observed().windows == ()
    assert X.price is not None


def test_posts_of_several_accounts_are_looked_up_in_one_request(
    x: XClient, control: ControlApi, posts: list[str]
) -> None:
    entries = timeline(2, first=5 * FIRST)
    control.post("x/accounts", accounts=[{"username": "esa", "id": 43, "posts": entries}])
    asked = [*posts[3:6], str(entries[0]["post_id"])]
    result = x.posts(asked, NOW, StopFlag())
    assert result.posts is not None
    assert [(post.id, post.counts.likes) for post in result.posts] == list(zip(asked, [3, 4, 5, 0], strict=True))
    assert (result.at, result.post_ids, result.gone, result.was_asked) == (NOW, tuple(asked), (), True)
    assert control.get("x/bill")["requests"] == 1


def test_deleted_posts_are_told_from_those_that_are_not_shown(
    x: XClient, control: ControlApi, posts: list[str]
) -> None:
    shy = timeline(1, first=5 * FIRST)
    control.post("x/accounts", accounts=[{"username": "shy", "id": 43, "state": "protected", "posts": shy}])
    control.delete(f"x/posts/{posts[1]}")
    result = x.posts([*posts[:3], str(shy[0]["post_id"]), "77"], NOW, StopFlag())
    assert [post.id for post in result.posts or ()] == [posts[0], posts[2]]
    assert result.gone == (posts[1], "77")


def test_where_all_are_gone_or_hidden_that_is_an_answer(x: XClient, control: ControlApi, posts: list[str]) -> None:
    assert x.posts(["77", "78"], NOW, StopFlag()).gone == ("77", "78")
    control.post("x/accounts", accounts=[{"username": "nasa", "state": "protected"}])
    result = x.posts(posts[:2], NOW, StopFlag())
    assert (result.posts, result.gone, result.problem) == ((), (), None)
    control.post("x/accounts", accounts=[{"username": "nasa", "state": "suspended"}])
    assert x.posts(posts[:2], NOW, StopFlag()).gone == tuple(posts[:2]), "X does not tell these from deleted ones"


@pytest.mark.parametrize(
    ("problem", "gone"),
    [
        ({"resource_type": "tweet", "resource_id": "7", "value": "7"}, ("7",)),
        ({"resource_type": "post", "resource_id": "7", "value": "7"}, ("7",)),
        ({"resource_type": "tweet", "value": "7"}, ("7",)),
        ({"resource_type": "post", "resource_id": "7"}, ("7",)),
        ({"resource_type": "user", "resource_id": "7", "value": "7"}, ()),
        ({"resource_type": "tweet", "resource_id": "8", "value": "8"}, ()),
        ({"resource_id": "7", "value": "7"}, ()),
    ],
)
def test_a_post_is_gone_only_where_x_says_so_of_a_post(
    x: XClient, control: ControlApi, problem: dict[str, str], gone: tuple[str, ...]
) -> None:
    shown = {"id": "9", "created_at": "2026-11-23T10:00:00.000Z", "public_metrics": {"like_count": 2}}
    answer(control, {"data": [shown], "errors": [NOT_FOUND | problem]})
    result = x.posts(["7", "9"], NOW, StopFlag())
    assert ([post.id for post in result.posts or ()], result.gone) == (["9"], gone)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 200), ([], 200), ("<html>", 200), ('{"data": [', 200), ({"data": []}, 200), ({"data": 5}, 200),
        ({"data": [{"id": "7"}]}, 200), ({"errors": [INTERNAL]}, 200),
        ({"errors": [INTERNAL | {"resource_type": "tweet", "resource_id": "7"}]}, 200),
        (INTERNAL, 503), (NOT_FOUND, 404), (INTERNAL, 400), ("", 0), ("", 204),
    ],
)  # fmt: skip
def test_of_posts_in_any_other_answer_nothing_is_known(x: XClient, control: ControlApi, body: Any, status: int) -> None:
    answer(control, body, status)
    stop = StopFlag()
    result = x.posts(["7"], NOW, stop)
    assert (result.posts, result.gone, result.was_asked) == (None, (), True)
    assert (result.stopped_until, stop.reason) == (None, None)
    assert result.problem


def test_a_rate_limit_and_a_hard_stop_end_look_ups_as_they_end_timelines(
    x: XClient, control: ControlApi, posts: list[str]
) -> None:
    control.post("x/limits", posts=1)
    stop = StopFlag()
    x.posts(posts, NOW, stop)
    limited = x.posts(posts, NOW, stop)
    assert limited.stopped_until is not None
    assert timedelta(minutes=14) < limited.stopped_until - clock.now() <= timedelta(minutes=15)
    assert stop.reason == limited.problem == lazy_gettext("{network} asks the bot to slow down", network="X")
    assert not x.posts(posts, NOW, stop).was_asked
    assert not x.fetch(Due(1, "42", 5), NOW, stop).was_asked
    answer(control, {"title": "SpendCapReached"}, 403)
    stopped = x.posts(posts, NOW, StopFlag())
    assert stopped.problem == lazy_gettext("X's monthly spending limit is reached")
    assert stopped.stopped_until is not None
    assert stopped.stopped_until.date() > NOW.date()


def test_late_look_ups_are_not_sent(x: XClient, control: ControlApi, posts: list[str]) -> None:
    result = x.posts(posts, NOW, StopFlag(ends_at=0))
    assert (result.posts, result.was_asked, control.get("x/bill")["requests"]) == (None, False, 0)
    assert result.problem


def test_look_ups_tell_the_day_that_x_bills_them_for(x: XClient, control: ControlApi, posts: list[str]) -> None:
    control.post("clock", at="2026-11-24T00:30:00Z")
    answered_at = x.posts(posts, NOW, StopFlag()).answered_at
    assert answered_at is not None
    assert answered_at.date().isoformat() == next(iter(control.get("x/bill")["by_day"]))


def test_usage_is_the_count_that_x_bills_by(x: XClient, control: ControlApi, posts: list[str]) -> None:
    assert x.usage() == 0
    for _ in range(2):
        x.posts(posts, NOW, StopFlag())
    assert x.usage() == 9
    control.post("x/bill", deduplicates=False)
    x.posts(posts, NOW, StopFlag())
    assert x.usage() == 18


@pytest.mark.parametrize(("status", "body"), [(404, ""), (404, NOT_FOUND), (403, {"title": "Forbidden"})])
def test_where_x_tells_no_usage_there_is_none(x: XClient, control: ControlApi, status: int, body: Any) -> None:
    control.post("faults", **USAGE, status=status, body=body)
    assert x.usage() is None


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (503, ""), (429, {"title": "Too Many Requests"}), (401, {}), (0, ""), (200, "<html>"), (200, {}),
        (200, {"data": []}), (200, {"data": {"project_usage": "-5"}}), (200, {"data": {"project_usage": "many"}}),
    ],
)  # fmt: skip
def test_a_usage_that_cannot_be_read_is_a_service_error(
    x: XClient, control: ControlApi, status: int, body: Any
) -> None:
    control.post("faults", **USAGE, status=status, body=body)
    with pytest.raises(ServiceError):
        x.usage()


def test_profiles_tell_how_many_posts_were_made_and_since_when(
    x: XClient, control: ControlApi, posts: list[str]
) -> None:
    [by_name], [by_id] = x.look_up(["nasa"]), x.profiles(["42"])
    assert by_name == by_id
    assert (by_name.state, by_name.posts) == (State.ACTIVE, len(posts))
    assert by_name.joined_at is not None
    assert by_name.joined_at.tzinfo is UTC
    assert control.get("x/bill")["users_billed"] == 1


@pytest.mark.parametrize(
    ("user", "posts", "joined_at", "followers"),
    [
        ({"public_metrics": {"tweet_count": 5}, "created_at": "2009-06-02T00:00:00.000Z"}, 5, JOINED_AT, None),
        ({"public_metrics": {"post_count": 5, "followers_count": 96_800_000}}, 5, None, 96_800_000),
        ({"public_metrics": {"tweet_count": "5", "followers_count": "7"}, "created_at": "2009"}, None, None, None),
        ({"public_metrics": {"followers_count": 0}}, None, None, 0),
        ({"public_metrics": {"followers_count": -1}}, None, None, None),
        ({"public_metrics": 5}, None, None, None),
        ({}, None, None, None),
    ],
)  # fmt: skip
def test_what_a_profile_lacks_is_unknown(  # noqa: PLR0913, PLR0917 a profile's parts
    x: XClient,
    control: ControlApi,
    user: dict[str, Any],
    posts: int | None,
    joined_at: datetime | None,
    followers: int | None,
) -> None:
    control.post("faults", service="x", status=200, body={"data": [{"id": "11", "username": "nasa", **user}]})
    [profile] = x.look_up(["nasa"])
    assert (profile.posts, profile.joined_at, profile.followers) == (posts, joined_at, followers)


@pytest.mark.parametrize("ahead_s", [0, 90, -40_000.5])
def test_xs_clock_is_compared_with_ours(x: XClient, control: ControlApi, ahead_s: float) -> None:
    assert x.observed().at is None
    control.post("clock", ahead_s=ahead_s)
    before = clock.now()
    x.usage()
    seen = x.observed()
    assert seen.clock_ahead_s == pytest.approx(ahead_s, abs=0.9)
    assert seen.at is not None
    assert before <= seen.at <= clock.now()


def test_the_windows_of_all_kinds_are_told(x: XClient, control: ControlApi, posts: list[str]) -> None:
    control.post("x/limits", timelines=900, posts=2)
    x.fetch(Due(1, "42", 5), NOW, StopFlag())
    for _ in range(3):
        x.posts(posts, NOW, StopFlag())
    x.look_up(["nasa"])
    x.usage()
    windows = {window.kind: (window.limit, window.remaining) for window in x.observed().windows}
    assert windows == {"timelines": (900, 899), "posts": (2, 0), "profiles": (300, 299), "usage": (50, 49)}
    for window in x.observed().windows:
        assert timedelta(minutes=14) < window.resets_at - clock.now() <= timedelta(minutes=15)


def test_side_by_side_the_fewest_requests_that_remain_are_told(x: XClient, posts: list[str]) -> None:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: x.posts(posts[:1], NOW, StopFlag()), range(100)))
    [window] = x.observed().windows
    assert (window.kind, window.remaining) == ("posts", 3_400)


@pytest.mark.parametrize(
    "nonsense",
    [
        {"x-rate-limit-limit": "many"},
        {"x-rate-limit-remaining": "-1"},
        {"x-rate-limit-reset": ""},
        {"x-rate-limit-reset": "9999999999"},
        {"x-rate-limit-reset": "99999999999999999999"},
        {"x-rate-limit-remaining": "²"},
    ],
)
def test_nonsense_about_limits_is_ignored(nonsense: dict[str, str]) -> None:
    reset = int((NOW + timedelta(minutes=5)).timestamp())
    sound = {"x-rate-limit-limit": "900", "x-rate-limit-remaining": "7", "x-rate-limit-reset": str(reset)}
    expected = RequestWindow("posts", 900, 7, datetime.fromtimestamp(reset, UTC))
    assert request_window("x-rate-limit-", "posts", sound, NOW) == expected
    assert request_window("x-rate-limit-", "posts", sound | nonsense, NOW) is None
    for name in sound:
        assert (
            request_window("x-rate-limit-", "posts", {key: value for key, value in sound.items() if key != name}, NOW)
            is None
        )


def test_nonsense_in_headers_leaves_what_was_known(x: XClient, control: ControlApi, posts: list[str]) -> None:
    x.posts(posts, NOW, StopFlag())
    known = x.observed()
    answer(control, {}, 500, **{"Date": "yesterday", "x-rate-limit-limit": "many", "x-rate-limit-remaining": "2"})
    x.posts(posts, NOW, StopFlag())
    assert x.observed() == known
