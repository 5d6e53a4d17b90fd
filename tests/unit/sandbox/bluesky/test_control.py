"""The control API of the stand-in of Bluesky, files of accounts, and made-up accounts."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from sandbox import lives
from sandbox.bluesky import invented
from sandbox.bluesky.loading import read_csv, read_json
from sandbox.bluesky.records import Post, State, moment, tid
from sandbox.cells import LoadError
from tests.unit.sandbox.conftest import ControlApi

NOW = datetime(2026, 11, 23, 15, 7, 30, tzinfo=UTC)
HANDLES = ("old-harbour.bsky.social", "nasa.gov", "ada.test", "north-lights.bsky.social")
HEADER = "handle,post_id,created_at,is_repost,reposts,replies,likes,quotes,bookmarks\n"
ROW = "ada.test,post1,2026-11-17T15:30:45Z,0,5,1,23,0,0\n"
DID = "did:plc:4fui3kpnmzvri74htsawd63y"


@pytest.fixture
def http(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url) as client:
        yield client


def load(http: httpx.Client, text: str, kind: str = "text/csv") -> httpx.Response:
    return http.post("/_control/bluesky/accounts", content=text, headers={"Content-Type": kind})


def counts(http: httpx.Client, number: int = 1) -> dict[str, int] | None:
    did = next(each["did"] for each in http.get("/_control/bluesky/accounts").json() if each["handle"] == "ada.test")
    uri = f"at://{did}/app.bsky.feed.post/post{number}"
    found = http.get("/bluesky/xrpc/app.bsky.feed.getPosts", params={"uris": uri}).json()["posts"]
    return {name: value for name, value in found[0].items() if name.endswith("Count")} if found else None


def test_posts_are_loaded_changed_and_deleted(http: httpx.Client, control: ControlApi) -> None:
    assert load(http, HEADER + ROW + ROW.replace("post1", "post2")).json() == {"accounts": 1, "posts": 2}
    assert counts(http) == {"repostCount": 5, "replyCount": 1, "likeCount": 23, "quoteCount": 0, "bookmarkCount": 0}
    changed = control.post("bluesky/posts/post1", reposts=50, likes=None)
    assert changed == {"id": "post1", "reposts": 50, "replies": 1, "likes": None, "quotes": 0, "bookmarks": 0}
    assert counts(http) == {"repostCount": 50, "replyCount": 1, "quoteCount": 0, "bookmarkCount": 0}
    control.delete("bluesky/posts/post1")
    assert counts(http) is None
    assert http.delete("/_control/bluesky/posts/post1").status_code == 404
    load(http, HEADER + ROW)
    assert (counts(http) or {})["likeCount"] == 23, "loaded anew"


@pytest.mark.parametrize("wrong", [{"reposts": -1}, {"reposts": True}, {"likes": "5"}, {"retweets": 1}, {}])
def test_invalid_counts_are_refused_and_change_nothing(
    http: httpx.Client, control: ControlApi, wrong: dict[str, Any]
) -> None:
    load(http, HEADER + ROW)
    assert control.refused("bluesky/posts/post1", **wrong)
    assert (counts(http) or {})["repostCount"] == 5


def test_accounts_are_listed_with_their_states(control: ControlApi) -> None:
    account = {"handle": "Ada.Test", "did": DID, "state": "suspended", "labels": ["!hide"], "followers": 7, "posts": []}
    control.post("bluesky/accounts", accounts=[account])
    expected = {"handle": "ada.test", "did": DID, "state": "suspended", "labels": ["!hide"], "followers": 7, "posts": 0}
    assert control.get("bluesky/accounts") == [expected]
    control.post("bluesky/accounts", accounts=[{"handle": "bea.test", "did": DID}])
    assert control.get("bluesky/accounts") == [{**expected, "handle": "bea.test"}], "a rename changes nothing else"
    clash = control.refused("bluesky/accounts", accounts=[{"handle": "bea.test", "did": "did:plc:other"}])
    assert clash == f"the account bea.test has the id {DID} already, not did:plc:other"
    control.post("reset")
    assert control.get("bluesky/accounts") == []


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (ROW.replace("post1", "po/st"), "row 2, column post_id: 'po/st' is not the id of a post"),
        (ROW + ROW.replace("5,1", "-5,1"), "row 3, column reposts: '-5' is not a whole number"),
        (ROW.replace("T15:30:45Z", " at noon"), "row 2, column created_at: '2026-11-17 at noon' is not a time"),
        (ROW.replace("ada.test", "ada"), "row 2, column handle: 'ada' is not a handle"),
        (ROW.replace("Z,0", "Z,maybe"), "row 2, column is_repost: 'maybe' is neither 0 nor 1"),
        ("ada.test,1\n", "row 2: it has not as many columns as the first row"),
    ],
)
def test_an_error_in_a_cell_is_located_and_nothing_changes(http: httpx.Client, rows: str, problem: str) -> None:
    answer = load(http, HEADER + rows)
    assert answer.status_code == 400
    assert problem in answer.json()["error"]
    assert http.get("/_control/bluesky/accounts").json() == []


def test_an_error_in_json_is_located() -> None:
    for body, problem in (
        ('{"accounts": [{"handle": "a.test", "state": "happy"}]}', r"accounts\[0\], column state: 'happy' is none of"),
        ('{"accounts": [{"handle": "a.test", "did": "x"}]}', r"accounts\[0\], column did: 'x' is not an id"),
        ('{"accounts": [{"handle": "a.test", "labels": "x"}]}', r"accounts\[0\], column labels: 'x' is not a list"),
        ('{"accounts": [{"handle": "a.test", "posts": [{}]}]}', r"accounts\[0\].posts\[0\]: missing column post_id"),
        ('{"accounts": [{"handle": "a.test", "posts": 5}]}', r"accounts\[0\], column posts: must be a list"),
        ('{"accounts": [{"name": "a"}]}', r"accounts\[0\]: missing column handle"),
    ):
        with pytest.raises(LoadError, match=problem):
            read_json(body.encode())
    with pytest.raises(LoadError, match="row 1: missing column created_at"):
        read_csv(b"handle,post_id\n")


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("limit", {"requests": 0}),
        ("limit", {"requests": "many"}),
        ("limit", {"requests": 5, "seconds": 0}),
        ("cache", {"seconds": -1}),
        ("cache", {"seconds": 5, "copies": 0}),
        ("cache", {}),
    ],
)
def test_a_wrong_setting_is_refused(control: ControlApi, path: str, fields: dict[str, Any]) -> None:
    assert control.refused(f"bluesky/{path}", **fields)


def posts(handle: str, now: datetime = NOW) -> list[Post]:
    return invented.timeline(invented.invent(handle).did, now)


def test_the_same_handle_has_the_same_posts_in_every_process() -> None:
    first = [(post, post.counts_at(NOW)) for post in posts("nasa.gov")]
    for cached in (invented._written_on, invented._written_before, lives.habits):
        cached.cache_clear()
    assert [(post, post.counts_at(NOW)) for post in posts("nasa.gov")] == first
    assert posts("esa.int")[0].rkey != first[0][0].rkey


@pytest.mark.parametrize("handle", HANDLES)
def test_a_timeline_is_plausible(handle: str) -> None:
    written = posts(handle)
    assert 60 <= len(written) <= 400 + lives.MAX_A_DAY
    assert timedelta() < NOW - written[0].created_at < timedelta(hours=40)
    assert [post.rkey for post in written] == sorted((post.rkey for post in written), reverse=True)
    assert all(moment(post.rkey) == post.created_at for post in written)


def test_counts_only_grow() -> None:
    before = {post.rkey: post.counts_at(NOW) for post in posts("nasa.gov")}
    after = {
        post.rkey: post.counts_at(NOW + timedelta(hours=1)) for post in posts("nasa.gov", NOW + timedelta(hours=1))
    }
    both = before.keys() & after.keys()
    assert all((after[rkey][name] or 0) >= (before[rkey][name] or 0) for rkey in both for name in before[rkey])
    assert any(after[rkey] != before[rkey] for rkey in both)


def test_a_word_in_a_handle_gives_it_that_state_which_its_id_keeps() -> None:
    words = ("suspended.test", "deactivated.test", "nobody.test", "missing.test", "ada.test")
    states = [State.SUSPENDED, State.DEACTIVATED, State.DELETED, State.DELETED, State.ACTIVE]
    accounts = [invented.invent(word) for word in words]
    assert [account.state for account in accounts] == states
    recalled = [invented.recall(account.did) for account in accounts]
    assert [account and account.state for account in recalled] == states
    assert [account and account.valid_handle for account in recalled] == [False] * 5
    assert invented.invent("signed-in.test").labels == ("!no-unauthenticated",)
    assert posts("empty.test") == []


@pytest.mark.parametrize("did", ["did:plc:" + "a" * 24, "did:plc:short", "did:web:ada.test", "did:web:" + "a" * 24])
def test_another_id_is_not_recalled(did: str) -> None:
    assert invented.recall(did) is None


def test_an_id_that_was_made_up_before_a_restart_is_read_without_its_handle(http: httpx.Client) -> None:
    did = invented.invent("nasa.gov").did
    shown = http.get("/bluesky/xrpc/app.bsky.actor.getProfile", params={"actor": did}).json()
    assert (shown["did"], shown["handle"]) == (did, "handle.invalid")
    answer = http.get("/bluesky/xrpc/app.bsky.feed.getAuthorFeed", params={"actor": did, "limit": 5}).json()
    assert len(answer["feed"]) == 5


def test_ids_of_posts_hold_their_time_and_sort_by_it() -> None:
    times = [NOW + timedelta(microseconds=step) for step in (0, 1, 10**6, 10**12)]
    ids = [tid(at, 1023) for at in times]
    assert ids == sorted(ids)
    assert [moment(each) for each in ids] == times
    assert moment("post1") is None
    assert tid(datetime(1970, 1, 1, tzinfo=UTC)) == "2" * 13
    real = datetime(2026, 11, 28, 4, 30, 23, 313000, UTC)  # when a real server's post was made, and its id
    assert abs((moment("3n3duldf52c2s") or NOW) - real) < timedelta(seconds=1)
