"""Showing ready charts in the chats: the pipeline wakes it, the database says what is due.

Latest wins: a chat whose turn comes gets the newest chart, never a backlog. The chat that has waited longest is first,
and one that must wait, or is slow, holds up no other. What was shown is noted, so that a restart neither repeats nor
loses it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from weakref import WeakValueDictionary

from telegram import InputMediaPhoto, Message
from telegram.error import BadRequest, TelegramError
from telegram.ext import ExtBot

from bot import telegram_errors
from bot.context import Context
from bot.entities import extract_entities
from bot.keyboards import under_chart
from bot.notifier import Notifier
from bot.rate_limits import RateLimiter
from bot.telegram_errors import ErrorKind, Failure
from pipeline import clock
from pipeline.errors import AWAY
from pipeline.i18n import translator
from pipeline.records import Mode
from pipeline.store import comparisons, subscriptions, telegram_photos
from pipeline.store.subscriptions import ChartDelivery, DueDelivery

log = logging.getLogger(__name__)

AT_ONCE = 28
MOST_AT_ONCE = 250  # with those that Telegram lets wait; each holds a connection
LOOK_EVERY = timedelta(seconds=2)  # nothing tells when a wait is over
LOOK_AGAIN = timedelta(seconds=1)
BETWEEN_LOOKS = timedelta(milliseconds=100)  # thousands of chats may wait, and each turn's end is news
UNSURE_WAIT = timedelta(hours=1)
SOON_S, LATER_S, AT_MOST_S = (3, 7, 20), (3, 10, 60), 120
"""Before a refused chart is tried again: one that somebody waits for; one whose chat has an older one; for ever."""
TELL_ASKED_AFTER, TELL_AFTER = timedelta(seconds=28), timedelta(minutes=1)
"""How long a chart is tried before the chat is told: one that somebody waits for; one whose chat has an older one."""
ANEW_AFTER_SOON, ANEW_AFTER = 2, 3
"""So many failures before a new message is sent instead of an edit."""
BY_TURNS_AFTER = 5
"""So many failures before the other ways are tried one at a time."""
GONE_AFTER = timedelta(days=1)
"""A chat that only refuses for so long is gone."""


class Way(Enum):
    """How a chart is shown: its file named or its bytes sent; without links and buttons; in a new message."""

    USUAL = auto()
    UPLOADED = auto()
    PLAIN = auto()
    ANEW = auto()


def ways(showing: ChartDelivery) -> list[Way]:
    """In which ways it is tried now: first as usual, since a refusal may pass, and more where it has not passed."""
    anew_after = ANEW_AFTER_SOON if showing.requested_at else ANEW_AFTER
    others = [Way.UPLOADED, Way.PLAIN]
    others += [Way.ANEW] if showing.message_id is not None and showing.failures >= anew_after else []
    if showing.failures > BY_TURNS_AFTER:
        return [Way.USUAL, others[showing.failures % len(others)]]
    return [Way.USUAL, *(others if showing.failures else [])]


def wait_of(showing: ChartDelivery, failure: Failure) -> timedelta:
    """How long until it is tried again; a refusal that nobody knows may pass at once, or never."""
    if failure.kind not in telegram_errors.UNKNOWN_REFUSALS:
        return failure.delay
    waits = SOON_S if showing.requested_at else LATER_S
    return timedelta(seconds=waits[showing.failures] if showing.failures < len(waits) else AT_MOST_S)


@dataclass(eq=False, weakref_slot=True, slots=True)
class Upload:
    """A chart on its way to Telegram: the first chat's turn uploads it while the others wait for its file_id."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    file_id: str | None = None

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """One after the other; but a chat that hangs holds up the next ones only for a moment."""
        try:
            await asyncio.wait_for(self.lock.acquire(), LOOK_AGAIN.total_seconds())
        except TimeoutError:
            yield
            return
        try:
            yield
        finally:
            self.lock.release()


class Delivery:
    """The loop that shows charts. One a bot."""

    def __init__(self, context: Context, bot: ExtBot[bool], rate_limiter: RateLimiter, notifier: Notifier) -> None:
        self.context, self.bot, self.rate_limiter, self.notifier = context, bot, rate_limiter, notifier
        self.under_way: dict[int, asyncio.Task[None]] = {}
        self.uploads: WeakValueDictionary[str, Upload] = WeakValueDictionary()
        self.loops: list[asyncio.Task[None]] = []

    def start(self) -> None:
        loops = (self._listen, self._deliver, self.context.pipeline_client.keep_time)
        self.loops = [asyncio.create_task(loop()) for loop in loops]

    async def stop(self) -> None:
        """Let what is under way end, so that what Telegram accepted is noted."""
        for loop in self.loops:
            loop.cancel()
        await asyncio.gather(*self.loops, *self.under_way.values(), return_exceptions=True)

    async def _listen(self) -> None:
        """Wake the delivery whenever the pipeline says that a chart is ready."""
        while True:
            try:
                if await self.context.pipeline_client.wait_for_ready(LOOK_EVERY):
                    self.context.wake.set()
            except Exception as error:  # whatever it is must not end the loop
                log.warning("cannot hear of ready charts", exc_info=error)
                await asyncio.sleep(LOOK_AGAIN.total_seconds())

    async def _deliver(self) -> None:
        while True:
            try:
                held_back = await self._start_due()
            except Exception:  # a database away for a moment must not end the loop
                log.exception("looking for what to show failed")
                held_back = True
            await asyncio.sleep(BETWEEN_LOOKS.total_seconds())
            wait = LOOK_AGAIN if held_back else LOOK_EVERY
            try:
                await asyncio.wait_for(self.context.wake.wait(), wait.total_seconds())
            except TimeoutError:
                continue
            self.context.wake.clear()

    async def _start_due(self) -> bool:
        """Start showing what is due, as far as there is room. True where something had to be held back."""
        due = await self.context.read(subscriptions.list_due, clock.now())
        held_back = False
        for turn in due:
            if self._is_full():
                return True
            if turn.chat_id in self.under_way or not self.rate_limiter.has_room(
                turn.chat_id, requested=turn.is_requested
            ):
                held_back = True
                continue
            self.under_way[turn.chat_id] = asyncio.create_task(self._take(turn))
        return held_back

    def _is_full(self) -> bool:
        """Few wait for a place within Telegram's limits; those that Telegram lets wait hold up nobody."""
        preparing = len(self.under_way) - len(self.rate_limiter.charts_in_flight)
        return preparing >= AT_ONCE or len(self.under_way) >= MOST_AT_ONCE

    async def _take(self, turn: DueDelivery) -> None:
        """Show the newest chart there is by now: the list that this turn came from may be older than the last note."""
        try:
            showing = await self.context.read(subscriptions.get_delivery, turn, clock.now())
            if showing is not None:
                await self._show(showing)
        except AWAY as error:
            log.warning("chat %d waits for its chart: %s", turn.chat_id, type(error).__name__)
        finally:
            del self.under_way[turn.chat_id]
            self.context.wake.set()

    async def _show(self, showing: ChartDelivery) -> None:
        try:
            message_id = await self._put_in_some_way(showing)
            await self._note(showing, None if showing.mode is Mode.NEW else message_id)
        except TelegramError as error:
            await self._settle(showing, telegram_errors.classify(error))
        except PictureGoneError:
            await self._draw_again(showing)
        except NotOursError:
            return
        except AWAY as error:  # before anything was sent: what Telegram took is noted however long that takes
            log.warning("chat %d waits for its chart: %s", showing.chat_id, type(error).__name__)
            await self._postpone(showing, LOOK_AGAIN, "not drawn or not noted")
        except Exception:  # one chat's failure must not end the delivery to the others
            log.exception("showing a chart failed")
            await self._settle(showing, Failure(ErrorKind.UNCERTAIN, "failed", telegram_errors.FAILURE_DELAY))

    async def _put_in_some_way(self, showing: ChartDelivery) -> int:
        """Show the chart in the first way that Telegram does not refuse. Returns the message's id."""
        first, *others = ways(showing)
        try:
            return await self._put_in(first, showing)
        except TelegramError as error:
            refusal = error
        for way in others:
            if not _may_be_the_ways_fault(showing, telegram_errors.classify(refusal)):
                break
            await self._unclaim(showing)
            try:
                return await self._put_in(way, showing)
            except TelegramError as error:
                refusal = error
        raise refusal

    async def _put_in(self, way: Way, showing: ChartDelivery) -> int:
        match way:
            case Way.USUAL:
                return await self._put(showing)
            case Way.ANEW:
                return await self._put_anew(showing)
            case _:
                upload = self.uploads.setdefault(showing.chart_digest, Upload())
                return await self._upload(showing, upload, plain=way is Way.PLAIN)

    async def _put_anew(self, showing: ChartDelivery) -> int:
        """In a message of its own, where Telegram does not take it in the one that it stood in, or was to stand in."""
        try:
            upload = self.uploads.setdefault(showing.chart_digest, Upload())
            message_id = await self._upload(replace(showing, message_id=None), upload)
        except TelegramError as error:
            if telegram_errors.classify(error).kind is not ErrorKind.UNCERTAIN:
                await self.context.write_surely(subscriptions.unmark_sending, showing, clock.now())
            raise
        if showing.requested_at:
            self.notifier.point_below(showing.chat_id, showing.message_id)
        return message_id

    async def _put(self, showing: ChartDelivery) -> int:
        """Show the chart; the first chat to get it uploads it, every other one names the file that Telegram has then.

        Returns the message's id.
        """
        upload = self.uploads.setdefault(showing.chart_digest, Upload())
        if upload.file_id is None:
            async with upload.turn():
                upload.file_id = upload.file_id or await self.context.read(
                    telegram_photos.find_file_id, showing.chart_digest
                )
                if upload.file_id is None:
                    return await self._upload(showing, upload)
        return await self._reuse(showing, upload, upload.file_id)

    async def _upload(self, showing: ChartDelivery, upload: Upload, *, plain: bool = False) -> int:
        picture = await self.context.pipeline_client.picture(showing.chart_digest)
        if picture is None:
            raise PictureGoneError
        message = await self._request(showing, picture, plain=plain)
        upload.file_id = message.photo[-1].file_id
        await self.context.write_surely(telegram_photos.save, showing.chart_digest, upload.file_id, clock.now())
        return message.message_id

    async def _reuse(self, showing: ChartDelivery, upload: Upload, file_id: str) -> int:
        """Name the file; one that Telegram does not know any more is uploaded anew by whoever finds that out."""
        try:
            return (await self._request(showing, file_id)).message_id
        except BadRequest as error:
            if telegram_errors.classify(error).kind is not ErrorKind.FILE_GONE:
                raise
        await self._unclaim(showing)
        if upload.file_id == file_id:
            upload.file_id = None
        await self.context.write(telegram_photos.delete_file_id, showing.chart_digest, file_id)
        return await self._put(showing)

    async def _request(self, showing: ChartDelivery, photo: bytes | str, *, plain: bool = False) -> Message:
        keyboard = None if plain else under_chart(showing.comparison_id, showing.spec, showing.mode)
        caption, links_in_it = extract_entities(captioned(showing))
        entities = None if plain else links_in_it
        is_asked = showing.requested_at is not None and not showing.failures
        if showing.message_id is None:
            await self._claim(showing)
            return await self.bot.send_photo(
                showing.chat_id,
                photo,
                caption=caption,
                caption_entities=entities,
                message_thread_id=showing.thread_id,
                reply_markup=keyboard,
                filename="chart.png",
                rate_limit_args=is_asked,
            )
        media = InputMediaPhoto(photo, caption=caption, caption_entities=entities, filename="chart.png")
        edited = await self.bot.edit_message_media(
            media, showing.chat_id, showing.message_id, reply_markup=keyboard, rate_limit_args=is_asked
        )
        if not isinstance(edited, Message):
            raise TypeError("an edit of a chat's message answers with the message")
        return edited

    async def _claim(self, showing: ChartDelivery) -> None:
        """A new message is noted before it is sent: rather one chart skipped than one sent twice. Edits may repeat."""
        wait = timedelta(seconds=showing.interval_s) if showing.interval_s else UNSURE_WAIT
        if not await self.context.write(subscriptions.mark_sending, showing, clock.now() + wait):
            raise NotOursError

    async def _unclaim(self, showing: ChartDelivery) -> None:
        if showing.message_id is None:
            await self.context.write_surely(subscriptions.unmark_sending, showing, clock.now())

    async def _note(self, showing: ChartDelivery, message_id: int | None) -> None:
        await self.context.write_surely(subscriptions.mark_delivered, showing, message_id, clock.now())

    async def _draw_again(self, showing: ChartDelivery) -> None:
        """The bytes are not kept any more and Telegram has no copy: have the same drawn anew."""
        await self.context.write(comparisons.request_fresh_redraw, showing.comparison_id)
        await self._postpone(showing, LOOK_AGAIN, "drawn again")
        await self.context.pipeline_client.request_charts([showing.comparison_id])

    async def _settle(self, showing: ChartDelivery, failure: Failure) -> None:
        log.info("chat %d was not shown a chart: %s", showing.chat_id, failure.text)
        write, now = self.context.write_surely, clock.now()
        if failure.kind is not ErrorKind.UNCERTAIN:
            await self._unclaim(showing)
        match failure.kind:
            case ErrorKind.NOT_MODIFIED:
                await self._note(showing, showing.message_id)
            case ErrorKind.UNCERTAIN:
                await write(subscriptions.mark_uncertain, showing, now + failure.delay, failure.text, now)
                self._tell_if_it_lasts(showing, failure, now)
            case ErrorKind.FORBIDDEN if showing.failing_since and now - showing.failing_since > GONE_AFTER:
                await self.context.follow(showing.chat_id, replace(failure, kind=ErrorKind.CHAT_GONE))
            case ErrorKind.CHAT_GONE | ErrorKind.CHAT_MOVED:
                await self.context.follow(showing.chat_id, failure)
            case ErrorKind.MESSAGE_GONE if showing.message_id and showing.mode is Mode.ONCE:
                await write(subscriptions.remove, showing.subscription_id)
            case ErrorKind.MESSAGE_GONE if showing.message_id:
                await write(subscriptions.clear_message, showing.subscription_id)
            case ErrorKind.NO_RIGHTS | ErrorKind.TOPIC_GONE:
                await self._explain(showing, failure)
            case ErrorKind.RETRY if failure.text == telegram_errors.ASKS_TO_WAIT:
                await self._postpone(showing, failure.delay, failure.text)
            case _:
                await write(
                    subscriptions.record_failure,
                    showing.subscription_id,
                    now + wait_of(showing, failure),
                    failure.text,
                    now,
                )
                self._tell_if_it_lasts(showing, failure, now)

    def _tell_if_it_lasts(self, showing: ChartDelivery, failure: Failure, now: datetime) -> None:
        asked_long = showing.requested_at is not None and now - showing.requested_at >= TELL_ASKED_AFTER
        failed_long = showing.failing_since is not None and now - showing.failing_since >= TELL_AFTER
        if not showing.notified and (asked_long or (failed_long and showing.failures >= ANEW_AFTER)):
            self.notifier.tell_of_refusal(showing, failure.text)

    async def _explain(self, showing: ChartDelivery, failure: Failure) -> None:
        """Wait until it is mended, and say once what is to be mended; noted first, so that it is never said twice."""
        problem = failure.kind.name
        said = await self.context.read(subscriptions.has_problem, showing.chat_id, problem)
        await self._postpone(showing, failure.delay, problem)
        if not said:
            self.notifier.explain(showing.chat_id, showing.thread_id, failure.kind)

    async def _postpone(self, showing: ChartDelivery, wait: timedelta, why: str) -> None:
        await self.context.write_surely(subscriptions.postpone, showing.subscription_id, clock.now() + wait, why)


def captioned(showing: ChartDelivery) -> str:
    """A chart that is older than what was read since says so; a message that stands is not edited for that alone."""
    said = translator(showing.spec.language)
    last = said.read_at(showing.as_of) if showing.as_of else None
    if showing.as_of is None or last is None or not showing.caption.endswith(last):
        return showing.caption
    return showing.caption.removesuffix(last) + said.read_at(showing.as_of, showing.checked_at)


def _may_be_the_ways_fault(showing: ChartDelivery, failure: Failure) -> bool:
    """Whether another way may do: after a refusal that nobody knows, or a failure of Telegram's own that lasts."""
    return failure.kind in telegram_errors.UNKNOWN_REFUSALS or (
        failure.is_telegrams and failure.kind is ErrorKind.RETRY and showing.failures > BY_TURNS_AFTER
    )


class PictureGoneError(Exception):
    """A chart's bytes are not kept any more."""


class NotOursError(Exception):
    """Another bot sends this chart, or the chat was promised another one by now."""
