"""Everything that the stand-in of Telegram holds: users, chats, messages, and the bot's rights."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.telegram.errors import bad_request, forbidden
from sandbox.telegram.files import Files
from sandbox.telegram.limits import Limits
from sandbox.telegram.menus import Menus
from sandbox.telegram.records import BOT, Chat, Content, Json, Message, User
from sandbox.telegram.updates import UpdateQueues

CALLBACK_EXPIRES_S = 60.0


@dataclass
class Callback:
    """A pressed button, and the bot's answer to it. at: seconds since 1970."""

    id: str
    at: float
    answered: bool = False
    text: str = ""
    show_alert: bool = False
    url: str = ""


@dataclass
class InlineRequest:
    """What a person types after the bot's name in any chat, and what the bot offers. at: seconds since 1970."""

    id: str
    at: float
    answered: bool = False
    results: list[Json] = field(default_factory=list)


class Backend:
    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.updates = UpdateQueues()
        self.menus = Menus()
        self.clear()

    def clear(self) -> None:
        """Remove users, chats, files and updates; menus and webhooks stay, which a bot sets only at its start."""
        self.users: dict[int, User] = {}
        self.chats: dict[int, Chat] = {}
        self.callbacks: dict[str, Callback] = {}
        self.inline_requests: dict[str, InlineRequest] = {}
        self.has_inline_mode = False
        self.files = Files()
        self.limits = Limits()
        self.updates.clear()

    def now(self) -> float:
        return self._clock().timestamp()

    def find_chat(self, chat_id: int | str | None) -> Chat:
        """The chat of this id or @username. Raises the 400 for an unknown chat and for a group that has migrated."""
        if chat_id is None:
            raise bad_request("chat_id is empty")
        chat = self._by_username(chat_id) if isinstance(chat_id, str) else self.chats.get(chat_id)
        if chat is None and chat_id in self.users:
            raise forbidden("bot can't initiate conversation with a user")
        if chat is None:
            raise bad_request("chat not found")
        if chat.migrated_to:
            raise bad_request(
                "group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=chat.migrated_to,
            )
        return chat

    def post(self, chat: Chat, sender: User, content: Content, **details: Any) -> Message:
        chat.last_message_id += 1
        message = Message(
            chat=chat,
            message_id=chat.last_message_id,
            date=int(self.now()),
            sender=sender,
            content=content,
            **details,
        )
        if chat.type == "channel":
            message.sender_chat = chat  # messages have no person there
        chat.messages[message.message_id] = message
        return message

    def emit_message(self, message: Message) -> None:
        self.updates.emit("channel_post" if message.chat.type == "channel" else "message", message.json())

    def emit_membership(self, chat: Chat, by: User, *, before: str) -> None:
        change = {
            "chat": chat.json(),
            "from": by.json(),
            "date": int(self.now()),
            "old_chat_member": member_json(chat, BOT, before),
            "new_chat_member": member_json(chat, BOT, chat.bot_status),
        }
        self.updates.emit("my_chat_member", change)

    def member(self, chat: Chat, user_id: int) -> Json:
        if user_id == BOT.id:
            return member_json(chat, BOT, chat.bot_status)
        user = self.users.get(user_id)
        if user is None:
            raise bad_request("PARTICIPANT_ID_INVALID")
        default = "member" if chat.type == "private" and user_id == chat.id else "left"
        return member_json(chat, user, chat.roles.get(user_id, default))

    def administrators(self, chat: Chat) -> Iterator[Json]:
        for user_id, role in chat.roles.items():
            if role in ("creator", "administrator"):
                yield member_json(chat, self.users[user_id], role)
        if chat.bot_status == "administrator":
            yield member_json(chat, BOT, chat.bot_status)

    def _by_username(self, name: str) -> Chat | None:
        # A bot can name groups and channels so, but not people.
        named = (chat for chat in self.chats.values() if chat.username and chat.type != "private")
        return next((chat for chat in named if f"@{chat.username}".lower() == name.lower()), None)


def check_access(chat: Chat) -> None:
    """Raises the 403 of a chat that the bot has left, or that removed or blocked it."""
    kind = chat.type
    if chat.bot_status == "kicked":
        raise forbidden("bot was blocked by the user" if kind == "private" else f"bot was kicked from the {kind} chat")
    if chat.bot_status == "left":
        raise forbidden(f"bot is not a member of the {kind} chat")


def check_rights(chat: Chat, what: str) -> None:
    """Raises the 400 of a chat where the bot may not write. what: as in "send photos"."""
    check_access(chat)
    if chat.bot_status == "restricted":
        raise bad_request(f"not enough rights to {what} to the chat")
    if chat.type == "channel" and chat.bot_status != "administrator":
        raise bad_request("need administrator rights in the channel chat")


ADMIN_RIGHTS = (
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
)
CHANNEL_RIGHTS = ("can_post_messages", "can_edit_messages")
GROUP_RIGHTS = ("can_pin_messages", "can_manage_topics")
MEMBER_RIGHTS = (
    "can_send_messages",
    "can_send_audios",
    "can_send_documents",
    "can_send_photos",
    "can_send_videos",
    "can_send_video_notes",
    "can_send_voice_notes",
    "can_send_polls",
    "can_send_other_messages",
    "can_add_web_page_previews",
    "can_change_info",
    "can_invite_users",
    "can_pin_messages",
    "can_manage_topics",
    "can_edit_tag",
    "can_react_to_messages",
)


def member_json(chat: Chat, user: User, status: str) -> Json:
    """A ChatMember object, with all fields of its status."""
    member: Json = {"user": user.json(), "status": status}
    if status == "creator":
        return member | {"is_anonymous": False}
    if status == "administrator":
        rights = (*ADMIN_RIGHTS, *(CHANNEL_RIGHTS if chat.type == "channel" else GROUP_RIGHTS))
        refused = {"can_be_edited": False, "is_anonymous": False, "can_promote_members": False}
        return member | refused | dict.fromkeys(rights, True)
    if status == "restricted":
        return member | {"is_member": True, "until_date": 0} | dict.fromkeys(MEMBER_RIGHTS, False)
    if status == "kicked":
        return member | {"until_date": 0}
    return member
