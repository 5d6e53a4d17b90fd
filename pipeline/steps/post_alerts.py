"""Alerts of posts: those that break out, and those that reach a milestone, by what a tick has read anyway.

A post is looked at where its last reading, or its birth, is known: what a first reading of an account or of an older
post finds is no news. Its count before and its count now are held against the same usual, so that a deleted post or a
late reading of others, which change what is usual, make no alert by themselves. Replies to others are left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.i18n import lazy_gettext
from pipeline.planning.breakout import FALSE_A_MONTH, FURTHER_FALSE_A_MONTH, MONTH, Usual, usual_of
from pipeline.records import AlertKind, Counts, LazyString, Metric, Post
from pipeline.sources import registry
from pipeline.sources.registry import NETWORKS
from pipeline.steps.fetch import FetchedChunk
from pipeline.store import accounts, alerts, openings, posts
from pipeline.store.alerts import Listener
from pipeline.store.openings import Day
from pipeline.store.posts import COUNT_COLUMNS
from pipeline.store.tables import Account
from pipeline.store.tables import Post as PostRow

OLDEST = timedelta(hours=48)
"""A post breaks out at this age at most."""
WATCHED_FOR = timedelta(days=7)
"""Milestones of older posts are not told."""
NEWEST = 100
"""Posts of an account by which it is told what is usual."""
LEAST_MILESTONE = 1_000
LEAST_OTHERS = 20
"""With fewer posts nobody knows that a milestone is a rare one."""


class Reading(NamedTuple):
    """A post's counts at a moment."""

    counts: Counts
    at: datetime


@dataclass(frozen=True)
class Watched:
    """What was known of accounts that chats are alerted of, before a tick's answers are stored; by the account's id.

    fetched_at: when all their posts were known. readings: the last ones of their newer posts, by the post's id.
    """

    network: str
    listeners: Mapping[int, Sequence[Listener]]
    fetched_at: Mapping[int, datetime]
    readings: Mapping[int, Mapping[str, Reading]]


def watch(session: Session, network: str, fetched: Sequence[FetchedChunk], now: datetime) -> Watched:
    """What is known now of the accounts of the network that these chunks tell of.

    Costs a single query where no chat has alerts on.
    """
    listeners = alerts.listeners(session, _accounts_of(session, network, fetched)) if alerts.are_sent(session) else {}
    if not listeners:
        return Watched(network, {}, {}, {})
    fetched_at = {each.id: each.fetched_at for each in accounts.get_many(session, listeners) if each.fetched_at}
    readings: dict[int, dict[str, Reading]] = {account_id: {} for account_id in fetched_at}
    columns = PostRow.account_id, PostRow.post_id, PostRow.read_at, *COUNT_COLUMNS
    newer = PostRow.account_id.in_(fetched_at), PostRow.created_at > now - WATCHED_FOR
    for account_id, post_id, read_at, *counts in session.execute(select(*columns).where(*newer)):
        readings[account_id][post_id] = Reading(Counts._make(counts), read_at or fetched_at[account_id])
    return Watched(network, listeners, fetched_at, readings)


def _accounts_of(session: Session, network: str, fetched: Sequence[FetchedChunk]) -> set[int]:
    """The ids of the accounts that were asked for, and of the authors of the posts that were."""
    asked = {due.account_id for chunk in fetched for due in chunk.due}
    for chunk in fetched:
        if chunk.day is not None:
            day = Day(network, date.fromisoformat(chunk.day))
            authors = openings.accounts_of(session, day, [post_id for each in chunk.posts for post_id in each.post_ids])
            asked |= {author for author in authors.values() if author is not None}
    return asked


def find(session: Session, watched: Watched, changed: set[int], now: datetime) -> None:
    """Alert chats of the posts of these changed accounts."""
    account_ids = sorted(changed & watched.fetched_at.keys())
    if not account_ids:
        return
    stored = posts.list_newest(session, account_ids, NEWEST)
    alarmed = _alarmed(session, watched, account_ids, now)
    for account in accounts.get_many(session, account_ids):
        newest = [post for post in stored[account.id] if not post.is_reply][:NEWEST]
        for listener in watched.listeners[account.id]:
            has_alarm = (listener.chat_id, str(account.id)) in alarmed
            for key, text in _alerts(account, newest, watched, listener, has_alarm=has_alarm):
                alerts.publish(session, listener, key, text, now)


def _alarmed(session: Session, watched: Watched, account_ids: Sequence[int], now: datetime) -> set[tuple[int, str]]:
    """(chat id, account id) where the chat was alerted within the last MONTH that a post of the account breaks out."""
    chat_ids = {listener.chat_id for account_id in account_ids for listener in watched.listeners[account_id]}
    told = alerts.list_since(session, chat_ids, f"{AlertKind.BREAKOUT} ", now - MONTH)
    return {(chat_id, key.split()[1]) for chat_id, key in told}


class Change(NamedTuple):
    """How a post's count of a metric, and its age, changed with its last reading."""

    post: Post
    before: int
    now: int
    age_before: timedelta
    age: timedelta


def _alerts(
    account: Account, newest: Sequence[Post], watched: Watched, listener: Listener, *, has_alarm: bool
) -> list[tuple[str, LazyString]]:
    """(key, text) of each alert of the account's posts that the chat is sent.

    has_alarm: the chat was alerted within the last MONTH that a post of the account breaks out.
    """
    parts = registry.parts(listener.metric, [watched.network])
    changes = _changes(account, newest, parts, watched)
    counted = [(count, post) for post in newest if (count := post.counts.total(parts)) is not None]
    found = []
    if AlertKind.BREAKOUT in listener.kinds and any(change.age <= OLDEST for change in changes):
        usual = _usual(account, counted)
        for change in changes:
            if usual and change.age <= OLDEST and _breaks_out(change, usual, has_alarm=has_alarm):
                found.append(
                    (f"{AlertKind.BREAKOUT} {account.id} {change.post.id}", _breakout(account, change, listener))
                )
                has_alarm = True
    if AlertKind.MILESTONE in listener.kinds:
        for change in changes:
            milestone = _milestone(change, [count for count, post in counted if post.id != change.post.id])
            if milestone:
                key = f"milestone {account.id} {change.post.id} {milestone} {listener.metric}"
                found.append((key, _reached(account, change, milestone, listener, len(counted))))
    return found


def _changes(account: Account, newest: Sequence[Post], parts: Sequence[Metric], watched: Watched) -> list[Change]:
    """The posts with a higher count than at their reading before, or that were made since the account's."""
    found = []
    for post in newest:
        before, count = watched.readings[account.id].get(post.id), post.counts.total(parts)
        is_born = before is None and post.created_at > watched.fetched_at[account.id]
        known = before.counts.total(parts) if before else 0 if is_born else None
        read_at = post.read_at or account.fetched_at
        if count is not None and known is not None and read_at is not None and count > known:
            age_before = before.at - post.created_at if before else timedelta(0)
            found.append(Change(post, known, count, age_before, read_at - post.created_at))
    return found


def _usual(account: Account, counted: Sequence[tuple[int, Post]]) -> Usual | None:
    ages = [((post.read_at or account.fetched_at or post.created_at) - post.created_at) for _, post in counted]
    counts = np.array([count for count, _ in counted], np.float64)
    return usual_of(counts, np.array([age.total_seconds() for age in ages]))


def _breaks_out(change: Change, usual: Usual, *, has_alarm: bool) -> bool:
    """Whether it breaks out now, and did not at its reading before."""
    ages = np.array([change.age_before.total_seconds(), change.age.total_seconds()])
    needed = usual.breakout_count(ages, FURTHER_FALSE_A_MONTH if has_alarm else FALSE_A_MONTH)
    return bool(change.before < needed[0] and change.now >= needed[1])


def _milestone(change: Change, others: Sequence[int]) -> int | None:
    """The power of ten that the post has reached as the first of all these; None where it has not."""
    milestone = 10 ** (len(str(change.now)) - 1)
    is_reached = change.before < milestone and milestone >= LEAST_MILESTONE
    return milestone if is_reached and len(others) >= LEAST_OTHERS and max(others) < milestone else None


def _breakout(account: Account, change: Change, listener: Listener) -> LazyString:
    return lazy_gettext(
        "A post of @{handle} takes off: {figure:number} {metric} after {age}, far more than usual. {address}",
        handle=account.handle,
        figure=change.now,
        metric=registry.noun(listener.metric, [account.network]),
        age=_age(change.age),
        address=_address(account, change.post),
    )


def _reached(account: Account, change: Change, milestone: int, listener: Listener, posts_known: int) -> LazyString:
    return lazy_gettext(
        "A post of @{handle} has passed {figure:number} {metric}, the first of its last {number} posts. {address}",
        handle=account.handle,
        figure=milestone,
        metric=registry.noun(listener.metric, [account.network]),
        number=posts_known,
        address=_address(account, change.post),
    )


def _age(age: timedelta) -> str:
    """Hours, or minutes of a younger post: the signs for both are the same in all languages."""
    minutes = round(age.total_seconds() / 60)
    return f"{minutes} min" if minutes < 90 else f"{round(minutes / 60)} h"  # noqa: PLR2004 an hour and a half


def _address(account: Account, post: Post) -> str:
    return NETWORKS[account.network].post_address(account.handle, account.remote_id, post.id)
