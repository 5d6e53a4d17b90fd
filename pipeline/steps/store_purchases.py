"""The store step for a network with a price: what its answers cost, the posts in them, and when each is read again."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import numpy as np
from sqlalchemy.orm import Session

from pipeline.planning import pace, refresh
from pipeline.records import Due, FetchResult, Post, PostsResult, State
from pipeline.settings import Settings
from pipeline.sources.source import Network
from pipeline.steps.fetch import FetchedChunk
from pipeline.steps.priced_network import PricedNetwork
from pipeline.steps.purchases import question
from pipeline.store import accounts, budget, day_plans, ledger, network_status, openings, posts, reading_queue, shares
from pipeline.store.openings import Day
from pipeline.store.posts import FetchedApart, StoredPost
from pipeline.store.reading_queue import UNREADABLE_AGAIN_AFTER
from pipeline.store.tables import Account

STALE_AFTER = timedelta(minutes=1)
"""An account is late when it was not asked for new posts for this long, and is not due later."""
BURST, BURST_TIMES = 10, 4
"""An account is not asked for new posts any more today once it made this many, and this many times its usual number."""
EARLY = 0.4
"""The part of a tick by which a turn is due early, so that the tick that it is meant for finds it due."""
HOUR = timedelta(hours=1)


def store(
    session: Session, settings: Settings, network: Network, fetched: Sequence[FetchedChunk], now: datetime
) -> set[int]:
    """Store what these chunks of the network brought; returns the ids of the accounts whose charts change."""
    network_status.observe(session, network.key, [chunk.observed for chunk in fetched], now)
    at = PricedNetwork.at(session, settings, network, now)
    due = [(each, result) for chunk in fetched for each, result in zip(chunk.due, chunk.results, strict=True)]
    rows = {account.id: account for account in accounts.get_many(session, {each.account_id for each, _ in due})}
    known = [_Answer(rows[each.account_id], each, result) for each, result in due if each.account_id in rows]
    answers = _by_ids(at, fetched)
    hidden = {each.account.id for each in known if each.result.state is not None}
    apart = [each.as_apart() for each in known if each.result.posts is not None] + _by_account(answers, hidden)
    before = posts.load(session, apart)
    _bill_timelines(at, due)
    _bill_posts(at, answers)
    _ask_again(at, answers, hidden)
    _settle(at, fetched)
    changed = posts.save_apart(session, apart, before) | _save_outcomes(at, known)
    if deleted_of := {each.account_id for each in apart if each.gone}:
        reading_queue.fill_up(session, deleted_of, settings.posts_per_account)
    _read_again_later(at, apart, before)
    session.flush()
    return changed


class _Answer(NamedTuple):
    """The answer to a request for an account's posts."""

    account: Account
    due: Due
    result: FetchResult

    @property
    def is_found(self) -> bool:
        """Whether all of the account's new posts are known now."""
        return self.due.until_id is None and (self.result.complete or self.is_first_part)

    @property
    def is_first_part(self) -> bool:
        """Whether it has the newest of the posts that were asked for, the rest of which is asked for next."""
        return self.due.since_id is None and bool(self.result.posts) and not self.result.partial

    @property
    def leaves_older(self) -> bool:
        """Whether there may be older posts that were not read: of an account that is new, or was long behind."""
        return self.due.since_id is None or len(self.result.posts or ()) >= self.due.depth

    def as_apart(self) -> FetchedApart:
        read, before = self.result.posts or (), self.account.fetched_at
        return FetchedApart(self.account.id, self.result.at, read, found=self.is_found, found_before=before)


class _AnswerByIds(NamedTuple):
    """The answer to a request for posts by their ids, which were asked for on a day, by their authors."""

    day: Day
    result: PostsResult
    authors: Mapping[str, int | None]

    @property
    def missing(self) -> list[str]:
        """The posts that were not returned."""
        returned = {post.id for post in self.result.posts or ()}
        return [post_id for post_id in self.result.post_ids if post_id not in returned]


def _by_ids(at: PricedNetwork, fetched: Iterable[FetchedChunk]) -> list[_AnswerByIds]:
    answers = [(_day_asked(at, chunk), each) for chunk in fetched for each in chunk.posts if each.posts is not None]
    authors: dict[Day, dict[str, int | None]] = {}
    for day in dict.fromkeys(day for day, _ in answers):
        asked = [post_id for other, result in answers if other == day for post_id in result.post_ids]
        authors[day] = openings.accounts_of(at.session, day, asked)
    return [_AnswerByIds(day, result, _pick(authors[day], result.post_ids)) for day, result in answers]


def _day_asked(at: PricedNetwork, chunk: FetchedChunk) -> Day:
    return Day(at.key, date.fromisoformat(chunk.day)) if chunk.day else at.day


def _pick(authors: Mapping[str, int | None], post_ids: Iterable[str]) -> dict[str, int | None]:
    return {post_id: authors[post_id] for post_id in post_ids if post_id in authors}


def _day_of(at: PricedNetwork, result: FetchResult | PostsResult) -> Day:
    """The day that the network billed the answer to: that of the time in it."""
    return at.day if result.answered_at is None else Day(at.key, result.answered_at.date())


def _by_account(answers: Iterable[_AnswerByIds], hidden: Collection[int]) -> list[FetchedApart]:
    """The posts that were asked for by their ids, by account.

    hidden: accounts whose timelines are not shown any more: their posts are not either, and do not count as deleted.
    """
    apart = []
    for _, result, authors in answers:
        for account_id in {author for author in authors.values() if author is not None}:
            mine = [post for post in result.posts or () if authors.get(post.id) == account_id]
            gone = [post_id for post_id in result.gone if authors.get(post_id) == account_id]
            apart.append(FetchedApart(account_id, result.at, mine, () if account_id in hidden else gone))
    return apart


def _bill_timelines(at: PricedNetwork, due: Iterable[tuple[Due, FetchResult]]) -> None:
    """Count the posts that timelines returned; those that were opened before are repeats."""
    returned: dict[Day, dict[str, int | None]] = {}
    for each, result in due:
        of_day = returned.setdefault(_day_of(at, result), {})
        of_day.update((post.id, each.account_id) for post in result.posts or ())
    repeated = _record(at, returned)
    if repeated:
        network_status.get(at.session, at.key).repeats += repeated


def _record(at: PricedNetwork, returned: Mapping[Day, Mapping[str, int | None]]) -> int:
    """Count the posts that were returned, by day and id; returns how many of them were asked for before."""
    return sum(openings.record(at.session, day, ledger.POSTS, authors) for day, authors in returned.items() if authors)


def _bill_posts(at: PricedNetwork, answers: Iterable[_AnswerByIds]) -> None:
    """Take back what was counted for posts that were asked for and not returned.

    Where the network has billed an answer to another day than it was asked on, both days count it: none is too low.
    """
    missing: dict[Day, list[str]] = {}
    returned: dict[Day, dict[str, int | None]] = {}
    for answer in answers:
        missing.setdefault(answer.day, []).extend(answer.missing)
        of_day = returned.setdefault(_day_of(at, answer.result), {})
        of_day.update((post.id, answer.authors.get(post.id)) for post in answer.result.posts or ())
    for day, post_ids in missing.items():
        openings.release(at.session, day, ledger.POSTS, post_ids)
    _record(at, returned)


def _ask_again(at: PricedNetwork, answers: Iterable[_AnswerByIds], hidden: Collection[int]) -> None:
    """Ask again for posts that were not shown and are not deleted, once their accounts are shown."""
    for answer in answers:
        deleted = {each for each in answer.result.gone if answer.authors.get(each) not in hidden}
        unseen = [each for each in answer.missing if each not in deleted]
        openings.defer(at.session, answer.day, dict.fromkeys(unseen, at.now + at.settings.tick))


def _settle(at: PricedNetwork, fetched: Iterable[FetchedChunk]) -> None:
    """Replace what was reserved for each chunk by what its answers leave open, and release what they answer at last."""
    for chunk in fetched:
        if chunk.reservation is None:
            continue
        pairs = list(zip(chunk.due, chunk.results, strict=True))
        unanswered = {_open_question(due, result): result.unanswered for due, result in pairs if result.unanswered}
        openings.settle(at.session, chunk.reservation, unanswered)
        answered = {question(due) for due, result in pairs if result.complete}
        openings.release_answered(at.session, at.day, ledger.POSTS, answered)


def _open_question(due: Due, result: FetchResult) -> str:
    """What is asked next to learn what a lost answer held: the same, or the posts before those that were returned."""
    if due.since_id is None and result.posts:
        return question(replace(due, until_id=_ordered(result.posts)[0].id))
    return question(due)


def _ordered(read: Iterable[Post]) -> list[Post]:
    """Posts, the oldest first."""
    return sorted(read, key=lambda post: (post.created_at, post.id))


def _save_outcomes(at: PricedNetwork, known: Sequence[_Answer]) -> set[int]:
    """Store how each request went, and when its account is asked next; returns the ids of those whose charts change."""
    if not known:
        return set()
    planned = day_plans.last(at.session, at.key) or at.day.date  # just after midnight, yesterday's list holds
    bursts = _bursts(at, known)
    changed = set()
    for answer, interval in zip(known, _intervals(at, [each.account for each in known]), strict=True):
        account, before = answer.account, accounts.displayed(answer.account)
        _save_outcome(answer)
        _save_reach(at, answer)
        _schedule(at, answer, interval, planned, is_burst=account.id in bursts)
        changed |= {account.id} if accounts.displayed(account) != before else set()
    return changed


def _save_outcome(answer: _Answer) -> None:
    account, result = answer.account, answer.result
    if account.fetched_at is not None and account.fetched_at > result.at:
        return
    account.polled_at = result.at if result.was_asked else account.polled_at
    if result.posts is None:
        account.state, account.problem = result.state or account.state, result.problem
        return
    account.state, account.problem = State.ACTIVE, None
    if answer.is_found:
        account.fetched_at, account.stale = result.at, False


def _save_reach(at: PricedNetwork, answer: _Answer) -> None:
    """Store up to which post all are stored, and from which on older ones are to be read."""
    account, due, result = answer
    if result.posts is None or not (result.complete or answer.is_first_part):
        return
    ordered = _ordered(result.posts)
    if due.until_id is None and ordered:
        account.since_id = ordered[-1].id
    if answer.leaves_older:
        oldest = None if result.ended or not ordered else ordered[0]
        account.fetched_back_to = oldest and oldest.created_at
        account.until_id = oldest and _older_than(at, account, oldest)


def _older_than(at: PricedNetwork, account: Account, oldest: Post) -> str | None:
    """The id of the oldest post that was read, if older ones are to be read: fewer than wanted are stored from it on.

    Posts that are older still do not count: others may be missing in between.
    """
    stored = posts.count_since(at.session, {account.id}, oldest.created_at).get(account.id, 0)
    return None if stored >= at.settings.posts_per_account else oldest.id


def _schedule(at: PricedNetwork, answer: _Answer, interval: timedelta, planned: date, *, is_burst: bool) -> None:
    """When the account is asked for new posts next: not again today where today's are not paid for.

    planned: the day whose list holds.
    """
    account, due, result = answer
    if result.state is not None and account.fetched_at is not None:
        account.next_at = result.at + UNREADABLE_AGAIN_AFTER
    if not answer.is_found:
        return
    if due.since_id is None and account.posts_per_day is None:
        account.posts_per_day = _first_rate(result.posts or (), result.at)
    if account.finds_on is None and _pays_today(at, account):
        account.finds_on = planned
    if is_burst:
        account.finds_on = planned - timedelta(days=1)
    account.next_at = result.at + interval if account.finds_on == planned else None


def _pays_today(at: PricedNetwork, account: Account) -> bool:
    """Whether the chats that track a new account can pay the posts that it will probably make until midnight."""
    left = (network_status.end_of_day(at.day.date) - at.time.now) / timedelta(days=1)
    usd = at.price.post_usd * Decimal((account.posts_per_day or 0) * left)
    if at.is_common:
        return usd <= at.money().left - at.price.post_usd * at.kept_posts()
    chats = shares.chats_by_account(at.session, at.key, [account.id]).get(account.id, ())
    day = budget.shares_of_day(at.session, at.network, at.money(), chats)
    return usd <= sum((day.left_for(chat) for chat in chats), Decimal(0))


def _bursts(at: PricedNetwork, known: Iterable[_Answer]) -> set[int]:
    """The ids of the accounts, of those with new posts, that made so many today that no more are paid for."""
    midnight = network_status.end_of_day(at.day.date) - timedelta(days=1)
    usual = {
        each.account.id: each.account.posts_per_day or 0
        for each in known
        if each.result.posts and each.due.since_id is not None
    }
    made = posts.count_since(at.session, usual, midnight)
    return {account_id for account_id, count in made.items() if count > BURST + BURST_TIMES * usual[account_id]}


def _first_rate(read: Sequence[Post], at: datetime) -> float:
    """Posts a day, by the times of the first posts that were read: their number / the time since the oldest."""
    oldest = min((post.created_at for post in read), default=at)
    return len(read) / max((at - oldest) / timedelta(days=1), 1)


def _intervals(at: PricedNetwork, asked: Sequence[Account]) -> list[timedelta]:
    """The time between two questions to each of these accounts."""
    allowed = network_status.limit(at.session, at.key, "timelines", at.limits.requests)
    rates = [account.posts_per_day or 0.0 for account in asked]
    others = reading_queue.rates(at.session, at.key, without=[account.id for account in asked])
    per_s = allowed / at.limits.window.total_seconds()
    waits = pace.intervals_s(np.array([*rates, *others]), tick_s=at.settings.tick_seconds, requests_per_s=per_s)
    return [timedelta(seconds=float(wait)) - EARLY * at.settings.tick for wait in waits[: len(asked)]]


def _read_again_later(
    at: PricedNetwork, apart: Iterable[FetchedApart], before: Mapping[tuple[int, str], StoredPost]
) -> None:
    """When each post that was read is read again, by its age and its growth."""
    read = [(each, post) for each in apart for post in each.posts]
    if not read:
        return
    typical = day_plans.typical_counts(at.session, {each.account_id for each, _ in read})
    ages = np.array([(at.time.now - post.created_at).total_seconds() for _, post in read])
    growth = np.array([_growth_per_hour(before.get((each.account_id, post.id)), post, each.at) for each, post in read])
    medians = np.array([typical.get(each.account_id, 0.0) for each, _ in read])
    waits = refresh.wait_s(ages, growth, medians, tick_s=at.settings.tick_seconds).tolist()
    later = {post.id: at.now + timedelta(seconds=wait) for (_, post), wait in zip(read, waits, strict=True)}
    openings.defer(
        at.session, at.day, {post_id: moment - EARLY * at.settings.tick for post_id, moment in later.items()}
    )


def _growth_per_hour(before: StoredPost | None, post: Post, at: datetime) -> float:
    """By how much its reposts grew, as of an hour; 0 where it was not read before."""
    old, new = before and before.counts.reposts, post.counts.reposts
    if before is None or before.read_at is None or old is None or new is None:
        return 0.0
    return (new - old) / max((at - before.read_at) / HOUR, 1 / 3600)
