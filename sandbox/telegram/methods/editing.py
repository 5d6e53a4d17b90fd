"""Methods that edit and delete messages."""

from sandbox.telegram import parameters as p
from sandbox.telegram.backend import check_access, check_rights
from sandbox.telegram.errors import bad_request
from sandbox.telegram.keyboards import check_keyboard
from sandbox.telegram.methods.contents import read_caption, read_document, read_message_text, read_photo
from sandbox.telegram.methods.method import Call, Cost, method
from sandbox.telegram.records import Content, File, Json, Message

DELETABLE_FOR_S = 48 * 3600
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)


@method("editMessageText", p.EDIT | p.TEXT, cost=Cost.MESSAGE)
async def edit_message_text(call: Call) -> Json:
    message = _own_message(call)
    if message.content.file:
        raise bad_request("there is no text in the message to edit")
    return _edit(call, message, read_message_text(call))


@method("editMessageCaption", p.EDIT | p.CAPTION, cost=Cost.MESSAGE)
async def edit_message_caption(call: Call) -> Json:
    message = _own_message(call)
    if not message.content.file:
        raise bad_request("there is no caption in the message to edit")
    return _edit(call, message, read_caption(call.given, message.content.file))


@method("editMessageMedia", p.EDIT | {"media": p.record(p.MEDIA)}, cost=Cost.MESSAGE)
async def edit_message_media(call: Call) -> Json:
    message, media = _own_message(call), call.get("media", {})
    if media.get("type") not in ("photo", "document"):
        raise bad_request("can't parse InputMedia: type must be photo or document here")
    file: File = (read_photo if media["type"] == "photo" else read_document)(call, media.get("media"))
    return _edit(call, message, read_caption(media, file))


@method("editMessageReplyMarkup", p.EDIT, cost=Cost.MESSAGE)
async def edit_message_reply_markup(call: Call) -> Json:
    message = _own_message(call)
    return _edit(call, message, message.content)


@method("deleteMessage", p.CHAT | {"message_id": p.integer}, cost=Cost.CALL)
async def delete_message(call: Call) -> bool:
    chat = call.chat()
    check_access(chat)
    message = chat.messages.get(call.get("message_id", 0))
    if message is None:
        raise bad_request("message to delete not found")
    may_delete = message.by_bot or chat.type == "private" or chat.bot_status == "administrator"
    if not may_delete or call.backend.now() - message.date > DELETABLE_FOR_S:
        raise bad_request("message can't be deleted")
    chat.remove(message.message_id)
    return True


def _own_message(call: Call) -> Message:
    if "inline_message_id" in call.given:
        raise bad_request("MESSAGE_ID_INVALID")
    chat = call.chat()
    check_access(chat)
    if "message_id" not in call.given:
        raise bad_request("message identifier is not specified")
    message = chat.messages.get(call.given["message_id"])
    if message is None:
        raise bad_request("message to edit not found")
    if not message.by_bot or message.service:
        raise bad_request("message can't be edited")
    check_rights(chat, "edit messages")
    return message


def _edit(call: Call, message: Message, content: Content) -> Json:
    """Replace the content and the keyboard; without reply_markup the keyboard is removed."""
    keyboard = check_keyboard(call.get("reply_markup"))
    if content == message.content and keyboard == message.keyboard:
        raise bad_request(NOT_MODIFIED)
    message.content, message.keyboard = content, keyboard
    message.edits += 1
    message.edit_date = int(call.backend.now())
    return message.json()
