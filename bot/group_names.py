"""The chat's groups of accounts among the words of a command, where each stands for its accounts."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bot.command_context import CommandContext
from bot.parsing import find_group, parse_handles
from pipeline.records import Handle
from pipeline.store import groups
from pipeline.store.tables import Account


class Named(NamedTuple):
    """handles: without those of the groups' accounts. groups: their accounts, by name. invalid: words for neither."""

    handles: list[Handle]
    groups: Mapping[str, Sequence[Account]]
    invalid: list[str]

    @property
    def all_handles(self) -> list[Handle]:
        """Those of the groups' accounts too."""
        members = [Handle(each.network, each.handle) for accounts in self.groups.values() for each in accounts]
        named = {handle.folded for handle in self.handles}
        return [*self.handles, *(each for each in members if each.folded not in named)]


async def parse(command_context: CommandContext, args: Sequence[str]) -> Named:
    of_chat = await command_context.context.read(groups.list_of_chat, command_context.chat_id)
    found = {word: name for word in args if (name := find_group(word, of_chat))}
    handles, invalid = parse_handles(word for word in args if word not in found)
    return Named(handles, {name: of_chat[name] for name in found.values()}, invalid)
