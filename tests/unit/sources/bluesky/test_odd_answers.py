"""Whatever Bluesky's hosts answer, a reading is a value, and a look-up gives profiles or a ServiceError."""

import json
from collections.abc import Iterator
from datetime import UTC
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some

from pipeline.errors import ServiceError
from pipeline.records import Due, Post, State
from pipeline.sources.bluesky.client import BlueskyClient
from pipeline.sources.bluesky.facts import is_handle
from pipeline.sources.source import StopFlag
from pipeline.steps.fetch import FetchedChunk, fetched_chunks
from tests.unit.sources.bluesky.conftest import DID, NOW, Host, serving

IN_ITS_OWN_TIME = settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
"""Over HTTP, and perhaps on a machine that is busy."""
SCALARS = some.none() | some.booleans() | some.integers() | some.floats() | some.text(some.characters())
JSON = some.recursive(SCALARS, lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner), max_leaves=8)


def like(fields: dict[str, Any]) -> some.SearchStrategy[Any]:
    """An object as Bluesky documents it, of which anything may be missing or something else."""
    return some.fixed_dictionaries({}, optional={name: value | JSON for name, value in fields.items()}) | JSON


TIMES = some.sampled_from(["2026-11-23T10:00:00.000Z", "0001-01-01T00:00:00+14:00", "2026-11-23", "\ud800"])
LABELS = some.lists(
    like(
        {
            "src": some.sampled_from([DID, "did:plc:x"]),
            "val": some.sampled_from(["!no-unauthenticated", "!hide", "spam"]),
        }
    ),
    max_size=2,
)
PEOPLE = {
    "did": some.sampled_from([DID, "did:plc:x", "did:web:ada.example"]),
    "handle": some.sampled_from(["alice.test", "handle.invalid", "Alice.Test", "\ud800.test", ""]),
    "labels": LABELS,
}
POSTS = {
    "uri": some.sampled_from(
        [f"at://{DID}/app.bsky.feed.post/{each}" for each in ("a", "b", "c")] + ["at://", "\ud800"]
    ),
    "author": like(PEOPLE),
    "record": like({"createdAt": TIMES}),
    "indexedAt": TIMES,
    **dict.fromkeys(["likeCount", "repostCount", "quoteCount"], some.integers(-1, 2**70)),
}
ITEMS = like({"post": like(POSTS), "reason": like({"$type": some.just("app.bsky.feed.defs#reasonRepost")})})
PROFILES = like({**PEOPLE, "followersCount": some.integers(-1, 2**70), "postsCount": some.integers(-1, 9)})
ANSWERS = like(
    {
        "feed": some.lists(ITEMS, max_size=4),
        "cursor": some.text(max_size=3),
        "profiles": some.lists(PROFILES, max_size=3),
        "error": some.sampled_from(["InvalidRequest", "AccountTakedown", "AccountDeactivated", "\ud800"]),
        "message": some.sampled_from(["Profile not found", "Account is deactivated", "\ud800"]),
    }
)
BODIES = ANSWERS.map(lambda answer: json.dumps(answer).encode()) | some.binary()
STATUSES = some.sampled_from([200, 200, 200, 204, 302, 400, 400, 401, 403, 404, 429, 500, 503])


@pytest.fixture(scope="module")
def shared_host() -> Iterator[Host]:
    with serving(Host()) as host:
        yield host


def client_of(host: Host, body: bytes, status: int) -> BlueskyClient:
    """A new one, since a client remembers what stops it."""
    host.script(body, status)
    return BlueskyClient([host.address])


@IN_ITS_OWN_TIME
@given(body=BODIES, status=STATUSES)
@example(body=b"[" * 3_000, status=200)
@example(body=b"1" * 5_000, status=200)
@example(body=b'{"feed": ' + b"[" * 3_000, status=400)
def test_whatever_is_answered_a_reading_is_a_value_that_can_be_handed_on(
    shared_host: Host, body: bytes, status: int
) -> None:
    client, stop = client_of(shared_host, body, status), StopFlag()
    reading = client.fetch(Due(1, DID, 2), NOW, stop)
    client.connection.session.close()
    assert reading.posts is not None or reading.problem is not None
    assert reading.posts is None or reading.problem is None or reading.stopped_until is not None
    assert reading.state is None or reading.posts is None
    assert not (reading.complete and reading.partial)
    assert all(isinstance(post, Post) and is_whole(post) for post in reading.posts or ())
    chunk = FetchedChunk("bluesky", (reading,))
    assert chunk == fetched_chunks.validate_json(fetched_chunks.dump_json(chunk))
    assert (stop.reason is None) == (reading.stopped_until is None)


@IN_ITS_OWN_TIME
@given(body=BODIES, status=STATUSES)
@example(body=b"[" * 3_000, status=200)
def test_whatever_is_answered_a_look_up_gives_profiles_or_a_service_error(
    shared_host: Host, body: bytes, status: int
) -> None:
    client = client_of(shared_host, body, status)
    try:
        profiles = client.look_up(["alice.test", "bobby.test"])
    except ServiceError:
        return
    finally:
        client.connection.session.close()
    assert len(profiles) == 2
    assert all(is_handle(profile.handle) for profile in profiles)
    assert not [profile for profile in profiles if profile.state is State.ACTIVE and profile.remote_id is None]


def is_whole(post: Post) -> bool:
    counts = [count for count in post.counts if count is not None]
    return post.created_at.tzinfo is UTC and all(type(count) is int and 0 <= count <= 2**53 for count in counts)
