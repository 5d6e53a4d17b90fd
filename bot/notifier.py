"""What chats are told unasked, in text: notices, once to each; what keeps charts from a chat, and how to mend it."""

import asyncio
import logging
from collections import Counter
from collections.abc import Coroutine
from dataclasses import replace
from datetime import timedelta
from time import monotonic
from typing import Any

from telegram import Bot
from telegram.error import TelegramError

from bot import comparing, phrasing, telegram_errors
from bot.context import Context
from bot.rate_limits import RateLimiter
from bot.telegram_errors import ErrorKind
from pipeline import clock
from pipeline.errors import AWAY
from pipeline.i18n import Translator, lazy_gettext, translator
from pipeline.records import Language, LazyString
from pipeline.store import chats, notices, subscriptions
from pipeline.store.subscriptions import ChartDelivery, OverdueDelivery

log = logging.getLogger(__name__)

LOOK_EVERY = timedelta(seconds=5)
MOST_SELDOM = timedelta(minutes=10)
AT_ONCE = 28
EXPLAINED = {
    ErrorKind.NO_RIGHTS: lazy_gettext(
        "I may not send photos here. What this chat is subscribed to is kept: allow me to send photos, and the charts "
        "come by themselves, after an hour at the latest."
    ),
    ErrorKind.TOPIC_GONE: lazy_gettext(
        "The topic that a chart belongs to is closed or deleted. The subscription is kept: open the topic again, and "
        "the chart comes by itself; /unsubscribe ends it."
    ),
}


WORD_WITHIN = timedelta(seconds=45)
"""A chart that somebody asked for and that takes longer is told of."""
REFUSED = lazy_gettext(
    "Telegram does not take this chart: {what}. It says: “{reason}”. I go on trying, and it comes by itself; "
    "/status tells how it stands."
)
NOT_DRAWN = lazy_gettext(
    "This chart takes longer: {what}. The part of me that reads and draws does not answer, or has much to do. "
    "It comes by itself."
)
NOT_TAKEN = lazy_gettext(
    "This chart takes longer: {what}. It is drawn, and Telegram has not taken it yet. It comes by itself."
)
BELOW = lazy_gettext("The chart stands below: Telegram does not take it here.")


class Notifier:
    """The loops that send notices and tell of charts that do not come. One a bot."""

    def __init__(self, context: Context, bot: Bot, rate_limiter: RateLimiter) -> None:
        self.context, self.bot, self.rate_limiter = context, bot, rate_limiter
        self.under_way: dict[int, asyncio.Task[None]] = {}
        self.others: set[asyncio.Task[None]] = set()
        self.refused: Counter[int] = Counter()
        self.again_at: dict[int, float] = {}
        self.begun = clock.now()

    def start(self) -> None:
        self._begin(self._tell())
        self._begin(self._watch())

    async def stop(self) -> None:
        for task in self.others:
            task.cancel()
        await asyncio.gather(*self.others, *self.under_way.values(), return_exceptions=True)

    def explain(self, chat_id: int, thread_id: int | None, kind: ErrorKind) -> None:
        """Say what is to be mended, where it may be said: in the chat, in General for a lost topic, or to an admin."""
        self._begin(self._explain(chat_id, thread_id, kind))

    def tell_of_refusal(self, showing: ChartDelivery, reason: str) -> None:
        """Say once that Telegram does not take a chart, and why: where it is waited for, if it may be said there."""
        place = showing.message_id if showing.requested_at else None
        wait = OverdueDelivery(showing.subscription_id, showing.chat_id, showing.thread_id, place, is_rendered=True)
        self._begin(self._tell_waiting(wait, REFUSED, reason=phrasing.shorten(reason)))

    def point_below(self, chat_id: int, message_id: int | None) -> None:
        """Let no message go on saying that it is drawn in it."""
        self._begin(self._write_over(chat_id, message_id, BELOW))

    async def _write_over(self, chat_id: int, message_id: int | None, said: LazyString) -> None:
        try:
            await self.bot.edit_message_text((await self._translator(chat_id)).gettext(said), chat_id, message_id)
        except TelegramError as error:  # as where a chart stands in it
            log.info("a message in chat %d stays as it was: %s", chat_id, telegram_errors.classify(error).text)

    async def _watch(self) -> None:
        """See that nothing is waited for without a word. What a bot before this one left has time to be shown first."""
        while True:
            await asyncio.sleep(LOOK_EVERY.total_seconds())
            if clock.now() < self.begun + WORD_WITHIN:
                continue
            try:
                overdue = await self.context.read(subscriptions.list_overdue, clock.now() - WORD_WITHIN)
            except Exception:  # a database away for a moment must not end the loop
                log.exception("looking for what is waited for failed")
                continue
            for wait in overdue[:AT_ONCE]:
                if self.rate_limiter.has_room(wait.chat_id, requested=True):
                    self._begin(self._tell_waiting(wait, NOT_TAKEN if wait.is_rendered else NOT_DRAWN))

    async def _tell_waiting(self, wait: OverdueDelivery, said: LazyString, **values: str) -> None:
        """Noted first, so that it is never told twice; where it surely was not told, it may be later."""
        try:
            what = await self.context.read(comparing.spoken_of, wait.subscription_id)
            if what is None or not await self.context.write(subscriptions.mark_notified, wait.subscription_id):
                return
            spoken = (await self._translator(wait.chat_id)).gettext(replace(said, values={**values, "what": what}))
            if not await self._is_told(wait, spoken):
                await self.context.write_surely(subscriptions.unmark_notified, wait.subscription_id)
        except AWAY as error:
            log.warning("chat %d is not told yet that its chart takes longer: %s", wait.chat_id, type(error).__name__)

    async def _is_told(self, wait: OverdueDelivery, said: str) -> bool:
        """In place of what says that it is being drawn; in a message of its own; or to an admin."""
        try:
            if wait.message_id is not None:
                await self.bot.edit_message_text(said, wait.chat_id, wait.message_id)
                return True
        except TelegramError as error:
            log.info("chat %d: %s", wait.chat_id, telegram_errors.classify(error).text)
        try:
            await self.bot.send_message(wait.chat_id, said, message_thread_id=wait.thread_id)
        except TelegramError as error:
            failure = telegram_errors.classify(error)
            log.warning("chat %d was not told that its chart takes longer: %s", wait.chat_id, failure.text)
            return failure.kind is ErrorKind.UNCERTAIN or await self._explain_to_an_admin(wait.chat_id, said)
        return True

    async def _translator(self, chat_id: int) -> Translator:
        return translator(await self.context.read(chats.language, chat_id) or Language.ENGLISH)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self.others.add(task)
        task.add_done_callback(self.others.discard)

    async def _explain(self, chat_id: int, thread_id: int | None, kind: ErrorKind) -> None:
        said = (await self._translator(chat_id)).gettext(EXPLAINED[kind])
        where = None if kind is ErrorKind.TOPIC_GONE else thread_id
        try:
            await self.bot.send_message(chat_id, said, message_thread_id=where)
        except TelegramError as error:
            log.info("chat %d was not told why it gets no chart: %s", chat_id, telegram_errors.classify(error).text)
            await self._explain_to_an_admin(chat_id, said)

    async def _explain_to_an_admin(self, chat_id: int, said: str) -> bool:
        """In private to the first admin who has ever written to the bot, the chat's owner first. False: to none."""
        try:
            title = phrasing.quote((await self.bot.get_chat(chat_id)).title or "")
            admins = await self.bot.get_chat_administrators(chat_id)
        except TelegramError as error:
            log.info("chat %d names no admins: %s", chat_id, telegram_errors.classify(error).text)
            return False
        people = [admin for admin in admins if not admin.user.is_bot]
        for admin in sorted(people, key=lambda admin: admin.status != admin.OWNER):
            try:
                await self.bot.send_message(admin.user.id, f"{title}: {said}")
            except TelegramError:
                continue
            return True
        return False

    async def _tell(self) -> None:
        while True:
            try:
                await self._start_untold()
            except Exception:  # a database away for a moment must not end the loop
                log.exception("looking for what to tell failed")
            await asyncio.sleep(LOOK_EVERY.total_seconds())

    async def _start_untold(self) -> None:
        """Send what every subscribed chat and the admins are told once. A chat that hangs holds up no other."""
        admins, busy = self.context.settings.admin_ids, set(self.under_way)
        for notice_id, chat_id, notice, language in await self.context.read(notices.list_unsent, admins, clock.now()):
            is_open = (
                self.rate_limiter.has_room(chat_id, requested=False) and self.again_at.get(chat_id, 0.0) <= monotonic()
            )
            if is_open and chat_id not in busy and len(self.under_way) < AT_ONCE:
                busy.add(chat_id)
                self.under_way[chat_id] = asyncio.create_task(
                    self._tell_one(notice_id, chat_id, translator(language).gettext(notice))
                )

    def _leave_for_a_while(self, chat_id: int) -> None:
        """It did not take a notice: it is told again soon, and then ever more seldom."""
        self.refused[chat_id] += 1
        wait_s = min(LOOK_EVERY.total_seconds() * 2 ** self.refused[chat_id], MOST_SELDOM.total_seconds())
        self.again_at[chat_id] = monotonic() + wait_s

    async def _tell_one(self, notice_id: int, chat_id: int, said: str) -> None:
        """Noted first, so that it is never told twice."""
        try:
            await self.context.write(notices.mark_sent, notice_id, chat_id)
            await self.bot.send_message(chat_id, said)
        except TelegramError as error:
            failure = telegram_errors.classify(error)
            log.warning("chat %d was not told: %s", chat_id, failure.text)
            if failure.kind in {ErrorKind.RETRY, ErrorKind.CHAT_MOVED, *telegram_errors.UNKNOWN_REFUSALS}:
                self._leave_for_a_while(chat_id)
                await self.context.write_surely(notices.unmark_sent, notice_id, chat_id)
            await self.context.follow(chat_id, failure)
        except Exception:  # a database away for a moment must not end the loop
            log.exception("telling a chat failed")
        finally:
            del self.under_way[chat_id]
