"""People on a PDS, what they do there, and the tallies of it, which are what a reader of the AppView must come to."""

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import httpx

from pipeline.records import Counts, Post

PASSWORD = "no-secret"
ADMIN = "Basic " + b64encode(b"admin:admin-pass").decode()
POST, PROFILE = "app.bsky.feed.post", "app.bsky.actor.profile"
MOST_WRITES = 100
"""In one request; the PDS takes 200."""
Record = dict[str, Any]


@dataclass(eq=False)
class Written:
    """A post, and how often people did what is counted. at: when its author's program says that it was written."""

    uri: str
    cid: str
    at: datetime
    root: "Written | None" = None
    reposts: int = 0
    likes: int = 0
    replies: int = 0
    quotes: int = 0
    bookmarks: int = 0

    @property
    def reference(self) -> Record:
        return {"uri": self.uri, "cid": self.cid}

    @property
    def id(self) -> str:
        return self.uri.rpartition("/")[2]

    def expected(self) -> Post:
        """What is to be read of it."""
        return Post(self.id, self.at, Counts(self.reposts, self.likes, self.replies, self.quotes, self.bookmarks))


class Pds:
    """A server on which people write, and its administrator."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=f"{url}/xrpc/", timeout=30, trust_env=False)

    @contextmanager
    def open(self) -> Iterator[Self]:
        with self._client:
            yield self

    def register(self, name: str) -> "Person":
        made = self.call(
            "com.atproto.server.createAccount", handle=f"{name}.test", email=f"{name}@mail.test", password=PASSWORD
        )
        return Person(made["did"], made["handle"], self, made["accessJwt"])

    def suspend(self, person: "Person", *, applied: bool = True) -> None:
        """applied: False lifts it."""
        subject = {"$type": "com.atproto.admin.defs#repoRef", "did": person.did}
        self.call("com.atproto.admin.updateSubjectStatus", ADMIN, subject=subject, takedown={"applied": applied})

    def delete(self, person: "Person") -> None:
        self.call("com.atproto.admin.deleteAccount", ADMIN, did=person.did)

    def call(self, method: str, authorization: str = "", **fields: object) -> Record:
        """A method without fields has no body."""
        headers = {"Authorization": authorization} if authorization else {}
        answer = self._client.post(method, json=fields or None, headers=headers)
        assert answer.is_success, (method, answer.status_code, answer.text)
        return dict(answer.json()) if answer.content else {}


@dataclass(frozen=True)
class Person:
    """An account, and its session."""

    did: str
    handle: str
    pds: Pds
    token: str

    def write(
        self, text: str, at: datetime, *, answers: Written | None = None, quotes: Written | None = None
    ) -> Written:
        written = self._create(POST, _post(text, at, answers, quotes))
        for other, metric in ((answers, "replies"), (quotes, "quotes")):
            _tally(other, metric, 1)
        return Written(written["uri"], written["cid"], at, answers and (answers.root or answers))

    def write_many(self, ats: list[datetime]) -> list[Written]:
        """A post at each of these times, in their order."""
        made: list[Written] = []
        for first in range(0, len(ats), MOST_WRITES):
            batch = ats[first : first + MOST_WRITES]
            results = self._call("com.atproto.repo.applyWrites", repo=self.did, writes=[_creation(at) for at in batch])
            made += [Written(each["uri"], each["cid"], at) for each, at in zip(results["results"], batch, strict=True)]
        return made

    def repost(self, post: Written, at: datetime | None = None) -> "Done":
        return self._do("app.bsky.feed.repost", post, "reposts", at)

    def like(self, post: Written) -> "Done":
        return self._do("app.bsky.feed.like", post, "likes")

    def bookmark(self, post: Written) -> None:
        self._call("app.bsky.bookmark.createBookmark", **post.reference)
        _tally(post, "bookmarks", 1)

    def undo(self, done: "Done") -> None:
        self._delete(done.uri)
        _tally(done.post, done.metric, -1)

    def delete(self, post: Written, *, answers: Written | None = None) -> None:
        """answers: what it answers, where that is so."""
        self._delete(post.uri)
        _tally(answers, "replies", -1)

    def follow(self, other: "Person") -> None:
        self._create("app.bsky.graph.follow", {"subject": other.did, "createdAt": _text(datetime.now(UTC))})

    def change_profile(self, **fields: object) -> None:
        name, joined = self.handle.partition(".")[0].title(), _text(datetime.now(UTC))
        record = {"$type": PROFILE, "displayName": name, "createdAt": joined, **fields}
        self._call("com.atproto.repo.putRecord", repo=self.did, collection=PROFILE, rkey="self", record=record)

    def pin(self, post: Written) -> None:
        self.change_profile(pinnedPost=post.reference)

    def ask_for_signing_in(self) -> None:
        """To be shown only to people who are signed in."""
        labels = {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "!no-unauthenticated"}]}
        self.change_profile(labels=labels)

    def rename(self, handle: str) -> None:
        self._call("com.atproto.identity.updateHandle", handle=handle)

    def deactivate(self) -> None:
        self._call("com.atproto.server.deactivateAccount", deleteAfter="2999-01-01T00:00:00Z")

    def activate(self) -> None:
        self._call("com.atproto.server.activateAccount")

    def _do(self, collection: str, post: Written, metric: str, at: datetime | None = None) -> "Done":
        record = {"subject": post.reference, "createdAt": _text(at or datetime.now(UTC))}
        made = self._create(collection, record)
        _tally(post, metric, 1)
        return Done(made["uri"], post, metric)

    def _create(self, collection: str, record: Record) -> Record:
        record = {"$type": collection, **record}
        return self._call("com.atproto.repo.createRecord", repo=self.did, collection=collection, record=record)

    def _delete(self, uri: str) -> None:
        repo, collection, rkey = uri.removeprefix("at://").split("/")
        self._call("com.atproto.repo.deleteRecord", repo=repo, collection=collection, rkey=rkey)

    def _call(self, method: str, **fields: object) -> Record:
        return self.pds.call(method, f"Bearer {self.token}", **fields)


@dataclass(frozen=True)
class Done:
    """Something done with a post that can be undone. metric: the count of the post that it raised."""

    uri: str
    post: Written
    metric: str


def minutes_before(moment: datetime, number: int) -> list[datetime]:
    """So many times, a minute apart, oldest first; the last is a minute before the moment."""
    return [moment - timedelta(minutes=number - index) for index in range(number)]


def _post(text: str, at: datetime, answers: Written | None = None, quotes: Written | None = None) -> Record:
    record: Record = {"$type": POST, "text": text, "langs": ["en"], "createdAt": _text(at)}
    if answers:
        record["reply"] = {"root": (answers.root or answers).reference, "parent": answers.reference}
    if quotes:
        record["embed"] = {"$type": "app.bsky.embed.record", "record": quotes.reference}
    return record


def _creation(at: datetime) -> Record:
    return {"$type": "com.atproto.repo.applyWrites#create", "collection": POST, "value": _post("One of many.", at)}


def _tally(post: Written | None, metric: str, change: int) -> None:
    if post:
        setattr(post, metric, getattr(post, metric) + change)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
