"""/list: what the chat tracks and is subscribed to."""

from datetime import timedelta

from sqlalchemy.orm import Session

from bot import comparing, phrasing
from bot.command import Command
from bot.command_context import CommandContext
from pipeline.errors import UserError
from pipeline.i18n import BLANK, STATE_NAMES, lazy_gettext
from pipeline.records import LazyString, Mode, State
from pipeline.store import chats, comparisons, subscriptions
from pipeline.store.tables import Account, Subscription


async def run(command_context: CommandContext) -> None:
    tracked = await command_context.context.read(chats.list_tracked_accounts, command_context.chat_id)
    if not tracked:
        raise UserError(comparing.NOTHING_TRACKED)
    most = command_context.context.settings.max_accounts_per_chat
    lines = [lazy_gettext("Tracked here: {number} of {most}", number=len(tracked), most=most)]
    lines += [
        lazy_gettext("@{handle} · {remark}", handle=account.handle, remark=_remark(account)) for account in tracked
    ]
    kept = await command_context.context.read(_kept, command_context.chat_id)
    lines += [BLANK, *kept] if kept else []
    await command_context.answer(*lines)


def _remark(account: Account) -> LazyString:
    if account.state is not State.ACTIVE:
        return STATE_NAMES[account.state]
    if account.fetched_at is None:
        return account.problem or lazy_gettext("not read yet")
    read = lazy_gettext("read {at:moment}", at=account.fetched_at)
    return lazy_gettext("{read} · {problem}", read=read, problem=account.problem) if account.problem else read


def _kept(session: Session, chat_id: int) -> list[LazyString]:
    return [_line(session, each) for each in subscriptions.list_of_chat(session, chat_id)]


def _line(session: Session, subscription: Subscription) -> LazyString:
    accounts = comparisons.list_accounts(session, subscription.comparison_id)
    what = comparing.spoken(comparing.shown_by(session, subscription), accounts)
    failure = comparing.trouble_of(subscription)
    if subscription.mode is Mode.LIVE:
        kept = lazy_gettext("Live: {what}", what=what)
    else:
        interval = phrasing.interval_text(timedelta(seconds=subscription.interval_s or 0))
        kept = lazy_gettext("New every {interval}: {what}", interval=interval, what=what)
    return lazy_gettext("{kept} · {trouble}; tried again by itself", kept=kept, trouble=failure) if failure else kept


COMMAND = Command("list", lazy_gettext("what this chat tracks"), run)
