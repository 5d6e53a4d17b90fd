"""Our stand-in of the fediverse answers as another implementation of Mastodon's API does, but for what UNLIKE names."""

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.contract.fediverse.mock import HOST
from tests.contract.fediverse.people import Mock, Person, Written, person
from tests.contract.shapes import differences

ACCOUNT = "/api/v1/accounts/{id}"
QUESTIONS: dict[str, tuple[str, dict[str, str | int]]] = {
    "account_by_name": ("/api/v1/accounts/lookup", {"acct": "ada"}),
    "no_account_by_name": ("/api/v1/accounts/lookup", {"acct": "nobody"}),
    "account": (ACCOUNT, {}),
    "no_account": ("/api/v1/accounts/12", {}),
    "no_id": ("/api/v1/accounts/abc", {}),
    "posts": (f"{ACCOUNT}/statuses", {}),
    "posts_without_boosts": (f"{ACCOUNT}/statuses", {"exclude_reblogs": "true"}),
    "posts_without_answers": (f"{ACCOUNT}/statuses", {"exclude_replies": "true"}),
    "own_posts": (f"{ACCOUNT}/statuses", {"exclude_reblogs": "true", "exclude_replies": "true"}),
    "pinned_posts": (f"{ACCOUNT}/statuses", {"pinned": "true"}),
    "a_page": (f"{ACCOUNT}/statuses", {"limit": 2}),
    "more_than_a_page": (f"{ACCOUNT}/statuses", {"limit": 99}),
    "no_older_posts": (f"{ACCOUNT}/statuses", {"max_id": "0"}),
    "no_posts": ("/api/v1/accounts/12/statuses", {}),
    "no_name": ("/.well-known/webfinger", {"resource": f"acct:nobody@{HOST}"}),
}
UNLIKE = {
    "quotes_count": "the mock does not tell it, although Mastodon of its version does",
    **dict.fromkeys(
        ("bookmarked", "favourited", "filtered", "muted", "pinned", "reblogged"),
        "the mock tells guests too what Mastodon tells those who are signed in",
    ),
    **dict.fromkeys(
        ("discoverable", "hide_collections", "limited", "moved", "noindex", "suspended"),
        "null in the mock; Mastodon says true or false, or leaves it out",
    ),
    **dict.fromkeys(("attribution_domains", "quote_approval_policy"), "Mastodon has had it only of late"),
    **dict.fromkeys(("language", "last_status_at"), "may be null; the made-up posts differ"),
}
"""The keys that only one of the two has, or with another type, and why."""
Answers = tuple[httpx.Response, httpx.Response]


@pytest.fixture(scope="module")
def both(mastodon: Mock, sandbox_url: str) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """Both servers with the same life: a pinned post, an answer to somebody else, a boost, and a post."""
    mastodon.reset()
    with ExitStack() as stack:
        ada, ben = (stack.enter_context(person(mastodon, name)) for name in ("ada", "ben"))
        _load(sandbox_url, _live(ada, ben))
        urls = (mastodon.url, f"{sandbox_url}/fediverse/{HOST}")
        real, ours = (stack.enter_context(httpx.Client(base_url=url, trust_env=False, timeout=30)) for url in urls)
        yield real, ours


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_stand_in_answers_as_the_mock_does(both: tuple[httpx.Client, httpx.Client], name: str) -> None:
    real, ours = (_ask(http, *QUESTIONS[name]) for http in both)
    assert _told(ours) == _told(real)
    assert _unlike(_json(real), _json(ours)) == {}


def test_the_next_page_is_named_alike(both: tuple[httpx.Client, httpx.Client]) -> None:
    real, ours = (_links(_ask(http, *QUESTIONS["a_page"])) for http in both)
    assert ours == real == {"next": {"max_id", "limit"}, "prev": {"min_id", "limit"}}


def test_each_named_difference_is_there(both: tuple[httpx.Client, httpx.Client]) -> None:
    """So that none stays named that is gone."""
    real, ours = (_json(_ask(http, *QUESTIONS["posts"])) for http in both)
    lines = [line for found in differences(real, ours).values() for line in found]
    assert {key for key in UNLIKE if any(key in _keys(line) for line in lines)} == set(UNLIKE)


def _live(ada: Person, ben: Person) -> list[dict[str, Any]]:
    pinned, bens = ada.write("Pinned."), ben.write("By somebody else.")
    ada.pin(pinned)
    answer = ada.write("An answer.", answers=bens)
    ada.boost(bens)
    boosted = Written("", answer.at)
    lives = [(pinned, {"is_pinned": True}), (answer, {"is_reply": True}), (boosted, {"is_repost": True})]
    numbers = count(1)
    return [
        {"post_id": next(numbers), "created_at": post.at.isoformat(), "boosts": 0, "favourites": 0, "replies": 0} | kind
        for post, kind in [*lives, (ada.write("A post."), {})]
    ]


def _load(sandbox_url: str, posts: list[dict[str, Any]]) -> None:
    accounts = [{"handle": f"ada@{HOST}", "posts": posts}]
    path = "/_control/fediverse/accounts"
    assert httpx.post(f"{sandbox_url}{path}", json={"accounts": accounts}, trust_env=False).is_success


def _ask(http: httpx.Client, path: str, params: dict[str, str | int]) -> httpx.Response:
    account_id = http.get("/api/v1/accounts/lookup", params={"acct": "ada"}).json()["id"]
    return http.get(path.format(id=account_id), params=params)


def _told(answer: httpx.Response) -> tuple[object, ...]:
    """The status, the kind of content, an error's text and the kinds of the posts."""
    body, kind = _json(answer), answer.headers.get("Content-Type", "").partition(";")[0]
    posts = [(each["reblog"] is None, each["in_reply_to_id"] is None) for each in body] if type(body) is list else []
    return answer.status_code, kind, body.get("error") if type(body) is dict else None, posts


def _json(answer: httpx.Response) -> Any:
    return answer.json() if answer.content else None


def _unlike(real: Any, ours: Any) -> dict[str, list[str]]:
    found = differences(real, ours).items()
    named = {kind: [line for line in lines if not _keys(line) & set(UNLIKE)] for kind, lines in found}
    return {kind: lines for kind, lines in named.items() if lines}


def _keys(line: str) -> set[str]:
    return set(line.partition(" ")[0].replace("[]", "").split("."))


def _links(answer: httpx.Response) -> dict[str, set[str]]:
    """The names of the parameters of each page that an answer names."""
    return {str(rel): set(parse_qs(urlsplit(link["url"]).query)) for rel, link in answer.links.items()}
