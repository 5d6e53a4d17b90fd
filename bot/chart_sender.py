"""Sending one chart to one chat: as a new message or an edit, by file_id or as an upload, in full or plainly.

A chart is uploaded once for all chats; the others name the file that Telegram has then.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from weakref import WeakValueDictionary

from telegram import InlineKeyboardMarkup, InputMediaPhoto, Message
from telegram.error import BadRequest, TelegramError
from telegram.ext import ExtBot

from bot import telegram_errors
from bot.context import Context
from bot.entities import extract_entities
from bot.keyboards import under_chart
from bot.notifier import Notifier
from bot.telegram_errors import ErrorKind, Failure
from pipeline import clock
from pipeline.i18n import chart_translator
from pipeline.store import subscriptions, telegram_photos
from pipeline.store.subscriptions import ChartDelivery

UPLOAD_WAIT_S = 1.0
NEW_MESSAGE_AFTER, NEW_MESSAGE_AFTER_REQUESTED = 3, 2
"""Failures before a new message is sent instead of an edit; of a chart that somebody waits for."""
ALTERNATE_AFTER = 5
"""Failures before each attempt tries the full method and only one of the others."""


class SendMethod(Enum):
    """FULL: by file_id where there is one. UPLOADED: with the bytes. PLAIN: also without links and keyboard.

    NEW_MESSAGE: with the bytes, in a new message instead of an edit.
    """

    FULL = auto()
    UPLOADED = auto()
    PLAIN = auto()
    NEW_MESSAGE = auto()


def send_methods(delivery: ChartDelivery) -> list[SendMethod]:
    """The methods to try now, in order: after more failures more of them, since a refusal may pass by itself."""
    new_message_after = NEW_MESSAGE_AFTER_REQUESTED if delivery.requested_at else NEW_MESSAGE_AFTER
    others = [SendMethod.UPLOADED, SendMethod.PLAIN]
    if delivery.message_id is not None and delivery.failures >= new_message_after and delivery.quiet_until is None:
        others.append(SendMethod.NEW_MESSAGE)
    if delivery.failures > ALTERNATE_AFTER:
        return [SendMethod.FULL, others[delivery.failures % len(others)]]
    return [SendMethod.FULL, *(others if delivery.failures else [])]


class ChartExpiredError(Exception):
    """The chart's bytes are not stored any more."""


class SupersededError(Exception):
    """Another process sends this chart, or the subscription shows another comparison by now."""


@dataclass(eq=False, weakref_slot=True, slots=True)
class Upload:
    """A chart on its way to Telegram. One chat uploads it while the others wait for the file_id."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    file_id: str | None = None

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Hold the lock, or go on without it after UPLOAD_WAIT_S: a chat that hangs must not delay the others."""
        try:
            async with asyncio.timeout(UPLOAD_WAIT_S):
                await self.lock.acquire()
        except TimeoutError:
            yield
            return
        try:
            yield
        finally:
            self.lock.release()


class ChartSender:
    """Sends charts. uploads: the charts under way, by digest; a chart's entry ends with the last delivery of it."""

    def __init__(self, context: Context, bot: ExtBot[bool], notifier: Notifier) -> None:
        self.context, self.bot, self.notifier = context, bot, notifier
        self.uploads: WeakValueDictionary[str, Upload] = WeakValueDictionary()

    async def send(self, delivery: ChartDelivery) -> int:
        """Send the chart by the first method that Telegram does not refuse. Returns the message's id.

        Raises TelegramError, ChartExpiredError, SupersededError, and the errors of the database and of Redis.
        """
        first, *others = send_methods(delivery)
        try:
            return await self._send_by(first, delivery)
        except TelegramError as error:
            refusal = error
        for method in others:
            if not _may_depend_on_method(delivery, telegram_errors.classify(refusal)):
                break
            await self.release(delivery)
            try:
                return await self._send_by(method, delivery)
            except TelegramError as error:
                refusal = error
        raise refusal

    async def release(self, delivery: ChartDelivery) -> None:
        """Note that a new message was not sent after all, so that it is still to be sent."""
        if delivery.message_id is None:
            await self.context.write_with_retries(subscriptions.unmark_sending, delivery, clock.now())

    async def _claim(self, delivery: ChartDelivery) -> None:
        """Note a new message before it is sent: a crash then skips one chart rather than sends one twice.

        Edits need no note, since repeating one changes nothing. Raises SupersededError.
        """
        if not await self.context.write(subscriptions.mark_sending, delivery, clock.now()):
            raise SupersededError

    async def _send_by(self, method: SendMethod, delivery: ChartDelivery) -> int:
        match method:
            case SendMethod.FULL:
                return await self._send_by_file_id(delivery)
            case SendMethod.NEW_MESSAGE:
                return await self._send_instead_of_edit(delivery)
            case _:
                return await self._upload(delivery, self._upload_of(delivery), plain=method is SendMethod.PLAIN)

    async def _send_by_file_id(self, delivery: ChartDelivery) -> int:
        """Name Telegram's file of the chart, or upload the chart where there is none yet."""
        upload = self._upload_of(delivery)
        if upload.file_id is None:
            async with upload.held():
                if upload.file_id is None:
                    upload.file_id = await self.context.read(telegram_photos.find_file_id, delivery.chart_digest)
                if upload.file_id is None:
                    return await self._upload(delivery, upload)
        return await self._reuse(delivery, upload, upload.file_id)

    async def _send_instead_of_edit(self, delivery: ChartDelivery) -> int:
        """Send a new message where Telegram refuses the chart in the one that shows it or was to show it."""
        try:
            message_id = await self._upload(replace(delivery, message_id=None), self._upload_of(delivery))
        except TelegramError as error:
            if telegram_errors.classify(error).kind is not ErrorKind.UNCERTAIN:
                await self.context.write_with_retries(subscriptions.unmark_sending, delivery, clock.now())
            raise
        if delivery.requested_at:
            self.notifier.point_to_new_message(delivery.chat_id, delivery.message_id)
        return message_id

    def _upload_of(self, delivery: ChartDelivery) -> Upload:
        return self.uploads.setdefault(delivery.chart_digest, Upload())

    async def _upload(self, delivery: ChartDelivery, upload: Upload, *, plain: bool = False) -> int:
        png = await self.context.pipeline_client.content(delivery.chart_digest)
        if png is None:
            raise ChartExpiredError
        message = await self._send_photo(delivery, png, plain=plain)
        upload.file_id = message.photo[-1].file_id
        await self.context.write_with_retries(telegram_photos.save, delivery.chart_digest, upload.file_id, clock.now())
        return message.message_id

    async def _reuse(self, delivery: ChartDelivery, upload: Upload, file_id: str) -> int:
        """Send the file that Telegram has. A file_id that Telegram does not know any more is replaced by an upload."""
        try:
            return (await self._send_photo(delivery, file_id)).message_id
        except BadRequest as error:
            if telegram_errors.classify(error).kind is not ErrorKind.FILE_GONE:
                raise
        await self.release(delivery)
        if upload.file_id == file_id:
            upload.file_id = None
        await self.context.write(telegram_photos.delete_file_id, delivery.chart_digest, file_id)
        return await self._send_by_file_id(delivery)

    async def _send_photo(self, delivery: ChartDelivery, photo: bytes | str, *, plain: bool = False) -> Message:
        """One request to Telegram: a new message, or an edit of the one that shows the chart. photo: PNG or file_id."""
        keyboard = None if plain else _keyboard(delivery)
        caption, entities = extract_entities(current_caption(delivery), is_caption=True)
        is_awaited = delivery.requested_at is not None and not delivery.failures
        if delivery.message_id is None:
            await self._claim(delivery)
            return await self.bot.send_photo(
                delivery.chat_id,
                photo,
                caption=caption,
                caption_entities=None if plain else entities,
                message_thread_id=delivery.thread_id,
                reply_markup=keyboard,
                filename="chart.png",
                disable_notification=delivery.silent,
                rate_limit_args=is_awaited,
            )
        media = InputMediaPhoto(
            photo, caption=caption, caption_entities=None if plain else entities, filename="chart.png"
        )
        edited = await self.bot.edit_message_media(
            media, delivery.chat_id, delivery.message_id, reply_markup=keyboard, rate_limit_args=is_awaited
        )
        if not isinstance(edited, Message):
            raise TypeError("an edit of a chat's message answers with the message")
        return edited


def current_caption(delivery: ChartDelivery) -> str:
    """The chart's caption; where its figures were fetched again since and found unchanged, its last line says so.

    Such a check alone causes no edit of a message.
    """
    texts = chart_translator(delivery.spec)
    last_line = texts.read_at(delivery.as_of) if delivery.as_of else None
    if delivery.as_of is None or last_line is None or not delivery.caption.endswith(last_line):
        return delivery.caption
    return delivery.caption.removesuffix(last_line) + texts.read_at(delivery.as_of, delivery.checked_at)


def _may_depend_on_method(delivery: ChartDelivery, failure: Failure) -> bool:
    """Whether another method may succeed: after an unknown refusal, or after a failure of Telegram's own that lasts."""
    return failure.kind in telegram_errors.UNKNOWN_REFUSALS or (
        failure.is_telegrams and failure.kind is ErrorKind.RETRY and delivery.failures > ALTERNATE_AFTER
    )


def _keyboard(delivery: ChartDelivery) -> InlineKeyboardMarkup:
    return under_chart(
        delivery.comparison_id,
        delivery.spec,
        delivery.mode,
        delivery.networks,
        accounts=delivery.accounts,
        owner_id=delivery.owner_id,
    )
