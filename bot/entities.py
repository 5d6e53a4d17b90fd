"""Telegram's message entities for the bot's texts: handles link to their profiles, figures have a fixed width."""

import re
from functools import lru_cache

from telegram import MessageEntity

NAME = re.compile(r"(?<![\w@/.])@([A-Za-z0-9_]{1,50})(-old[0-9]*)?(?!\w)")
"""A handle in a text. One that ends in -old belongs to another account now, and so does the address of that name."""
FIXED_WIDTH = re.compile(r"`([^`\n]*)`")
"""Text between backticks: a caption's figures and what people typed. It is shown in one width and holds no links."""
MAX_ENTITIES = 100  # Telegram ignores more entities in a message


def profile_address(handle: str) -> str:
    """The web address of the account with this handle."""
    return f"https://x.com/{handle}"


def profile_links(text: str) -> list[MessageEntity]:
    """A link for each @handle in the text. Without one, Telegram links to its own user of that name."""
    return _to_utf_16(text, [_link(name) for name in NAME.finditer(text)])


def _link(name: re.Match[str]) -> MessageEntity:
    if name[2]:
        return MessageEntity(MessageEntity.CODE, name.start(), len(name[0]))
    return MessageEntity(MessageEntity.TEXT_LINK, name.start(), len(name[0]), url=profile_address(name[1]))


@lru_cache(maxsize=256)
def extract_entities(text: str) -> tuple[str, list[MessageEntity]]:
    """The text without its backticks, and its entities. Cached, since many chats get the same caption."""
    plain, fixed = "", []
    for index, part in enumerate(FIXED_WIDTH.split(text)):
        if index % 2:
            fixed.append(MessageEntity(MessageEntity.CODE, len(plain), len(part)))
        plain += part
    fixed = _to_utf_16(plain, fixed)
    links = [link for link in profile_links(plain) if not any(_contains(part, link) for part in fixed)]
    return plain, [*fixed, *links][:MAX_ENTITIES]


def _contains(part: MessageEntity, link: MessageEntity) -> bool:
    return part.offset <= link.offset < part.offset + part.length


def _to_utf_16(text: str, entities: list[MessageEntity]) -> list[MessageEntity]:
    """The first MAX_ENTITIES entities, with offsets and lengths in UTF-16 code units, as Telegram counts them."""
    return list(MessageEntity.adjust_message_entities_to_utf_16(text, entities[:MAX_ENTITIES]))
