"""/id: the ids of the chat, the topic and the person, which the settings ask for."""

from bot.call import Call
from bot.command import Command


async def run(call: Call) -> None:
    lines = [f"Chat: {call.chat_id}"]
    lines += [f"Topic: {call.thread_id}"] if call.thread_id is not None else []
    lines += [f"You: {call.user_id}"] if call.user_id is not None else []
    await call.answer("\n".join(lines))


COMMAND = Command("id", "the ids of this chat and of you", run, open=True)
