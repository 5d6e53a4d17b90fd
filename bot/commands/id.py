"""/id: the ids of the chat, the topic and the person, which the settings ask for."""

from bot.call import Call
from bot.command import Command
from pipeline.i18n import lazy_gettext


async def run(call: Call) -> None:
    lines = [lazy_gettext("Chat: {id}", id=call.chat_id)]
    lines += [lazy_gettext("Topic: {id}", id=call.thread_id)] if call.thread_id is not None else []
    lines += [lazy_gettext("You: {id}", id=call.user_id)] if call.user_id is not None else []
    await call.answer(*lines)


COMMAND = Command("id", lazy_gettext("the ids of this chat and of you"), run, open=True)
