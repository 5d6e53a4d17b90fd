"""Names of accounts in what people type and paste: @nasa, (@nasa)., https://x.com/nasa/status/1?s=20."""

import html
import re
import unicodedata
from urllib.parse import parse_qs, unquote, urlsplit

LONGEST_NEW = 15
"""Letters of a handle that X looks up; for a longer one it refuses the whole request. Source: X's OpenAPI document."""
HANDLE = r"[A-Za-z0-9_]{1,50}"  # some old ones are longer than X allows today
APOSTROPHE = "['`\u2019\u02bc\xb4]"
FORMER = r"(?:-old[0-9]*)?"
"""What stands behind the handle of an account that lost it to another one; pipeline.store.accounts puts it there."""
NAME = re.compile(f"@?({HANDLE}{FORMER})")
MARKED = re.compile(
    rf"[\W_]*?(?P<around>_*)@(?P<handle>{HANDLE}?{FORMER})(?P=around)(?:[^\w@]*{APOSTROPHE}s)?[^\w@]*", re.IGNORECASE
)
"""A handle with its @ and the signs around it: "@nasa", __@nasa__, @nasa's."""
ADDRESS = re.compile(
    r"(?:(?:https?:)?//)?(?:(?:www|mobile|m)\.)?"
    r"(?:(?:x|twitter|fxtwitter|vxtwitter|fixupx|fixvx|xcancel)\.com|nitter\.net)(?::\d{1,5})?(?P<rest>[/?#].*)?",
    re.IGNORECASE,
)
"""An address on X, or on a site that shows X's posts under the same paths."""
PAGES = frozenset(
    (
        *("about", "account", "bookmarks", "communities", "compose", "download", "explore", "followers", "following"),
        *("hashtag", "home", "i", "intent", "jobs", "lists", "login", "logout", "messages", "notifications", "oauth"),
        *("privacy", "search", "search-advanced", "settings", "share", "signup", "topics", "tos", "who_to_follow"),
    )
)
"""Paths on X that are no account's."""
BETWEEN = frozenset(
    (
        *("and", "or", "vs", "versus", "with", "plus", "too", "also", "please", "the"),
        *("y", "e", "o", "u", "contra", "con", "más", "también", "por", "favor", "et", "und"),
    )
)
"""What people write between names. With its @ each is a name."""
LONGEST_TOKEN = 200  # of a name with its signs; what is longer is not looked at for long
UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0") | frozenset(
    map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
)
"""Letters and marks that show nothing, beside Unicode's control and format characters."""
BEFORE_NAME = re.compile("[\u200b-\u200f\u2060-\u206f\ufeff]+(?=[@\uff20\ufe6b])")
SAME_LETTER = frozenset(("<wide>", "<narrow>", "<small>", "<font>"))
"""Unicode's marks of a letter in another width or face; its other compatible letters, as ², are not the same."""
TAG = re.compile(r"</?(?:a|b|br|code|del|div|em|i|li|p|pre|s|span|strong|u|ul)(?:\s[^<>]*)?/?>", re.IGNORECASE)
LINK = re.compile(r"\[[^\[\]\n]*\]\(\s*<?([^\s()<>]+)>?\s*\)")
LIST_NUMBER = re.compile(r"^[ \t]*\(?\d{1,3}(?:[.):]|\u20e3)(?=\s+\S)", re.MULTILINE)
TITLE = re.compile(r"(?<=\))\s*/\s*(?:X|Twitter)(?!\S)")
"""What X puts behind NASA (@nasa) in the title of a page."""
PARTING = re.compile(r"[\s,;、؛،]+")
MEANT = frozenset("#%/\\@$=_")
"""Signs that make something else of a word, so that they are never taken off."""


def words_in(typed: str) -> list[str]:
    """The words of a text without the signs around them, without numbers of a list and without what stands between.

    A name typed with @ keeps it, and nothing else.
    """
    plain = TITLE.sub(" ", TAG.sub(" ", LINK.sub(r" \1 ", visible(html.unescape(typed)))))
    numbered = LIST_NUMBER.sub(" ", plain) if "\n" in plain.strip() else plain
    parts = [part for token in filter(None, PARTING.split(numbered)) for part in _parts(token)]
    words = [_trimmed(part) for part in parts if any(map(str.isalnum, part)) or _is_marked(part)]
    return [word for word in words if word.lower() not in BETWEEN] or words or parts


def visible(typed: str) -> str:
    """The text without what cannot be seen, each letter in its usual width and face."""
    composed = unicodedata.normalize("NFC", BEFORE_NAME.sub(" ", typed))
    return "".join(_usual(letter) for letter in composed if _shows(letter))


def _shows(letter: str) -> bool:
    return letter not in UNSEEN and (letter.isspace() or unicodedata.category(letter) not in {"Cc", "Cf", "Cs"})


def _usual(letter: str) -> str:
    kind = unicodedata.decomposition(letter).partition(" ")[0]
    return unicodedata.normalize("NFKC", letter) if kind in SAME_LETTER else letter


def _parts(token: str) -> list[str]:
    """The names in a token that holds nothing else but signs, as (@nasa)/(@esa); else the token."""
    parts = re.split(r"(?<=[^\w@])(?=@)", token)
    return parts if all(_is_marked(part) or not re.search(r"\w", part) for part in parts) else [token]


def _is_marked(token: str) -> bool:
    return _marked(token) is not None


def _marked(token: str) -> str | None:
    """The handle of @name with signs around it; an accent is no sign."""
    found = MARKED.fullmatch(token) if len(token) <= LONGEST_TOKEN else None
    return found["handle"] if found and not any(map(_is_accent, token)) else None


def _is_accent(letter: str) -> bool:
    return unicodedata.category(letter).startswith("M")


def _trimmed(token: str) -> str:
    if handle := _marked(token):
        return f"@{handle}"
    end = next((place for place in range(len(token), 0, -1) if not _decorates(token[place - 1])), 0)
    start = next((place for place in range(end) if not _decorates(token[place])), end)
    word = token[start:end]
    is_signed = word[:1].isdigit() and start > 0 and unicodedata.category(token[start - 1]) in {"Pd", "Sm"}
    return word if (re.fullmatch(r"\w+", word) and not is_signed) or ADDRESS.fullmatch(word) else token


def _decorates(letter: str) -> bool:
    return letter not in MEANT and unicodedata.category(letter)[0] in "PS"


def handle_in(word: str) -> str | None:
    """The handle of @name, name or an address on X that is an account's: of its profile, a tab of it, or a post."""
    if found := NAME.fullmatch(word):
        return found[1]
    address = ADDRESS.fullmatch(word)
    return _handle_of(address["rest"] or "") if address else None


def _handle_of(rest: str) -> str | None:
    """The account of what follows X's host in an address, or None where that is a page of X's own."""
    address = urlsplit(f"https://x.com{rest.replace('/#!/', '/', 1)}")
    names = [unquote(part).removeprefix("@") for part in address.path.split("/") if part]
    if names[:1] == ["intent"]:
        names = parse_qs(address.query).get("screen_name", [])
    first = names[0] if names else ""
    return first if re.fullmatch(HANDLE, first) and first.lower() not in PAGES else None


def may_be_new(handle: str) -> bool:
    """Whether X may be asked for the handle."""
    return re.fullmatch(f"[A-Za-z0-9_]{{1,{LONGEST_NEW}}}", handle) is not None


def is_page(word: str) -> bool:
    """Whether it is an address on X that is no account's."""
    return ADDRESS.fullmatch(word) is not None and handle_in(word) is None
