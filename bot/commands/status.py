"""/status: whether all is well with this chat. An owner gets the version, and a button that retries failed services."""

from collections.abc import Sequence
from itertools import chain, islice, starmap

from sqlalchemy.orm import Session

from bot import access, inline, keyboards, network_readings
from bot.bill import Viewer
from bot.chart_requests import nothing_tracked
from bot.command import Command
from bot.command_context import CommandContext
from bot.descriptions import describe_dropbox_problem, describe_problem
from pipeline import clock
from pipeline.i18n import STATE_NAMES, lazy_gettext, lazy_ngettext
from pipeline.records import LazyString, State
from pipeline.settings import Settings
from pipeline.sources.registry import NETWORKS
from pipeline.store import chats, circuit_breakers, subscriptions
from pipeline.store.tables import Account
from pipeline.user_agent import VERSION

MAX_NAMED = 10
"""Accounts that are named with what is wrong."""


async def run(command_context: CommandContext) -> None:
    context = command_context.context
    viewer = Viewer(context.settings, command_context.chat_id, access.sees_all(command_context), clock.now())
    lines = await context.read(_lines, viewer)
    if access.is_owner(command_context):
        version = lazy_gettext("Tallybird {version}", version=VERSION)
        lines = [*lines, inline.describe_mode(command_context.message.get_bot()), version]
    may_retry = access.is_owner(command_context) and await context.read(circuit_breakers.any_exist)
    gettext = (await command_context.translator()).gettext
    await command_context.answer(*lines, keyboard=keyboards.retry_services(gettext) if may_retry else None)


def _lines(session: Session, viewer: Viewer) -> list[LazyString]:
    here = chats.list_tracked_accounts(session, viewer.chat_id)
    networks = [network_readings.describe(session, each, here, viewer) for each in NETWORKS.values()]
    return [
        *_account_lines(here, viewer.settings),
        _subscriptions_line(session, viewer.chat_id),
        *_failing_lines(session, viewer.chat_id),
        *chain.from_iterable(networks),
        _dropbox_line(session, viewer.settings),
    ]


def _account_lines(here: Sequence[Account], settings: Settings) -> list[LazyString]:
    """When an account of the chat was read last, and which of them cannot be read, and why."""
    if not here:
        return [nothing_tracked(settings).text]
    read_at = max((account.fetched_at for account in here if account.fetched_at), default=None)
    last = lazy_gettext("Read last: {at:second}", at=read_at) if read_at else lazy_gettext("Nothing has been read yet")
    causes = {f"@{account.handle}": cause for account in here if (cause := _why_not_read(account))}
    return [*_summary(len(here), len(causes)), *starmap(_because, islice(causes.items(), MAX_NAMED)), last]


def _why_not_read(account: Account) -> LazyString | None:
    return account.problem if account.state is State.ACTIVE else STATE_NAMES[account.state]


def _summary(count: int, failing: int) -> list[LazyString]:
    if not failing:
        return [lazy_ngettext("{count} account is tracked here.", "{count} accounts are tracked here.", count)]
    return [
        lazy_ngettext(
            "{failing} of {count} account cannot be read right now:",
            "{failing} of {count} accounts cannot be read right now:",
            count,
            failing=failing,
        )
    ]


def _because(name: str, cause: LazyString) -> LazyString:
    return lazy_gettext("{name}: {cause}", name=name, cause=cause)


def _subscriptions_line(session: Session, chat_id: int) -> LazyString:
    here = subscriptions.list_of_chat(session, chat_id)
    paused = sum(each.paused for each in here)
    if paused:
        return lazy_gettext("Subscriptions here: {number}, paused: {paused}", number=len(here), paused=paused)
    return lazy_gettext("Subscriptions here: {number}", number=len(here))


def _failing_lines(session: Session, chat_id: int) -> list[LazyString]:
    """How many of the chat's charts do not arrive, and why the one that has failed longest does not."""
    failing = subscriptions.list_failing(session, chat_id)
    if not failing:
        return []
    problem = describe_problem(failing[0])
    return [lazy_gettext("Charts that do not arrive: {number}, {trouble}", number=len(failing), trouble=problem)]


def _dropbox_line(session: Session, settings: Settings) -> LazyString:
    if not settings.dropbox_is_on:
        return lazy_gettext("Dropbox: off, the bot's owner has not set it up")
    return describe_dropbox_problem(session) or lazy_gettext("Dropbox: on")


COMMAND = Command("status", lazy_gettext("is everything working here"), run)
