"""The answer to "See an example": a chart of made-up accounts. It reads nothing and costs nothing."""

from bot.command import PIPELINE_AWAY
from bot.command_context import CommandContext
from pipeline import clock
from pipeline.errors import UserError
from pipeline.i18n import lazy_gettext
from pipeline.store import chats, telegram_photos

CAPTION = lazy_gettext("An example, with made-up accounts. Compare real ones: /track, then /compare.")


async def send(command_context: CommandContext) -> None:
    """Send the example in the chat's theme and language. Raises UserError where nobody draws it."""
    context, gettext = command_context.context, (await command_context.translator()).gettext
    theme = (await context.read(chats.default_spec, command_context.chat_id)).theme
    digest = await context.pipeline_client.example(theme, (await command_context.translator()).language)
    photo = await _photo(command_context, digest) if digest else None
    if photo is None or digest is None:
        raise UserError(PIPELINE_AWAY)
    with command_context.ignoring_refusal():
        sent = await command_context.message.get_bot().send_photo(
            command_context.chat_id,
            photo,
            caption=gettext(CAPTION),
            message_thread_id=command_context.thread_id,
            filename="example.png",
        )
        await context.write_with_retries(telegram_photos.save, digest, sent.photo[-1].file_id, clock.now())


async def _photo(command_context: CommandContext, digest: str) -> bytes | str | None:
    """Telegram's file of the picture, if it was sent a moment ago; else its PNG."""
    context = command_context.context
    file_id = await context.read(telegram_photos.find_file_id, digest)
    return file_id or await context.pipeline_client.content(digest)
