"""How the bot's words are marked up: names of X lead to their profiles, figures stand in straight columns."""

import re
from functools import lru_cache

from telegram import MessageEntity

NAME = re.compile(r"(?<![\w@/.])@([A-Za-z0-9_]{1,50})(-old[0-9]*)?(?!\w)")
"""A name on X; with -old behind it that of an account whose name another one has by now, and the address with it."""
FIXED = re.compile(r"`([^`\n]*)`")
"""What is to be set in letters of one width: a caption's figures, and what people typed, where nothing is a link."""
MOST_ENTITIES = 100  # Telegram takes no more entities in a message


def profile_links(text: str) -> list[MessageEntity]:
    """A link for each @name in the text; else Telegram leads to its own user of that name."""
    return _counted(text, [_link(found) for found in NAME.finditer(text)])


def _link(found: re.Match[str]) -> MessageEntity:
    if found[2]:
        return MessageEntity(MessageEntity.CODE, found.start(), len(found[0]))
    return MessageEntity(MessageEntity.TEXT_LINK, found.start(), len(found[0]), url=f"https://x.com/{found[1]}")


@lru_cache(maxsize=256)
def extract_entities(caption: str) -> tuple[str, list[MessageEntity]]:
    """The caption, or answer, without its backticks, and what is a link or of fixed width in it. Many chats get one."""
    plain, fixed = "", []
    for number, part in enumerate(FIXED.split(caption)):
        if number % 2:
            fixed.append(MessageEntity(MessageEntity.CODE, len(plain), len(part)))
        plain += part
    fixed = _counted(plain, fixed)
    links = [link for link in profile_links(plain) if not any(_holds(part, link) for part in fixed)]
    return plain, [*fixed, *links][:MOST_ENTITIES]


def _holds(part: MessageEntity, link: MessageEntity) -> bool:
    return part.offset <= link.offset < part.offset + part.length


def _counted(text: str, entities: list[MessageEntity]) -> list[MessageEntity]:
    """The first ones, with places as Telegram counts them."""
    return list(MessageEntity.adjust_message_entities_to_utf_16(text, entities[:MOST_ENTITIES]))
