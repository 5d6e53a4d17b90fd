"""/status: whether all is well, what X costs, and what is switched off."""

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from bot.call import Call
from bot.command import Command
from pipeline.records import NETWORK
from pipeline.settings import Settings
from pipeline.store import accounts, bill, dropbox_files, notices, subscriptions
from pipeline.store.tables import Account


async def run(call: Call) -> None:
    await call.answer("\n".join(await call.house.read(_lines, call, datetime.now(UTC))))


def _lines(session: Session, call: Call, now: datetime) -> list[str]:
    settings = call.house.settings
    tracked = accounts.tracked(session)
    read = [account.fetched_at for account in tracked if account.fetched_at]
    lines = [
        f"Read last: {max(read):%d %b %H:%M:%S} UTC" if read else "Nothing was read yet",
        f"Accounts: {len(tracked)}, of which {sum(_fails(account) for account in tracked)} cannot be read now",
        f"Subscriptions here: {len(subscriptions.of_chat(session, call.chat_id))}",
        *_money(session, settings, now),
        _dropbox(session, settings),
    ]
    stop = notices.stopped(session, NETWORK, now)
    return [*lines, f"X is not asked until {stop.until:%d %b %H:%M} UTC: {stop.reason}"] if stop else lines


def _fails(account: Account) -> bool:
    return account.problem is not None


def _money(session: Session, settings: Settings, now: datetime) -> list[str]:
    today = now.date()
    spent = (bill.usd(session, today, today), bill.usd(session, today.replace(day=1), today))
    return [
        f"X's bill today: ${spent[0]:.2f} of ${settings.x_daily_usd:.2f}",
        f"X's bill this month: ${spent[1]:.2f} of ${settings.x_monthly_usd:.2f}",
    ]


def _dropbox(session: Session, settings: Settings) -> str:
    if not settings.dropbox_is_on:
        return "Dropbox: off, not set up by the bot's owner"
    problem = dropbox_files.problem(session)
    return f"Dropbox: {problem}; tried again by itself" if problem else "Dropbox: on"


COMMAND = Command("status", "is all well, and what does it cost", run)
