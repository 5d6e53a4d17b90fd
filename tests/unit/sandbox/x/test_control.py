"""The control API of the stand-in of X, and files of accounts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.x import X
from sandbox.x.loading import LoadError, read_csv, read_json
from sandbox.x.records import Kind

HEADER = "username,post_id,created_at,is_repost,retweets,replies,likes,quotes,bookmarks,views\n"
ROW = "nasa,100,2024-04-17T15:30:45Z,0,5,1,23,0,0,724\n"


@pytest.fixture
def http(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, headers={"Authorization": "Bearer token"}) as client:
        yield client


def load(http: httpx.Client, text: str, kind: str = "text/csv") -> httpx.Response:
    return http.post("/_control/x/accounts", content=text, headers={"Content-Type": kind})


def metrics(http: httpx.Client, post_id: int) -> dict[str, int] | None:
    answer = http.get("/x/2/tweets", params={"ids": post_id, "tweet.fields": "public_metrics"}).json()
    return answer["data"][0]["public_metrics"] if "data" in answer else None


def accounts(http: httpx.Client) -> dict[str, dict[str, Any]]:
    return {each["username"]: each for each in http.get("/_control/x/accounts").json()}


def test_loading_again_replaces_and_adds(http: httpx.Client) -> None:
    load(http, HEADER + ROW + ROW.replace("100", "101"))
    again = load(http, HEADER + ROW.replace("0,5,1", "0,6,1") + ROW.replace("100", "102").replace("nasa", "NASA"))
    assert again.json() == {"accounts": 1, "posts": 2}
    assert accounts(http)["nasa"]["posts"] == 3
    assert (metrics(http, 100) or {})["retweet_count"] == 6
    assert (metrics(http, 101) or {})["retweet_count"] == 5


def test_a_state_alone_leaves_the_made_up_posts(http: httpx.Client) -> None:
    http.get("/x/2/users/by?usernames=nasa")
    before = accounts(http)["nasa"]
    loaded = http.post("/_control/x/accounts", json={"accounts": [{"username": "nasa", "state": "suspended"}]})
    assert loaded.json() == {"accounts": 1, "posts": 0}
    assert accounts(http)["nasa"] == {**before, "state": "suspended"}
    assert "suspended" in http.get("/x/2/users/by?usernames=nasa").json()["errors"][0]["detail"]


def test_an_id_under_a_new_name_is_a_rename(http: httpx.Client) -> None:
    for name in ("before", "after"):
        http.post("/_control/x/accounts", json={"accounts": [{"username": name, "id": 9, "posts": []}]})
    assert http.get("/x/2/users?ids=9").json()["data"][0]["username"] == "after"
    clash = [{"username": "after", "id": 10}]
    refused = http.post("/_control/x/accounts", json={"accounts": clash})
    assert (refused.status_code, refused.json()) == (400, {"error": "the account after has the id 9 already, not 10"})


def test_posts_are_changed_and_deleted(http: httpx.Client) -> None:
    load(http, HEADER + ROW)
    changed = http.post("/_control/x/posts/100", json={"retweets": 50, "views": None}).json()
    assert changed == {
        "id": "100",
        "retweets": 50,
        "replies": 1,
        "likes": 23,
        "quotes": 0,
        "bookmarks": 0,
        "views": None,
    }
    shown = metrics(http, 100) or {}
    assert shown["retweet_count"] == 50
    assert "impression_count" not in shown
    assert http.delete("/_control/x/posts/100").status_code == 200
    assert metrics(http, 100) is None
    assert http.delete("/_control/x/posts/100").status_code == 404


@pytest.mark.parametrize("counts", [{"retweets": -1}, {"retweets": True}, {"likes": "5"}, {"reposts": 1}, {}, [1]])
def test_invalid_metrics_are_refused(http: httpx.Client, counts: Any) -> None:
    load(http, HEADER + ROW)
    assert "error" in http.post("/_control/x/posts/100", json=counts).json()
    assert (metrics(http, 100) or {})["retweet_count"] == 5


def test_made_up_posts_change_too(http: httpx.Client) -> None:
    user = http.get("/x/2/users/by?usernames=nasa").json()["data"][0]
    newest = http.get(f"/x/2/users/{user['id']}/tweets?exclude=retweets").json()["data"][0]["id"]
    http.post(f"/_control/x/posts/{newest}", json={"retweets": 123_456})
    assert (metrics(http, int(newest)) or {})["retweet_count"] == 123_456


def test_a_limit_that_is_set_replaces_each_endpoints_own(http: httpx.Client) -> None:
    http.post("/_control/x/limit", json={"requests": 2}).raise_for_status()
    answers = [http.get("/x/2/users/by?usernames=nasa") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert {answer.headers["x-rate-limit-limit"] for answer in answers} == {"2"}
    for wrong in ({"requests": 0}, {"requests": "many"}, {}):
        assert "error" in http.post("/_control/x/limit", json=wrong).json()
    http.post("/_control/reset")
    assert http.get("/x/2/users/by?usernames=nasa").headers["x-rate-limit-limit"] == "300"


def test_reset_forgets_loaded_accounts(http: httpx.Client) -> None:
    load(http, HEADER + ROW)
    http.post("/_control/reset")
    assert accounts(http) == {}
    assert http.get("/_control/x/bill").json()["requests"] == 0


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (ROW.replace("100", "1x0"), "row 2, column post_id: '1x0' is not a whole number"),
        (ROW + ROW.replace("5,1", "-5,1"), "row 3, column retweets: '-5' is not a whole number"),
        (ROW.replace("T15:30:45Z", " at noon"), "row 2, column created_at: '2024-04-17 at noon' is not a time"),
        (ROW.replace("45Z", "45"), "row 2, column created_at: '2024-04-17T15:30:45' has no time zone"),
        (ROW.replace("nasa", "na.sa"), "row 2, column username: 'na.sa' is not a username"),
        (ROW.replace("Z,0", "Z,maybe"), "row 2, column is_repost: 'maybe' is neither 0 nor 1"),
        ("nasa,1\n", "row 2: it has not as many columns as the first row"),
    ],
)
def test_an_error_in_a_cell_is_located_and_nothing_changes(http: httpx.Client, rows: str, problem: str) -> None:
    answer = load(http, HEADER + rows)
    assert answer.status_code == 400
    assert problem in answer.json()["error"]
    assert accounts(http) == {}


def test_bad_files_are_refused() -> None:
    for data, problem in (
        (b"", "row 1: missing column username"),
        (b"username,post_id\n", "row 1: missing column created_at"),
        ((HEADER.strip() + ",mood\n").encode(), "row 1: unknown column mood"),
        (b"\xff\xfe", "not UTF-8"),
    ):
        with pytest.raises(LoadError, match=problem):
            read_csv(data)


def test_empty_cells_are_unknown_counts() -> None:
    loaded = read_csv(("\ufeff" + HEADER + ROW.replace("724", "")).encode())
    assert loaded[0].posts
    assert loaded[0].posts[0].counts["views"] is None


def test_an_error_in_json_is_located() -> None:
    for body, problem in (
        ("[]", "the body must be"),
        ('{"accounts": [{"username": "a", "state": "happy"}]}', r"accounts\[0\], column state: 'happy' is none of"),
        ('{"accounts": [{"username": "a", "posts": [{}]}]}', r"accounts\[0\].posts\[0\]: missing column post_id"),
        ('{"accounts": [{"name": "a"}]}', r"accounts\[0\]: missing column username"),
        ('{"accounts": [7]}', r"accounts\[0\]: must be an object"),
        ("{", "not JSON"),
    ):
        with pytest.raises(LoadError, match=problem):
            read_json(body.encode())


def test_few_columns_are_enough() -> None:
    loaded = read_json(
        b'{"accounts": [{"username": "a", "posts": [{"post_id": "5", "created_at": "2026-11-23T09:30Z"}]}]}'
    )
    assert loaded[0].posts
    assert (loaded[0].posts[0].kind, set(loaded[0].posts[0].counts.values())) == (Kind.POST, {None})


def test_other_content_types_are_refused(http: httpx.Client) -> None:
    assert "send text/csv or application/json" in load(http, "x", "text/plain").json()["error"]


def test_with_a_file_only_its_accounts_exist(tmp_path: Path) -> None:
    file = tmp_path / "posts.csv"
    file.write_text(HEADER + ROW)
    accounts = X(file).backend.accounts
    assert accounts.by_username("NASA")
    assert accounts.by_username("esa") is None
    file.write_text(HEADER + "oops")
    with pytest.raises(ValueError, match="row 2"):
        X(file)
