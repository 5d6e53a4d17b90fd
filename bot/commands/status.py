"""/status: whether all is well, and what it costs. An owner gets a button that has failed services tried again."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from bot import access, keyboards
from bot.command import Command
from bot.command_context import CommandContext
from bot.descriptions import describe_problem
from pipeline import clock
from pipeline.i18n import lazy_gettext
from pipeline.records import DROPBOX, LazyString
from pipeline.settings import Settings
from pipeline.sources.registry import NETWORKS
from pipeline.sources.source import Network
from pipeline.store import accounts, circuit_breakers, dropbox_files, ledger, subscriptions
from pipeline.store.tables import Account


async def run(command_context: CommandContext) -> None:
    context = command_context.context
    lines = await context.read(_lines, command_context.chat_id, context.settings, clock.now())
    may_retry = access.is_owner(command_context) and await context.read(circuit_breakers.any_exist)
    gettext = (await command_context.translator()).gettext
    await command_context.answer(*lines, keyboard=keyboards.retry_services(gettext) if may_retry else None)


def _lines(session: Session, chat_id: int, settings: Settings, now: datetime) -> list[LazyString]:
    return [
        *_account_lines(accounts.list_tracked(session)),
        lazy_gettext("Subscriptions here: {number}", number=len(subscriptions.list_of_chat(session, chat_id))),
        *_failing_lines(session, chat_id),
        *(line for network in NETWORKS.values() for line in _cost_lines(session, network, settings, now)),
        _dropbox_line(session, settings),
        *(line for network in NETWORKS.values() for line in _outage_lines(session, network, now)),
    ]


def _account_lines(tracked: Sequence[Account]) -> list[LazyString]:
    """When an account was fetched last, and how many cannot be fetched; of all chats together."""
    fetched_at = max((account.fetched_at for account in tracked if account.fetched_at), default=None)
    return [
        lazy_gettext("Read last: {at:second}", at=fetched_at) if fetched_at else lazy_gettext("Nothing was read yet"),
        lazy_gettext(
            "Accounts: {number}, of which {failing} cannot be read now",
            number=len(tracked),
            failing=sum(account.problem is not None for account in tracked),
        ),
    ]


def _failing_lines(session: Session, chat_id: int) -> list[LazyString]:
    """How many of the chat's charts do not arrive, and why the one that has failed longest does not."""
    failing = subscriptions.list_failing(session, chat_id)
    if not failing:
        return []
    problem = describe_problem(failing[0])
    return [lazy_gettext("Charts that do not get here: {number}; {trouble}", number=len(failing), trouble=problem)]


def _cost_lines(session: Session, network: Network, settings: Settings, now: datetime) -> list[LazyString]:
    """What the network has billed today and this month, by UTC, in US dollars; none where it has no price."""
    if network.price is None:
        return []
    today, name, limits = now.date(), network.name, network.limits(settings)
    today_usd = ledger.spent_usd(session, network, today, today)
    month_usd = ledger.spent_usd(session, network, today.replace(day=1), today)
    return [
        lazy_gettext(
            "{network}'s bill today: {spent:usd} of {most:usd}", network=name, spent=today_usd, most=limits.daily_usd
        ),
        lazy_gettext(
            "{network}'s bill this month: {spent:usd} of {most:usd}",
            network=name,
            spent=month_usd,
            most=limits.monthly_usd,
        ),
    ]


def _dropbox_line(session: Session, settings: Settings) -> LazyString:
    if not settings.dropbox_is_on:
        return lazy_gettext("Dropbox: off, not set up by the bot's owner")
    breaker = circuit_breakers.find(session, DROPBOX)
    if breaker is not None:
        return lazy_gettext(
            "Dropbox: {problem}, since {since:moment}; tried again by itself",
            problem=breaker.reason,
            since=breaker.opened_at,
        )
    problem = dropbox_files.find_problem(session)
    if problem:
        return lazy_gettext("Dropbox: {problem}; tried again by itself", problem=problem)
    return lazy_gettext("Dropbox: on")


def _outage_lines(session: Session, network: Network, now: datetime) -> list[LazyString]:
    """Why the network is not asked now, and until when."""
    breaker = circuit_breakers.find_open(session, network.key, now)
    if breaker is None:
        return []
    return [
        lazy_gettext(
            "{network} is not asked until {until:moment}: {reason}, since {since:moment}",
            network=network.name,
            until=breaker.retry_at,
            reason=breaker.reason,
            since=breaker.opened_at,
        )
    ]


COMMAND = Command("status", lazy_gettext("is all well, and what does it cost"), run)
