"""The stand-in of X, used by tweepy."""

import csv
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import tweepy
from requests.adapters import HTTPAdapter

from tests.conftest import SHARED_TIMELINES

HOST = "https://api.twitter.com"
FIELDS = ["created_at", "public_metrics", "referenced_tweets", "author_id", "in_reply_to_user_id"]


class Elsewhere(HTTPAdapter):
    """Sends requests to the sandbox instead of X."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url

    def send(self, request: requests.PreparedRequest, *rest: Any, **more: Any) -> requests.Response:
        request.url = str(request.url).replace(HOST, f"{self.url}/x", 1)
        return super().send(request, *rest, **more)


@pytest.fixture
def client(url: str) -> Iterator[tweepy.Client]:
    client = tweepy.Client("a-bearer-token")
    client.session.mount(HOST, Elsewhere(url))
    with client.session:
        yield client


@pytest.fixture
def x(url: str) -> Iterator[requests.Session]:
    """A session for requests that tweepy does not make."""
    with requests.Session() as session:
        session.headers["Authorization"] = "Bearer another-token"
        session.mount(HOST, Elsewhere(url))
        yield session


def load(url: str, *accounts: dict[str, Any]) -> None:
    requests.post(f"{url}/_control/x/accounts", json={"accounts": list(accounts)}, timeout=5).raise_for_status()


def post(number: int, **more: Any) -> dict[str, Any]:
    at = f"2026-05-{1 + number // 24:02}T{number % 24:02}:00:00Z"
    counts = {"retweets": number, "replies": 1, "likes": 2, "quotes": 3, "bookmarks": 4, "views": 5}
    return {"post_id": 1000 + number, "created_at": at, "is_repost": 0, **counts, **more}


def refused(answer: requests.Response) -> str:
    assert answer.status_code == 400
    body = answer.json()
    assert body["title"] == "Invalid Request"
    assert body["type"].endswith("/invalid-request")
    return str(body["errors"][0]["message"])


def test_handles_become_users(client: tweepy.Client) -> None:
    answer = client.get_users(usernames=["NASA", "esa"], user_fields=["protected", "public_metrics"])
    assert [user.username for user in answer.data] == ["NASA", "esa"]
    assert not answer.data[0].protected
    assert answer.data[0].public_metrics["tweet_count"] >= 60
    assert answer.data[0].created_at is None


def test_words_in_the_handle_choose_the_accounts_state(client: tweepy.Client) -> None:
    answer = client.get_users(usernames=["protected_a", "suspended_b", "nobody_c"], user_fields=["protected"])
    assert [(user.username, user.protected) for user in answer.data] == [("protected_a", True)]
    suspended, missing = answer.errors
    assert suspended["title"] == "Forbidden"
    assert suspended["detail"] == "User has been suspended: [suspended_b]."
    assert suspended["type"].endswith("/resource-not-found")
    assert (missing["title"], missing["value"]) == ("Not Found Error", "nobody_c")


def test_users_are_found_by_id_and_by_single_name(client: tweepy.Client) -> None:
    user = client.get_user(username="nasa").data
    assert client.get_users(ids=[user.id]).data == [user]
    missing = client.get_user(username="missing_one")
    assert missing.data is None
    assert missing.errors[0]["parameter"] == "username"


def test_a_timeline_has_the_fields_asked_for(client: tweepy.Client) -> None:
    user = client.get_user(username="nasa").data
    answer = client.get_users_tweets(user.id, max_results=100, tweet_fields=FIELDS)
    assert answer.meta["result_count"] == len(answer.data) > 50
    first = answer.data[0]
    assert first.created_at.tzinfo
    assert first.author_id == user.id
    assert set(first.public_metrics) == {
        "retweet_count",
        "reply_count",
        "like_count",
        "quote_count",
        "bookmark_count",
        "impression_count",
    }
    bare = client.get_users_tweets(user.id, max_results=5).data[0]
    assert set(bare.data) == {"id", "text", "edit_history_tweet_ids"}


def test_a_repost_has_the_originals_reposts_and_no_other_count(client: tweepy.Client) -> None:
    user = client.get_user(username="esa").data
    posts = client.get_users_tweets(user.id, max_results=100, tweet_fields=FIELDS).data
    reposts = [each for each in posts if each.text.startswith("RT @")]
    assert reposts
    for each in reposts:
        assert each.referenced_tweets[0].type == "retweeted"
        assert sum(each.public_metrics.values()) == each.public_metrics["retweet_count"]
    replies = [each for each in posts if each.in_reply_to_user_id]
    assert {each.referenced_tweets[0].type for each in replies} == {"replied_to"}


def test_new_parameters_get_fields_with_new_names(x: requests.Session, client: tweepy.Client) -> None:
    user = client.get_user(username="esa").data
    query: dict[str, str | int] = {"post.fields": "public_metrics,referenced_posts", "max_results": 100}
    shown = x.get(f"{HOST}/2/users/{user.id}/tweets", params=query).json()["data"]
    assert all(set(each["public_metrics"]) >= {"repost_count", "like_count"} for each in shown)
    assert all("edit_history_post_ids" in each and "edit_history_tweet_ids" not in each for each in shown)
    assert any("referenced_posts" in each for each in shown)
    both = x.get(f"{HOST}/2/tweets", params={"ids": "1", "tweet.fields": "lang", "post.fields": "lang"})
    assert "exclude each other" in refused(both)
    assert "is not one of" in refused(x.get(f"{HOST}/2/tweets", params={"ids": "1", "post.fields": "note_tweet"}))


def test_pages_follow_each_other_to_the_end(url: str, client: tweepy.Client) -> None:
    load(url, {"username": "pager", "id": 77, "posts": [post(number) for number in range(23)]})
    pages = list(tweepy.Paginator(client.get_users_tweets, 77, max_results=10))
    assert [page.meta["result_count"] for page in pages] == [10, 10, 3]
    assert [each.id for page in pages for each in page.data] == list(range(1022, 999, -1))
    assert (pages[0].meta["newest_id"], pages[0].meta["oldest_id"]) == ("1022", "1013")
    back = client.get_users_tweets(77, max_results=10, pagination_token=pages[2].meta["previous_token"])
    assert [each.id for each in back.data] == [each.id for each in pages[1].data]


def test_excluded_posts_leave_gaps_in_pages(url: str, client: tweepy.Client) -> None:
    posts = [post(number, is_repost=int(number >= 5), is_reply=int(number == 0)) for number in range(10)]
    load(url, {"username": "gaps", "id": 78, "posts": posts})
    first = client.get_users_tweets(78, max_results=5, exclude=["retweets", "replies"])
    assert first.data is None
    assert first.meta["result_count"] == 0
    second = client.get_users_tweets(
        78, max_results=5, exclude=["retweets", "replies"], pagination_token=first.meta["next_token"]
    )
    assert [each.id for each in second.data] == [1004, 1003, 1002, 1001]
    assert "next_token" not in second.meta


def test_only_800_posts_are_reachable_without_replies(url: str, client: tweepy.Client) -> None:
    posts = [post(0, post_id=10_000 + number) for number in range(900)]
    load(url, {"username": "deep", "id": 79, "posts": posts})
    skip_unless_ci = tweepy.Paginator(client.get_users_tweets, 79, max_results=100, exclude="replies").flatten()
    assert len(list(skip_unless_ci)) == 800
    assert len(list(tweepy.Paginator(client.get_users_tweets, 79, max_results=100).flatten())) == 900


def test_ids_and_times_bound_a_timeline(url: str, client: tweepy.Client) -> None:
    load(url, {"username": "bounds", "id": 80, "posts": [post(number) for number in range(20)]})

    def ids(**query: Any) -> list[int]:
        return [each.id for each in client.get_users_tweets(80, max_results=100, **query).data or []]

    assert ids(since_id=1015) == [1019, 1018, 1017, 1016]
    assert ids(until_id=1003) == [1002, 1001, 1000]
    assert ids(start_time="2026-05-01T18:00:00Z") == [1019, 1018]
    assert ids(end_time="2026-05-01T01:00:00Z") == [1001, 1000]
    assert ids(since_id=1019) == []


def test_a_bounded_timeline_is_cut_into_pages_first_and_filtered_then(url: str, client: tweepy.Client) -> None:
    posts = [post(number, is_repost=int(number % 4 > 0)) for number in range(24)]
    load(url, {"username": "gaps", "id": 78, "posts": posts})

    def pages(**query: Any) -> list[list[int]]:
        paginator = tweepy.Paginator(client.get_users_tweets, 78, max_results=5, exclude=["retweets"], **query)
        return [[each.id for each in page.data or []] for page in paginator]

    assert pages(since_id=1011) == [[1020], [1016], [1012]]
    assert pages(since_id=1012) == [[1020], [1016], []], "the last page holds 1013 alone, a repost"
    assert pages(until_id=1008) == [[1004], [1000]]
    assert pages(since_id=1004, until_id=1013) == [[1012, 1008], []]
    assert pages(since_id=1023) == pages(until_id=1000) == [[]]


def test_accounts_that_cannot_be_read_answer_with_errors(client: tweepy.Client, url: str) -> None:
    load(url, {"username": "gone", "id": 81, "state": "suspended"}, {"username": "shy", "id": 82, "state": "protected"})
    suspended, protected, missing = (client.get_users_tweets(user_id) for user_id in (81, 82, 83))
    assert [answer.data for answer in (suspended, protected, missing)] == [None] * 3
    assert suspended.errors[0]["title"] == "Forbidden"
    assert protected.errors[0]["title"] == "Authorization Error"
    assert protected.errors[0]["type"].endswith("/not-authorized-for-resource")
    assert missing.errors[0]["detail"] == "Could not find user with id: [83]."


def test_an_empty_timeline_has_only_meta(client: tweepy.Client) -> None:
    user = client.get_user(username="empty_one").data
    assert client.get_users_tweets(user.id) == (None, {}, [], {"result_count": 0})


def test_a_timeline_is_the_same_after_a_restart(url: str, client: tweepy.Client) -> None:
    user = client.get_user(username="nasa").data
    before = [each.id for each in client.get_users_tweets(user.id, max_results=50).data]
    requests.post(f"{url}/_control/reset", timeout=5).raise_for_status()
    after = [each.id for each in client.get_users_tweets(user.id, max_results=50).data]
    assert before[:40] == [each for each in after if each in before][:40]
    assert client.get_users(ids=[user.id]).errors[0]["title"] == "Not Found Error"


def test_posts_are_looked_up_by_id(url: str, client: tweepy.Client) -> None:
    load(url, {"username": "some", "posts": [post(1)]}, {"username": "shy", "state": "protected", "posts": [post(2)]})
    answer = client.get_tweets([1001, 1002, 1003], tweet_fields=["public_metrics"], expansions=["author_id"])
    assert [each.id for each in answer.data] == [1001]
    assert answer.includes["users"][0].username == "some"
    assert [error["title"] for error in answer.errors] == ["Authorization Error", "Not Found Error"]
    user = client.get_user(username="nasa").data
    newest = client.get_users_tweets(user.id, max_results=5).data[0]
    assert client.get_tweets([newest.id]).data == [newest]


@pytest.mark.parametrize(
    ("path", "query", "message"),
    [
        ("users/1/tweets", "max_results=4", "The `max_results` query parameter value [4] is not between 5 and 100"),
        ("users/1/tweets", "max_results=101", "[101] is not between 5 and 100"),
        ("users/1/tweets", "max_results=ten", "[ten] is not valid"),
        ("users/1/tweets", "limit=5", "The query parameter [limit] is not one of ["),
        ("users/1/tweets", "exclude=quotes", "[quotes] is not one of [replies,retweets]"),
        ("users/1/tweets", "tweet.fields=created_at,repost_count", "[repost_count] is not one of ["),
        ("users/1/tweets", "tweet.fields=", "The `tweet.fields` query parameter can not be empty"),
        ("users/1/tweets", "since_id=1&since_id=2", "can not be given twice"),
        ("users/1/tweets", "start_time=2026-05-01", "[2026-05-01] is not valid"),
        ("users/1/tweets", "start_time=2006-05-01T00:00:00Z", "must be on or after 2010"),
        ("users/1/tweets", "pagination_token=abc", "[abc] is not valid"),
        ("users/nasa/tweets", "", "The `id` query parameter value [nasa] is not valid"),
        ("users/by", "", "The `usernames` query parameter can not be empty"),
        ("users/by", "usernames=na.sa", "[na.sa] does not match ^[A-Za-z0-9_]{1,15}$"),
        ("users/by/username/abcdefghijklmnop", "", "does not match"),
        ("users/by", "usernames=" + ",".join(["a"] * 101), "list [101] is not between 1 and 100"),
        ("users", "ids=1,x", "[x] is not valid"),
        ("tweets", "ids=" + ",".join(["1"] * 101), "list [101] is not between 1 and 100"),
        ("usage/tweets", "days=91", "[91] is not between 1 and 90"),
    ],
)
def test_what_x_would_refuse_is_refused(x: requests.Session, path: str, query: str, message: str) -> None:
    assert message in refused(x.get(f"{HOST}/2/{path}?{query}"))


def test_a_bearer_token_is_needed(x: requests.Session, url: str) -> None:
    answer = requests.get(f"{url}/x/2/users/by?usernames=nasa", timeout=5)
    assert (answer.status_code, answer.json()["title"]) == (401, "Unauthorized")
    assert x.get(f"{HOST}/2/users/me").status_code == 404


def test_answers_and_refusals_have_the_limits_headers(x: requests.Session) -> None:
    for remaining, query in ((9_999, "max_results=5"), (9_998, "max_results=1")):
        headers = x.get(f"{HOST}/2/users/1/tweets?{query}").headers
        assert headers["x-rate-limit-limit"] == "10000"
        assert headers["x-rate-limit-remaining"] == str(remaining)
        assert int(headers["x-rate-limit-reset"]) > 0


def test_user_lookups_end_at_300(client: tweepy.Client) -> None:
    for _ in range(300):
        client.get_user(username="nasa")
    with pytest.raises(tweepy.TooManyRequests) as caught:
        client.get_user(username="nasa")
    assert caught.value.reset_time
    assert client.get_users(usernames=["nasa"]).data


def test_the_bill_counts_each_resource_once_a_day(url: str, client: tweepy.Client) -> None:
    load(url, {"username": "payer", "id": 90, "posts": [post(number) for number in range(7)]})
    for _ in range(3):
        client.get_users_tweets(90)
        client.get_users(usernames=["payer", "nobody"])
    client.get_users_tweets(90, since_id=1006)
    with pytest.raises(tweepy.BadRequest):
        client.get_users_tweets(90, max_results=1)
    bill = requests.get(f"{url}/_control/x/bill", timeout=5).json()
    today = bill.pop("by_day")
    assert bill == {
        "requests": 8,
        "posts_returned": 21,
        "posts_billed": 7,
        "users_returned": 3,
        "users_billed": 1,
        "posts_repeated": 0,
        "users_repeated": 0,
        "usd": 0.045,
    }
    assert list(today.values()) == [bill]
    usage = client.request("GET", "/2/usage/tweets", params={"usage.fields": "project_usage"}).json()
    assert usage == {"data": {"project_usage": "7"}}


@pytest.mark.skipif(not SHARED_TIMELINES.exists(), reason="the real timelines are not here")
def test_real_timelines_are_returned_as_loaded(url: str, client: tweepy.Client) -> None:
    loaded = requests.post(
        f"{url}/_control/x/accounts", SHARED_TIMELINES.read_bytes(), headers={"Content-Type": "text/csv"}, timeout=5
    )
    assert loaded.json() == {"accounts": 27, "posts": 2147}
    with SHARED_TIMELINES.open(newline="") as file:
        rows = {row["post_id"]: row for row in csv.DictReader(file)}
    names = list({row["username"] for row in rows.values()})
    seen: dict[str, tuple[str, tweepy.Tweet]] = {}
    for user in client.get_users(usernames=names).data:
        pages = tweepy.Paginator(client.get_users_tweets, user.id, max_results=100, tweet_fields=FIELDS)
        seen |= {str(each.id): (user.username, each) for each in pages.flatten()}
    assert seen.keys() == rows.keys()
    for post_id, (username, each) in seen.items():
        row = rows[post_id]
        assert (username, f"{each.created_at:%Y-%m-%dT%H:%M:%SZ}") == (row["username"], row["created_at"])
        assert each.public_metrics["retweet_count"] == int(row["retweets"])
        if row["is_repost"] == "0":
            assert each.public_metrics["impression_count"] == int(row["views"])
