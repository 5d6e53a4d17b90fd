"""What people do in chats: write, edit, press buttons, delete, change the bot's membership, migrate a group."""

import secrets
from dataclasses import dataclass
from typing import Any

from sandbox.control import BadInputError
from sandbox.telegram.backend import Backend, Callback, InlineRequest
from sandbox.telegram.records import (
    ANONYMOUS_ADMIN,
    BOT,
    SPEAKING_CHANNEL,
    Chat,
    Content,
    Document,
    Json,
    Message,
    User,
)
from sandbox.telegram.text import find_entities, utf16_length

CHAT_TYPES = ("private", "group", "supergroup", "channel")
ROLES = ("creator", "administrator", "member", "restricted", "left", "kicked")
BOT_STATUSES = ("member", "administrator", "restricted", "left", "kicked")
MEDIA = ("photo", "sticker", "voice")
TOPIC_STATES = ("open", "closed", "deleted")
OTHER_BOT = User(8_100_000_099, "Another", username="AnotherBot", is_bot=True)
PERSONS_CHANNEL = Chat(-1_000_136_817_688, "channel", title="Somebody's channel")


@dataclass(frozen=True)
class NewMessage:
    """A message that a person sends.

    user_id: 1087968824 for an anonymous administrator, 136817688 for somebody who writes as a channel of theirs.
    username: the person's; in a channel, where messages have no person, the channel's.
    role: the person's in the chat from now on.
    media: one of MEDIA; the text is a photo's caption.
    location: {"latitude", "longitude"} in degrees, of a place that the person shares instead of a text.
    document: {"name": ..., "content": text} of a file that is sent; the text is its caption, which may be empty.
    """

    chat_id: int
    user_id: int
    text: str
    chat_type: str | None = None
    thread_id: int | None = None
    title: str | None = None
    username: str | None = None
    first_name: str | None = None
    language_code: str | None = None
    role: str | None = None
    reply_to: int | None = None
    forwarded: bool = False
    via_bot: bool = False
    media: str | None = None
    location: Json | None = None
    document: dict[str, str] | None = None


def send(backend: Backend, new: NewMessage) -> Message:
    user = _find_or_add_user(backend, new)
    chat = _find_or_add_chat(backend, new, user)
    _set_role(chat, user, new.role)
    if chat.type == "private" and chat.bot_status == "kicked":
        _set_bot_status(backend, chat, user, "member")  # a client unblocks the bot before it sends a message
    if new.thread_id:
        chat.is_forum = True
        chat.topics.setdefault(new.thread_id, "open")
    message = backend.post(
        chat,
        user,
        Content() if new.media or new.location else Content(new.text, find_entities(new.text), _document(backend, new)),
        thread_id=new.thread_id,
        reply_to=_find(chat, new.reply_to) if new.reply_to else None,
        sender_chat={ANONYMOUS_ADMIN.id: chat, SPEAKING_CHANNEL.id: PERSONS_CHANNEL}.get(user.id),
        extra=_extra_fields(backend, new, user),
    )
    if _reaches_bot(message):
        backend.emit_message(message)
    return message


def _document(backend: Backend, new: NewMessage) -> Document | None:
    if new.document is None:
        return None
    return backend.files.add_document(new.document["content"].encode(), new.document["name"])


def _extra_fields(backend: Backend, new: NewMessage, user: User) -> Json:
    """The fields of a message that is forwarded, sent via another bot, or has a file."""
    extra: Json = {}
    if new.forwarded:
        extra["forward_origin"] = {"type": "user", "date": int(backend.now()), "sender_user": user.json()}
    if new.via_bot:
        extra["via_bot"] = OTHER_BOT.json()
    file = {"file_id": "made-up", "file_unique_id": "made-up"}
    if new.location:
        extra["location"] = {name: float(new.location[name]) for name in ("latitude", "longitude")}
    match new.media:
        case "photo":
            caption = {"caption": new.text, "caption_entities": find_entities(new.text)}
            extra |= caption | {"photo": [file | {"width": 90, "height": 90}]}
        case "sticker":
            flags = {"width": 512, "height": 512, "is_animated": False, "is_video": False, "type": "regular"}
            extra["sticker"] = file | flags
        case "voice":
            extra["voice"] = file | {"duration": 1}
    return extra


def edit(backend: Backend, *, chat_id: int, message_id: int, text: str) -> Message:
    """A person edits the text of a message."""
    chat = find_chat(backend, chat_id)
    message = _find(chat, message_id)
    if message.by_bot or not message.content.text:
        raise BadInputError(f"message {message_id} is no person's text message")
    message.content = Content(text, find_entities(text))
    message.edits += 1
    message.edit_date = int(backend.now())
    if _reaches_bot(message):
        backend.updates.emit("edited_channel_post" if chat.type == "channel" else "edited_message", message.json())
    return message


def press(backend: Backend, *, chat_id: int, user_id: int, message_id: int, data: str) -> Callback:
    """A person presses a button, even one that the message no longer has, as an outdated client would.

    Of a deleted message the bot gets the chat and the id only.
    """
    chat = find_chat(backend, chat_id)
    if not 0 < message_id <= chat.last_message_id:
        raise BadInputError(f"chat {chat.id} has no message {message_id}")
    message = chat.messages.get(message_id)
    inaccessible = {"chat": chat.json(), "message_id": message_id, "date": 0}
    callback = Callback(secrets.token_hex(8), backend.now())
    backend.callbacks[callback.id] = callback
    user = backend.users.setdefault(user_id, User(user_id, f"Person {user_id}"))
    backend.updates.emit(
        "callback_query",
        {
            "id": callback.id,
            "from": user.json(),
            "message": message.json() if message else inaccessible,
            "chat_instance": str(chat_id),
            "data": data,
        },
    )
    return callback


def type_inline(backend: Backend, *, user_id: int, query: str, language_code: str | None = None) -> InlineRequest:
    """A person types after the bot's name in some chat; the bot learns of it where its owner switched that on."""
    if not backend.has_inline_mode:
        raise BadInputError("inline mode is off, as for every new bot")
    asked = InlineRequest(secrets.token_hex(8), backend.now())
    backend.inline_requests[asked.id] = asked
    user = backend.users.setdefault(user_id, User(user_id, f"Person {user_id}"))
    user.language_code = language_code or user.language_code
    value = {"id": asked.id, "from": user.json(), "query": query, "offset": "", "chat_type": "group"}
    backend.updates.emit("inline_query", value)
    return asked


def change_membership(backend: Backend, *, status: str, chat_id: int, user_id: int | None = None, **about: Any) -> None:
    """Change the bot's status in a chat, which is added if it is new. user_id: who changes it, by default the owner."""
    known = backend.chats.get(chat_id)
    by_id = user_id or (_owner(backend, known).id if known else abs(chat_id))
    new = NewMessage(chat_id, by_id, "", **about)
    user = _find_or_add_user(backend, new)
    chat = known or _find_or_add_chat(backend, new, user)
    _set_role(chat, user, None)
    _set_bot_status(backend, chat, user, status)


def _set_bot_status(backend: Backend, chat: Chat, by: User, status: str) -> None:
    if chat.type == "private" and status not in ("member", "kicked"):
        raise BadInputError("in a private chat the bot is member or kicked (blocked)")
    before, chat.bot_status = chat.bot_status, status
    if status != before:
        backend.emit_membership(chat, by, before=before)


def introduce(backend: Backend, *, chat_id: int, user_id: int, role: str | None = None, **about: Any) -> None:
    """A person is in a chat, perhaps without having written there."""
    chat = find_chat(backend, chat_id)
    user = _find_or_add_user(backend, NewMessage(chat_id, user_id, "", **about))
    _set_role(chat, user, role)


def delete(backend: Backend, *, chat_id: int, message_id: int) -> None:
    chat = find_chat(backend, chat_id)
    chat.remove(_find(chat, message_id).message_id)


def migrate(backend: Backend, chat_id: int) -> Chat:
    """The supergroup that a basic group becomes. Its messages are not moved, as on Telegram."""
    old = find_chat(backend, chat_id)
    if old.type != "group" or old.migrated_to:
        raise BadInputError(f"chat {chat_id} is not a basic group")
    new = Chat(-1_000_000_000_000 + old.id, "supergroup", title=old.title, bot_status=old.bot_status)
    new.roles = dict(old.roles)
    backend.chats[new.id] = new
    owner = _owner(backend, old)
    moved = backend.post(old, owner, Content(), service={"migrate_to_chat_id": new.id})
    arrived = backend.post(new, owner, Content(), service={"migrate_from_chat_id": old.id}, sender_chat=new)
    old.migrated_to = new.id
    for message in (moved, arrived):
        backend.emit_message(message)
    return new


def set_topic(backend: Backend, *, chat_id: int, thread_id: int, state: str) -> None:
    chat = find_chat(backend, chat_id)
    if thread_id not in chat.topics:
        raise BadInputError(f"chat {chat_id} has no topic {thread_id}")
    if state != "deleted":
        before, chat.topics[thread_id] = chat.topics[thread_id], state
        if state != before:
            _announce_topic(backend, chat, thread_id, state)
        return
    del chat.topics[thread_id]
    for message_id in [key for key, each in chat.messages.items() if each.thread_id == thread_id]:
        chat.remove(message_id)


def _announce_topic(backend: Backend, chat: Chat, thread_id: int, state: str) -> None:
    service: Json = {"forum_topic_closed" if state == "closed" else "forum_topic_reopened": {}}
    message = backend.post(chat, _owner(backend, chat), Content(), thread_id=thread_id, service=service)
    if chat.bot_status not in ("left", "kicked"):
        backend.emit_message(message)


def find_chat(backend: Backend, chat_id: int) -> Chat:
    if chat_id not in backend.chats:
        raise BadInputError(f"chat {chat_id} does not exist; send a message to it first")
    return backend.chats[chat_id]


def _find(chat: Chat, message_id: int) -> Message:
    if message_id not in chat.messages:
        raise BadInputError(f"chat {chat.id} has no message {message_id}")
    return chat.messages[message_id]


def _find_or_add_user(backend: Backend, new: NewMessage) -> User:
    for stands_for_another in (ANONYMOUS_ADMIN, SPEAKING_CHANNEL):
        if new.user_id == stands_for_another.id:
            return backend.users.setdefault(new.user_id, stands_for_another)
    user = backend.users.setdefault(new.user_id, User(new.user_id, f"Person {new.user_id}"))
    user.first_name = new.first_name or user.first_name
    user.language_code = new.language_code or user.language_code
    if new.chat_type != "channel":
        user.username = new.username or user.username
    return user


def _find_or_add_chat(backend: Backend, new: NewMessage, user: User) -> Chat:
    chat = backend.chats.get(new.chat_id)
    if chat is None:
        chat = backend.chats[new.chat_id] = _new_chat(new, user)
        if chat.type != "private":
            backend.emit_membership(chat, user, before="left")
    elif new.chat_type not in (None, chat.type):
        raise BadInputError(f"chat {chat.id} is a {chat.type} chat, not {new.chat_type}")
    if chat.migrated_to:
        raise BadInputError(f"chat {chat.id} became {chat.migrated_to}")
    if chat.type != "private":
        chat.title = new.title or chat.title
    if chat.type == "channel":
        chat.username = new.username or chat.username
    return chat


def _new_chat(new: NewMessage, user: User) -> Chat:
    kind = new.chat_type or ("private" if new.chat_id > 0 else "supergroup")
    if kind not in CHAT_TYPES:
        raise BadInputError(f"chat_type must be one of {', '.join(CHAT_TYPES)}, not {kind!r}")
    if (kind == "private") != (new.chat_id > 0):
        raise BadInputError("chat_id is positive for private chats and negative for all others")
    if kind == "private":
        return Chat(new.chat_id, kind, first_name=user.first_name, username=user.username)
    status = "administrator" if kind == "channel" else "member"
    return Chat(new.chat_id, kind, title=new.title or f"{kind.capitalize()} {new.chat_id}", bot_status=status)


def _set_role(chat: Chat, user: User, role: str | None) -> None:
    if chat.type == "private" or user is SPEAKING_CHANNEL:
        return
    if role:
        chat.roles[user.id] = role
    elif user is ANONYMOUS_ADMIN:
        chat.roles[user.id] = "administrator"
    else:
        newcomer = "administrator" if chat.type == "channel" else "member"  # only administrators post in channels
        chat.roles.setdefault(user.id, newcomer if "creator" in chat.roles.values() else "creator")


def _owner(backend: Backend, chat: Chat) -> User:
    """The person who changes something when no other is named: the creator, or an anonymous administrator."""
    if chat.type == "private":
        return backend.users[chat.id]
    owner = next((user_id for user_id, role in chat.roles.items() if role == "creator"), ANONYMOUS_ADMIN.id)
    return backend.users.setdefault(owner, ANONYMOUS_ADMIN)


def _reaches_bot(message: Message) -> bool:
    """Whether the bot gets the message. In groups it has privacy mode, as every new bot: only what addresses it."""
    chat = message.chat
    if chat.bot_status in ("left", "kicked"):
        return False
    if not chat.is_group or chat.bot_status == "administrator":
        return True
    return bool(message.reply_to and message.reply_to.by_bot) or _addresses_bot(message.content)


def _addresses_bot(content: Content) -> bool:
    handle = f"@{BOT.username}".lower()
    for entity in content.entities:
        named = _cut(content.text, entity["offset"], entity["length"]).lower()
        if entity["type"] == "mention" and named == handle:
            return True
        if entity["type"] == "bot_command" and ("@" not in named or named.endswith(handle)):
            return True
    return False


def _cut(text: str, offset: int, length: int) -> str:
    if len(text) == utf16_length(text):
        return text[offset : offset + length]
    return text.encode("utf-16-le")[2 * offset : 2 * (offset + length)].decode("utf-16-le")
