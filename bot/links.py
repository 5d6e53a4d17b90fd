"""How the bot's words are marked up: names of X lead to their profiles, figures stand in straight columns."""

import re
from functools import lru_cache

from telegram import MessageEntity

NAME = re.compile(r"(?<![\w@/.])@([A-Za-z0-9_]{1,15})(?!\w)")
FIXED = re.compile(r"`([^`\n]*)`")
"""What a caption wants set in letters of one width."""
MOST = 100  # Telegram takes no more entities in a message


def to_profiles(text: str) -> list[MessageEntity]:
    """A link for each @name in the text; else Telegram leads to its own user of that name."""
    links = [
        MessageEntity(MessageEntity.TEXT_LINK, found.start(), len(found[0]), url=f"https://x.com/{found[1]}")
        for found in NAME.finditer(text)
    ]
    return _counted(text, links)


@lru_cache(maxsize=256)
def of_caption(caption: str) -> tuple[str, list[MessageEntity]]:
    """The caption without its backticks, and what is a link or of fixed width in it. Many chats get the same one."""
    plain, fixed = "", []
    for number, part in enumerate(FIXED.split(caption)):
        if number % 2:
            fixed.append(MessageEntity(MessageEntity.CODE, len(plain), len(part)))
        plain += part
    return plain, [*_counted(plain, fixed), *to_profiles(plain)][:MOST]


def _counted(text: str, entities: list[MessageEntity]) -> list[MessageEntity]:
    """The first ones, with places as Telegram counts them."""
    return list(MessageEntity.adjust_message_entities_to_utf_16(text, entities[:MOST]))
