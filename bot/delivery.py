"""The delivery of charts to chats: the pipeline wakes it, and the database says what is due.

The newest chart wins: a chat gets the one of the moment, never a backlog. The chat that has waited longest is first,
and a chat that is slow or must wait delays no other. What was delivered is stored, so that a restart neither repeats
nor loses it.
"""

import asyncio
import logging
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

from telegram.error import TelegramError
from telegram.ext import ExtBot

from bot import telegram_errors
from bot.chart_sender import NEW_MESSAGE_AFTER, ChartExpiredError, ChartSender, SupersededError
from bot.context import Context
from bot.notifier import Notifier
from bot.pins import MAY_NOT_PIN
from bot.rate_limits import RateLimiter
from bot.telegram_errors import ErrorKind, Failure
from pipeline import clock
from pipeline.errors import AWAY
from pipeline.records import Mode
from pipeline.store import comparisons, subscriptions
from pipeline.store.subscriptions import ChartDelivery, DueDelivery

log = logging.getLogger(__name__)

MAX_PREPARING = 28
"""Deliveries under way that Telegram does not have yet: those that wait for the rate limits or for the database."""
MAX_CONCURRENT = 250
"""Deliveries under way in all; each that Telegram has not answered holds a connection."""
POLL_INTERVAL = timedelta(seconds=2)
"""How often the database is queried without a wake-up, since nothing tells when a chart's earliest time comes."""
RETRY_INTERVAL = timedelta(seconds=1)
MIN_POLL_INTERVAL = timedelta(milliseconds=100)
"""Between two queries, since every delivery's end wakes the loop."""
RETRY_DELAYS_S, REQUESTED_RETRY_DELAYS_S = (3, 10, 60), (3, 7, 20)
"""Seconds to wait after each failure for an unknown reason; the latter for a chart that somebody waits for."""
MAX_RETRY_DELAY_S = 120
NOTIFY_AFTER, NOTIFY_REQUESTED_AFTER = timedelta(minutes=1), timedelta(seconds=28)
"""How long a chart fails before its chat is told; the latter for a chart that somebody waits for."""
CHAT_GONE_AFTER = timedelta(days=1)
"""How long a chat refuses everything for an unknown reason before it counts as gone."""


def retry_delay(delivery: ChartDelivery, failure: Failure) -> timedelta:
    """How long to wait before the next attempt; ever longer after a refusal for an unknown reason."""
    if failure.kind not in telegram_errors.UNKNOWN_REFUSALS:
        return failure.delay
    delays_s = REQUESTED_RETRY_DELAYS_S if delivery.requested_at else RETRY_DELAYS_S
    failures = delivery.failures
    return timedelta(seconds=delays_s[failures] if failures < len(delays_s) else MAX_RETRY_DELAY_S)


class DeliveryLoop:
    """Delivers charts while the bot runs. in_progress: the delivery of each chat, one at a time."""

    def __init__(self, context: Context, bot: ExtBot[bool], rate_limiter: RateLimiter, notifier: Notifier) -> None:
        self.context, self.bot, self.rate_limiter, self.notifier = context, bot, rate_limiter, notifier
        self.sender = ChartSender(context, bot, notifier)
        self.in_progress: dict[int, asyncio.Task[None]] = {}
        self.loops: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self.context.signs.nothing_due()
        loops = (self._listen, self._deliver, self.context.pipeline_client.keep_time)
        self.loops = [asyncio.create_task(loop()) for loop in loops]

    async def stop(self) -> None:
        """Start no more deliveries, and finish those in progress, so that what Telegram accepted is stored."""
        for loop in self.loops:
            loop.cancel()
        await asyncio.gather(*self.loops, *self.in_progress.values(), return_exceptions=True)

    async def _listen(self) -> None:
        """Wake the delivery whenever the pipeline says that a chart is ready.

        A wake-up that is missed delays a chart by POLL_INTERVAL at most.
        """
        while True:
            try:
                if await self.context.pipeline_client.wait_for_ready(POLL_INTERVAL):
                    self.context.wake.set()
            except Exception as error:  # whatever it is must not end the loop
                log.warning("cannot hear of ready charts", exc_info=error)
                await asyncio.sleep(RETRY_INTERVAL.total_seconds())

    async def _deliver(self) -> None:
        while True:
            try:
                held_back = await self._start_due()
            except Exception:  # a database that is away for a moment must not end the loop
                log.exception("the query for due charts failed")
                held_back = True
            await asyncio.sleep(MIN_POLL_INTERVAL.total_seconds())
            interval = RETRY_INTERVAL if held_back else POLL_INTERVAL
            try:
                async with asyncio.timeout(interval.total_seconds()):
                    await self.context.wake.wait()
            except TimeoutError:
                continue
            self.context.wake.clear()

    async def _start_due(self) -> bool:
        """Start the due deliveries, as many as may be in progress. Returns whether some had to be held back."""
        held_back, now = False, clock.now()
        for batch in count():
            deliveries = await self.context.read(subscriptions.list_due, now, batch)
            if batch == 0 and not deliveries:
                self.context.signs.nothing_due()
            for due in deliveries:
                if self._is_full():
                    return True
                has_room = self.rate_limiter.has_room(due.chat_id, requested=due.is_requested)
                if due.chat_id in self.in_progress or not has_room:
                    held_back = True
                    continue
                self.in_progress[due.chat_id] = asyncio.create_task(self._deliver_due(due))
            if len(deliveries) < subscriptions.BATCH:
                break
        return held_back

    def _is_full(self) -> bool:
        """Whether no more may start. A delivery that Telegram has, and is slow to answer, counts less."""
        preparing = len(self.in_progress) - len(self.rate_limiter.charts_in_flight)
        return preparing >= MAX_PREPARING or len(self.in_progress) >= MAX_CONCURRENT

    async def _deliver_due(self, due: DueDelivery) -> None:
        """Deliver the newest chart, if it is still due: it may have been delivered since the query.

        A scheduled one that was missed is delivered late, but is left out where the next one is nearer.
        """
        try:
            delivery = await self.context.read(subscriptions.get_delivery, due, clock.now())
            if delivery is not None and delivery.is_held:
                await self.context.write(subscriptions.hold, delivery)
            elif delivery is not None and delivery.is_too_late(clock.now()):
                await self.context.write(subscriptions.skip, delivery, clock.now())
            elif delivery is not None:
                await self._send(delivery)
        except AWAY as error:
            log.warning("chat %d waits for its chart: %s", due.chat_id, type(error).__name__)
        finally:
            del self.in_progress[due.chat_id]
            self.context.wake.set()

    async def _send(self, delivery: ChartDelivery) -> None:
        """Send the chart, and store the outcome whatever it is."""
        try:
            message_id = await self.sender.send(delivery)
            self.context.signs.chart_shown(_lag(delivery, clock.now()), requested=delivery.requested_at is not None)
            await self._mark_delivered(delivery, None if delivery.mode is Mode.NEW else message_id)
            if delivery.pinned and delivery.mode is Mode.LIVE and delivery.pinned_message_id != message_id:
                await self._pin(delivery, message_id)
        except TelegramError as error:
            await self._handle_failure(delivery, telegram_errors.classify(error))
        except ChartExpiredError:
            await self._redraw(delivery)
        except SupersededError:
            return
        except AWAY as error:  # before anything was sent, since what Telegram accepted is stored with retries
            log.warning("chat %d waits for its chart: %s", delivery.chat_id, type(error).__name__)
            await self._postpone(delivery, RETRY_INTERVAL, "not drawn or not noted")
        except Exception:  # one chat's failure must not end the delivery to the others
            log.exception("showing a chart failed")
            failure = Failure(ErrorKind.UNCERTAIN, "failed", telegram_errors.FAILURE_DELAY)
            await self._handle_failure(delivery, failure)

    async def _mark_delivered(self, delivery: ChartDelivery, message_id: int | None) -> None:
        await self.context.write_with_retries(subscriptions.mark_delivered, delivery, message_id, clock.now())

    async def _pin(self, delivery: ChartDelivery, message_id: int) -> None:
        """Pin the message that took the place of the pinned one. Where that is not allowed, say so and stop."""
        pinned: int | None = message_id
        try:
            await self.bot.pin_chat_message(delivery.chat_id, message_id, disable_notification=True)
        except TelegramError as error:
            failure = telegram_errors.classify(error)
            log.info("the chart in chat %d was not pinned: %s", delivery.chat_id, failure.text)
            if failure.kind is not ErrorKind.NO_RIGHTS:  # the next delivery tries again
                return
            pinned = None
            self.notifier.say(delivery.chat_id, delivery.thread_id, MAY_NOT_PIN)
        await self.context.write_with_retries(subscriptions.set_pinned_message, delivery.subscription_id, pinned)

    async def _redraw(self, delivery: ChartDelivery) -> None:
        """Have the chart drawn again: its bytes are not stored any more, and Telegram has no copy."""
        await self.context.write(comparisons.request_fresh_redraw, delivery.comparison_id)
        await self._postpone(delivery, RETRY_INTERVAL, "drawn again")
        await self.context.pipeline_client.request_charts([delivery.comparison_id])

    async def _handle_failure(self, delivery: ChartDelivery, failure: Failure) -> None:
        """Store what the failure means for the subscription, and when the next attempt is."""
        log.info("chat %d was not shown a chart: %s", delivery.chat_id, failure.text)
        self.context.signs.chart_failed(failure)
        now = clock.now()
        if failure.kind is not ErrorKind.UNCERTAIN:
            await self.sender.release(delivery)
        match failure.kind:
            case ErrorKind.NOT_MODIFIED:
                await self._mark_delivered(delivery, delivery.message_id)
            case ErrorKind.UNCERTAIN:
                await self._mark_uncertain(delivery, failure, now)
            case ErrorKind.FORBIDDEN if _has_failed_for(delivery, CHAT_GONE_AFTER, now):
                await self.context.update_chat(delivery.chat_id, replace(failure, kind=ErrorKind.CHAT_GONE))
            case ErrorKind.CHAT_GONE | ErrorKind.CHAT_MOVED:
                await self.context.update_chat(delivery.chat_id, failure)
            case ErrorKind.MESSAGE_GONE if delivery.message_id:
                await self._forget_message(delivery)
            case ErrorKind.NO_RIGHTS | ErrorKind.TOPIC_GONE:
                await self._wait_for_people(delivery, failure)
            case ErrorKind.RETRY if failure.text == telegram_errors.ASKS_TO_WAIT:
                await self._postpone(delivery, failure.delay, failure.text)
            case _:
                await self._record_failure(delivery, failure, now)

    async def _mark_uncertain(self, delivery: ChartDelivery, failure: Failure, now: datetime) -> None:
        await self.context.write_with_retries(
            subscriptions.mark_uncertain, delivery, now + failure.delay, failure.text, now
        )
        self._notify_if_lasting(delivery, failure, now)

    async def _record_failure(self, delivery: ChartDelivery, failure: Failure, now: datetime) -> None:
        retry_at = now + retry_delay(delivery, failure)
        await self.context.write_with_retries(
            subscriptions.record_failure, delivery.subscription_id, retry_at, failure.text, now
        )
        self._notify_if_lasting(delivery, failure, now)

    async def _forget_message(self, delivery: ChartDelivery) -> None:
        """The message was deleted: a live chart is sent in a new one, and a single chart is dropped."""
        forget = subscriptions.remove if delivery.mode is Mode.ONCE else subscriptions.clear_message
        await self.context.write_with_retries(forget, delivery.subscription_id)

    def _notify_if_lasting(self, delivery: ChartDelivery, failure: Failure, now: datetime) -> None:
        """Tell the chat that Telegram does not take its chart, once the failures last."""
        waits_long = delivery.requested_at is not None and now - delivery.requested_at >= NOTIFY_REQUESTED_AFTER
        fails_long = _has_failed_for(delivery, NOTIFY_AFTER, now) and delivery.failures >= NEW_MESSAGE_AFTER
        if not delivery.notified and delivery.quiet_until is None and (waits_long or fails_long):
            self.notifier.report_refusal(delivery, failure.text)

    async def _wait_for_people(self, delivery: ChartDelivery, failure: Failure) -> None:
        """Postpone the chart until somebody changes the chat, and explain once what to change.

        Whoever asks for a chart where photos are not allowed gets its figures.

        The problem is stored before it is explained, so that it is not explained twice. In quiet hours both wait for
        their end.
        """
        if delivery.quiet_until is not None:
            await self.context.write_with_retries(subscriptions.hold, delivery)
            return
        problem = failure.kind.name
        is_explained = await self.context.read(subscriptions.has_problem, delivery.chat_id, problem)
        await self._postpone(delivery, failure.delay, problem)
        if failure.kind is ErrorKind.NO_RIGHTS and delivery.requested_at is not None and not delivery.notified:
            self.notifier.tell_figures(delivery)
        elif not is_explained:
            self.notifier.explain(delivery, failure.kind)

    async def _postpone(self, delivery: ChartDelivery, wait: timedelta, problem: str) -> None:
        await self.context.write_with_retries(
            subscriptions.postpone, delivery.subscription_id, clock.now() + wait, problem
        )


def _lag(delivery: ChartDelivery, now: datetime) -> timedelta | None:
    """How long ago somebody asked for the chart, or its figures were read; None where it came at a time of its own."""
    since = delivery.requested_at or (delivery.as_of if delivery.mode is Mode.LIVE else None)
    return None if since is None else max(now - since, timedelta(0))


def _has_failed_for(delivery: ChartDelivery, duration: timedelta, now: datetime) -> bool:
    return delivery.failing_since is not None and now - delivery.failing_since >= duration
