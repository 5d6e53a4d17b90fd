"""Accounts: their shape, their states, and those that are made up."""

import statistics
from datetime import datetime, timedelta
from typing import Any

import pytest

from sandbox.fediverse import invented
from sandbox.fediverse.records import Account, Kind
from sandbox.fediverse.servers import Servers
from tests.unit.sandbox.fediverse.conftest import HANDLE, NOON, Guest, post

DOCUMENTED = {
    *("id", "username", "acct", "display_name", "locked", "bot", "discoverable", "indexable", "group", "created_at"),
    *("note", "url", "uri", "avatar", "avatar_static", "header", "header_static", "hide_collections", "noindex"),
    *("followers_count", "following_count", "statuses_count", "last_status_at", "emojis", "roles", "fields"),
}
"""What Mastodon's documentation names for an account that is neither moved nor suspended, limited or a memorial."""


HANDLES = (HANDLE, "observatory@stars.example", "gazette@news.example", "choir@old-town.example")


def account(handle: str) -> Account:
    username, _, host = handle.partition("@")
    server = Servers().at(host)
    assert server
    return invented.invent(server, username)


def test_an_account_has_the_documented_fields(guest: Guest) -> None:
    shown = guest.look_up(HANDLE)
    assert set(shown) == DOCUMENTED
    assert shown["id"].isdigit()
    assert (shown["username"], shown["acct"], shown["url"]) == ("ada", "ada", "https://social.example/@ada")
    assert guest.get("social.example", f"/api/v1/accounts/{shown['id']}").json() == shown
    assert guest.statuses(HANDLE)[0]["account"] == shown


def test_marks_are_told_where_there_are_any(guest: Guest) -> None:
    told = {name: guest.look_up(f"{name}@social.example") for name in ("limited_1", "memorial_1", "suspended_1")}
    assert {name: set(each) - DOCUMENTED for name, each in told.items()} == {
        "limited_1": {"limited"},
        "memorial_1": {"memorial"},
        "suspended_1": {"suspended"},
    }
    assert guest.look_up("noindex_1@social.example")["noindex"] is True
    assert told["suspended_1"]["display_name"] == ""


def test_an_account_that_moved_names_the_other(guest: Guest) -> None:
    guest.change(HANDLE, moved_to="ada@stars.example")
    moved = guest.look_up(HANDLE)["moved"]
    assert (moved["acct"], moved["uri"]) == ("ada@stars.example", "https://stars.example/users/ada")
    assert "moved" not in moved
    assert guest.statuses(HANDLE)
    guest.change(HANDLE, moved_to=None)
    assert "moved" not in guest.look_up(HANDLE)


@pytest.mark.parametrize(
    ("state", "status", "error"),
    [
        ("missing", 404, "Record not found"),
        ("gone", 410, "Gone"),
        ("forbidden", 403, "This action is not allowed"),
    ],
)
def test_a_state_answers_all_requests_for_the_account(guest: Guest, state: str, status: int, error: str) -> None:
    account_id = guest.look_up(HANDLE)["id"]
    guest.change(HANDLE, state=state)
    for path in ("lookup?acct=ada", account_id, f"{account_id}/statuses"):
        answer = guest.get("social.example", f"/api/v1/accounts/{path}")
        assert (answer.status_code, answer.json()) == (status, {"error": error})


@pytest.mark.parametrize("state", ["private", "suspended"])
def test_some_accounts_show_no_post(guest: Guest, state: str) -> None:
    guest.load(post(1), state=state)
    assert guest.statuses(HANDLE) == []
    assert guest.look_up(HANDLE)["statuses_count"] == 1


def test_an_unknown_id_is_not_found(guest: Guest) -> None:
    for account_id in ("1", "x", "9" * 40, "-1"):
        answer = guest.get("social.example", f"/api/v1/accounts/{account_id}/statuses")
        assert (answer.status_code, answer.json()) == (404, {"error": "Record not found"})


def test_the_same_name_on_another_server_is_another_account(guest: Guest) -> None:
    one, other = (guest.look_up(f"ada@{host}") for host in ("social.example", "stars.example"))
    assert one["id"] != other["id"]
    assert guest.statuses(HANDLE)[0]["id"] != guest.statuses("ada@stars.example")[0]["id"]


def test_a_timeline_is_the_same_in_every_process_and_grows() -> None:
    first = invented.timeline(account(HANDLE), NOON)
    for cached in (invented._written_on, invented._written_before):
        cached.cache_clear()
    assert invented.timeline(account("ADA@social.example"), NOON) == first
    later = invented.timeline(account(HANDLE), NOON + timedelta(hours=11))
    assert [each for each in later if each.created_at <= NOON] == first
    best = max(first, key=lambda each: each.counts["favourites"] or 0)
    seen = [best.counts_at(best.created_at + timedelta(minutes=5 * step))["favourites"] or 0 for step in range(200)]
    assert seen == sorted(seen)
    assert seen[0] == 0 < seen[-1]


def test_a_made_up_timeline_has_all_kinds_of_posts() -> None:
    written = [each for handle in HANDLES for each in invented.timeline(account(handle), NOON)]
    share = {kind: sum(each.kind is kind for each in written) / len(written) for kind in Kind}
    assert 0.10 < share[Kind.BOOST] < 0.20
    assert 0.02 < share[Kind.THREAD] < share[Kind.REPLY] < 0.20
    ids = {each.id for each in written}
    assert all(each.answers in ids for each in written if each.kind is Kind.THREAD)
    assert invented.timeline(account("empty_hall@social.example"), NOON) == []


def test_made_up_accounts_have_followers_as_their_posts_have_boosts() -> None:
    for handle in HANDLES:
        made_up = account(handle)
        boosts = statistics.median(each.counts["boosts"] or 0 for each in invented.timeline(made_up, NOON))
        assert 1 < 1000 * boosts / made_up.followers < 40


def test_times_and_ids_of_made_up_posts_agree(guest: Guest) -> None:
    statuses = guest.statuses(HANDLE, limit=40)
    for status in statuses:
        at = datetime.fromisoformat(status["created_at"])
        assert abs((int(status["id"]) >> 16) - at.timestamp() * 1000) <= 1


def test_accounts_that_were_asked_for_are_listed(guest: Guest) -> None:
    shown = guest.look_up(HANDLE)
    listed: list[dict[str, Any]] = guest.http.get("/_control/fediverse/accounts").json()
    (ada,) = listed
    assert (ada["id"], ada["uri"], ada["posts"]) == (shown["id"], shown["uri"], shown["statuses_count"])
    assert (ada["handle"], ada["server"], ada["state"]) == (HANDLE, "social.example", "active")
