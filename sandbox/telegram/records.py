"""People, chats, messages and files, each with its JSON in the Bot API."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass
class User:
    id: int
    first_name: str
    username: str | None = None
    language_code: str | None = None
    is_bot: bool = False

    def json(self) -> Json:
        return _without_none(vars(self))


BOT = User(8_100_000_001, "Tallybird", username="TallybirdBot", is_bot=True)
# Telegram's account for all anonymous administrators of groups.
ANONYMOUS_ADMIN = User(1_087_968_824, "Group", username="GroupAnonymousBot", is_bot=True)
# Telegram's account for all who write in groups as a channel.
SPEAKING_CHANNEL = User(136_817_688, "Channel", username="Channel_Bot", is_bot=True)


@dataclass(frozen=True)
class Photo:
    unique_id: str
    path: str
    width: int
    height: int
    content_type: str
    data: bytes = field(repr=False, compare=False)

    def sizes(self) -> Iterator[Json]:
        """PhotoSize objects, the smallest first. All have the same bytes, so only the last one names file_size."""
        for letter, side in (("s", 90), ("m", 320), ("x", 800)):
            if max(self.width, self.height) > side:
                scale = side / max(self.width, self.height)
                yield self._size(letter, round(self.width * scale), round(self.height * scale))
        yield self._size("y", self.width, self.height) | {"file_size": len(self.data)}

    @property
    def file_id(self) -> str:
        return f"AgACy{self.unique_id}"

    def file_ids(self) -> list[str]:
        return [size["file_id"] for size in self.sizes()]

    def fields(self) -> Json:
        return {"photo": list(self.sizes())}

    def _size(self, letter: str, width: int, height: int) -> Json:
        return {
            "file_id": f"AgAC{letter}{self.unique_id}",
            "file_unique_id": f"{letter}{self.unique_id}",
            "width": max(width, 1),
            "height": max(height, 1),
        }


@dataclass(frozen=True)
class Document:
    unique_id: str
    path: str
    file_name: str
    content_type: str
    data: bytes = field(repr=False, compare=False)

    @property
    def file_id(self) -> str:
        return f"BQAC{self.unique_id}"

    def file_ids(self) -> list[str]:
        return [self.file_id]

    def fields(self) -> Json:
        return {
            "document": {
                "file_id": self.file_id,
                "file_unique_id": self.unique_id,
                "file_name": self.file_name,
                "mime_type": self.content_type,
                "file_size": len(self.data),
            }
        }


File = Photo | Document


@dataclass(frozen=True)
class Content:
    """The text or file of a message; an edit to an equal content is "not modified"."""

    text: str = ""  # the caption of a file
    entities: list[Json] = field(default_factory=list)
    file: File | None = None

    def json(self) -> Json:
        if self.file is None:
            return _filled({"text": self.text, "entities": self.entities})
        return self.file.fields() | _filled({"caption": self.text, "caption_entities": self.entities})


@dataclass
class Chat:
    id: int
    type: str
    title: str | None = None
    username: str | None = None
    first_name: str | None = None
    is_forum: bool = False
    bot_status: str = "member"
    roles: dict[int, str] = field(default_factory=dict)
    topics: dict[int, str] = field(default_factory=dict)  # thread id -> "open" or "closed"
    messages: dict[int, "Message"] = field(default_factory=dict)
    last_message_id: int = 0
    pinned: list[int] = field(default_factory=list)
    migrated_to: int | None = None
    action: tuple[str, float] = ("", 0.0)  # the chat action that clients show, and until when, in seconds since 1970

    def remove(self, message_id: int) -> None:
        del self.messages[message_id]
        self.pinned = [each for each in self.pinned if each != message_id]

    @property
    def is_group(self) -> bool:
        return self.type in ("group", "supergroup")

    def json(self) -> Json:
        fields = {name: getattr(self, name) for name in ("id", "type", "title", "username", "first_name")}
        return _without_none(fields) | _filled({"is_forum": self.is_forum})


@dataclass(kw_only=True)
class Message:
    chat: Chat
    message_id: int
    date: int
    sender: User
    content: Content = field(default_factory=Content)
    sender_chat: Chat | None = None
    thread_id: int | None = None
    reply_to: "Message | None" = None
    keyboard: list[list[Json]] | None = None
    forces_reply: bool = False  # clients open a reply to it
    edits: int = 0
    edit_date: int | None = None
    service: Json = field(default_factory=dict)  # the fields of a service message
    extra: Json = field(default_factory=dict)  # further fields of a person's message: its origin, a sticker

    @property
    def by_bot(self) -> bool:
        return self.sender is BOT

    def json(self, *, with_reply: bool = True) -> Json:
        message = {"message_id": self.message_id, "date": self.date, "chat": self.chat.json()}
        if self.chat.type != "channel":
            message["from"] = self.sender.json()
        if self.sender_chat:
            message["sender_chat"] = self.sender_chat.json()
        if self.thread_id:
            message |= {"message_thread_id": self.thread_id, "is_topic_message": True}
        if self.edit_date:
            message["edit_date"] = self.edit_date
        if self.keyboard:
            message["reply_markup"] = {"inline_keyboard": self.keyboard}
        if self.reply_to and with_reply:
            message["reply_to_message"] = self.reply_to.json(with_reply=False)
        return message | self.content.json() | self.service | self.extra


def _without_none(fields: Json) -> Json:
    return {name: value for name, value in fields.items() if value is not None}


def _filled(fields: Json) -> Json:
    return {name: value for name, value in fields.items() if value}
