"""Methods that send messages, photos, documents and chat actions."""

from sandbox.telegram import parameters as p
from sandbox.telegram.backend import check_access, check_rights
from sandbox.telegram.errors import bad_request
from sandbox.telegram.keyboards import check_keyboard, check_reply_keyboard
from sandbox.telegram.methods.contents import read_caption, read_document, read_message_text, read_photo
from sandbox.telegram.methods.method import Call, Cost, method
from sandbox.telegram.records import BOT, Chat, Content, Json, Message

ACTION_SHOWN_S = 5.0
GENERAL_TOPIC = 1
ACTIONS = (
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "upload_document",
    "choose_sticker",
    "find_location",
    "record_video_note",
    "upload_video_note",
)


@method("sendMessage", p.SEND | p.TEXT, cost=Cost.MESSAGE)
async def send_message(call: Call) -> Json:
    check_rights(call.chat(), "send text messages")
    return _send(call, read_message_text(call))


@method("sendPhoto", p.SEND | p.CAPTION | {"photo": p.file, "has_spoiler": p.boolean}, cost=Cost.MESSAGE)
async def send_photo(call: Call) -> Json:
    check_rights(call.chat(), "send photos")
    return _send(call, read_caption(call.given, read_photo(call, call.get("photo"))))


@method(
    "sendDocument",
    p.SEND | p.CAPTION | {"document": p.file, "thumbnail": p.file, "disable_content_type_detection": p.boolean},
    cost=Cost.MESSAGE,
)
async def send_document(call: Call) -> Json:
    check_rights(call.chat(), "send documents")
    return _send(call, read_caption(call.given, read_document(call, call.get("document"))))


@method(
    "sendChatAction",
    p.CHAT | {"action": p.string, "message_thread_id": p.integer, "business_connection_id": p.string},
    cost=Cost.CALL,
)
async def send_chat_action(call: Call) -> bool:
    chat = call.chat()
    check_access(chat)
    if call.get("action") not in ACTIONS:
        raise bad_request("wrong parameter action in request")
    if chat.type == "channel":
        raise bad_request("chat actions can't be sent to channel chats")
    _check_thread(chat, call.get("message_thread_id"))
    chat.action = (call.get("action"), call.backend.now() + ACTION_SHOWN_S)
    return True


def _send(call: Call, content: Content) -> Json:
    chat, markup = call.chat(), call.get("reply_markup")
    keyboard = check_keyboard(markup)
    check_reply_keyboard(markup, is_private=chat.type == "private")
    reply_to = _replied(call, chat)
    thread_id = call.get("message_thread_id", reply_to.thread_id if reply_to else None)
    _check_thread(chat, thread_id)
    chat.action = ("", 0.0)
    message = call.backend.post(
        chat,
        BOT,
        content,
        reply_to=reply_to,
        thread_id=thread_id,
        keyboard=keyboard,
        forces_reply=bool(markup and markup.get("force_reply")),
    )
    return message.json()


def _replied(call: Call, chat: Chat) -> Message | None:
    reply = call.get("reply_parameters")
    if not reply:
        return None
    replied_chat = call.backend.find_chat(reply["chat_id"]) if "chat_id" in reply else chat
    message = replied_chat.messages.get(reply.get("message_id", 0))
    if message is None and not reply.get("allow_sending_without_reply"):
        raise bad_request("message to be replied not found")
    return message


def _check_thread(chat: Chat, thread_id: int | None) -> None:
    if thread_id is None:
        return
    state = chat.topics.get(thread_id)
    if state is None or thread_id == GENERAL_TOPIC:
        raise bad_request("message thread not found")
    if state == "closed" and chat.bot_status != "administrator":
        raise bad_request("TOPIC_CLOSED")
