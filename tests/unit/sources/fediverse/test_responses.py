"""What is read of answers, which may be any JSON."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pipeline.records import Counts
from pipeline.sources.fediverse import responses
from pipeline.sources.fediverse.windows import LONGEST_WINDOW, WINDOW, request_window, wait
from tests.unit.sources.fediverse.shapes import account, status

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(), inner, max_size=3),
    max_leaves=8,
)
ODD_TIMES = (
    "",
    "yesterday",
    "2026-11-28T10:00:00",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "9999-12-31T23:59:59Z",
    "1989-12-31T23:59:59Z",
    "2026-11-28T12:10:01Z",
    5,
    None,
)


@given(JSON)
def test_any_json_is_read_without_an_error(body: Any) -> None:
    responses.account(body)
    responses.page(body, "1", NOW)


@given(some.sampled_from(list(account("ada"))), JSON)
def test_an_account_with_any_field_is_read_without_an_error(name: str, value: Any) -> None:
    found = responses.account({**account("ada"), name: value})
    if found is not None:
        counts = (found.followers, found.posts)
        assert all(count is None or 0 <= count <= 2**53 for count in counts)


@given(some.sampled_from(list(status("1"))), JSON)
def test_one_odd_post_costs_no_other(name: str, value: Any) -> None:
    good = status("2", minutes=1)
    page = responses.page([{**status("1"), name: value}, good], "109", NOW)
    assert page is not None
    assert "2" in [post.id for post in page.posts]


@pytest.mark.parametrize(
    ("told", "count"),
    [
        (0, 0),
        (7, 7),
        (2**53, 2**53),
        (2**53 + 1, None),
        (-1, None),
        (True, None),
        (3.0, None),
        ("3", None),
        (None, None),
    ],
)
def test_a_count_is_a_whole_number_or_unknown(told: Any, count: int | None) -> None:
    page = responses.page([status("1", reblogs_count=told, quotes_count=told)], "109", NOW)
    assert page is not None
    assert page.posts[0].counts == Counts(count, 10, 3, count)
    assert not page.partial


def test_quotes_are_unknown_where_a_server_does_not_tell_them() -> None:
    shown = status("1")
    del shown["quotes_count"]
    page = responses.page([shown], "109", NOW)
    assert page is not None
    assert page.posts[0].counts == Counts(reposts=5, likes=10, replies=3)


@pytest.mark.parametrize(
    "unsafe", ["", ".", "..", "../1", "a/b", "1?x", "1#2", "1 2", "1\n", "é", "1" * 65, 5, None, ["1"], "%2e"]
)
def test_an_id_that_is_not_safe_in_an_address_is_none(unsafe: Any) -> None:
    assert responses.account(account("ada", id=unsafe)) is None
    page = responses.page([status(unsafe), status("2", minutes=1)], "109", NOW)
    assert page is not None
    assert [post.id for post in page.posts] == ["2"]
    assert page.partial


@pytest.mark.parametrize("time", ODD_TIMES)
def test_a_post_without_a_moment_is_skipped_and_may_still_exist(time: Any) -> None:
    page = responses.page([status("1", created_at=time), status("2", minutes=1)], "109", NOW)
    assert page is not None
    assert [post.id for post in page.posts] == ["2"]
    assert page.partial


def test_times_of_any_zone_are_utc() -> None:
    for written in ("2026-11-28T10:00:00.000Z", "2026-11-28T10:00:00+00:00", "2026-11-28T12:00:00+02:00"):
        page = responses.page([status("1", created_at=written)], "109", NOW)
        assert page is not None
        assert page.posts[0].created_at == datetime(2026, 11, 28, 10, tzinfo=UTC)


def test_boosts_replies_to_others_and_hidden_posts_are_left_out_and_are_no_loss() -> None:
    entries = [
        status("1", reblog=status("9", account=account("bob", id="2"))),
        status("2", in_reply_to_id="8", in_reply_to_account_id="2"),
        status("3", in_reply_to_id="8", in_reply_to_account_id=None),
        status("4", in_reply_to_id="7", in_reply_to_account_id="109"),
        status("5", visibility="private"),
        status("6", visibility="unlisted"),
    ]
    page = responses.page(entries, "109", NOW)
    assert page is not None
    assert [post.id for post in page.posts] == ["4", "6"]
    assert (page.size, page.partial, page.last_id) == (6, False, "6")


def test_somebody_elses_post_is_not_the_accounts() -> None:
    page = responses.page([status("1", account=account("bob", id="2")), status("2")], "109", NOW)
    assert page is not None
    assert [post.id for post in page.posts] == ["2"]
    assert page.partial


def test_posts_in_another_order_may_hide_others() -> None:
    pinned_first = [status("1", minutes=600), status("3", minutes=1), status("2", minutes=2)]
    page = responses.page(pinned_first, "109", NOW)
    assert page is not None
    assert page.partial
    assert page.last_id == "2"


def test_no_more_entries_are_read_than_were_asked_for() -> None:
    page = responses.page([status(str(number), minutes=number) for number in range(100)], "109", NOW)
    assert page is not None
    assert (len(page.posts), page.size, page.last_id) == (40, 40, "39")


@pytest.mark.parametrize("name", ["nasa\u202e", "na/sa", "n" * 70, "<b>nasa</b>", "näsa", "nasa@evil.example", "", 5])
def test_a_name_that_is_no_user_name_is_no_account(name: Any) -> None:
    assert responses.account(account("ada", username=name)) is None


@pytest.mark.parametrize(
    ("moved", "sentence", "handle"),
    [
        ({"acct": "bob@new.example"}, "moved to @{handle}", "bob@new.example"),
        ({"acct": "bob", "url": "https://social.example/@bob"}, "moved to @{handle}", "bob@social.example"),
        ({"acct": "bob@new.example\u202e"}, "moved to another account", None),
        ({"acct": "call +1 555"}, "moved to another account", None),
        ({"acct": "bob", "url": "https://[/"}, "moved to another account", None),
        ({}, "moved to another account", None),
    ],
)
def test_a_moved_account_names_the_new_one_if_that_is_a_handle(moved: Any, sentence: str, handle: str | None) -> None:
    found = responses.account(account("ada", moved=moved))
    assert found is not None
    assert found.note is not None
    assert found.note.msgid == sentence
    assert found.note.values.get("handle") == handle


def test_all_that_a_person_should_know_is_in_one_note() -> None:
    found = responses.account(account("ada", limited=True, noindex=True, memorial=True))
    assert found is not None
    assert found.note is not None
    assert found.note.msgid == "{notes}"
    assert [each.msgid for each in found.note.values["notes"]] == [  # type: ignore[union-attr]
        "limited by the moderators of its server",
        "asks search engines to leave it out",
        "kept in memory of its owner",
    ]
    assert responses.account(account("ada", limited="yes", noindex=None)).note is None  # type: ignore[union-attr]


def rate(limit: str = "300", remaining: str = "7", reset: str = "2026-11-28T12:03:00.123456Z") -> dict[str, str]:
    return {"x-ratelimit-limit": limit, "x-ratelimit-remaining": remaining, "x-ratelimit-reset": reset}


def test_a_window_is_told_in_times_and_in_seconds() -> None:
    told = request_window(rate(), "a.example", NOW)
    assert told is not None
    assert (told.limit, told.remaining) == (300, 7)
    assert told.resets_at == NOW + timedelta(minutes=3, microseconds=123456)
    seconds = request_window(rate(reset=str(int(NOW.timestamp()) + 60)), "a.example", NOW)
    assert seconds is not None
    assert seconds.resets_at == NOW + timedelta(minutes=1)


@pytest.mark.parametrize(
    "headers",
    [{}, rate(limit="-1"), rate(remaining="9" * 20), rate(reset=""), rate(reset="soon"), rate(reset="9" * 11)],
)
def test_nonsense_tells_no_window(headers: dict[str, str]) -> None:
    assert request_window(headers, "a.example", NOW) is None
    assert wait(headers, "a.example", NOW) == WINDOW


def test_no_server_is_left_alone_for_ever_nor_asked_at_once() -> None:
    assert wait({"retry-after": "999999"}, "a.example", NOW) == LONGEST_WINDOW
    assert wait({"retry-after": "0"}, "a.example", NOW) == timedelta(seconds=1)
    assert wait(rate(reset="2099-01-01T00:00:00Z"), "a.example", NOW) == LONGEST_WINDOW
    assert wait(rate(reset="2000-01-01T00:00:00Z"), "a.example", NOW) == timedelta(seconds=1)
    assert wait(rate(), "a.example", NOW) == timedelta(minutes=3, microseconds=123456)
    assert wait({"retry-after": "30"}, "a.example", NOW) == timedelta(seconds=30)


def test_the_shapes_are_json() -> None:
    assert json.loads(json.dumps(status("1"))) == status("1")
