"""Methods about chats: their data and members, leaving, pinning."""

from sandbox.telegram import parameters as p
from sandbox.telegram.backend import check_access
from sandbox.telegram.errors import bad_request
from sandbox.telegram.methods.method import Call, Cost, method
from sandbox.telegram.records import BOT, Chat, Json


@method("getChat", p.CHAT)
async def get_chat(call: Call) -> Json:
    chat = _readable(call)
    gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
    full = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": dict.fromkeys(gifts, False)}
    if chat.pinned:
        full["pinned_message"] = chat.messages[chat.pinned[-1]].json()
    return chat.json() | full


@method("getChatMember", p.CHAT | {"user_id": p.integer})
async def get_chat_member(call: Call) -> Json:
    chat = _readable(call)
    if "user_id" not in call.given:
        raise bad_request("user_id is empty")
    if chat.type == "channel" and chat.bot_status != "administrator":
        raise bad_request("member list is inaccessible")
    return call.backend.member(chat, call.given["user_id"])


@method("getChatAdministrators", p.CHAT | {"return_bots": p.boolean})
async def get_chat_administrators(call: Call) -> list[Json]:
    chat = call.chat()
    check_access(chat)
    if chat.type == "private":
        raise bad_request("there are no administrators in the private chat")
    return list(call.backend.administrators(chat))


@method("leaveChat", p.CHAT)
async def leave_chat(call: Call) -> bool:
    chat = call.chat()
    check_access(chat)
    if chat.type == "private":
        raise bad_request("chat member status can't be changed in private chats")
    before, chat.bot_status = chat.bot_status, "left"
    call.backend.emit_membership(chat, BOT, before=before)
    return True


@method("pinChatMessage", p.MESSAGE | {"disable_notification": p.boolean}, cost=Cost.CALL)
async def pin_chat_message(call: Call) -> bool:
    chat = _pinnable(call)
    message_id = call.get("message_id", 0)
    if message_id not in chat.messages:
        raise bad_request("message to pin not found")
    chat.pinned = [*(each for each in chat.pinned if each != message_id), message_id]
    return True


@method("unpinChatMessage", p.MESSAGE, cost=Cost.CALL)
async def unpin_chat_message(call: Call) -> bool:
    chat = _pinnable(call)
    message_id = call.get("message_id", chat.pinned[-1] if chat.pinned else 0)
    if message_id not in chat.pinned:
        raise bad_request("message to unpin not found")
    chat.pinned.remove(message_id)
    return True


def _pinnable(call: Call) -> Chat:
    chat = call.chat()
    check_access(chat)
    if chat.type != "private" and chat.bot_status != "administrator":
        raise bad_request("not enough rights to manage pinned messages in the chat")
    return chat


def _readable(call: Call) -> Chat:
    """The chat, which a bot may read even if it is blocked there, but not in a group that it has left."""
    chat = call.chat()
    if chat.type != "private":
        check_access(chat)
    return chat
