"""The control API of the stand-in of the fediverse, and files of accounts."""

from typing import Any

import httpx
import pytest

from tests.unit.sandbox.fediverse.conftest import HANDLE, Guest, post

HEADER = "handle,post_id,created_at,is_repost,boosts,favourites,replies,quotes\n"
ROW = "ada@social.example,100,2024-04-17T15:30:45Z,0,5,23,1,2\n"
CSV = {"Content-Type": "text/csv"}


def load(guest: Guest, text: str, kind: str = "text/csv") -> httpx.Response:
    return guest.http.post("/_control/fediverse/accounts", content=text, headers={"Content-Type": kind})


def accounts(guest: Guest) -> dict[str, dict[str, Any]]:
    return {each["handle"]: each for each in guest.http.get("/_control/fediverse/accounts").json()}


def test_a_table_replaces_and_adds(guest: Guest) -> None:
    load(guest, HEADER + ROW + ROW.replace("100", "101"))
    again = load(guest, HEADER + ROW.replace(",5,", ",6,") + ROW.replace("100", "102").replace("ada@", "@ADA@"))
    assert again.json() == {"accounts": 1, "posts": 2}
    assert {each["id"]: each["reblogs_count"] for each in guest.statuses(HANDLE)} == {"102": 5, "101": 5, "100": 6}


def test_what_is_not_given_stays_as_it_is(guest: Guest) -> None:
    before = guest.look_up(HANDLE)
    guest.change(HANDLE, followers=77)
    assert guest.look_up(HANDLE) == before | {"followers_count": 77, "following_count": 11}


def test_an_account_can_have_the_actor_of_another(guest: Guest) -> None:
    guest.change(HANDLE, uri="https://other.example/users/ada")
    assert guest.look_up(HANDLE)["uri"] == "https://other.example/users/ada"


def test_words_in_a_loaded_handle_choose_no_state(guest: Guest) -> None:
    guest.load(post(1), handle="suspended_sentences@social.example")
    assert len(guest.statuses("suspended_sentences@social.example")) == 1


def test_ids_are_kept_apart_by_server_and_not_shared_on_one(guest: Guest) -> None:
    guest.load(post(1, boosts=4), id=9)
    guest.load(post(1, boosts=8), handle="ada@stars.example", id=9)
    assert [guest.statuses(f"ada@{host}.example")[0]["reblogs_count"] for host in ("social", "stars")] == [4, 8]
    for clash in ({"id": 10}, {"handle": "bob@social.example", "id": 9}):
        answer = guest.http.post("/_control/fediverse/accounts", json={"accounts": [{"handle": HANDLE, **clash}]})
        assert (answer.status_code, "cannot have the id" in answer.json()["error"]) == (400, True)
    taken = {"accounts": [{"handle": "bob@social.example", "posts": [post(1)]}]}
    assert "another account" in guest.http.post("/_control/fediverse/accounts", json=taken).json()["error"]
    assert "bob@social.example" not in accounts(guest)


def test_counts_are_changed_and_hidden_and_posts_deleted(guest: Guest) -> None:
    load(guest, HEADER + ROW)
    changed = guest.control("fediverse/posts/social.example/100", boosts=50, quotes=None)
    assert changed == {"id": "100", "boosts": 50, "favourites": 23, "replies": 1, "quotes": None}
    (status,) = guest.statuses(HANDLE)
    assert status["reblogs_count"] == 50
    assert "quotes_count" not in status
    assert guest.http.delete("/_control/fediverse/posts/social.example/100").status_code == 200
    assert guest.statuses(HANDLE) == []
    for path in ("social.example/100", "stars.example/100", "social.example/x", "-/1"):
        assert guest.http.delete(f"/_control/fediverse/posts/{path}").status_code == 404


def test_a_post_that_is_loaded_again_is_as_it_is_loaded(guest: Guest) -> None:
    load(guest, HEADER + ROW)
    guest.control("fediverse/posts/social.example/100", boosts=50)
    guest.http.delete("/_control/fediverse/posts/social.example/100")
    load(guest, HEADER + ROW)
    assert [status["reblogs_count"] for status in guest.statuses(HANDLE)] == [5]


def test_made_up_posts_change_too(guest: Guest) -> None:
    for handle in (HANDLE, "ada@pleroma.example"):
        host, newest = handle.partition("@")[2], guest.statuses(handle)[0]["id"]
        guest.control(f"fediverse/posts/{host}/{newest}", favourites=123_456)
        shown = guest.statuses(handle)[0]
        assert (shown.get("reblog") or shown)["favourites_count"] == 123_456


@pytest.mark.parametrize("counts", [{"boosts": -1}, {"boosts": True}, {"favourites": "5"}, {"retweets": 1}, {}, [1]])
def test_invalid_counts_are_refused(guest: Guest, counts: Any) -> None:
    load(guest, HEADER + ROW)
    answer = guest.http.post("/_control/fediverse/posts/social.example/100", json=counts)
    assert (answer.status_code, "error" in answer.json()) == (400, True)
    assert guest.statuses(HANDLE)[0]["reblogs_count"] == 5


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (ROW.replace("100", "1x0"), "row 2, column post_id: '1x0' is not a whole number"),
        (ROW.replace("@social.example", ""), "row 2, column handle: 'ada' is not a handle"),
        (ROW.replace("social.example", "127.0.0.1"), "is not a handle such as ada@social.example"),
        (ROW.replace("45Z", "45"), "row 2, column created_at: '2024-04-17T15:30:45' has no time zone"),
        (ROW.replace("Z,0", "Z,maybe"), "row 2, column is_repost: 'maybe' is neither 0 nor 1"),
    ],
)
def test_an_error_in_a_cell_is_located_and_nothing_changes(guest: Guest, rows: str, problem: str) -> None:
    before = accounts(guest)
    answer = load(guest, HEADER + ROW + rows.replace("row 2", "row 3"))
    assert answer.status_code == 400
    assert problem.replace("row 2", "row 3") in answer.json()["error"]
    assert accounts(guest) == before


@pytest.mark.parametrize(
    ("account", "problem"),
    [
        ({"state": "happy"}, "accounts[0], column state: 'happy' is none of active"),
        ({"mood": 1}, "accounts[0]: unknown column mood"),
        ({"moved_to": "ada"}, "accounts[0], column moved_to: 'ada' is not a handle"),
        ({"posts": [{}]}, "accounts[0].posts[0]: missing column post_id"),
        (
            {"posts": [post(1, visibility="secret")]},
            "accounts[0].posts[0], column visibility: 'secret' is none of public",
        ),
        ({"posts": 5}, "accounts[0], column posts: must be a list"),
        ({"followers": "many"}, "accounts[0], column followers: 'many' is not a whole number"),
    ],
)
def test_an_error_in_json_is_located(guest: Guest, account: dict[str, Any], problem: str) -> None:
    answer = guest.http.post("/_control/fediverse/accounts", json={"accounts": [{"handle": HANDLE, **account}]})
    assert answer.status_code == 400
    assert problem in answer.json()["error"]


def test_other_content_types_are_refused(guest: Guest) -> None:
    assert "send text/csv or application/json" in load(guest, "x", "text/plain").json()["error"]


def test_reset_forgets_servers_and_accounts(guest: Guest) -> None:
    load(guest, HEADER + ROW)
    guest.control("fediverse/servers", host="social.example", kind="wall", requests=1)
    guest.http.post("/_control/reset")
    assert len(guest.statuses(HANDLE)) == 20
    assert guest.page(HANDLE).headers["X-RateLimit-Limit"] == "300"


def test_calls_are_recorded_by_host_and_faults_match_it(guest: Guest) -> None:
    account_id = guest.look_up(HANDLE)["id"]
    name = "GET /api/v1/accounts/:id/statuses"
    path = f"/fediverse/social.example/api/v1/accounts/{account_id}/statuses"
    fault = {"service": "fediverse", "method": name, "status": 503}
    guest.control("faults", **fault, path=path)
    guest.control("faults", **fault | {"status": 500, "params": {"host": "stars.example"}})
    assert guest.page(HANDLE, limit=5).status_code == 503
    assert guest.page("ada@stars.example").status_code == 500
    assert guest.page(HANDLE).status_code == 200
    calls = guest.http.get("/_control/calls?service=fediverse").json()
    reads = [call for call in calls if call["method"] == name]
    assert [(call["status"], call["params"]) for call in reads][:2] == [
        (503, {"host": "social.example", "limit": "5"}),
        (500, {"host": "stars.example"}),
    ]
    assert calls[0]["method"] == "GET /api/v1/accounts/lookup"
