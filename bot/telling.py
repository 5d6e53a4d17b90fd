"""What chats are told unasked, in text: notices, once to each; what keeps charts from a chat, and how to mend it."""

import asyncio
import logging
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

from telegram import Bot
from telegram.error import TelegramError

from bot import troubles, words
from bot.house import House
from bot.limits import Limits
from bot.troubles import Kind
from pipeline import clock
from pipeline.language import speech, text
from pipeline.records import Language
from pipeline.store import chats, notices

log = logging.getLogger(__name__)

LOOK_EVERY = timedelta(seconds=5)
AT_ONCE = 28
EXPLAINED = {
    Kind.NO_RIGHTS: text(
        "I may not send photos here. What this chat is subscribed to is kept: allow me to send photos, and the charts "
        "come by themselves, after an hour at the latest."
    ),
    Kind.TOPIC_GONE: text(
        "The topic that a chart belongs to is closed or deleted. The subscription is kept: open the topic again, and "
        "the chart comes by itself; /unsubscribe ends it."
    ),
}


class Telling:
    """The loop that sends notices. One a bot."""

    def __init__(self, house: House, bot: Bot, limits: Limits) -> None:
        self.house, self.bot, self.limits = house, bot, limits
        self.under_way: dict[int, asyncio.Task[None]] = {}
        self.others: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        self._begin(self._tell())

    async def stop(self) -> None:
        for task in self.others:
            task.cancel()
        await asyncio.gather(*self.others, *self.under_way.values(), return_exceptions=True)

    def explain(self, chat_id: int, thread_id: int | None, kind: Kind) -> None:
        """Say what is to be mended, where it may be said: in the chat, in General for a lost topic, or to an admin."""
        self._begin(self._explain(chat_id, thread_id, kind))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self.others.add(task)
        task.add_done_callback(self.others.discard)

    async def _explain(self, chat_id: int, thread_id: int | None, kind: Kind) -> None:
        chosen = await self.house.read(chats.language, chat_id)
        said = speech(chosen or Language.ENGLISH).say(EXPLAINED[kind])
        where = None if kind is Kind.TOPIC_GONE else thread_id
        try:
            await self.bot.send_message(chat_id, said, message_thread_id=where)
        except TelegramError as error:
            log.info("chat %d was not told why it gets no chart: %s", chat_id, troubles.meaning(error).text)
            await self._explain_to_an_admin(chat_id, said)

    async def _explain_to_an_admin(self, chat_id: int, said: str) -> None:
        """In private to the first admin who has ever written to the bot, the chat's owner first."""
        try:
            title = words.shown((await self.bot.get_chat(chat_id)).title or "")
            admins = await self.bot.get_chat_administrators(chat_id)
        except TelegramError as error:
            log.info("chat %d names no admins: %s", chat_id, troubles.meaning(error).text)
            return
        people = [admin for admin in admins if not admin.user.is_bot]
        for admin in sorted(people, key=lambda admin: admin.status != admin.OWNER):
            try:
                await self.bot.send_message(admin.user.id, f"{title}: {said}")
            except TelegramError:
                continue
            return

    async def _tell(self) -> None:
        while True:
            try:
                await self._start_untold()
            except Exception:  # a database away for a moment must not end the loop
                log.exception("looking for what to tell failed")
            await asyncio.sleep(LOOK_EVERY.total_seconds())

    async def _start_untold(self) -> None:
        """Send what every subscribed chat and the admins are told once. A chat that hangs holds up no other."""
        admins, busy = self.house.settings.admin_ids, set(self.under_way)
        for notice_id, chat_id, notice, language in await self.house.read(notices.untold, admins, clock.now()):
            is_open = self.limits.is_open(chat_id, asked=False)
            if is_open and chat_id not in busy and len(self.under_way) < AT_ONCE:
                busy.add(chat_id)
                self.under_way[chat_id] = asyncio.create_task(
                    self._tell_one(notice_id, chat_id, speech(language).say(notice))
                )

    async def _tell_one(self, notice_id: int, chat_id: int, said: str) -> None:
        """Noted first, so that it is never told twice."""
        try:
            await self.house.write(notices.mark_told, notice_id, chat_id)
            await self.bot.send_message(chat_id, said)
        except TelegramError as error:
            trouble = troubles.meaning(error)
            log.warning("chat %d was not told: %s", chat_id, trouble.text)
            if trouble.kind in {Kind.WAIT, Kind.CHAT_MOVED}:
                await self.house.write_surely(notices.unmark_told, notice_id, chat_id)
            await self.house.follow(chat_id, trouble)
        except Exception:  # a database away for a moment must not end the loop
            log.exception("telling a chat failed")
        finally:
            del self.under_way[chat_id]
