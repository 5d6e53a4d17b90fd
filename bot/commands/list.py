"""/list: what the chat tracks and is subscribed to."""

from collections.abc import Sequence

from sqlalchemy.orm import Session
from telegram import InlineKeyboardMarkup

from bot import deep_links, phrasing, subscription_keyboards
from bot.chart_requests import nothing_tracked
from bot.command import Command
from bot.command_context import CommandContext
from bot.descriptions import describe_problem, describe_subscription, describe_timing
from bot.remote import Remote
from pipeline.i18n import BLANK, STATE_NAMES, lazy_gettext, lazy_ngettext
from pipeline.records import Handle, LazyString, State
from pipeline.settings import Settings
from pipeline.sources import registry
from pipeline.sources.registry import NETWORKS
from pipeline.store import chats, groups, subscriptions
from pipeline.store.tables import Account, Subscription


async def run(command_context: CommandContext) -> None:
    lines, keyboard = await content(command_context)
    await command_context.answer(*lines, keyboard=keyboard)


async def content(command_context: CommandContext) -> tuple[list[LazyString], InlineKeyboardMarkup | None]:
    """The lines of the list, and a button for each subscription. Raises UserError where nothing is tracked."""
    context, chat_id = command_context.context, command_context.chat_id
    accounts = await context.read(chats.list_tracked_accounts, chat_id)
    if not accounts:
        raise nothing_tracked(context.settings)
    most = context.settings.max_accounts_per_chat
    lines = [lazy_gettext("Tracked here: {number} of {most}", number=len(accounts), most=most)]
    lines += _account_lines(accounts, context.settings)
    group_lines = await context.read(_group_lines, chat_id)
    lines += [BLANK, *group_lines] if group_lines else []
    gettext = (await command_context.translator()).gettext
    subscription_lines, named = await context.read(_list_subscriptions, chat_id, command_context.thread_id)
    lines += [BLANK, *subscription_lines] if subscription_lines else []
    link = deep_links.link(command_context.message.get_bot().username, [account.handle for account in accounts])
    lines += [BLANK, lazy_gettext("To track the same elsewhere: {link}", link=link)] if link else []
    return lines, subscription_keyboards.of_list(named, gettext)


def _account_lines(accounts: Sequence[Account], settings: Settings) -> list[LazyString]:
    """A line for each account, with its network where there are several, and why some networks are off."""
    handles = [Handle(account.network, account.handle) for account in accounts]
    names = phrasing.name_accounts(handles, with_networks=registry.are_several(settings))
    lines = [
        lazy_gettext("{account} · {remark}", account=name, remark=_remark(account))
        for name, account in zip(names, accounts, strict=True)
    ]
    networks = [NETWORKS[key] for key in dict.fromkeys(account.network for account in accounts)]
    return lines + [each.why_off(settings) for each in networks if not each.is_on(settings)]


def _remark(account: Account) -> LazyString:
    """When the account was fetched last, what is wrong with it, and what else one should know of it."""
    remark = _reading(account)
    return lazy_gettext("{read} · {problem}", read=remark, problem=account.note) if account.note else remark


def _reading(account: Account) -> LazyString:
    if account.state is not State.ACTIVE:
        return STATE_NAMES[account.state]
    if account.fetched_at is None:
        return account.problem or lazy_gettext("not read yet")
    read = lazy_gettext("read {at:moment}", at=account.fetched_at)
    return lazy_gettext("{read} · {problem}", read=read, problem=account.problem) if account.problem else read


def _group_lines(session: Session, chat_id: int) -> list[LazyString]:
    """A line for each group of accounts."""
    members = groups.list_of_chat(session, chat_id)
    return [
        lazy_gettext("{group}: {names}", group=name, names=phrasing.list_handles([each.handle for each in accounts]))
        for name, accounts in members.items()
    ]


def _list_subscriptions(
    session: Session, chat_id: int, thread_id: int | None
) -> tuple[list[LazyString], list[tuple[int, LazyString]]]:
    """A numbered line for each subscription, and its id and timing. In a forum's topic those of the topic."""
    here = subscriptions.list_of_chat(session, chat_id, thread_id)
    lines = [
        lazy_gettext("{number}. {subscription}", number=number, subscription=describe(session, each, thread_id))
        for number, each in enumerate(here, 1)
    ]
    elsewhere = len(subscriptions.list_of_chat(session, chat_id)) - len(here)
    if elsewhere:
        lines.append(
            lazy_ngettext(
                "{count} more in another topic; /list in General shows all.",
                "{count} more in other topics; /list in General shows all.",
                count=elsewhere,
            )
        )
    return lines, [(each.id, describe_timing(each.timing)) for each in here]


def describe(session: Session, subscription: Subscription, thread_id: int | None) -> LazyString:
    """What the subscription shows, when, and what is the matter. thread_id: the topic of the reader."""
    line = describe_subscription(session, subscription)
    for remark in _remarks(subscription, thread_id):
        line = lazy_gettext("{what} · {timing}", what=line, timing=remark)
    problem = describe_problem(subscription)
    return lazy_gettext("{kept} · {trouble}; tried again by itself", kept=line, trouble=problem) if problem else line


def _remarks(subscription: Subscription, thread_id: int | None) -> list[LazyString]:
    remarks = [lazy_gettext("in another topic")] if subscription.thread_id != thread_id else []
    if subscription.paused:
        remarks.append(lazy_gettext("paused"))
    elif subscription.schedule:
        remarks.append(lazy_gettext("next on {at:moment}", at=subscription.next_at))
    return [*remarks, lazy_gettext("pinned")] if subscription.pinned else remarks


COMMAND = Command("list", lazy_gettext("what this chat tracks"), run, remote=Remote.NAMED)
