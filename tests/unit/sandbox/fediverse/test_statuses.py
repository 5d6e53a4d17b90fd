"""Lists of statuses: what a guest sees of them, page by page."""

import re
from typing import Any

import httpx
import pytest

from tests.unit.sandbox.fediverse.conftest import HANDLE, Guest, post


def ids(statuses: list[dict[str, Any]]) -> list[int]:
    return [int(status["id"]) for status in statuses]


def links(answer: httpx.Response) -> dict[str, str]:
    found = re.findall(r'<([^>]+)>; rel="(\w+)"', answer.headers.get("Link", ""))
    return {name: address for address, name in found}


def test_a_page_has_20_posts_and_40_at_most_the_newest_first(guest: Guest) -> None:
    guest.load(*(post(number) for number in range(1, 61)))
    assert ids(guest.statuses(HANDLE)) == list(range(60, 40, -1))
    assert ids(guest.statuses(HANDLE, limit=80)) == list(range(60, 20, -1))
    assert ids(guest.statuses(HANDLE, limit="7 or so")) == list(range(60, 53, -1))
    assert guest.statuses(HANDLE, limit="all") == []


def test_pages_are_linked_by_addresses_of_the_server(guest: Guest) -> None:
    guest.load(*(post(number) for number in range(1, 61)))
    read: list[int] = []
    answer = guest.page(HANDLE, limit=30, exclude_reblogs="true")
    for _ in range(3):
        read += ids(answer.json())
        address = links(answer).get("next")
        if address is None:
            break
        assert address.startswith("https://social.example/api/v1/accounts/")
        assert "limit=30" in address
        assert "exclude_reblogs=true" in address
        answer = guest.http.get("/fediverse/" + address.removeprefix("https://"))
    assert read == list(range(60, 0, -1))
    assert answer.json() == []  # a full page has a next one, though that is empty
    assert links(answer) == {}


def test_a_short_page_is_the_last(guest: Guest) -> None:
    guest.load(post(1), post(2))
    assert set(links(guest.page(HANDLE))) == {"prev"}
    assert "min_id=2" in links(guest.page(HANDLE))["prev"]


def test_min_id_pages_upwards_and_since_id_downwards(guest: Guest) -> None:
    guest.load(*(post(number) for number in range(1, 11)))
    assert ids(guest.statuses(HANDLE, limit=3, since_id=4)) == [10, 9, 8]
    assert ids(guest.statuses(HANDLE, limit=3, min_id=4)) == [7, 6, 5]
    assert ids(guest.statuses(HANDLE, limit=3, max_id=4)) == [3, 2, 1]
    assert ids(guest.statuses(HANDLE, min_id=4, max_id=7)) == [6, 5]
    assert ids(guest.statuses(HANDLE, max_id="none")) == []


def test_excluded_posts_leave_no_gaps_in_a_page(guest: Guest) -> None:
    guest.load(post(1), post(2, is_repost=1), post(3, is_reply=1), post(4, is_thread=1), post(5))
    assert ids(guest.statuses(HANDLE)) == [5, 4, 3, 2, 1]
    assert ids(guest.statuses(HANDLE, limit=2, exclude_replies="true", exclude_reblogs="1")) == [5, 4]
    assert ids(guest.statuses(HANDLE, exclude_replies="true")) == [5, 4, 2, 1]
    assert ids(guest.statuses(HANDLE, exclude_reblogs="false")) == [5, 4, 3, 2, 1]


def test_a_reply_names_what_it_answers(guest: Guest) -> None:
    guest.load(post(3, is_reply=1), post(4, is_thread=1), post(5))
    own_post, thread, reply = guest.statuses(HANDLE)
    assert own_post["in_reply_to_id"] is own_post["in_reply_to_account_id"] is None
    assert thread["in_reply_to_account_id"] == guest.look_up(HANDLE)["id"]
    assert reply["in_reply_to_account_id"] not in {None, guest.look_up(HANDLE)["id"]}


def test_a_boost_has_no_counts_of_its_own_and_the_original_has_another_author(guest: Guest) -> None:
    guest.load(post(2, is_repost=1, boosts=50, favourites=70))
    (boost,) = guest.statuses(HANDLE)
    assert (boost["reblogs_count"], boost["favourites_count"]) == (0, 0)
    assert (boost["reblog"]["reblogs_count"], boost["reblog"]["favourites_count"]) == (50, 70)
    assert boost["account"]["username"] == "ada"
    assert boost["reblog"]["account"]["username"] != "ada"
    assert boost["reblog"]["reblog"] is None


def test_pinned_posts_stay_where_they_are(guest: Guest) -> None:
    guest.load(post(1, is_pinned=1), post(2), post(3, text="Look: #Birds"))
    assert ids(guest.statuses(HANDLE)) == [3, 2, 1]
    assert ids(guest.statuses(HANDLE, pinned="true")) == [1]
    assert ids(guest.statuses(HANDLE, tagged="birds")) == [3]
    assert guest.statuses(HANDLE, only_media="true") == []


def test_a_guest_sees_public_and_unlisted_posts(guest: Guest) -> None:
    guest.load(post(1, visibility="private"), post(2, visibility="unlisted"), post(3))
    assert ids(guest.statuses(HANDLE)) == [3, 2]
    assert guest.look_up(HANDLE)["statuses_count"] == 3


def test_statuses_by_their_ids_leave_out_what_a_guest_does_not_see(guest: Guest) -> None:
    guest.load(post(1, visibility="private"), post(2), post(3))
    asked = {"id[]": ["3", "1", "2", "99", "x"]}
    assert ids(guest.get("social.example", "/api/v1/statuses", **asked).json()) == [3, 2]
    many = guest.get("social.example", "/api/v1/statuses", **{"id[]": list(range(21))})
    assert (many.status_code, "error" in many.json()) == (422, True)
    assert guest.get("old.example", "/api/v1/statuses", **asked).status_code == 404


@pytest.mark.parametrize("zone", ["", "+00:00"])
def test_counts_and_times_are_those_loaded(guest: Guest, zone: str) -> None:
    handle = HANDLE if not zone else "ada@pleroma.example"
    guest.load(post(7, boosts=5, favourites=23, replies=1, quotes=2), handle=handle)
    (status,) = guest.statuses(handle)
    assert status["created_at"] == f"2026-11-23T12:07:00.000{zone or 'Z'}"
    assert [status[f"{name}_count"] for name in ("reblogs", "favourites", "replies")] == [5, 23, 1]
    assert status.get("quotes_count") == (None if zone else 2)


def test_text_is_escaped(guest: Guest) -> None:
    guest.load(post(1, text="<script>&"))
    assert guest.statuses(HANDLE)[0]["content"] == "<p>&lt;script&gt;&amp;</p>"
