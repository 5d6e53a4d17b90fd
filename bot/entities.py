"""Telegram's message entities for the bot's texts: handles link to their profiles, figures have a fixed width."""

import re
from functools import cache, lru_cache

from telegram import MessageEntity

from bot.handles import FORMER
from pipeline.records import CAPTION_LINK
from pipeline.sources.registry import NETWORKS
from pipeline.sources.source import Network

FIXED_WIDTH = re.compile(r"`([^`\n]*)`")
"""Text between backticks: a caption's figures and what people typed. It is shown in one width and holds no links."""
MAX_ENTITIES = 100  # Telegram ignores more entities in a message


def profile_links(text: str) -> list[MessageEntity]:
    """A link for each @handle in the text. Without one, Telegram links to its own user of that name."""
    signs = re.finditer(r"(?<![\w@/.])@", text)
    return _to_utf_16(text, [link for sign in signs if (link := _longest_link(text, sign.start())) is not None])


def _longest_link(text: str, start: int) -> MessageEntity | None:
    """The handle that begins there: of several networks' the longest, since @ada@toy.example begins as @ada does."""
    links = [_link(network, name) for network in NETWORKS.values() if (name := _handle(network).match(text, start))]
    return max(links, key=lambda link: link.length, default=None)


@cache
def _handle(network: Network) -> re.Pattern[str]:
    """A handle in a text. A former one belongs to another account now, and so does the address of that name."""
    handle = f"(?:{network.handle})"
    return re.compile(rf"@(?:(?P<former>{handle}{FORMER})(?![\w-])|(?P<handle>{handle})(?![\w@]))")


def _link(network: Network, name: re.Match[str]) -> MessageEntity:
    if name["former"]:
        return MessageEntity(MessageEntity.CODE, name.start(), len(name[0]))
    address = network.profile_address(name["handle"])
    return MessageEntity(MessageEntity.TEXT_LINK, name.start(), len(name[0]), url=address)


@lru_cache(maxsize=256)
def extract_entities(text: str, *, is_caption: bool = False) -> tuple[str, list[MessageEntity]]:
    """The text without its backticks, and its entities. Cached, since many chats get the same caption.

    is_caption: of a chart, which may link to posts. In other texts [this](https://example.org) stays as it is.
    """
    plain, marked = "", []
    for index, part in enumerate(FIXED_WIDTH.split(text)):
        if index % 2:
            marked.append(MessageEntity(MessageEntity.CODE, len(plain), len(part)))
            plain += part
        elif is_caption:
            plain, links = _with_links(plain, part)
            marked += links
        else:
            plain += part
    marked = _to_utf_16(plain, marked)
    links = [link for link in profile_links(plain) if not any(_contains(part, link) for part in marked)]
    return plain, [*marked, *links][:MAX_ENTITIES]


def _with_links(plain: str, part: str) -> tuple[str, list[MessageEntity]]:
    """The text with the part after it, and the part's links."""
    links, end = [], 0
    for link in CAPTION_LINK.finditer(part):
        plain += part[end : link.start()]
        links.append(MessageEntity(MessageEntity.TEXT_LINK, len(plain), len(link[1]), url=link[2]))
        plain, end = plain + link[1], link.end()
    return plain + part[end:], links


def _contains(part: MessageEntity, link: MessageEntity) -> bool:
    return part.offset <= link.offset < part.offset + part.length


def _to_utf_16(text: str, entities: list[MessageEntity]) -> list[MessageEntity]:
    """The first MAX_ENTITIES entities, with offsets and lengths in UTF-16 code units, as Telegram counts them."""
    return list(MessageEntity.adjust_message_entities_to_utf_16(text, entities[:MAX_ENTITIES]))
