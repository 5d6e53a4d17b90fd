"""The store step for a network whose timelines are read in stages: first pages often, the whole seldom.

Each post is stored with the moment at which it was read. What a first page does not hold stays as it was read last.
"""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy.orm import Session

from pipeline.records import Due, FetchResult, State
from pipeline.settings import Settings
from pipeline.store import accounts, followers, posts
from pipeline.store.posts import FetchedApart
from pipeline.store.tables import Account


def store(session: Session, settings: Settings, answers: Iterable[tuple[Due, FetchResult]]) -> set[int]:
    """Store the fetch results of these readings; returns the ids of the accounts whose charts change.

    A result older than the stored one, as from a worker that was frozen, is ignored.
    """
    pairs = list(answers)
    rows = {account.id: account for account in accounts.get_many(session, {due.account_id for due, _ in pairs})}
    known = [_Answer(settings, rows[due.account_id], due, result) for due, result in pairs if due.account_id in rows]
    current = [each for each in known if not each.is_outdated]
    apart = [each.as_apart(session) for each in current if each.result.posts is not None]
    changed = {each.account.id for each in current if _save_outcome(each)}
    told = [(each.account, each.result) for each in current]
    changed |= {account.id for account, result in told if followers.save(session, account, result.followers, result.at)}
    session.flush()
    return changed | posts.save_apart(session, apart)


class _Answer(NamedTuple):
    """The answer to a request for an account's first page, or for its whole timeline."""

    settings: Settings
    account: Account
    due: Due
    result: FetchResult

    @property
    def is_outdated(self) -> bool:
        return self.account.fetched_at is not None and self.account.fetched_at > self.result.at

    @property
    def is_whole(self) -> bool:
        """Whether it goes as deep as charts go, or as the timeline, and nothing failed on the way."""
        is_deep = self.result.ended or self.due.depth >= self.settings.posts_per_account
        return is_deep and self.result.problem is None

    @property
    def is_found(self) -> bool:
        """Whether no post is unknown now that was made since they were all known before."""
        before, read = self.account.fetched_at, self.result.posts or ()
        return self.is_whole or before is None or any(post.created_at <= before for post in read)

    def as_apart(self, session: Session) -> FetchedApart:
        """Its posts, and those that are gone: stored ones that are not where their neighbours are.

        The last post of a page may have others of the same moment behind it.
        """
        read = self.result.posts or ()
        since = min((post.created_at for post in read), default=posts.LATEST)
        since = posts.EARLIEST if self.result.ended or (self.is_whole and self.result.complete) else since
        sure = self.result.sure_until
        stored = set() if self.result.partial else posts.list_ids_between(session, self.account.id, since, sure)
        gone = sorted(stored - {post.id for post in read})
        before = self.account.fetched_at
        return FetchedApart(self.account.id, self.result.at, read, gone, found=self.is_found, found_before=before)


def _save_outcome(answer: _Answer) -> bool:
    """Store how the reading went; returns whether that changes what charts say of the account.

    Where a first page does not reach back to the one before, the whole timeline is read next.
    """
    account, result = answer.account, answer.result
    before = accounts.displayed(account)
    account.polled_at = result.at if result.was_asked else account.polled_at
    if result.posts is None:
        account.state, account.problem = result.state or account.state, result.problem
        return accounts.displayed(account) != before
    account.state, account.problem = State.ACTIVE, None
    if answer.is_whole:
        account.older_at = result.at
        account.requests = result.requests if result.complete else max(result.requests, account.requests or 0)
    if answer.is_found:
        account.fetched_at, account.stale = result.at, False
    else:
        account.older_at = None
    return accounts.displayed(account) != before
