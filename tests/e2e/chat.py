"""A person in a chat of the sandbox, and what the services behind it saw."""

from dataclasses import dataclass
from typing import Any

import httpx

from tests.conftest import until

Json = Any
HTTP = httpx.Client(timeout=10)
"""One for all: each client reads the certificates of the world anew, which takes longer than what it is asked."""


@dataclass
class Sandbox:
    address: str

    def get(self, path: str, **params: str | int) -> Json:
        answer = HTTP.get(f"{self.address}/_control/{path}", params=params)
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, **body: object) -> Json:
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
        """The calls that a service received, without the bot's polling."""
        calls = self.get("calls", service=service, since=since)
        return [call for call in calls if call["method"] != "getUpdates"]

    def last_call(self, since: int = 0) -> int:
        return max((call["seq"] for call in self.get("calls", since=since)), default=since)


@dataclass
class Chat:
    sandbox: Sandbox
    id: int
    user_id: int = 0
    type: str = "private"
    thread_id: int | None = None

    def send(self, text: str, **more: object) -> int:
        """Say something; returns the message's id."""
        body = {"chat_id": self.id, "user_id": self.user_id or abs(self.id), "text": text, "chat_type": self.type}
        if self.thread_id is not None:
            body["thread_id"] = self.thread_id
        return int(self.sandbox.post("telegram/send", **body | more)["message_id"])

    def press(self, message: Json, data: str) -> str:
        """Press a button; returns the press's id."""
        pressed = self.sandbox.post(
            "telegram/press",
            chat_id=self.id,
            user_id=self.user_id or abs(self.id),
            message_id=message["message_id"],
            data=data,
        )
        return str(pressed["callback_query_id"])

    def told(self, message: Json, data: str, within_s: float = 20) -> str:
        """Press a button; returns what its presser is told."""
        pressed = self.press(message, data)
        answer: Json = until(
            lambda: (seen := self.sandbox.get(f"telegram/callbacks/{pressed}"))["answered"] and seen, within_s, 0.3
        )
        return str(answer["text"] or "")

    def messages(self, after: int = 0) -> list[Json]:
        seen = self.sandbox.get(f"telegram/chats/{self.id}")
        return [message for message in seen if message["message_id"] > after]

    def message(self, message_id: int) -> Json:
        return next(message for message in self.messages() if message["message_id"] == message_id)

    def answer_to(self, sent: int, within_s: float = 20) -> Json:
        return until(lambda: self.messages(sent), within_s)[0]

    def texts_after(self, sent: int) -> list[str]:
        """What the bot says after this message; where it said that it draws, the chart may stand there by now."""
        return [words for each in self.messages(sent) if (words := each["text"] or (each["edits"] and each["caption"]))]

    def wait_for_text(self, message: Json, text: str) -> None:
        until(lambda: text in (self.message(message["message_id"])["text"] or ""))

    def wait_for_caption(self, message: Json, text: str) -> None:
        until(lambda: text in self.message(message["message_id"])["caption"], within_s=30)

    def ask(self, text: str, within_s: float = 20, **more: object) -> str:
        """Say something and return what the bot says next."""
        sent = self.send(text, **more)
        return until(lambda: self.texts_after(sent), within_s)[0]

    def chart(self, text: str, within_s: float = 30) -> Json:
        """Say something and return the message in which the chart comes."""
        sent = self.send(text)
        return until(lambda: [each for each in self.messages(sent) if each["photo"]], within_s)[0]
