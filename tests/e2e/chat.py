"""Clients of the sandbox's control API: what a person does and sees in a chat, and what the services received."""

import re
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx

from tests.conftest import until

Json = Any
HTTP = httpx.Client(timeout=10)
"""Shared, since a new client loads all certificates, which takes longer than a request."""

TAKES_A_MOMENT = {"One moment…", "Un momento…"}


@dataclass
class Sandbox:
    """The control API of the sandbox at this address."""

    address: str

    def get(self, path: str, **params: str | int) -> Json:
        answer = HTTP.get(f"{self.address}/_control/{path}", params=params)
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, /, **body: object) -> Json:
        answer = HTTP.post(f"{self.address}/_control/{path}", json=body)
        answer.raise_for_status()
        return answer.json()

    def delete(self, path: str) -> None:
        HTTP.delete(f"{self.address}/_control/{path}").raise_for_status()

    def bytes(self, path: str) -> bytes:
        answer = HTTP.get(f"{self.address}/_control/{path}")
        answer.raise_for_status()
        return answer.content

    def calls(self, service: str, since: int = 0) -> list[Json]:
        """The calls that a service received after the call `since`, without getUpdates."""
        calls = self.get("calls", service=service, since=since)
        return [call for call in calls if call["method"] != "getUpdates"]

    def last_call(self, since: int = 0) -> int:
        """The number of the latest call."""
        return max((call["seq"] for call in self.get("calls", since=since)), default=since)


@dataclass
class Chat:
    """A chat as one person uses it. user_id: the person's; 0 for the one with the chat's number."""

    sandbox: Sandbox
    id: int
    user_id: int = 0
    type: str = "private"
    thread_id: int | None = None

    def send(self, text: str, **more: object) -> int:
        """Send a message; returns its id."""
        body = {"chat_id": self.id, "user_id": self.user_id or abs(self.id), "text": text, "chat_type": self.type}
        if self.thread_id is not None:
            body["thread_id"] = self.thread_id
        return int(self.sandbox.post("telegram/send", **body | more)["message_id"])

    def press(self, message: Json, data: str) -> str:
        """Press a button; returns the id of the callback query."""
        pressed = self.sandbox.post(
            "telegram/press",
            chat_id=self.id,
            user_id=self.user_id or abs(self.id),
            message_id=message["message_id"],
            data=data,
        )
        return str(pressed["callback_query_id"])

    def press_and_read(self, message: Json, data: str, within_s: float = 20) -> str:
        """Press a button; returns the text of the bot's answer to the press."""
        pressed = self.press(message, data)
        answer: Json = until(
            lambda: (callback := self.sandbox.get(f"telegram/callbacks/{pressed}"))["answered"] and callback,
            within_s,
            0.3,
        )
        return str(answer["text"] or "")

    def outcome(self, message: Json, data: str) -> str:
        """Press a button that may be pressed twice, again while the bot only says that it takes a moment."""
        answers = (self.press_and_read(message, data, within_s=60) for _ in count())
        return until(lambda: [text for text in [next(answers)] if text not in TAKES_A_MOMENT], 120, every_s=3)[0]

    def messages(self, after: int = 0) -> list[Json]:
        messages = self.sandbox.get(f"telegram/chats/{self.id}")
        return [message for message in messages if message["message_id"] > after]

    def message(self, message_id: int) -> Json:
        return next(message for message in self.messages() if message["message_id"] == message_id)

    def answer_to(self, sent: int, within_s: float = 20) -> Json:
        return until(lambda: self.messages(sent), within_s)[0]

    def texts_after(self, sent: int) -> list[str]:
        """The bot's texts after this message. "Drawing …" may have become a chart by now; then its caption counts."""
        return [text for each in self.messages(sent) if (text := each["text"] or (each["edits"] and each["caption"]))]

    def wait_for_text(self, message: Json, text: str) -> None:
        until(lambda: text in (self.message(message["message_id"])["text"] or ""))

    def wait_for_caption(self, message: Json, text: str) -> None:
        until(lambda: text in self.message(message["message_id"])["caption"], within_s=30)

    def ask_without_networks(self, text: str, within_s: float = 20) -> str:
        """As ask, without the networks that stand behind accounts where several networks are on."""
        networks = r"(?<=\S) \((?:X|Bluesky|Fediverse)\)|, on (?:X|Bluesky|the fediverse)$"
        return re.sub(networks, "", self.ask(text, within_s), flags=re.MULTILINE)

    def ask(self, text: str, within_s: float = 20, **more: object) -> str:
        """Send a message; returns the bot's next text."""
        sent = self.send(text, **more)
        return until(lambda: self.texts_after(sent), within_s)[0]

    def chart(self, text: str, within_s: float = 30) -> Json:
        """Send a message; returns the message with the chart that answers it."""
        sent = self.send(text)
        return until(lambda: [each for each in self.messages(sent) if each["photo"]], within_s)[0]
