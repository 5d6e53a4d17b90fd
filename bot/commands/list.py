"""/list: what the chat tracks and is subscribed to."""

from datetime import timedelta

from sqlalchemy.orm import Session

from bot import comparing, words
from bot.call import Call
from bot.command import Command
from pipeline.errors import UserError
from pipeline.records import Mode, State
from pipeline.store import chats, comparisons, subscriptions
from pipeline.store.tables import Account, Subscription


async def run(call: Call) -> None:
    tracked = await call.house.read(chats.tracked, call.chat_id)
    if not tracked:
        raise UserError(comparing.NOTHING_TRACKED)
    lines = [f"Tracked here: {len(tracked)} of {call.house.settings.max_accounts_per_chat}"]
    lines += [f"@{account.handle}{_remark(account)}" for account in tracked]
    kept = await call.house.read(_kept, call.chat_id)
    lines += ["", *kept] if kept else []
    await call.answer("\n".join(lines))


def _remark(account: Account) -> str:
    if account.state is not State.ACTIVE:
        return f" · {account.state.value}"
    if account.fetched_at is None:
        return f" · {account.problem or 'not read yet'}"
    return f" · read {account.fetched_at:%d %b %H:%M} UTC" + (f" · {account.problem}" if account.problem else "")


def _kept(session: Session, chat_id: int) -> list[str]:
    return [f"{_how(each)}: {_what(session, each)}" for each in subscriptions.of_chat(session, chat_id)]


def _how(subscription: Subscription) -> str:
    interval = timedelta(seconds=subscription.interval_s or 0)
    return "Live" if subscription.mode is Mode.LIVE else f"New every {words.spoken(interval)}"


def _what(session: Session, subscription: Subscription) -> str:
    accounts = comparisons.accounts_of(session, subscription.comparison_id)
    return comparing.spoken(comparing.shown_by(session, subscription), accounts)


COMMAND = Command("list", "what this chat tracks", run)
