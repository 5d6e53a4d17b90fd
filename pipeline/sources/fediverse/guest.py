"""Asks one server what it shows to guests of an account, and tells its own faults and the account's state apart."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Self
from urllib.parse import urlencode

from pipeline import clock
from pipeline.errors import ServiceError
from pipeline.records import State
from pipeline.sources.fediverse import refusals, responses
from pipeline.sources.fediverse.connection import Answer, Connection
from pipeline.sources.fediverse.facts import NAME
from pipeline.sources.fediverse.refusals import NoAccountError, NotAskedError
from pipeline.sources.fediverse.webfinger import actor_server
from pipeline.sources.problems import not_in_time
from pipeline.sources.source import StopFlag

ACCOUNTS = "/api/v1/accounts"
SUSPENDED = {HTTPStatus.FORBIDDEN, HTTPStatus.GONE}
"""Seen in public issues of Mastodon; newer versions show the account, marked as suspended."""
Params = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class RemoteId:
    """The id of an account in the database: its actor's address, which never changes, and its id on that server."""

    uri: str
    server: str
    id: str

    @classmethod
    def parse(cls, text: str, connection: Connection) -> Self | None:
        """None where it is no such id, or its server may not be asked."""
        uri, _, account_id = text.rpartition("#")
        server = actor_server(connection, uri)
        return cls(uri, server, account_id) if server and responses.is_id(account_id) else None

    def __str__(self) -> str:
        return f"{self.uri}#{self.id}"


class Guest:
    """Asks a server. requests: how many were sent."""

    def __init__(self, connection: Connection, server: str, stop: StopFlag) -> None:
        self.connection, self.server, self.stop = connection, server, stop
        self.requests = 0

    def get(self, target: str, params: Params | None = None) -> Answer:
        """Ask for an account, or something of it. Raises ServiceError."""
        if self.stop.reason or time.monotonic() > self.stop.ends_at:
            raise refusals.not_asked(self.server, self.stop.reason or not_in_time(NAME))
        target = f"{ACCOUNTS}{target}" + (f"?{urlencode(params)}" if params else "")
        self.requests += 1
        try:
            return self.connection.get(self.server, target, ends_at=self.stop.ends_at)
        except NotAskedError:
            self.requests -= 1
            raise

    def look_up(self, name: str) -> responses.Account | None:
        """The account of a name on the server, None where it has none. Raises ServiceError, NoAccountError."""
        try:
            return self._account(self.get("/lookup", {"acct": name}))
        except NoAccountError as error:
            if error.state is State.MISSING:
                return None
            raise

    def account(self, account_id: str) -> responses.Account:
        """Raises ServiceError, NoAccountError."""
        return self._account(self.get(f"/{account_id}"))

    def page(self, account_id: str, params: Params) -> tuple[responses.Page, Answer]:
        """A page of the account's timeline, and the answer that it is of. Raises ServiceError, NoAccountError."""
        answer = self.get(f"/{account_id}/statuses", params)
        page = responses.page(answer.body, account_id, clock.now())
        if page is not None:
            return page, answer
        if answer.status == HTTPStatus.FORBIDDEN:  # its profile says whether the account is suspended
            self.account(account_id)
            raise NoAccountError(State.UNREADABLE)
        raise self._no_account(answer)

    def refuse(self, error: ServiceError) -> ServiceError:
        return self.connection.servers.refuse(error, self.server)

    def _account(self, answer: Answer) -> responses.Account:
        found = responses.account(answer.body)
        if found is None:
            raise self._no_account(answer)
        if found.is_suspended:
            raise NoAccountError(State.SUSPENDED)
        return found

    def _no_account(self, answer: Answer) -> Exception:
        """What an answer without an account means."""
        if answer.status in SUSPENDED:
            return NoAccountError(State.SUSPENDED)
        if answer.status == HTTPStatus.NOT_FOUND and answer.is_json:
            return NoAccountError(State.MISSING)
        return self.refuse(refusals.no_mastodon(self.server))
