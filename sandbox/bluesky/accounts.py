"""The accounts that the stand-in of Bluesky has, with their posts and what the control API changed in them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sandbox.bluesky import invented
from sandbox.bluesky.records import Account, Counts, Post, State, moment


@dataclass(frozen=True)
class LoadedAccount:
    """An account from the control API. changes: to the fields of its Account, by their names.

    posts: None leaves those that are there; their author is set when the account is loaded.
    """

    handle: str
    did: str | None
    changes: dict[str, Any]
    posts: tuple[Post, ...] | None = None


class ConflictError(ValueError):
    """A loaded account contradicts one that is there."""


class Accounts:
    """The accounts and their posts. One that is unknown is made up when it is asked for."""

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}
        self._dids: dict[str, str] = {}  # by handle
        self._posts: dict[str, dict[str, Post]] = {}  # by account and post id; loaded posts, none that are made up
        self._authors: dict[str, str] = {}  # the accounts' ids by the ids of loaded posts
        self._changed: dict[str, Counts] = {}
        self._deleted: set[str] = set()
        self._former: set[str] = set()  # handles that accounts had before they were renamed

    def all(self) -> list[Account]:
        return list(self._accounts.values())

    def find(self, actor: str) -> Account | None:
        """The account with this handle or id, whatever its state; None where there is none, or it is deleted."""
        account = self._by_did(actor) if actor.startswith("did:") else self._by_handle(actor.lower())
        return None if account is None or account.state is State.DELETED else account

    def _by_handle(self, handle: str) -> Account | None:
        if handle not in self._dids and handle not in self._former:
            self._remember(invented.invent(handle))
        did = self._dids.get(handle)
        account = None if did is None else self._accounts[did]
        return account if account is not None and account.valid_handle else None

    def _by_did(self, did: str) -> Account | None:
        return self._accounts.get(did) or invented.recall(did)

    def timeline(self, account: Account, now: datetime) -> list[Post]:
        """The account's posts and reposts; `counts` has their counts at a moment."""
        posts = invented.timeline(account.did, now) if account.invented else self._posts.get(account.did, {}).values()
        return [post for post in posts if post.rkey not in self._deleted and post.indexed_at <= now]

    def post(self, rkey: str, did: str | None = None) -> Post | None:
        """The post with this id, of this account where one is named."""
        found = None if rkey in self._deleted else self._find(rkey)
        return found if found is not None and did in (None, found.did) else None

    def counts(self, post: Post, now: datetime) -> Counts:
        return {**post.counts_at(now), **self._changed.get(post.rkey, {})}

    def change(self, rkey: str, counts: Counts) -> None:
        self._changed[rkey] = {**self._changed.get(rkey, {}), **counts}

    def delete(self, rkey: str) -> None:
        self._deleted.add(rkey)

    def with_loaded(self, loaded: Iterable[LoadedAccount]) -> "Accounts":
        """A copy that has these accounts too. Raises ConflictError."""
        copy = self._copy()
        for account in loaded:
            copy.load(account)
        return copy

    def _copy(self) -> "Accounts":
        copy = Accounts()
        copy._accounts, copy._dids, copy._former = dict(self._accounts), dict(self._dids), set(self._former)
        copy._posts = {did: dict(posts) for did, posts in self._posts.items()}
        copy._authors, copy._changed, copy._deleted = dict(self._authors), dict(self._changed), set(self._deleted)
        return copy

    def load(self, loaded: LoadedAccount) -> None:
        """Add or change one account. Raises ConflictError, and may have changed something by then."""
        account = self._account_for(loaded)
        if account.handle != loaded.handle and account.handle in self._dids:
            del self._dids[account.handle]
            self._former.add(account.handle)
        self._former.discard(loaded.handle)
        invented_still = account.invented and loaded.posts is None
        self._accounts[account.did] = replace(
            account, handle=loaded.handle, invented=invented_still, **{"valid_handle": True, **loaded.changes}
        )
        self._dids[loaded.handle] = account.did
        for post in loaded.posts or ():
            self._load_post(post, account.did)

    def _account_for(self, loaded: LoadedAccount) -> Account:
        known = self._dids.get(loaded.handle)
        if known is not None and loaded.did not in (None, known):
            if not self._accounts[known].invented:
                raise ConflictError(f"the account {loaded.handle} has the id {known} already, not {loaded.did}")
            del self._accounts[known], self._dids[loaded.handle]
            known = None
        fresh = replace(invented.invent(loaded.handle), state=State.ACTIVE, labels=())
        did = known or loaded.did or fresh.did
        return self._accounts.get(did) or replace(fresh, did=did, invented=not loaded.did)

    def _load_post(self, post: Post, did: str) -> None:
        if self._authors.setdefault(post.rkey, did) != did:
            raise ConflictError(f"the post {post.rkey} belongs to another account already")
        reference = post.reference and replace(post.reference, did=post.reference.did or did)
        self._posts.setdefault(did, {})[post.rkey] = replace(post, did=did, reference=reference)
        self._changed.pop(post.rkey, None)
        self._deleted.discard(post.rkey)

    def _remember(self, account: Account) -> None:
        # Where the id is known under another handle, the account was renamed, and its old handle is free.
        if account.did not in self._accounts:
            self._accounts[account.did] = account
            self._dids[account.handle] = account.did

    def _find(self, rkey: str) -> Post | None:
        if rkey in self._authors:
            return self._posts[self._authors[rkey]][rkey]
        written_at = moment(rkey)
        if written_at is None:
            return None
        authors = (account.did for account in self._accounts.values() if account.invented)
        return next(filter(None, (invented.find(did, rkey, written_at) for did in authors)), None)
