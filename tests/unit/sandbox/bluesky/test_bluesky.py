"""The methods of the stand-in of Bluesky, its errors, and that a real server's answers have the same shapes."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import httpx
import pytest

from tests.conftest import ROOT
from tests.unit.sandbox.conftest import ControlApi

RECORDED = (
    ROOT.parent / "shared" / "data" / "bluesky_answers.json",
    ROOT / "tests" / "unit" / "sources" / "bluesky" / "answers.json",
)
ALICE, BOBBY = "did:plc:4fui3kpnmzvri74htsawd63y", "did:plc:tgrist7pwyxd5tpclxrj5dwr"
FEED, PROFILE, PROFILES, POSTS, RESOLVE = (
    "app.bsky.feed.getAuthorFeed",
    "app.bsky.actor.getProfile",
    "app.bsky.actor.getProfiles",
    "app.bsky.feed.getPosts",
    "com.atproto.identity.resolveHandle",
)
OPTIONAL = {"createdAt", "displayName", "description", "indexedAt", "pinnedPost", "langs", "embed", "reply", "cursor"}
"""What a real answer has or lacks, by what the account did: accounts without a profile record have no createdAt."""


@pytest.fixture
def http(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{url}/bluesky/xrpc/") as client:
        yield client


def post(number: int, **more: Any) -> dict[str, Any]:
    counts = {"reposts": 1, "replies": 2, "likes": number, "quotes": 0, "bookmarks": 0}
    return {"post_id": f"post{number}", "created_at": f"2026-11-20T10:{number:02}:00Z", **counts, **more}


LIFE = [
    post(8, is_reply=True, of_post="post1"),
    post(7, is_reply=True),
    post(6, is_repost=True),
    post(5, is_repost=True, of_post="post1"),
    post(4),
    post(3),
    post(2),
    post(1),
]


@pytest.fixture
def alice(control: ControlApi) -> None:
    control.post("bluesky/accounts", accounts=[{"handle": "alice.test", "did": ALICE, "posts": LIFE}])
    control.post("bluesky/accounts", accounts=[{"handle": "bobby.test", "did": BOBBY, "posts": [post(40)]}])


def feed(http: httpx.Client, **parameters: Any) -> Any:
    answer = http.get(FEED, params={"actor": "alice.test", **parameters})
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(answer: Any) -> list[str]:
    return [item["post"]["uri"].rsplit("/", 1)[1] for item in answer["feed"]]


def kinds(answer: Any) -> list[str]:
    return ["repost" if "reason" in item else "reply" if "reply" in item else "post" for item in answer["feed"]]


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ("posts_with_replies", ["reply", "reply", "repost", "repost", "post", "post", "post", "post"]),
        ("posts_no_replies", ["repost", "repost", "post", "post", "post", "post"]),
        ("posts_and_author_threads", ["reply", "repost", "repost", "post", "post", "post", "post"]),
        ("posts_with_media", []),
        ("posts_with_video", []),
        ("no_such_filter", ["reply", "reply", "repost", "repost", "post", "post", "post", "post"]),
    ],
)
def test_filters_leave_out_what_they_say(http: httpx.Client, chosen: str, expected: list[str]) -> None:
    assert kinds(feed(http, filter=chosen)) == expected
    assert kinds(feed(http)) == kinds(feed(http, filter="posts_with_replies"))


def test_own_threads_lack_answers_to_what_is_on_another_page(http: httpx.Client, control: ControlApi) -> None:
    """Measured on a real server."""
    own = [
        {**post(0), "post_id": f"post{n}", "created_at": f"2026-11-20T{n // 60:02}:{n % 60:02}:00Z"} for n in range(130)
    ]
    answer = {
        **post(0),
        "post_id": "answer",
        "created_at": "2026-11-21T10:00:00Z",
        "is_reply": True,
        "of_post": "post1",
    }
    control.post("bluesky/accounts", accounts=[{"handle": "alice.test", "did": ALICE, "posts": [*own, answer]}])
    pages = [feed(http, filter="posts_and_author_threads", limit=100)]
    pages.append(feed(http, filter="posts_and_author_threads", limit=100, cursor=pages[0]["cursor"]))
    assert [len(ids(page)) for page in pages] == [99, 31]
    assert "answer" not in ids(pages[0]) + ids(pages[1])
    assert "answer" in ids(feed(http, limit=100))


@pytest.mark.usefixtures("alice")
def test_pages_follow_each_other_without_a_gap(http: httpx.Client) -> None:
    whole, found, cursor = ids(feed(http)), [], None
    for _ in range(4):
        page = feed(http, limit=3, **({"cursor": cursor} if cursor else {}))
        found += ids(page)
        cursor = page.get("cursor")
        if cursor is None:
            break
    assert found == whole
    assert len(whole) == 8
    assert "cursor" not in feed(http, limit=8)


@pytest.mark.usefixtures("alice")
def test_a_repost_carries_the_post_of_another_and_counts_of_its_own(http: httpx.Client) -> None:
    others, own = [item for item in feed(http)["feed"] if "reason" in item]
    assert others["post"]["author"]["handle"] == "somebody.bsky.social"
    assert (others["post"]["likeCount"], others["reason"]["by"]["did"]) == (6, ALICE)
    assert own["post"]["uri"] == f"at://{ALICE}/app.bsky.feed.post/post1"
    assert own["post"]["likeCount"] == 1


@pytest.mark.usefixtures("alice")
def test_a_page_is_short_where_it_holds_reposts_of_a_suspended_account(http: httpx.Client, control: ControlApi) -> None:
    control.post("bluesky/accounts", accounts=[{"handle": "somebody.bsky.social", "state": "suspended"}])
    page = feed(http, limit=4)
    assert len(page["feed"]) == 3
    assert "cursor" in page
    assert page["feed"][1]["reply"]["parent"]["$type"] == "app.bsky.feed.defs#notFoundPost"


@pytest.mark.usefixtures("alice")
def test_a_pinned_post_comes_first_only_where_it_is_asked_for(http: httpx.Client, control: ControlApi) -> None:
    control.post("bluesky/accounts", accounts=[{"handle": "alice.test", "pinned": "post2"}])
    assert ids(feed(http, limit=2)) == ["post8", "post7"]
    page = feed(http, limit=2, includePins="true")
    assert ids(page)[0] == "post2"
    assert page["feed"][0]["reason"] == {"$type": "app.bsky.feed.defs#reasonPin"}
    assert ids(feed(http, includePins="true")).count("post2") == 1


@pytest.mark.usefixtures("alice")
def test_posts_are_found_by_their_addresses_and_the_others_left_out(http: httpx.Client, control: ControlApi) -> None:
    control.delete("bluesky/posts/post3")
    uris = [
        f"at://{did}/app.bsky.feed.post/post{number}"
        for did, number in [(ALICE, 1), (ALICE, 3), (BOBBY, 1), (ALICE, 4)]
    ]
    found = http.get(POSTS, params={"uris": [*uris, "at://nonsense"]}).json()["posts"]
    assert [each["uri"] for each in found] == [uris[0], uris[3]]


@pytest.mark.usefixtures("alice")
def test_profiles_leave_out_whom_they_do_not_show_and_name_each_once(http: httpx.Client, control: ControlApi) -> None:
    control.post("bluesky/accounts", accounts=[{"handle": "bobby.test", "state": "suspended"}])
    asked = ["alice.test", BOBBY, "nobody.test", ALICE]
    found = http.get(PROFILES, params={"actors": asked}).json()["profiles"]
    assert [(each["did"], each["handle"], each["postsCount"]) for each in found] == [(ALICE, "alice.test", 6)]


@pytest.mark.parametrize(
    ("method", "parameters", "message"),
    [
        (FEED, {"actor": "a.test", "limit": 101}, "integer too big (maximum 100, got 101)"),
        (FEED, {"actor": "a.test", "limit": 0}, "integer too small (minimum 1, got 0)"),
        (FEED, {"actor": "a.test", "limit": "x"}, 'Expected integer value type (got "x")'),
        (FEED, {"actor": "a.test", "includePins": 1}, 'Expected boolean value type (got "1")'),
        (FEED, {}, 'Missing required key "actor"'),
        (FEED, {"actor": "alice"}, 'Invalid AT identifier (got "alice")'),
        (PROFILES, {"actors": ["a.test"] * 26}, "array too big (maximum 25, got 26)"),
        (PROFILES, {"actors": ["a.test", "a b"]}, 'Invalid AT identifier (got "a b")'),
        (POSTS, {"uris": ["at://x"] * 26}, "array too big (maximum 25, got 26)"),
        (POSTS, {"uris": "https://x"}, 'Invalid at-uri (got "https://x")'),
    ],
)
def test_a_wrong_parameter_is_refused_in_the_servers_words(
    http: httpx.Client, method: str, parameters: dict[str, Any], message: str
) -> None:
    answer = http.get(method, params=parameters)
    refusal = {"error": "InvalidRequest", "message": f"Invalid {method} params: {message}"}
    assert (answer.status_code, answer.json()) == (400, refusal)


@pytest.mark.parametrize(
    ("method", "parameters", "message"),
    [
        (FEED, {"actor": "nobody.test"}, "Profile not found"),
        (PROFILE, {"actor": "nobody.test"}, "Profile not found"),
        (PROFILE, {"actor": "did:plc:" + "a" * 24}, "Profile not found"),
        (RESOLVE, {"handle": "nobody.test"}, "Unable to resolve handle"),
    ],
)
def test_nobody_is_not_found(http: httpx.Client, method: str, parameters: dict[str, Any], message: str) -> None:
    answer = http.get(method, params=parameters)
    assert (answer.status_code, answer.json()) == (400, {"error": "InvalidRequest", "message": message})


def test_a_method_that_there_is_not_is_told(http: httpx.Client) -> None:
    answer = http.get("app.bsky.feed.searchPosts")
    refusal = {"error": "MethodNotImplemented", "message": "Method Not Implemented"}
    assert (answer.status_code, answer.json()) == (501, refusal)


def test_a_parameter_that_it_does_not_know_is_ignored(http: httpx.Client) -> None:
    assert http.get(PROFILE, params={"actor": "ada.test", "colour": "red"}).status_code == 200


def test_anything_else_is_no_answer_of_the_api(http: httpx.Client, url: str) -> None:
    assert http.get("_health").json() == {"version": "0.0.280"}
    assert http.post(PROFILE).json()["message"] == "Incorrect HTTP method (POST) expected GET"
    page = httpx.get(f"{url}/bluesky/elsewhere")
    assert (page.status_code, page.headers["content-type"].partition(";")[0]) == (404, "text/html")


def test_a_handle_names_its_id(http: httpx.Client) -> None:
    did = http.get(RESOLVE, params={"handle": "Ada.Test"}).json()["did"]
    profiles = [http.get(PROFILE, params={"actor": actor}).json() for actor in (did, "ada.test")]
    assert profiles[0] == profiles[1]
    assert (profiles[0]["did"], profiles[0]["handle"]) == (did, "ada.test")


def test_a_limit_is_told_and_kept_for_all_methods_together(http: httpx.Client, control: ControlApi) -> None:
    assert "ratelimit-limit" not in http.get("_health").headers
    assert "ratelimit-limit" not in http.get(PROFILE, params={"actor": "ada.test"}).headers
    control.post("clock", at="2026-11-28T12:00:00Z")
    control.post("bluesky/limit", requests=2, seconds=60)
    asked = [(PROFILE, {"actor": "ada.test"}), (FEED, {"actor": "ada.test"}), (RESOLVE, {"handle": "ada.test"})]
    answers = [http.get(method, params=parameters) for method, parameters in asked]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["ratelimit-remaining"] for answer in answers] == ["1", "0", "0"]
    assert answers[2].json() == {"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}
    assert answers[2].headers["ratelimit-policy"] == "2;w=60"
    assert 1795867259 <= int(answers[2].headers["ratelimit-reset"]) <= 1795867275  # 2026-11-28T12:01:00Z
    control.post("clock", at="2026-11-28T12:01:20Z")
    assert http.get(PROFILE, params={"actor": "ada.test"}).status_code == 200


@pytest.mark.usefixtures("alice")
def test_copies_answer_in_turn_each_as_of_its_own_time(http: httpx.Client, control: ControlApi) -> None:
    control.post("bluesky/cache", seconds=60, copies=2)

    def likes() -> int:
        return int(feed(http)["feed"][0]["post"]["likeCount"])

    before = likes()
    control.post("bluesky/posts/post8", likes=500)
    assert [likes() for _ in range(4)] == [500, before, 500, before]
    control.post("clock", ahead_s=120)
    assert [likes() for _ in range(3)] == [500, 500, 500]


def test_a_firewalls_page_can_be_scripted(http: httpx.Client, control: ControlApi) -> None:
    page = {"status": 403, "body": "<html>", "headers": {"Content-Type": "text/html"}}
    control.post("faults", service="bluesky", method=PROFILE, **page)
    answer = http.get(PROFILE, params={"actor": "ada.test"})
    assert (answer.status_code, answer.text, answer.headers["content-type"]) == (403, "<html>", "text/html")
    assert http.get(PROFILE, params={"actor": "ada.test"}).status_code == 200


@cache
def recorded() -> dict[str, Any]:
    answers: dict[str, Any] = json.loads(next(path for path in RECORDED if path.exists()).read_text(encoding="utf-8"))
    return answers


def shape(value: Any) -> Any:
    """Names and types, of a list the shapes of its items."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items() if name not in OPTIONAL}
    if isinstance(value, list):
        return sorted({json.dumps(shape(each), sort_keys=True) for each in value})
    return type(value).__name__


def items(answer: Any, kind: str) -> list[dict[str, Any]]:
    return [item for item, each in zip(answer["feed"], kinds(answer), strict=True) if each == kind]


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize("kind", ["post", "reply", "repost"])
def test_the_items_of_a_feed_have_the_shapes_of_a_real_servers(http: httpx.Client, kind: str) -> None:
    real = items(recorded()["feed_posts_with_replies"]["json"], kind)
    ours = items(feed(http), kind)
    assert shape(ours) == shape(real)


@pytest.mark.usefixtures("alice")
def test_pins_and_labels_have_the_shapes_of_a_real_servers(http: httpx.Client, control: ControlApi) -> None:
    account = {"handle": "alice.test", "labels": ["!no-unauthenticated"], "pinned": "post2", "name": "Alice"}
    control.post("bluesky/accounts", accounts=[account])
    ours, real = feed(http, limit=5, includePins="true"), recorded()["feed_with_pin_and_label"]["json"]
    assert shape(ours["feed"][0]) == shape(real["feed"][0])
    assert ours["cursor"].count("__") == real["cursor"].count("__") == 1
    profile = http.get(PROFILE, params={"actor": ALICE}).json()
    real_profile = recorded()["profile_no_unauthenticated"]["json"]
    assert shape(profile) == shape(real_profile)
    assert real_profile.keys() - profile.keys() == {"description"}


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize(
    ("name", "state", "method", "parameters"),
    [
        ("profile", None, PROFILE, {"actor": ALICE}),
        ("posts", None, POSTS, {"uris": f"at://{ALICE}/app.bsky.feed.post/post1"}),
        ("resolve", None, RESOLVE, {"handle": "alice.test"}),
        ("resolve_unknown", None, RESOLVE, {"handle": "nobody.test"}),
        ("unknown", None, FEED, {"actor": "nobody.test"}),
        ("bad_limit", None, FEED, {"actor": "alice.test", "limit": 101}),
        ("profile_suspended", "suspended", PROFILE, {"actor": BOBBY}),
        ("profile_suspended_by_handle", "suspended", PROFILE, {"actor": "bobby.test"}),
        ("feed_suspended", "suspended", FEED, {"actor": BOBBY}),
        ("profiles_suspended", "suspended", PROFILES, {"actors": [ALICE, BOBBY]}),
        ("profile_deactivated", "deactivated", PROFILE, {"actor": BOBBY}),
        ("profile_deactivated_by_handle", "deactivated", PROFILE, {"actor": "bobby.test"}),
        ("feed_deactivated", "deactivated", FEED, {"actor": BOBBY}),
        ("profile_deleted", "deleted", PROFILE, {"actor": BOBBY}),
        ("feed_deleted", "deleted", FEED, {"actor": BOBBY}),
    ],
)
def test_answers_are_those_of_a_real_server(  # noqa: PLR0913, PLR0917
    http: httpx.Client, control: ControlApi, name: str, state: str | None, method: str, parameters: dict[str, Any]
) -> None:
    if state is not None:
        control.post("bluesky/accounts", accounts=[{"handle": "bobby.test", "state": state}])
    if name == "profiles_suspended":
        control.post("bluesky/accounts", accounts=[{"handle": "alice.test", "labels": ["!no-unauthenticated"]}])
    answer, real = http.get(method, params=parameters), recorded()[name]
    assert answer.status_code == real["status"]
    if real["status"] == 200:
        assert shape(answer.json()) == shape(real["json"])
    else:
        assert answer.json() == real["json"]
