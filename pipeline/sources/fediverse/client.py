"""The fediverse as a source of posts: whom handles name, and what the servers show of them to guests."""

import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TypeVar

from pipeline.errors import ServiceError
from pipeline.i18n import lazy_gettext
from pipeline.records import Due, FetchResult, LazyString, Observed, Profile, State
from pipeline.settings import Settings
from pipeline.sources.fediverse import fetch, refusals, responses, webfinger
from pipeline.sources.fediverse.connection import Connection
from pipeline.sources.fediverse.facts import HANDLE
from pipeline.sources.fediverse.guest import Guest, Params, RemoteId
from pipeline.sources.fediverse.refusals import NoAccountError
from pipeline.sources.fediverse.webfinger import Actor, Name
from pipeline.sources.source import StopFlag
from pipeline.user_agent import user_agent

Item = TypeVar("Item")
Result = TypeVar("Result")

WITHIN_S = 15.0
"""For all profiles that are asked for at once, however slow their servers are: a chat waits for them 20 seconds."""
THREADS = 10
META = {"threads.net", "threads.com"}
"""Threads is of the fediverse, but has no API for guests."""
BRIDGE = "bsky.brid.gy"
"""Where Bridgy Fed shows accounts of another network, each under its handle there."""
ONE_POST: Params = {"limit": 1, "exclude_reblogs": "true", "exclude_replies": "true"}


def connect(settings: Settings) -> "FediverseClient":
    address, proxy = settings.fediverse_api_url, settings.sources_proxy
    return FediverseClient(Connection(address, user_agent(settings.contact), proxy=proxy))


class FediverseClient:
    """One object a process: its threads share the connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def look_up(self, handles: Sequence[str]) -> list[Profile]:
        """What its own server says of each handle, in their order. Never raises: a profile's note says why not."""
        return _side_by_side(self._look_up, handles)

    def profiles(self, remote_ids: Sequence[str]) -> list[Profile]:
        """The profiles of these accounts, without those that their servers do not show now. Never raises."""
        return [profile for profile in _side_by_side(self._profile, remote_ids) if profile is not None]

    def fetch(self, due: Due, now: datetime, stop: StopFlag) -> FetchResult:
        """The account's own posts that are due. Never raises."""
        return fetch.fetch(self._connection, due, now, stop)

    def observed(self) -> Observed:
        """How much each server may be asked; nothing of the network as a whole."""
        return Observed(windows=self._connection.servers.windows())

    def _look_up(self, handle: str, stop: StopFlag) -> Profile:
        name = self._name(handle)
        if name is None:
            return Profile(handle, State.UNREADABLE, note=refusals.not_allowed(handle.partition("@")[2]).text)
        if name.host == BRIDGE:
            return Profile(handle, State.MISSING, note=_original(name.user))
        if name.host.removeprefix("www.") in META:
            return Profile(
                handle, State.UNREADABLE, note=lazy_gettext("Threads shows no figures to people who are not signed in")
            )
        try:
            self._connection.servers.check_spare(name.host)
            actor = webfinger.find(self._connection, name, stop.ends_at)
            self._connection.servers.check_spare(actor.server)
            guest = Guest(self._connection, actor.server, stop)
            account = _find(guest, actor)
            page, _ = guest.page(account.id, ONE_POST)
        except NoAccountError as error:
            return Profile(handle, error.state)
        except ServiceError as error:
            return Profile(handle, State.UNREADABLE, note=error.text)
        return _to_profile(actor, account, has_posts=page.size > 0)

    def _profile(self, remote_id: str, stop: StopFlag) -> Profile | None:
        """The handle is found anew from the account's name: its domain may be another than its server's."""
        known = RemoteId.parse(remote_id, self._connection)
        if known is None:
            return None
        try:
            account = Guest(self._connection, known.server, stop).account(known.id)
            actor = webfinger.find(self._connection, Name(account.user, known.server), stop.ends_at)
        except (NoAccountError, ServiceError):
            return None
        return _to_profile(actor, account) if actor.uri == known.uri and account.may_be(known.uri) else None

    def _name(self, handle: str) -> Name | None:
        user, _, host = handle.partition("@")
        name = self._connection.host_name(host)
        return Name(user, name) if name and re.fullmatch(HANDLE, handle) else None


def _original(handle: str) -> LazyString:
    """Of a copy: its counts are only those from the fediverse."""
    return lazy_gettext("a copy without the original's figures; track the original instead: {handle}", handle=handle)


def _find(guest: Guest, actor: Actor) -> responses.Account:
    """The account of the actor on its server. Raises ServiceError, NoAccountError."""
    for name in (actor.name.user, actor.name.handle):
        account = guest.look_up(name)
        if account is not None and account.is_at(actor.uri, actor.page):
            return account
    raise refusals.no_mastodon(guest.server)


def _to_profile(actor: Actor, account: responses.Account, *, has_posts: bool = True) -> Profile:
    is_same = account.user.lower() == actor.name.user.lower()
    handle = f"{account.user if is_same else actor.name.user}@{actor.name.host}"
    is_hidden = not has_posts and bool(account.posts)
    hidden = [lazy_gettext("shows no posts of its own to people who are not signed in")] if is_hidden else []
    note = responses.notes([*hidden, *([account.note] if account.note else [])])
    remote_id = str(RemoteId(actor.uri, actor.server, account.id))
    return Profile(handle, State.ACTIVE, remote_id, account.posts, account.joined_at, account.followers, note)


def _side_by_side(ask: Callable[[Item, StopFlag], Result], items: Sequence[Item]) -> list[Result]:
    """Ask for all items at once, in their order; each ends in time, since all its requests do."""
    stop = StopFlag(ends_at=time.monotonic() + WITHIN_S)
    with ThreadPoolExecutor(THREADS, thread_name_prefix="look-up") as pool:
        return list(pool.map(lambda item: ask(item, stop), items))
