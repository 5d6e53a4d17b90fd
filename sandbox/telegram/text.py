"""Reads text as Telegram does: HTML to entities, lengths in UTF-16 units, links that clients find."""

import re
from dataclasses import dataclass, field
from html import unescape
from typing import Any

from sandbox.telegram.errors import bad_request

MAX_TEXT = 4096
MAX_CAPTION = 1024
PLAIN_TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "a": "text_link",
    "span": "spoiler",
    "tg-emoji": "custom_emoji",
}
NAMED_ENTITIES = {"&lt;", "&gt;", "&amp;", "&quot;"}  # Telegram knows no others
MARKUP = re.compile(r"<(?P<tag>[^>]*)(?P<end>>?)|(?P<entity>&(?:#[0-9]+|#x[0-9a-fA-F]+|[a-z]+);)")
ATTRIBUTE = re.compile(r"""([a-zA-Z-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?""")
WITHOUT_LINKS = {"code", "pre", "text_link", "url", "mention", "bot_command"}
LINK_PATTERNS = {
    "bot_command": re.compile(r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/<>])", re.ASCII),
    "mention": re.compile(r"(?<![\w/@])@[A-Za-z0-9_]{2,32}\b", re.ASCII),
    "url": re.compile(r"https?://[^\s<>]+[^\s<>.,;:!?)]"),
}

Entity = dict[str, Any]


def utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def read_text(text: str, parse_mode: str, entities: list[Entity] | None) -> tuple[str, list[Entity]]:
    """The plain text and its entities. Raises ApiError for broken markup."""
    if not parse_mode:
        return _trim(text, _with_links(text, entities or []))
    if parse_mode.lower() != "html":
        # The two Markdown modes are not implemented.
        raise bad_request("unsupported parse_mode (this stand-in reads HTML only)")
    plain, marked = parse_html(text)
    return _trim(plain, _with_links(plain, marked))


def check_text(text: str) -> None:
    if not text:
        raise bad_request("message text is empty")
    if utf16_length(text) > MAX_TEXT:
        raise bad_request("message is too long")


def check_caption(caption: str) -> None:
    if utf16_length(caption) > MAX_CAPTION:
        raise bad_request("message caption is too long")


def find_entities(text: str) -> list[Entity]:
    """Entities of the commands, mentions and URLs, which clients make clickable."""
    found = [
        {"type": kind, "offset": utf16_length(text[: match.start()]), "length": utf16_length(match.group())}
        for kind, pattern in LINK_PATTERNS.items()
        for match in pattern.finditer(text)
    ]
    return sorted(found, key=lambda entity: entity["offset"])


def _with_links(text: str, given: list[Entity]) -> list[Entity]:
    """The given entities and those that Telegram finds, except inside code and links."""
    excluded = [
        range(each["offset"], each["offset"] + each["length"]) for each in given if each["type"] in WITHOUT_LINKS
    ]
    found = [each for each in find_entities(text) if not any(each["offset"] in span for span in excluded)]
    return sorted([*given, *found], key=lambda entity: int(entity["offset"]))


@dataclass
class _Open:
    tag: str
    at: int  # byte offset in the source
    start: int  # UTF-16 offset in the text
    fields: Entity


@dataclass
class _Parsed:
    text: list[str] = field(default_factory=list)
    length: int = 0
    open: list[_Open] = field(default_factory=list)
    entities: list[Entity] = field(default_factory=list)

    def add(self, piece: str) -> None:
        self.text.append(piece)
        self.length += utf16_length(piece)


def parse_html(source: str) -> tuple[str, list[Entity]]:
    parsed, position = _Parsed(), 0
    for match in MARKUP.finditer(source):
        parsed.add(source[position : match.start()])
        position = match.end()
        at = len(source[: match.start()].encode())
        if match["entity"]:
            parsed.add(_unescape(match["entity"]))
        elif match["tag"].startswith("/"):
            _close(parsed, match["tag"][1:], at=at, closed=bool(match["end"]))
        else:
            _open(parsed, match["tag"], at=at, closed=bool(match["end"]))
    parsed.add(source[position:])
    if parsed.open:
        raise _broken(f'Can\'t find end tag corresponding to start tag "{parsed.open[-1].tag}"')
    return "".join(parsed.text), parsed.entities


def _unescape(entity: str) -> str:
    return unescape(entity) if entity in NAMED_ENTITIES or entity.startswith("&#") else entity


def _open(parsed: _Parsed, inside: str, *, at: int, closed: bool) -> None:
    tag = re.match(r"[^\s=>/]*", inside)
    name = tag.group().lower() if tag else ""
    if name not in PLAIN_TAGS:
        raise _broken(f'Unsupported start tag "{name}" at byte offset {at}')
    if not closed:
        raise _broken(f"Unclosed start tag at byte offset {at}")
    given = {found[0].lower(): unescape("".join(found[1:])) for found in ATTRIBUTE.findall(inside[len(name) :])}
    parsed.open.append(_Open(name, at, parsed.length, _fields(name, given, at)))


def _fields(tag: str, given: dict[str, str], at: int) -> Entity:
    if tag == "a":
        return {"type": "text_link", "url": given["href"]} if given.get("href") else {}
    if tag == "span" and given.get("class") != "tg-spoiler":
        raise _broken(f'Tag "span" must have class "tg-spoiler" at byte offset {at}')
    if tag == "tg-emoji":
        return {"type": "custom_emoji", "custom_emoji_id": given.get("emoji-id", "")}
    if tag == "blockquote" and "expandable" in given:
        return {"type": "expandable_blockquote"}
    if tag == "code" and given.get("class", "").startswith("language-"):
        return {"type": "code", "language": given["class"].removeprefix("language-")}
    return {"type": PLAIN_TAGS[tag]}


def _close(parsed: _Parsed, inside: str, *, at: int, closed: bool) -> None:
    name = inside.strip().lower()
    if not parsed.open:
        raise _broken(f"Unexpected end tag at byte offset {at}")
    if not closed:
        raise _broken(f"Unclosed end tag at byte offset {at}")
    opened = parsed.open.pop()
    if name not in ("", opened.tag):
        raise _broken(f'Unmatched end tag at byte offset {at}, expected "</{opened.tag}>", found "</{name}>"')
    length = parsed.length - opened.start
    if opened.fields and length:
        parsed.entities.append({**opened.fields, "offset": opened.start, "length": length})


def _trim(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """The text without white space around it, as Telegram stores it, and its entities moved accordingly."""
    stripped = text.strip()
    before, length = utf16_length(text[: len(text) - len(text.lstrip())]), utf16_length(stripped)
    moved = [(entity, max(0, entity["offset"] - before)) for entity in entities]
    shrunk = [{**entity, "offset": at, "length": min(entity["length"], length - at)} for entity, at in moved]
    return stripped, [entity for entity in shrunk if entity["length"] > 0]


def _broken(what: str) -> Exception:
    return bad_request(f"can't parse entities: {what}")
