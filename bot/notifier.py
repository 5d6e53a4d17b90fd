"""Texts that nobody asked for: notices of the pipeline, and why a chart does not arrive."""

import asyncio
import logging
from collections import Counter
from collections.abc import Coroutine
from dataclasses import replace
from datetime import timedelta
from time import monotonic
from typing import Any

from telegram import Bot, ChatMember, LinkPreviewOptions, ReplyParameters
from telegram.error import TelegramError

from bot import phrasing, telegram_errors
from bot.context import Context
from bot.descriptions import find_description
from bot.entities import extract_entities
from bot.rate_limits import RateLimiter
from bot.telegram_errors import ErrorKind
from pipeline import clock
from pipeline.errors import AWAY
from pipeline.i18n import Translator, lazy_gettext, translator
from pipeline.records import ChatLocale, LazyString
from pipeline.store import chats, notices, subscriptions
from pipeline.store.subscriptions import ChartDelivery, OverdueDelivery

log = logging.getLogger(__name__)

POLL_INTERVAL = timedelta(seconds=5)
MAX_RETRY_DELAY = timedelta(minutes=10)
MAX_CONCURRENT = 28
OVERDUE_AFTER = timedelta(seconds=45)
"""How long a requested chart may take before its chat is told that it takes longer."""
EXPLANATIONS = {
    ErrorKind.NO_RIGHTS: lazy_gettext(
        "I'm not allowed to send photos here. Allow it, and the charts will come by themselves within an "
        "hour. The subscriptions are kept."
    ),
    ErrorKind.TOPIC_GONE: lazy_gettext(
        "A chart's topic is closed or deleted. Open the topic again, and the chart will come by itself; "
        "/unsubscribe ends it. The subscription is kept."
    ),
}
REFUSED = lazy_gettext(
    "Telegram refuses this chart: {what}. It says: “{reason}”. I'll keep trying, and it will come by "
    "itself; /status shows how it is going."
)
NOT_DRAWN = lazy_gettext(
    "This chart is taking longer: {what}. The part of the bot that draws charts is busy or not "
    "answering. It will come by itself."
)
NOT_DELIVERED = lazy_gettext(
    "This chart is taking longer: {what}. It is ready, but Telegram has not accepted it yet. It will come by itself."
)
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
CHART_IS_BELOW = lazy_gettext("The chart is below: Telegram does not accept it in this message.")


class Notifier:
    """Sends notices and reports overdue charts while the bot runs.

    sending: the notice that is being sent to each chat. tasks: all other work. refusals, retry_at: how often each chat
    refused a notice, and when the next attempt may be, by time.monotonic.
    """

    def __init__(self, context: Context, bot: Bot, rate_limiter: RateLimiter) -> None:
        self.context, self.bot, self.rate_limiter = context, bot, rate_limiter
        self.sending: dict[int, asyncio.Task[None]] = {}
        self.tasks: set[asyncio.Task[None]] = set()
        self.refusals: Counter[int] = Counter()
        self.retry_at: dict[int, float] = {}
        self.started_at = clock.now()

    def start(self) -> None:
        self._run(self._send_notices())
        self._run(self._report_overdue())

    async def stop(self) -> None:
        """Start nothing more, and finish the notices that are being sent."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, *self.sending.values(), return_exceptions=True)

    def explain(self, delivery: ChartDelivery, kind: ErrorKind) -> None:
        """Tell the chat what it must change so that charts arrive; for a lost topic in General.

        kind: one of EXPLANATIONS. Where photos are not allowed, the chart's figures come with it.
        """
        if kind is ErrorKind.TOPIC_GONE:
            self.say(delivery.chat_id, None, EXPLANATIONS[kind])
        else:
            self._run(self._say(delivery.chat_id, delivery.thread_id, EXPLANATIONS[kind], delivery.caption))

    def say(self, chat_id: int, thread_id: int | None, text: LazyString) -> None:
        """Tell the chat in this topic what it must change; where that fails, an admin in private."""
        self._run(self._say(chat_id, thread_id, text))

    def tell_figures(self, delivery: ChartDelivery) -> None:
        """Tell who waits for a chart its figures, once, and that photos are not allowed."""
        self._run(self._report(_overdue(delivery), EXPLANATIONS[ErrorKind.NO_RIGHTS], delivery.caption))

    def report_refusal(self, delivery: ChartDelivery, reason: str) -> None:
        """Tell the chat once that Telegram refuses its chart, why, and the figures, where the chart was to show."""
        overdue, short = _overdue(delivery), phrasing.shorten(reason)
        self._run(self._report(overdue, REFUSED, delivery.caption, reason=short))

    def point_to_new_message(self, chat_id: int, message_id: int | None) -> None:
        """Replace "Drawing…" in a message whose chart was sent in a new message."""
        self._run(self._edit_text(chat_id, message_id, CHART_IS_BELOW))

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _translator(self, chat_id: int) -> Translator:
        return translator(*(await self.context.read(chats.locale, chat_id) or ChatLocale()))

    async def _is_silent(self, chat_id: int) -> bool:
        return await self.context.read(chats.is_silent, chat_id)

    async def _edit_text(self, chat_id: int, message_id: int | None, text: LazyString) -> None:
        try:
            await self.bot.edit_message_text((await self._translator(chat_id)).gettext(text), chat_id, message_id)
        except TelegramError as error:  # such as where the message shows a chart
            log.info("a message in chat %d was not edited: %s", chat_id, telegram_errors.classify(error).text)

    async def _report_overdue(self) -> None:
        """Tell chats of requested charts that take longer than OVERDUE_AFTER.

        What was requested before the bot started gets that time from the start on.
        """
        while True:
            await asyncio.sleep(POLL_INTERVAL.total_seconds())
            if clock.now() < self.started_at + OVERDUE_AFTER:
                continue
            try:
                overdue = await self.context.read(
                    subscriptions.list_overdue, clock.now() - OVERDUE_AFTER, MAX_CONCURRENT
                )
            except Exception:  # a database that is away for a moment must not end the loop
                log.exception("the query for overdue charts failed")
                continue
            for delivery in overdue:
                if self.rate_limiter.has_room(delivery.chat_id, requested=True):
                    self._run(self._report(delivery, NOT_DELIVERED if delivery.is_rendered else NOT_DRAWN))

    async def _report(self, overdue: OverdueDelivery, text: LazyString, figures: str = "", **values: str) -> None:
        """Tell the chat once, with the figures of the chart below the text.

        That is stored before it is sent, and undone where it surely was not sent.
        """
        try:
            what = await self.context.read(find_description, overdue.subscription_id)
            if what is None or not await self.context.write(subscriptions.mark_notified, overdue.subscription_id):
                return
            gettext = (await self._translator(overdue.chat_id)).gettext
            told = gettext(replace(text, values={**values, "what": what}))
            if not await self._is_sent(overdue, _above(told, figures)):
                await self.context.write_with_retries(subscriptions.unmark_notified, overdue.subscription_id)
        except AWAY as error:
            log.warning(
                "chat %d is not told yet that its chart takes longer: %s", overdue.chat_id, type(error).__name__
            )

    async def _is_sent(self, overdue: OverdueDelivery, text: str) -> bool:
        """Put the text into the message that says "Drawing…"; else send a new one; else write to an admin."""
        chat_id = overdue.chat_id
        plain, entities = extract_entities(text, is_caption=True)
        try:
            if overdue.message_id is not None:
                await self.bot.edit_message_text(
                    plain, chat_id, overdue.message_id, entities=entities, link_preview_options=NO_PREVIEW
                )
                return True
        except TelegramError as error:
            log.info("chat %d: %s", chat_id, telegram_errors.classify(error).text)
        try:
            silent = not overdue.is_requested and await self._is_silent(chat_id)
            await self._send(chat_id, overdue.thread_id, text, silent=silent)
        except TelegramError as error:
            failure = telegram_errors.classify(error)
            log.warning("chat %d was not told that its chart takes longer: %s", chat_id, failure.text)
            return failure.kind is ErrorKind.UNCERTAIN or await self._write_to_admin(chat_id, text)
        return True

    async def _say(self, chat_id: int, thread_id: int | None, lazy: LazyString, figures: str = "") -> None:
        text = _above((await self._translator(chat_id)).gettext(lazy), figures)
        try:
            await self._send(chat_id, thread_id, text, silent=await self._is_silent(chat_id))
        except TelegramError as error:
            reason = telegram_errors.classify(error).text
            log.info("chat %d was not told what is the matter: %s", chat_id, reason)
            await self._write_to_admin(chat_id, text)

    async def _write_to_admin(self, chat_id: int, text: str) -> bool:
        """Write in private to the first admin who has ever written to the bot, the chat's owner first.

        Returns whether there is one.
        """
        try:
            title = phrasing.quote((await self.bot.get_chat(chat_id)).title or "")
            admins = await self.bot.get_chat_administrators(chat_id)
        except TelegramError as error:
            log.info("chat %d names no admins: %s", chat_id, telegram_errors.classify(error).text)
            return False
        people = [admin for admin in admins if not admin.user.is_bot]
        for admin in sorted(people, key=lambda admin: admin.status != ChatMember.OWNER):
            silent = await self._is_silent(admin.user.id)
            try:
                await self._send(admin.user.id, None, f"{title}: {text}", silent=silent)
            except TelegramError:
                continue
            return True
        return False

    async def _send(self, chat_id: int, thread_id: int | None, text: str, *, silent: bool) -> None:
        plain, entities = extract_entities(text, is_caption=True)
        await self.bot.send_message(
            chat_id,
            plain,
            entities=entities,
            message_thread_id=thread_id,
            disable_notification=silent,
            link_preview_options=NO_PREVIEW,
        )

    async def _send_notices(self) -> None:
        while True:
            try:
                await self._start_unsent()
            except Exception:  # a database that is away for a moment must not end the loop
                log.exception("the query for notices failed")
            await asyncio.sleep(POLL_INTERVAL.total_seconds())

    async def _start_unsent(self) -> None:
        """Start sending the notices that subscribed chats and admins have not got, one to each chat at a time."""
        busy = set(self.sending)
        unsent = await self.context.read(notices.list_unsent, self.context.settings.admin_ids, clock.now())
        for notice_id, chat_id, notice, locale in unsent:
            if chat_id in busy or len(self.sending) >= MAX_CONCURRENT or not self._may_send(chat_id):
                continue
            busy.add(chat_id)
            text = translator(*locale).gettext(notice)
            self.sending[chat_id] = asyncio.create_task(self._send_notice(notice_id, chat_id, text))

    def _may_send(self, chat_id: int) -> bool:
        may_retry = self.retry_at.get(chat_id, 0.0) <= monotonic()
        return may_retry and self.rate_limiter.has_room(chat_id, requested=False)

    async def _send_notice(self, notice_id: int, chat_id: int, text: str) -> None:
        """Send a notice once. That is stored before it is sent, and undone where it surely was not sent."""
        try:
            await self.context.write(notices.mark_sent, notice_id, chat_id)
            await self._reply(await self.context.read(notices.find_thread, notice_id, chat_id), chat_id, text)
        except TelegramError as error:
            failure = telegram_errors.classify(error)
            log.warning("chat %d was not told: %s", chat_id, failure.text)
            if failure.kind in {ErrorKind.RETRY, ErrorKind.CHAT_MOVED, *telegram_errors.UNKNOWN_REFUSALS}:
                self._back_off(chat_id)
                await self.context.write_with_retries(notices.unmark_sent, notice_id, chat_id)
            await self.context.update_chat(chat_id, failure)
        except Exception:  # a database that is away for a moment must not end the loop
            log.exception("telling a chat failed")
        finally:
            del self.sending[chat_id]

    async def _reply(self, thread: notices.Thread, chat_id: int, text: str) -> None:
        """Send the text as a reply in a thread, or where there is none by itself."""
        to = thread.message_id
        plain, entities = extract_entities(text)
        await self.bot.send_message(
            chat_id,
            plain,
            entities=entities,
            message_thread_id=thread.thread_id,
            reply_parameters=None if to is None else ReplyParameters(to, allow_sending_without_reply=True),
            link_preview_options=NO_PREVIEW,
            disable_notification=await self._is_silent(chat_id),
        )

    def _back_off(self, chat_id: int) -> None:
        """Wait twice as long after each refusal of a chat before the next attempt, MAX_RETRY_DELAY at most."""
        self.refusals[chat_id] += 1
        delay_s = min(POLL_INTERVAL.total_seconds() * 2 ** self.refusals[chat_id], MAX_RETRY_DELAY.total_seconds())
        self.retry_at[chat_id] = monotonic() + delay_s


def _overdue(delivery: ChartDelivery) -> OverdueDelivery:
    """The chart as one that its chat is to be told of, in the message that waits for it where there is one."""
    is_requested = delivery.requested_at is not None
    message_id = delivery.message_id if is_requested else None
    return OverdueDelivery(
        delivery.subscription_id,
        delivery.chat_id,
        delivery.thread_id,
        message_id,
        is_rendered=True,
        is_requested=is_requested,
    )


def _above(text: str, figures: str) -> str:
    return f"{text}\n\n{figures}" if figures else text
