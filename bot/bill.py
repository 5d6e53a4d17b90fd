"""What reading the networks costs today and this month, by chat and by account, and how exact the charts are.

A chat is told of itself; the bot's whole bill is for its owners.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from sqlalchemy.orm import Session

from pipeline.i18n import BLANK, lazy_gettext, lazy_ngettext
from pipeline.records import LazyString
from pipeline.settings import Settings
from pipeline.sources.registry import NETWORKS
from pipeline.sources.source import Network, Price
from pipeline.store import accounts, budget, shares
from pipeline.store.budget import Spent
from pipeline.store.ledger import Money
from pipeline.store.tables import Account

MAX_LINES = 10
"""Of accounts, and of chats."""
KINDS = {
    "timelines": lazy_gettext("for new posts"),
    "posts": lazy_gettext("for stored posts"),
    "profiles": lazy_gettext("for names"),
}
"""What requests are sent for, by RequestWindow.kind."""
LEAST_PERCENT = Decimal("0.1")


class Viewer(NamedTuple):
    """The chat that asks, and when. sees_all: whether it is told of all chats, or of itself alone."""

    settings: Settings
    chat_id: int
    sees_all: bool
    now: datetime


def describe(session: Session, viewer: Viewer) -> list[LazyString]:
    """Paragraphs on each network with a price, and a line on the others."""
    paragraphs = []
    for network in NETWORKS.values():
        if network.price is not None:
            paragraphs += _of_network(session, network, network.price, viewer)
    free = [each.name for each in NETWORKS.values() if each.price is None and each.is_on(viewer.settings)]
    if free:
        paragraphs.append([lazy_gettext("Reading {networks} is free.", networks=free)])
    if not paragraphs:
        paragraphs.append([lazy_gettext("Nothing I read here costs money.")])
    return [line for paragraph in paragraphs for line in (*paragraph, BLANK)][:-1]


def _of_network(session: Session, network: Network, price: Price, viewer: Viewer) -> list[list[LazyString]]:
    """Nothing of a network that is not switched on and has cost nothing this month."""
    at, money = budget.money_now(session, network, viewer.settings, viewer.now)
    if not network.is_on(viewer.settings) and not money.month:
        return []
    if viewer.sees_all:
        totals = [
            *_totals(session, network, price, money, at),
            describe_requests(session, network, viewer.settings, at),
        ]
        return [totals, *_of_all(session, network, money)]
    stop = describe_stop(price, money)
    return [*([[stop]] if stop else []), *_of_chat(session, network, money, viewer.chat_id)]


def describe_price(network: Network, price: Price) -> LazyString:
    """What the network charges."""
    return lazy_gettext(
        "{network} charges {post:usd} for each post and {profile:usd} for each profile, once per UTC day",
        network=network.name,
        post=price.post_usd,
        profile=price.profile_usd,
    )


def describe_error(error: float) -> LazyString:
    """By how much charts are off. error: 0.01 is one per cent."""
    percent = Decimal(error) * 100
    if percent < LEAST_PERCENT:
        return lazy_gettext("off by less than {percent:number} %", percent=LEAST_PERCENT)
    return lazy_gettext("off by about {percent:number} %", percent=round(percent, 1))


def describe_stop(price: Price, money: Money) -> LazyString | None:
    """Why nothing new is read now; None where money is left."""
    smallest = budget.smallest_usd(price)
    if money.left >= smallest:
        return None
    if min(money.daily, money.monthly) < smallest:
        return lazy_gettext("Nothing new is read: the limit is too low for even one request.")
    return lazy_gettext(
        "The money is spent: posts already paid for today keep updating, new ones wait until {until:moment}.",
        until=money.until,
    )


def _totals(session: Session, network: Network, price: Price, money: Money, at: datetime) -> list[LazyString]:
    """What the network costs all chats."""
    forecast, stop = budget.forecast(session, network, money, at), describe_stop(price, money)
    return [
        lazy_gettext(
            "{network} today: {spent:usd} of {limit:usd}, about {forecast:usd} by midnight UTC",
            network=network.name,
            spent=money.today,
            limit=money.daily,
            forecast=forecast.today,
        ),
        *_set_aside(budget.reserved_usd(session, network, money.day)),
        lazy_gettext(
            "{network} this month: {spent:usd} of {limit:usd}, about {forecast:usd} by its end",
            network=network.name,
            spent=money.month,
            limit=money.monthly,
            forecast=forecast.month,
        ),
        *([stop] if stop else []),
    ]


def _set_aside(usd: Decimal) -> list[LazyString]:
    if not usd:
        return []
    return [lazy_gettext("Of that, {usd:usd} is set aside for requests not answered yet", usd=usd)]


def describe_requests(session: Session, network: Network, settings: Settings, at: datetime) -> LazyString:
    """How many requests the network still allows, or the limit of the settings before it has told its own."""
    told = [
        lazy_gettext(
            "{left:number} of {limit:number} {purpose}",
            left=window.remaining,
            limit=window.limit,
            purpose=KINDS[window.kind],
        )
        for window in budget.request_windows(session, network, settings, at)
        if window.kind in KINDS
    ]
    if told:
        return lazy_gettext("Requests left: {requests}", requests=told)
    limit = network.limits(settings).requests
    return lazy_gettext("Requests: none yet; the limit is {limit:number} at a time", limit=limit)


def _of_chat(session: Session, network: Network, money: Money, chat_id: int) -> list[list[LazyString]]:
    """What the chat costs, and each of its accounts; of an account that others track too, its part."""
    payers = shares.count_payers(session, network.key, chat_id)
    if not payers:
        return [[lazy_gettext("This chat tracks no accounts on {network}.", network=network.name)]]
    spent = budget.of_chat(session, network, money.day, chat_id)
    chat = lazy_gettext(
        "This chat: {today:usd} today, {month:usd} this month; {left:usd} left today for new accounts",
        today=spent.today,
        month=spent.month,
        left=budget.left_for(session, network, money, chat_id),
    )
    of_accounts = budget.by_account(session, network, money.day, payers)
    parts = {each: _part(of_accounts.get(each, Spent()), count) for each, count in payers.items()}
    return [[chat, _exactness(session, network, chat_id)], _account_lines(session, parts)]


def _of_all(session: Session, network: Network, money: Money) -> list[list[LazyString]]:
    """What each chat and each account costs, and how exact all charts are."""
    by_chat = budget.by_chat(session, network, money.day)
    by_account = budget.by_account(session, network, money.day)
    sections = [_spent_lines(by_chat, _describe_chats), _account_lines(session, by_account)]
    return [[_exactness(session, network, None)], *filter(None, sections)]


def _part(spent: Spent, payers: int) -> Spent:
    return Spent(spent.today / payers, spent.month / payers)


def _exactness(session: Session, network: Network, chat_id: int | None) -> LazyString:
    error = budget.expected_error(session, network, chat_id)
    if error is None:
        return lazy_gettext("How exact the charts are will be known tomorrow.")
    return lazy_gettext("On average the charts are {error}.", error=describe_error(error))


def _describe_chats(chat_ids: Sequence[int]) -> list[LazyString]:
    return [lazy_gettext("Chat {id}", id=chat_id) for chat_id in chat_ids]


def _account_lines(session: Session, spent: Mapping[int, Spent]) -> list[LazyString]:
    """spent: by the account's id."""
    stored = accounts.list_stored(session, spent)
    return _spent_lines(
        {each: usd for each, usd in spent.items() if each in stored}, partial(_describe_accounts, session)
    )


def _describe_accounts(session: Session, account_ids: Sequence[int]) -> list[str | LazyString]:
    stored = {account.id: account for account in accounts.get_many(session, account_ids)}
    return [_describe_account(stored[each]) for each in account_ids]


def _describe_account(account: Account) -> str | LazyString:
    if account.expected_error is None:
        return f"@{account.handle}"
    error = describe_error(account.expected_error)
    return lazy_gettext("@{handle} ({error})", handle=account.handle, error=error)


def _spent_lines(
    spent: Mapping[int, Spent], describe: Callable[[Sequence[int]], Sequence[str | LazyString]]
) -> list[LazyString]:
    """What each of these cost, the dearest first; of many, the rest together.

    spent: by id. describe: what those with these ids are called.
    """
    dearest = sorted(spent, key=lambda each: (spent[each].month, spent[each].today), reverse=True)
    told = dearest[:MAX_LINES]
    lines = [
        lazy_gettext("{name}: {today:usd} today, {month:usd} this month", name=name, **spent[each]._asdict())
        for each, name in zip(told, describe(told), strict=True)
    ]
    rest = [spent[each] for each in dearest[MAX_LINES:]]
    if rest:
        lines.append(
            lazy_ngettext(
                "{count} more: {today:usd} today, {month:usd} this month",
                "{count} more: {today:usd} today, {month:usd} this month",
                count=len(rest),
                today=sum(usd.today for usd in rest),
                month=sum(usd.month for usd in rest),
            )
        )
    return lines
