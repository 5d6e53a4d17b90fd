"""What is asked of a network with a price in this tick, within its money and its requests.

An account is asked for what is new, which costs nothing while there is nothing new. A post that was opened today is
read again for nothing. Which posts are opened today is decided once, by `day_plan`. What a request may cost counts as
spent before it is sent.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from math import ceil

from pipeline.planning.day_plan import LARGEST_PART
from pipeline.records import Due
from pipeline.steps.chunks import Chunk, deal, pack
from pipeline.steps.priced_network import PricedNetwork
from pipeline.store import (
    accounts,
    budget,
    circuit_breakers,
    ledger,
    network_status,
    openings,
    posts,
    reading_queue,
    shares,
    usage,
)
from pipeline.store.tables import Account

SMALLEST_PAGE = 5
"""Posts that one request for new posts may be billed for, at the least."""
AT_ONCE = 25
"""Requests for new posts that one worker sends side by side."""
SPARE = 1.5
"""So many times the posts that an account which is behind has probably made are ready for it."""
MORE_PAGES = 100
"""Posts that a tick has ready for accounts that made more new ones than the smallest page holds."""
FIRST_DEPTH = 20
"""How many of its newest posts are read of a new account, and how many older ones at a time after that."""
NEW_SHARE = 0.25
"""The part of a tick's requests for timelines that goes to new accounts first."""
FIRST_AT_ONCE = 20
"""New accounts that are read in one tick."""
LOOKED_THROUGH = 500
"""New accounts, of those that wait, among which a tick looks for some that can be paid for."""
OLDER_SHARE = Decimal("0.05")
"""The part of the daily limit that one tick may spend on older posts of new accounts, and one request at least."""
NOTHING = Decimal(0)


class Purse:
    """The money that is left while a tick is planned, in posts."""

    def __init__(self, posts: int) -> None:
        self.posts = max(0, posts)

    def keep(self, posts: int) -> int:
        """Keep so many for something else, or all that there are; returns how many."""
        kept = min(posts, self.posts)
        self.posts -= kept
        return kept

    def take(self, most: int) -> int:
        """As many as there are, at most `most`; 0 where they do not pay a request."""
        taken = min(most, self.posts)
        if taken < SMALLEST_PAGE:
            return 0
        self.posts -= taken
        return taken


def plan(at: PricedNetwork) -> list[Chunk]:
    """What is asked now. What a request may cost is reserved, or marked as asked for, in the same transaction.

    After a stop one request asks whether the network answers again.
    """
    stop = circuit_breakers.find(at.session, at.key)
    if stop and stop.retry_at > at.now:
        return []
    purse = Purse(at.affordable_posts())
    if stop:
        return _probe(at, purse)
    purse.keep(openings.count_planned(at.session, at.day))
    requests = at.allowed_requests("timelines", at.limits.requests)
    payers = _Payers(at, reading_queue.list_waiting(at.session, at.key))
    wanted = _list_new(at, payers)[: ceil(NEW_SHARE * requests)] if at.time.is_settled else []
    finds, behind = _list_finds(at, requests - len(wanted))
    caught_up = _reserve_each(at, _pay_expected(behind, purse))
    half = max(SMALLEST_PAGE, purse.posts // 2)  # a chat that asks meanwhile finds money too
    credit = purse.take(min(SMALLEST_PAGE * min(len(finds), AT_ONCE * at.slots), half)) if finds else 0
    births = purse.keep(max(0, at.births_to_come() - credit))
    read = _reserve_each(at, payers.choose(wanted, purse))
    credit += max(0, min(MORE_PAGES, half - credit, purse.posts + births)) if credit else 0
    by_ids = _read_posts(at) if at.time.is_settled else []
    return [*_reserve(at, finds, credit), *caught_up, *read, *by_ids]


def plan_requested(at: PricedNetwork, asked: Sequence[Account], new: Collection[int]) -> list[Chunk]:
    """The first posts of these accounts, or their new ones, as far as it is allowed. After a stop the tick asks.

    new: the ids of those that a chat tracks only now; where it can pay, they are asked for new posts from now on.
    """
    if circuit_breakers.find(at.session, at.key) or not at.time.is_settled:
        return []
    purse = Purse(at.affordable_posts())
    purse.keep(at.kept_posts())
    for account in asked:
        account.finds_on = None if account.id in new else account.finds_on
    allowed = at.allowed_requests("timelines", at.limits.requests)
    wanted = [replace(_first(account), since_id=account.since_id) for account in asked[:allowed]]
    return _reserve_each(at, _Payers(at, [each.account_id for each in wanted]).choose(wanted, purse))


def question(due: Due) -> str:
    """What a request asks for, as its reservation notes it: a full answer to the same tells what it cost."""
    return f"{due.account_id} before {due.until_id}" if due.until_id else str(due.account_id)


def _probe(at: PricedNetwork, purse: Purse) -> list[Chunk]:
    """One request, to see whether the network answers again."""
    due = reading_queue.list_tried_longest_ago(at.session, at.key, 1)
    probes = [Due(each.id, each.remote_id, SMALLEST_PAGE, each.since_id) for each in due]
    return _reserve(at, probes, purse.take(SMALLEST_PAGE))


def _list_finds(at: PricedNetwork, most: int) -> tuple[list[Due], list[tuple[Due, int]]]:
    """The accounts whose turn it is to be asked for new posts, the one first that is due longest.

    Those apart that are behind, each with how many posts it probably made meanwhile, and some to spare.
    """
    finds: list[Due] = []
    behind: list[tuple[Due, int]] = []
    depth = at.settings.posts_per_account
    deepest = max(SMALLEST_PAGE, min(depth, int(LARGEST_PART * float(at.money().allowance / at.price.post_usd))))
    for account in reading_queue.list_due(at.session, at.key, at.now, most):
        expected = ceil(SPARE * _expected_posts(account, at.now))
        due = Due(account.id, account.remote_id, depth, account.since_id)
        if expected > SMALLEST_PAGE and at.time.is_settled:
            behind.append((replace(due, depth=deepest), min(deepest, expected + SMALLEST_PAGE)))
        elif due.since_id or at.time.is_settled:
            finds.append(due)
    return finds, behind


def _expected_posts(account: Account, now: datetime) -> float:
    """How many posts the account probably made since it was last asked for all of them."""
    if account.fetched_at is None:
        return 0.0
    return (account.posts_per_day or 0.0) * ((now - account.fetched_at) / timedelta(days=1))


def _pay_expected(behind: Iterable[tuple[Due, int]], purse: "Purse") -> list[tuple[Due, int]]:
    """Those accounts, and how many posts of each, that there is money for: others wait, no part of one is bought."""
    paid = []
    for due, expected in behind:
        if expected <= purse.posts:
            paid.append((due, purse.take(expected)))
    return paid


def _list_new(at: PricedNetwork, payers: "_Payers") -> list[Due]:
    """The first readings, newest posts first, then some of the older posts of accounts that have had theirs.

    Only of chats that can pay: the accounts of those that cannot hold up no other's.
    """
    if not payers.account_ids:
        return []
    most, chats = int(OLDER_SHARE * at.limits.daily_usd / at.price.post_usd) // FIRST_DEPTH, payers.able
    unread = reading_queue.list_unread(at.session, at.key, at.now, at.settings.tick, chats, LOOKED_THROUGH)
    older = reading_queue.list_incomplete(at.session, at.key, chats, LOOKED_THROUGH)
    first = [_first(account) for account in unread if payers.can_pay(account.id)][:FIRST_AT_ONCE]
    rest = [each for each in older if payers.can_pay(each.id)][: max(1, most)]
    stored = posts.count_by_account(at.session, [each.id for each in rest])
    return first + [_older(at, account, stored.get(account.id, 0)) for account in rest]


def _first(account: Account) -> Due:
    return Due(account.id, account.remote_id, FIRST_DEPTH)


def _older(at: PricedNetwork, account: Account, stored: int) -> Due:
    """Some of the older posts of an account, of which so many are stored: no more than are wanted, or a page holds."""
    missing = max(SMALLEST_PAGE, at.settings.posts_per_account - stored)
    return Due(account.id, account.remote_id, min(FIRST_DEPTH, missing), until_id=account.until_id)


class _Payers:
    """What the chats that track these accounts may still spend on new ones: their sure shares of the day's limit.

    An account's cost is split between the chats that track it. One that cannot pay its part is helped by the others.
    """

    def __init__(self, at: PricedNetwork, account_ids: Collection[int]) -> None:
        self.at, self.post_usd, self.account_ids = at, at.price.post_usd, account_ids

    @cached_property
    def chats(self) -> dict[int, tuple[int, ...]]:
        return shares.chats_by_account(self.at.session, self.at.key, self.account_ids)

    @cached_property
    def left(self) -> dict[int, Decimal]:
        """US dollars, by chat; below zero where others paid a part of what it shares with them."""
        tracking = {chat for members in self.chats.values() for chat in members}
        day = budget.shares_of_day(self.at.session, self.at.network, self.at.money(), tracking)
        return {chat: day.share - day.spent.get(chat, NOTHING) for chat in tracking}

    @property
    def able(self) -> list[int]:
        """The chats that can pay a request."""
        return [chat for chat, left in self.left.items() if self.at.is_common or left >= SMALLEST_PAGE * self.post_usd]

    def can_pay(self, account_id: int) -> bool:
        """Whether the account's chats can pay a request."""
        return self._affordable(account_id) >= SMALLEST_PAGE

    def choose(self, wanted: Iterable[Due], purse: Purse) -> list[tuple[Due, int]]:
        """Those that are paid for, each as deep as its chats can pay, and how many posts that is."""
        paid = []
        for due in wanted:
            depth = purse.take(min(due.depth, self._affordable(due.account_id)))
            if depth:
                self._pay(due.account_id, depth)
                paid.append((replace(due, depth=depth), depth))
        return paid

    def _affordable(self, account_id: int) -> int:
        """How many posts of the account its chats can pay together."""
        if self.at.is_common:
            return FIRST_DEPTH
        left = sum((self.left[chat] for chat in self.chats.get(account_id, ())), NOTHING)
        return max(0, int(left / self.post_usd))

    def _pay(self, account_id: int, posts: int) -> None:
        chats = self.chats.get(account_id, ())
        for chat in chats:
            self.left[chat] -= posts * self.post_usd / len(chats)


def _read_posts(at: PricedNetwork) -> list[Chunk]:
    """The posts whose reading is due: those of the day's list, and again those that were opened today."""
    most = at.allowed_requests("posts", at.limits.look_ups) * at.network.posts_per_request
    due = openings.list_due(at.session, at.day, at.now, most)
    new = {each.post_id: each.account_id for each in due if each.is_new}
    new = dict(list(new.items())[: at.affordable_posts()])
    allowed = usage.allowed_repeats(at.session, at.network, at.settings, at.day.date)
    again = [each for each in due if not each.is_new][:allowed]
    if new:
        openings.ask(at.session, at.day, ledger.POSTS, new)
    if unanswered := {each.post_id: each.account_id for each in again if each.is_unanswered}:
        openings.record(at.session, at.day, ledger.POSTS, unanswered)  # it may have been billed, and be deleted since
    network_status.get(at.session, at.key).repeats += len(again)
    parts = _deal_requests([*new, *(each.post_id for each in again)], at.network.posts_per_request, at.slots)
    return [Chunk(at.key, [], ids, day=at.day.date.isoformat()) for ids in parts]


def _deal_requests(post_ids: Sequence[str], per_request: int, slots: int) -> list[list[str]]:
    """Deal whole requests out to the worker slots."""
    requests = [post_ids[start : start + per_request] for start in range(0, len(post_ids), per_request)]
    return [[post_id for request in part for post_id in request] for part in deal(requests, slots)]


def _reserve_each(at: PricedNetwork, paid: Sequence[tuple[Due, int]]) -> list[Chunk]:
    """Chunks of these requests, each of which may be billed for so many posts."""
    if not paid:
        return []
    accounts.mark_attempted(at.session, [due.account_id for due, _ in paid], at.now)
    parts = deal(paid, at.slots)
    return [_reserve_part(at, [due for due, _ in part], sum(posts for _, posts in part)) for part in parts]


def _reserve(at: PricedNetwork, due: Collection[Due], credit: int) -> list[Chunk]:
    """Chunks of these requests, whose cost is reserved. credit: what they may be billed for together, in posts."""
    if not due or not credit:
        return []
    accounts.mark_attempted(at.session, [each.account_id for each in due], at.now)
    parts = deal(list(due), at.slots)
    if min(len(part) for part in parts) * credit < SMALLEST_PAGE * len(due):  # a part could not pay a request
        parts = [list(due)]
    return [_reserve_part(at, part, credit * len(part) // len(due)) for part in parts]


def _reserve_part(at: PricedNetwork, due: Sequence[Due], credit: int) -> Chunk:
    reservation = openings.reserve(at.session, at.day, ledger.POSTS, credit, {question(each) for each in due})
    return Chunk(at.key, [pack(each) for each in due], [], reservation, credit, at.day.date.isoformat())
