"""Sends the files that people asked for under charts, each as a reply to its chart, as the pipeline makes them."""

import asyncio
import logging
from datetime import timedelta

from telegram import ReplyParameters
from telegram.error import TelegramError
from telegram.ext import ExtBot

from bot import phrasing, telegram_errors
from bot.context import Context
from bot.telegram_errors import ErrorKind
from pipeline.i18n import lazy_gettext, translator
from pipeline.messaging.client import FileRequest, ReadyFile
from pipeline.records import ChatLocale, LazyString
from pipeline.store import chats

log = logging.getLogger(__name__)

RETRY_INTERVAL = timedelta(seconds=1)
MAX_CONCURRENT = 28
NOT_MADE = lazy_gettext("The {file} file could not be made. Tap its button again.")
NOT_TAKEN = lazy_gettext("Telegram did not take the {file} file. It says: “{reason}”.")
NO_RIGHTS = lazy_gettext("I may not send files here. An admin can allow it.")


class FileSender:
    """Sends files while the bot runs. sending: those on their way to Telegram."""

    def __init__(self, context: Context, bot: ExtBot[bool]) -> None:
        self.context, self.bot = context, bot
        self.sending: set[asyncio.Task[None]] = set()
        self.loop: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.loop = asyncio.create_task(self._send_ready())

    async def stop(self) -> None:
        """Take no more files, and finish those on their way; the others wait in Redis for the next start."""
        if self.loop is not None:
            self.loop.cancel()
        await asyncio.gather(*filter(None, [self.loop]), *self.sending, return_exceptions=True)

    async def _send_ready(self) -> None:
        while True:
            try:
                await self.context.lease.held()  # what another bot is to send, it must not take
                file = await self.context.pipeline_client.next_file()
            except Exception as error:  # whatever it is must not end the loop
                log.warning("cannot hear of ready files", exc_info=error)
                await asyncio.sleep(RETRY_INTERVAL.total_seconds())
                continue
            if file is not None:
                await self._start(file)

    async def _start(self, file: ReadyFile) -> None:
        if len(self.sending) >= MAX_CONCURRENT:
            await asyncio.wait(self.sending, return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.create_task(self._send(file))
        self.sending.add(task)
        task.add_done_callback(self.sending.discard)

    async def _send(self, file: ReadyFile) -> None:
        """Send the file once; where that fails, say so in the chat."""
        request, name = file.request, file.request.file_format.upper()
        try:
            content = await self.context.pipeline_client.content(file.digest) if file.digest else None
            if content is None:
                await self._say(request, lazy_gettext(NOT_MADE.msgid, file=name))
                return
            await self.bot.send_document(
                request.chat_id,
                content,
                filename=file.name,
                caption=file.caption,
                message_thread_id=request.thread_id,
                reply_parameters=_reply(request),
            )
        except TelegramError as error:
            await self._explain(request, name, telegram_errors.classify(error))
        except Exception:  # one chat's failure must not end the others' files
            log.exception("sending a file failed")

    async def _explain(self, request: FileRequest, name: str, failure: telegram_errors.Failure) -> None:
        log.info("chat %d was not sent a file: %s", request.chat_id, failure.text)
        if failure.kind in {ErrorKind.CHAT_GONE, ErrorKind.CHAT_MOVED}:
            await self.context.update_chat(request.chat_id, failure)
        elif failure.kind is ErrorKind.NO_RIGHTS:
            await self._say(request, NO_RIGHTS)
        elif failure.kind is not ErrorKind.UNCERTAIN:
            reason = phrasing.shorten(failure.text)
            await self._say(request, lazy_gettext(NOT_TAKEN.msgid, file=name, reason=reason))

    async def _say(self, request: FileRequest, text: LazyString) -> None:
        locale = await self.context.read(chats.locale, request.chat_id) or ChatLocale()
        try:
            await self.bot.send_message(
                request.chat_id,
                translator(*locale).gettext(text),
                message_thread_id=request.thread_id,
                reply_parameters=_reply(request),
            )
        except TelegramError as error:
            reason = telegram_errors.classify(error).text
            log.warning("chat %d was not told of a file's failure: %s", request.chat_id, reason)


def _reply(request: FileRequest) -> ReplyParameters:
    return ReplyParameters(request.message_id, allow_sending_without_reply=True)
