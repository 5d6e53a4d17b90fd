"""/list: what the chat tracks and is subscribed to."""

from datetime import timedelta

from sqlalchemy.orm import Session

from bot import phrasing
from bot.chart_requests import NOTHING_TRACKED
from bot.command import Command
from bot.command_context import CommandContext
from bot.descriptions import describe_problem, describe_subscription
from pipeline.errors import UserError
from pipeline.i18n import BLANK, STATE_NAMES, lazy_gettext
from pipeline.records import LazyString, Mode, State
from pipeline.store import chats, subscriptions
from pipeline.store.tables import Account, Subscription


async def run(command_context: CommandContext) -> None:
    context, chat_id = command_context.context, command_context.chat_id
    accounts = await context.read(chats.list_tracked_accounts, chat_id)
    if not accounts:
        raise UserError(NOTHING_TRACKED)
    most = context.settings.max_accounts_per_chat
    lines = [lazy_gettext("Tracked here: {number} of {most}", number=len(accounts), most=most)]
    lines += [_account_line(account) for account in accounts]
    subscription_lines = await context.read(_subscription_lines, chat_id)
    lines += [BLANK, *subscription_lines] if subscription_lines else []
    await command_context.answer(*lines)


def _account_line(account: Account) -> LazyString:
    return lazy_gettext("@{handle} · {remark}", handle=account.handle, remark=_remark(account))


def _remark(account: Account) -> LazyString:
    """When the account was fetched last, and what is wrong with it."""
    if account.state is not State.ACTIVE:
        return STATE_NAMES[account.state]
    if account.fetched_at is None:
        return account.problem or lazy_gettext("not read yet")
    read = lazy_gettext("read {at:moment}", at=account.fetched_at)
    return lazy_gettext("{read} · {problem}", read=read, problem=account.problem) if account.problem else read


def _subscription_lines(session: Session, chat_id: int) -> list[LazyString]:
    return [_subscription_line(session, each) for each in subscriptions.list_of_chat(session, chat_id)]


def _subscription_line(session: Session, subscription: Subscription) -> LazyString:
    what = describe_subscription(session, subscription)
    if subscription.mode is Mode.LIVE:
        line = lazy_gettext("Live: {what}", what=what)
    else:
        interval = phrasing.interval_text(timedelta(seconds=subscription.interval_s or 0))
        line = lazy_gettext("New every {interval}: {what}", interval=interval, what=what)
    problem = describe_problem(subscription)
    return lazy_gettext("{kept} · {trouble}; tried again by itself", kept=line, trouble=problem) if problem else line


COMMAND = Command("list", lazy_gettext("what this chat tracks"), run)
