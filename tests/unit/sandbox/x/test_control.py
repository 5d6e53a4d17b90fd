"""The control API of the stand-in of X, and files of accounts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.cells import LoadError
from sandbox.lives import Kind
from sandbox.x import X
from sandbox.x.loading import read_csv, read_json

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


def test_followers_stay_as_they_are_loaded(http: httpx.Client) -> None:
    def shown() -> int:
        answer = http.get("/x/2/users/by", params={"usernames": "nasa", "user.fields": "public_metrics"}).json()
        return int(answer["data"][0]["public_metrics"]["followers_count"])

    made_up = shown()
    for loaded in ({"followers": 0}, {"name": "NASA"}):
        http.post("/_control/x/accounts", json={"accounts": [{"username": "nasa", **loaded}]})
        assert shown() == 0 < made_up


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


def test_kinds_of_endpoints_have_limits_of_their_own(http: httpx.Client) -> None:
    set_to = http.post("/_control/x/limits", json={"timelines": 900, "posts": 5_000}).json()
    assert set_to == {"timelines": 900, "posts": 5_000, "profiles": 300, "usage": 50}
    paths = ("users/1/tweets", "tweets?ids=1", "users/by?usernames=a", "users?ids=1", "usage/tweets")
    told = [http.get(f"/x/2/{path}").headers["x-rate-limit-limit"] for path in paths]
    assert told == ["900", "5000", "300", "300", "50"]
    for wrong in ({"timelines": 0}, {"timelines": "many"}, {"likes": 5}):
        assert "error" in http.post("/_control/x/limits", json=wrong).json()


def test_what_is_returned_again_is_billed_again_once_x_does_not_deduplicate(http: httpx.Client) -> None:
    load(http, HEADER + ROW + ROW.replace("100", "101"))
    http.post("/_control/x/bill", json={"deduplicates": False}).raise_for_status()
    for _ in range(3):
        http.get("/x/2/tweets?ids=100,101")
        http.get("/x/2/users/by?usernames=nasa")
    bill = http.get("/_control/x/bill").json()
    assert (bill["posts_billed"], bill["posts_repeated"]) == (2, 4)
    assert (bill["users_billed"], bill["users_repeated"]) == (1, 2)
    assert bill["usd"] == pytest.approx(6 * 0.005 + 3 * 0.010)
    assert http.get("/x/2/usage/tweets").json()["data"]["project_usage"] == "6"
    http.post("/_control/x/bill", json={"deduplicates": True})
    http.get("/x/2/tweets?ids=100,101")
    assert http.get("/_control/x/bill").json()["posts_repeated"] == 4
    assert "deduplicates must be true or false" in http.post("/_control/x/bill", json={"deduplicates": 0}).text


def test_the_usage_is_that_of_the_calendar_month(http: httpx.Client) -> None:
    load(http, HEADER + ROW)
    for at, usage in (("2026-11-29T12:00Z", "1"), ("2026-11-30T12:00Z", "2"), ("2026-12-01T00:00Z", "1")):
        http.post("/_control/clock", json={"at": at})
        http.get("/x/2/tweets?ids=100")
        assert http.get("/x/2/usage/tweets").json()["data"]["project_usage"] == usage
    assert http.get("/_control/x/bill").json()["posts_billed"] == 3


def test_the_usage_endpoint_can_be_missing(http: httpx.Client) -> None:
    http.post("/_control/faults", json={"service": "x", "method": "GET /2/usage/tweets", "status": 404, "times": 9})
    assert http.get("/x/2/usage/tweets").status_code == 404


def test_an_answer_that_is_lost_is_billed_where_x_served_it(http: httpx.Client) -> None:
    load(http, HEADER + ROW + ROW.replace("100", "101"))
    lost = {"service": "x", "method": "GET /2/tweets", "status": 503}
    http.post("/_control/faults", json=lost)
    assert http.get("/x/2/tweets?ids=100").status_code == 503
    assert http.get("/_control/x/bill").json()["posts_billed"] == 0
    http.post("/_control/faults", json=lost | {"accepted": True})
    assert http.get("/x/2/tweets?ids=100").status_code == 503
    http.post("/_control/faults", json=lost | {"status": 200, "accepted": True, "body": '{"data": [', "delay": 0.1})
    assert http.get("/x/2/tweets?ids=101").text == '{"data": ['
    assert http.get("/_control/x/bill").json()["posts_billed"] == 2


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
