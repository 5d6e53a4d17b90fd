"""/status: whether all is well, what X costs, and what is switched off. An owner can have a stop tried at once."""

from datetime import datetime

from sqlalchemy.orm import Session

from bot import access, comparing, keyboards
from bot.command import Command
from bot.command_context import CommandContext
from pipeline import clock
from pipeline.i18n import lazy_gettext
from pipeline.records import DROPBOX, NETWORK, LazyString
from pipeline.settings import Settings
from pipeline.store import accounts, circuit_breakers, dropbox_files, ledger, subscriptions
from pipeline.store.tables import Account


async def run(command_context: CommandContext) -> None:
    lines = await command_context.context.read(_lines, command_context, clock.now())
    stops = access.is_owner(command_context) and await command_context.context.read(circuit_breakers.any_exist)
    await command_context.answer(
        *lines, keyboard=keyboards.try_again(await command_context.translator()) if stops else None
    )


def _lines(session: Session, command_context: CommandContext, now: datetime) -> list[LazyString]:
    settings = command_context.context.settings
    tracked = accounts.list_tracked(session)
    read = [account.fetched_at for account in tracked if account.fetched_at]
    lines = [
        lazy_gettext("Read last: {at:second}", at=max(read)) if read else lazy_gettext("Nothing was read yet"),
        lazy_gettext(
            "Accounts: {number}, of which {failing} cannot be read now",
            number=len(tracked),
            failing=sum(_fails(account) for account in tracked),
        ),
        lazy_gettext(
            "Subscriptions here: {number}", number=len(subscriptions.list_of_chat(session, command_context.chat_id))
        ),
        *_failing(session, command_context.chat_id),
        *_money(session, settings, now),
        _dropbox(session, settings),
    ]
    stop = circuit_breakers.find_open(session, NETWORK, now)
    if stop:
        lines.append(
            lazy_gettext(
                "X is not asked until {until:moment}: {reason}, since {since:moment}",
                until=stop.retry_at,
                reason=stop.reason,
                since=stop.opened_at,
            )
        )
    return lines


def _failing(session: Session, chat_id: int) -> list[LazyString]:
    """What cannot be shown here, and why the first of it cannot."""
    failing = subscriptions.list_failing(session, chat_id)
    if not failing:
        return []
    failure = comparing.trouble_of(failing[0])
    return [lazy_gettext("Charts that do not get here: {number}; {trouble}", number=len(failing), trouble=failure)]


def _fails(account: Account) -> bool:
    return account.problem is not None


def _money(session: Session, settings: Settings, now: datetime) -> list[LazyString]:
    today = now.date()
    spent = (ledger.spent_usd(session, today, today), ledger.spent_usd(session, today.replace(day=1), today))
    return [
        lazy_gettext("X's bill today: {spent:usd} of {most:usd}", spent=spent[0], most=settings.x_daily_usd),
        lazy_gettext("X's bill this month: {spent:usd} of {most:usd}", spent=spent[1], most=settings.x_monthly_usd),
    ]


def _dropbox(session: Session, settings: Settings) -> LazyString:
    if not settings.dropbox_is_on:
        return lazy_gettext("Dropbox: off, not set up by the bot's owner")
    stop = circuit_breakers.find(session, DROPBOX)
    if stop is not None:
        return lazy_gettext(
            "Dropbox: {problem}, since {since:moment}; tried again by itself", problem=stop.reason, since=stop.opened_at
        )
    problem = dropbox_files.find_problem(session)
    return (
        lazy_gettext("Dropbox: {problem}; tried again by itself", problem=problem)
        if problem
        else lazy_gettext("Dropbox: on")
    )


COMMAND = Command("status", lazy_gettext("is all well, and what does it cost"), run)
