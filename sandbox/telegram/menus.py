"""The command menus that a bot sets, and the one that a client shows."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.telegram.errors import bad_request
from sandbox.telegram.records import Chat, Json

# core.telegram.org/bots/api#botcommand
MAX_COMMANDS = 100
COMMAND = re.compile(r"[a-z0-9_]{1,32}")
MAX_DESCRIPTION = 256


@dataclass(frozen=True)
class Scope:
    type: str = "default"
    chat_id: int | None = None
    user_id: int | None = None


class Menus:
    def __init__(self) -> None:
        self._menus: dict[tuple[Scope, str], list[Json]] = {}

    def set(self, scope: Scope, language: str, commands: list[Json]) -> None:
        check_commands(commands)
        check_language(language)
        self._menus[scope, language] = commands

    def get(self, scope: Scope, language: str) -> list[Json]:
        return self._menus.get((scope, language), [])

    def delete(self, scope: Scope, language: str) -> None:
        self._menus.pop((scope, language), None)

    def visible(self, chat: Chat, user_id: int, language: str) -> list[Json]:
        """The commands that a client shows: of the narrowest scope with a menu, if possible in the user's language."""
        for scope in _scopes(chat, user_id):
            for each in (language, ""):
                if commands := self.get(scope, each):
                    return commands
        return []


def check_commands(commands: list[Json]) -> None:
    if len(commands) > MAX_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    for each in commands:
        if not COMMAND.fullmatch(each.get("command", "").removeprefix("/")):
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= len(each.get("description", "")) <= MAX_DESCRIPTION:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")


def check_language(language: str) -> None:
    if not re.fullmatch(r"([a-z]{2})?", language):
        raise bad_request("invalid language code specified")


def _scopes(chat: Chat, user_id: int) -> Iterator[Scope]:
    """Order: core.telegram.org/bots/api#determining-list-of-commands; channels have no scope of their own."""
    is_admin = chat.roles.get(user_id) in ("creator", "administrator")
    if chat.is_group:
        yield Scope("chat_member", chat.id, user_id)
        if is_admin:
            yield Scope("chat_administrators", chat.id)
    yield Scope("chat", chat.id)
    if chat.is_group and is_admin:
        yield Scope("all_chat_administrators")
    if chat.type != "channel":
        yield Scope("all_group_chats" if chat.is_group else "all_private_chats")
    yield Scope()
