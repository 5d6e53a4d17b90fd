"""Names of X in what the bot says: each leads to its profile there, instead of to Telegram's user of that name."""

import re

from telegram import MessageEntity

NAME = re.compile(r"(?<![\w@/.])@([A-Za-z0-9_]{1,15})(?!\w)")
MOST = 100  # Telegram takes no more entities in a message


def to_profiles(text: str) -> list[MessageEntity]:
    """A link for each @name in the text."""
    links = [
        MessageEntity(MessageEntity.TEXT_LINK, found.start(), len(found[0]), url=f"https://x.com/{found[1]}")
        for found in NAME.finditer(text)
    ]
    return list(MessageEntity.adjust_message_entities_to_utf_16(text, links[:MOST]))
