"""/id: the ids of the chat, the topic and the person, which the settings ask for."""

from bot.command import Command
from bot.command_context import CommandContext
from pipeline.i18n import lazy_gettext


async def run(command_context: CommandContext) -> None:
    lines = [lazy_gettext("Chat: {id}", id=command_context.chat_id)]
    lines += (
        [lazy_gettext("Topic: {id}", id=command_context.thread_id)] if command_context.thread_id is not None else []
    )
    lines += [lazy_gettext("You: {id}", id=command_context.user_id)] if command_context.user_id is not None else []
    await command_context.answer(*lines)


COMMAND = Command("id", lazy_gettext("the ids of this chat and yours"), run, open=True)
