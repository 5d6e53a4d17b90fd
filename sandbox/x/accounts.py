"""The accounts that the stand-in of X has, with their posts and what the control API changed in them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sandbox import lives
from sandbox.x import invented
from sandbox.x.records import Account, Counts, Post, State, moment


@dataclass(frozen=True)
class LoadedAccount:
    """An account from a file or the control API. None: that stays as it is."""

    username: str
    id: int | None = None
    name: str | None = None
    state: State | None = None
    followers: int | None = None
    posts: tuple[Post, ...] | None = None
    """Their author_id is set when the account is loaded."""


class ConflictError(ValueError):
    """A loaded account contradicts one that is there."""


class Accounts:
    """The accounts and their posts.

    invents: an account that is unknown is made up when it is asked for.
    """

    def __init__(self, *, invents: bool) -> None:
        self._invents = invents
        self._accounts: dict[int, Account] = {}
        self._ids: dict[str, int] = {}  # by handle in lower case
        self._posts: dict[int, dict[int, Post]] = {}  # by account and post id; loaded posts, none that are made up
        self._authors: dict[int, int] = {}  # account ids by the ids of loaded posts
        self._changed: dict[int, Counts] = {}
        self._deleted: set[int] = set()
        self.growing_since: datetime | None = None
        """Since when loaded posts grow by themselves; None: they do not."""

    def all(self) -> list[Account]:
        return list(self._accounts.values())

    def by_username(self, username: str) -> Account | None:
        """The account with this handle; None if there is none."""
        if username.lower() not in self._ids and self._invents:
            self._remember(invented.invent(username))
        known = self._ids.get(username.lower())
        return None if known is None else _if_there(self._accounts[known])

    def by_id(self, account_id: int) -> Account | None:
        known = self._accounts.get(account_id)
        if known is None and self._invents:
            known = invented.recall(account_id)
        return known and _if_there(known)

    def timeline(self, account: Account, now: datetime) -> list[Post]:
        """The account's posts, newest first; `counts` has their counts at a moment."""
        if account.invented:
            posts = invented.timeline(account.id, now)
        else:
            posts = sorted(self._posts.get(account.id, {}).values(), key=lambda post: post.id, reverse=True)
        return [post for post in posts if post.id not in self._deleted]

    def post(self, post_id: int) -> Post | None:
        return None if post_id in self._deleted else self._find(post_id)

    def counts(self, post: Post, now: datetime) -> Counts:
        counts = post.counts_at(now)
        if self.growing_since and post.growth is None:
            counts = lives.grown(counts, post.id, (now - self.growing_since).total_seconds())
        return {**counts, **self._changed.get(post.id, {})}

    def change(self, post_id: int, counts: Counts) -> None:
        self._changed[post_id] = {**self._changed.get(post_id, {}), **counts}

    def delete(self, post_id: int) -> None:
        self._deleted.add(post_id)

    def with_loaded(self, loaded: Iterable[LoadedAccount]) -> "Accounts":
        """A copy that has these accounts too. Raises ConflictError."""
        copy = self._copy()
        for account in loaded:
            copy.load(account)
        return copy

    def _copy(self) -> "Accounts":
        copy = Accounts(invents=self._invents)
        copy._accounts, copy._ids = dict(self._accounts), dict(self._ids)
        copy._posts = {account_id: dict(posts) for account_id, posts in self._posts.items()}
        copy._authors, copy._changed, copy._deleted = dict(self._authors), dict(self._changed), set(self._deleted)
        copy.growing_since = self.growing_since
        return copy

    def load(self, loaded: LoadedAccount) -> None:
        """Add or change one account. Raises ConflictError, and may have changed something by then."""
        account = self._account_for(loaded)
        self._ids.pop(account.username.lower(), None)  # the account may have been renamed
        self._accounts[account.id] = replace(
            account,
            username=loaded.username,
            name=loaded.name or account.name,
            state=loaded.state or account.state,
            followers=account.followers if loaded.followers is None else loaded.followers,
            invented=account.invented and loaded.posts is None,
        )
        self._ids[loaded.username.lower()] = account.id
        for post in loaded.posts or ():
            self._load_post(post, account.id)

    def _account_for(self, loaded: LoadedAccount) -> Account:
        known = self._ids.get(loaded.username.lower())
        if known is not None and loaded.id not in (None, known):
            if not self._accounts[known].invented:
                raise ConflictError(f"the account {loaded.username} has the id {known} already, not {loaded.id}")
            del self._accounts[known], self._ids[loaded.username.lower()]
            known = None
        fresh = replace(invented.invent(loaded.username), state=State.ACTIVE, invented=self._invents)
        account_id = known or loaded.id or fresh.id
        return self._accounts.get(account_id) or replace(fresh, id=account_id, invented=self._invents and not loaded.id)

    def _load_post(self, post: Post, author_id: int) -> None:
        if self._authors.setdefault(post.id, author_id) != author_id:
            raise ConflictError(f"the post {post.id} belongs to another account already")
        self._posts.setdefault(author_id, {})[post.id] = replace(post, author_id=author_id)
        self._changed.pop(post.id, None)
        self._deleted.discard(post.id)

    def _remember(self, account: Account) -> None:
        # Where the id is known under another handle, the account was renamed, and its old handle is free.
        if account.id not in self._accounts:
            self._accounts[account.id] = account
            self._ids[account.username.lower()] = account.id

    def _find(self, post_id: int) -> Post | None:
        if post_id in self._authors:
            return self._posts[self._authors[post_id]][post_id]
        written_at = moment(post_id)
        author_ids = (account.id for account in self._accounts.values() if account.invented)
        return next(filter(None, (invented.find(author, post_id, written_at) for author in author_ids)), None)


def _if_there(account: Account) -> Account | None:
    return None if account.state is State.MISSING else account
