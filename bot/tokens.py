"""Cutting a message into words, however people type or paste it: with markup, quotes, list numbers, invisible marks."""

import html
import re
import unicodedata
from collections.abc import Iterable

from bot.handles import MAX_MARKED_LENGTH, handle_in, is_address, marked_handle, without_page_titles

FILLER_WORDS = frozenset(
    (
        *("and", "or", "vs", "versus", "with", "plus", "too", "also", "please", "the"),
        *("y", "e", "o", "u", "contra", "con", "más", "también", "por", "favor", "et", "und"),
    )
)
"""Words that people write between names. With an @ each of them is a name."""
INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0") | frozenset(
    map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
)
"""Letters and marks that show nothing, in addition to Unicode's control and format characters."""
MARKS, SIGNS = "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff", "[@\uff20\ufe6b]"
INVISIBLE_BEFORE_NAME = re.compile(
    rf"(?<![\w{MARKS}])[{MARKS}]+(?={SIGNS})|(?<=\w)[{MARKS}]+(?={SIGNS}(?![\w{MARKS}-]+\.[{MARKS}]*\w))"
)
"""Invisible marks that part two names. Between the halves of ada@social.example they part nothing."""
SAME_LETTER = frozenset(("<wide>", "<narrow>", "<small>", "<font>"))
"""Unicode's tags of a letter in another width or face. Its other compatibility forms, such as ², are other letters."""
TAG = re.compile(r"</?(?:a|b|br|code|del|div|em|i|li|p|pre|s|span|strong|u|ul)(?:\s[^<>]*)?/?>", re.IGNORECASE)
MARKDOWN_LINK = re.compile(r"\[[^\[\]\n]*\]\(\s*<?([^\s()<>]+)>?\s*\)")
LIST_NUMBER = re.compile(r"^[ \t]*\(?\d{1,3}(?:[.):]|\u20e3)(?=\s+\S)", re.MULTILINE)
SEPARATOR = re.compile(r"[\s,;、؛،]+")
MEANINGFUL_SIGNS = frozenset("#%/\\@$=_")
"""Signs that change what a word is, so that they are never taken off."""


def split_words(typed: str) -> list[str]:
    """The words of a text, without the punctuation around them and list numbers.

    A name that was typed with an @ keeps it, and nothing else around it.
    """
    plain = without_page_titles(TAG.sub(" ", MARKDOWN_LINK.sub(r" \1 ", visible(html.unescape(typed)))))
    unnumbered = LIST_NUMBER.sub(" ", plain) if "\n" in plain.strip() else plain
    parts = [part for token in filter(None, SEPARATOR.split(unnumbered)) for part in _split_token(token)]
    return [_trim(part) for part in parts if any(map(str.isalnum, part)) or _is_marked(part)] or parts


def without_fillers(words: Iterable[str]) -> list[str]:
    """The words but the filler words; all of them where they are nothing else."""
    every = list(words)
    return [word for word in every if word.lower() not in FILLER_WORDS] or every


def visible(typed: str) -> str:
    """The text without invisible characters, each letter in its usual width and face."""
    composed = unicodedata.normalize("NFC", INVISIBLE_BEFORE_NAME.sub(" ", typed))
    return "".join(_usual_form(character) for character in composed if _is_visible(character))


def _is_visible(character: str) -> bool:
    return character not in INVISIBLE and (
        character.isspace() or unicodedata.category(character) not in {"Cc", "Cf", "Cs"}
    )


def _usual_form(character: str) -> str:
    kind = unicodedata.decomposition(character).partition(" ")[0]
    return unicodedata.normalize("NFKC", character) if kind in SAME_LETTER else character


def _split_token(token: str) -> list[str]:
    """The names in a token that holds only names and punctuation, such as (@nasa)/(@esa); else the token itself."""
    parts = re.split(r"(?<=[^\w@])(?=@)", token)
    return parts if all(_is_marked(part) or not re.search(r"\w", part) for part in parts) else [token]


def _is_marked(token: str) -> bool:
    return marked_handle(token) is not None


def _trim(token: str) -> str:
    """The token without the punctuation around it, if what is left is a word or an address; else the token itself."""
    if handle := marked_handle(token):
        return f"@{handle}"
    end = next((index for index in range(len(token), 0, -1) if not _is_punctuation(token[index - 1])), 0)
    start = next((index for index in range(end) if not _is_punctuation(token[index])), end)
    word = token[start:end]
    is_signed = word[:1].isdigit() and start > 0 and unicodedata.category(token[start - 1]) in {"Pd", "Sm"}
    is_plain = re.fullmatch(r"\w+", word) is not None and not is_signed
    return word if is_plain or is_address(word) or _is_dotted_name(word) else token


def _is_dotted_name(word: str) -> bool:
    """A name like nasa.gov or ada@social.example."""
    return "." in word and len(word) <= MAX_MARKED_LENGTH and handle_in(word) is not None


def _is_punctuation(character: str) -> bool:
    return character not in MEANINGFUL_SIGNS and unicodedata.category(character)[0] in "PS"
