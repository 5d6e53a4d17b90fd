"""The accounts that the stand-in of the fediverse has, with their posts and what the control API changed in them."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sandbox.fediverse import invented
from sandbox.fediverse.ids import moment
from sandbox.fediverse.records import Account, Counts, Post, State, Visibility
from sandbox.fediverse.servers import Server, Servers

Key = tuple[str, int]
"""A server's host, and an id of it: each server numbers its accounts and posts by itself."""


@dataclass(frozen=True)
class LoadedAccount:
    """An account from a file or the control API. changes: fields of Account; what is not among them stays as it is."""

    username: str
    domain: str
    id: int | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    posts: tuple[Post, ...] | None = None


class ConflictError(ValueError):
    """A loaded account contradicts one that is there."""


class Accounts:
    """All accounts that a handle can name; those that were not loaded are made up when they are asked for."""

    def __init__(self) -> None:
        self._accounts: dict[Key, Account] = {}
        self._ids: dict[tuple[str, str], int] = {}  # by host and username in lower case
        self._posts: dict[Key, dict[int, Post]] = {}  # by account and post id; loaded posts, none that are made up
        self._changed: dict[Key, Counts] = {}
        self._deleted: set[Key] = set()

    def all(self) -> list[Account]:
        return list(self._accounts.values())

    def named(self, server: Server, username: str) -> Account:
        """The account of this name on a server, whatever its state."""
        key = (server.host, username.lower())
        if key not in self._ids:
            self._put(invented.invent(server, username))
        return self._accounts[server.host, self._ids[key]]

    def by_id(self, server: Server, account_id: int) -> Account | None:
        """None for an id that no account has that was asked for by its name or loaded."""
        return self._accounts.get((server.host, account_id))

    def timeline(self, account: Account, now: datetime) -> list[Post]:
        """The account's posts, newest first; `counts` has their counts at a moment."""
        if account.invented:
            posts = invented.timeline(account, now)
        else:
            loaded = self._posts.get((account.host, account.id), {})
            posts = sorted(loaded.values(), key=lambda post: post.id, reverse=True)
        return [post for post in posts if (account.host, post.id) not in self._deleted]

    def post(self, server: Server, post_id: int) -> tuple[Account, Post] | None:
        """The post of this id, with its author."""
        if (server.host, post_id) in self._deleted:
            return None
        mine = [account for account in self._accounts.values() if account.host == server.host]
        found = ((account, self._find(account, post_id)) for account in mine)
        return next(((account, post) for account, post in found if post), None)

    def counts(self, account: Account, post: Post, now: datetime) -> Counts:
        return {**post.counts_at(now), **self._changed.get((account.host, post.id), {})}

    def change(self, server: Server, post_id: int, counts: Counts) -> None:
        key = (server.host, post_id)
        self._changed[key] = {**self._changed.get(key, {}), **counts}

    def delete(self, server: Server, post_id: int) -> None:
        self._deleted.add((server.host, post_id))

    def with_loaded(self, servers: Servers, loaded: Iterable[LoadedAccount]) -> "Accounts":
        """A copy that has these accounts too. Raises ConflictError."""
        copy = deepcopy(self)
        for account in loaded:
            copy.load(servers, account)
        return copy

    def load(self, servers: Servers, loaded: LoadedAccount) -> None:
        """Add or change one account. Raises ConflictError, and may have changed something by then."""
        server = servers.of_domain(loaded.domain)
        if server is None:
            raise ConflictError(f"{loaded.domain} is not the name of a server")
        account = replace(self._account_for(server, loaded), **loaded.changes)
        self._put(replace(account, invented=account.invented and loaded.posts is None))
        for post in loaded.posts or ():
            self._load_post(account, post)

    def _account_for(self, server: Server, loaded: LoadedAccount) -> Account:
        is_known = (server.host, loaded.username.lower()) in self._ids
        account = self.named(server, loaded.username)
        if not is_known:  # what is loaded is as it is loaded, whatever words its name has
            account = replace(account, state=State.ACTIVE, moved_to=None, limited=False, noindex=False, memorial=False)
        if loaded.id in {None, account.id}:
            return account
        if (is_known and not account.invented) or self.by_id(server, loaded.id or 0):
            raise ConflictError(f"{account.handle} cannot have the id {loaded.id}: it, or another account, has one")
        del self._accounts[server.host, account.id]
        return replace(account, id=loaded.id or 0)

    def _put(self, account: Account) -> None:
        self._accounts[account.host, account.id] = account
        self._ids[account.host, account.username.lower()] = account.id

    def _load_post(self, account: Account, post: Post) -> None:
        for (host, account_id), posts in self._posts.items():
            if host == account.host and account_id != account.id and post.id in posts:
                raise ConflictError(f"the post {post.id} of {host} belongs to another account already")
        self._posts.setdefault((account.host, account.id), {})[post.id] = post
        self._changed.pop((account.host, post.id), None)
        self._deleted.discard((account.host, post.id))

    def _find(self, account: Account, post_id: int) -> Post | None:
        if account.invented:
            return invented.find(account, post_id, moment(post_id))
        return self._posts.get((account.host, account.id), {}).get(post_id)


def is_shown(account: Account, post: Post) -> bool:
    """Whether a guest sees the post. The server shows none of an account that is suspended."""
    if account.state in {State.PRIVATE, State.SUSPENDED}:
        return False
    return post.visibility is not Visibility.PRIVATE
