"""Finds the server and the actor that a handle names, by WebFinger (RFC 7033), as Mastodon itself does.

A handle may name another domain than the server has, and a server may claim any handle. So the domain of the handle
names the actor, and the actor's server confirms the handle.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from pipeline.records import State
from pipeline.sources.fediverse import refusals
from pipeline.sources.fediverse.connection import Answer, Connection
from pipeline.sources.fediverse.facts import HANDLE
from pipeline.sources.fediverse.refusals import NoAccountError

SUBJECT = re.compile(rf"acct:({HANDLE})", re.IGNORECASE)
ACTOR = re.compile(r"https://(?P<host>[A-Za-z0-9.-]{1,253})/[!-\"$-~]{1,400}")
"""Without a user, a port and a fragment."""
ACTIVITY = re.compile(
    r'application/activity\+json|application/ld\+json; ?profile="https://www\.w3\.org/ns/activitystreams"'
)
PROFILE_PAGE = "http://webfinger.net/rel/profile-page"


class Name(NamedTuple):
    """A handle: a user's name on a host, whose name is the one that is asked."""

    user: str
    host: str

    @property
    def handle(self) -> str:
        return f"{self.user}@{self.host}"

    @property
    def folded(self) -> tuple[str, str]:
        return self.user.lower(), self.host


@dataclass(frozen=True, slots=True)
class Actor:
    """An account by its address in the fediverse, which never changes.

    name: under which its server knows it. page: the address of its profile for people, where that is told.
    """

    uri: str
    server: str
    name: Name
    page: str | None = None


def find(connection: Connection, name: Name, ends_at: float) -> Actor:
    """The actor that a handle names. Raises ServiceError, NoAccountError."""
    actor, answered_by = _finger(connection, name.host, name, ends_at)
    if actor.name.folded != name.folded:  # the domain says that the account has another handle, which must say so too
        name = actor.name
        actor, answered_by = _finger(connection, name.host, name, ends_at)
    if answered_by != actor.server:
        confirmed, _ = _finger(connection, actor.server, name, ends_at)
        if confirmed.uri != actor.uri:
            raise NoAccountError(State.MISSING)
        actor = confirmed
    if actor.name.folded != name.folded:
        raise NoAccountError(State.MISSING)
    return actor


def _finger(connection: Connection, host: str, name: Name, ends_at: float) -> tuple[Actor, str]:
    """What the host says of a handle, and which host answered in the end."""
    query = urlencode({"resource": f"acct:{name.handle}"})
    answer = connection.get_redirected(host, f"/.well-known/webfinger?{query}", ends_at=ends_at)
    if answer.status != HTTPStatus.OK:
        raise NoAccountError(State.SUSPENDED if answer.status == HTTPStatus.GONE else State.MISSING)
    return _actor(connection, answer, name, host), answer.host


def _actor(connection: Connection, answer: Answer, name: Name, asked: str) -> Actor:
    body = answer.body if isinstance(answer.body, dict) else {}
    links = body.get("links")
    links = [each for each in links if isinstance(each, dict)] if isinstance(links, list) else []
    uri = next(_addresses(link for link in links if _is_actor(link)), None)
    server = actor_server(connection, uri)
    if uri is None or server is None:
        raise connection.servers.refuse(refusals.no_mastodon(asked), asked)
    pages = _addresses(link for link in links if link.get("rel") == PROFILE_PAGE)
    page = next((each for each in pages if urlsplit(each).hostname == server), None)
    return Actor(uri, server, _subject(connection, body.get("subject")) or name, page)


def actor_server(connection: Connection, uri: str | None) -> str | None:
    """The server of an actor's address; None where that may not be asked, or is no such address."""
    found = ACTOR.fullmatch(uri or "")
    return connection.host_name(found["host"]) if found and found["host"].islower() else None


def _subject(connection: Connection, subject: Any) -> Name | None:
    found = SUBJECT.fullmatch(subject) if isinstance(subject, str) and len(subject) < 500 else None  # noqa: PLR2004
    if found is None:
        return None
    user, _, host = found[1].partition("@")
    name = connection.host_name(host)
    return Name(user, name) if name else None


def _is_actor(link: dict[str, Any]) -> bool:
    kind = link.get("type")
    return link.get("rel") == "self" and isinstance(kind, str) and ACTIVITY.fullmatch(kind) is not None


def _addresses(links: Iterable[dict[str, Any]]) -> Iterator[str]:
    hrefs = (link.get("href") for link in links)
    return (href for href in hrefs if isinstance(href, str))
