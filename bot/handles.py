"""The grammar of account handles: @nasa, nasa, https://x.com/nasa/status/1?s=20.

bot.tokens cuts a message into words and takes the punctuation off; this module alone says which word names an account.
"""

import re
import unicodedata
from urllib.parse import parse_qs, unquote, urlsplit

HANDLE = r"[A-Za-z0-9_]{1,50}"  # some old handles are longer than X allows today
MAX_LOOKUP_LENGTH = 15
"""Letters of a handle that X looks up. X refuses a whole request with a longer one. Source: X's OpenAPI document."""
FORMER = r"(?:-old[0-9]*)?"
"""The suffix of a handle that now belongs to another account; pipeline.store.accounts adds it."""
NAME = re.compile(f"@?({HANDLE}{FORMER})")
APOSTROPHE = "['`\u2019\u02bc\xb4]"
MARKED_NAME = re.compile(
    rf"[\W_]*?(?P<around>_*)@(?P<handle>{HANDLE}?{FORMER})(?P=around)(?:[^\w@]*{APOSTROPHE}s)?[^\w@]*", re.IGNORECASE
)
"""A handle with its @ and the punctuation around it: "@nasa", __@nasa__, @nasa's."""
MAX_MARKED_LENGTH = 200  # characters; matching a longer word would take too long
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
"""First segments of paths on X that belong to no account."""
PAGE_TITLE_SUFFIX = re.compile(r"(?<=\))\s*/\s*(?:X|Twitter)(?!\S)")
"""The " / X" that follows "NASA (@nasa)" in the title of a profile's page."""


def handle_in(word: str) -> str | None:
    """The handle of @name, of a bare name, or of an address of a profile, one of its tabs or one of its posts.

    None where the word names no account.
    """
    if name := NAME.fullmatch(word):
        return name[1]
    address = ADDRESS.fullmatch(word)
    return _handle_in_path(address["rest"] or "") if address else None


def _handle_in_path(rest: str) -> str | None:
    """The account named by the part of an address after the host; None for one of X's own pages."""
    address = urlsplit(f"https://x.com{rest.replace('/#!/', '/', 1)}")
    segments = [unquote(segment).removeprefix("@") for segment in address.path.split("/") if segment]
    if segments[:1] == ["intent"]:
        segments = parse_qs(address.query).get("screen_name", [])
    first = segments[0] if segments else ""
    return first if re.fullmatch(HANDLE, first) and first.lower() not in PAGES else None


def marked_handle(word: str) -> str | None:
    """The handle of an @name with punctuation around it. An accent is a letter, so @nasá names nobody."""
    name = MARKED_NAME.fullmatch(word) if len(word) <= MAX_MARKED_LENGTH else None
    return name["handle"] if name and not any(map(_is_accent, word)) else None


def _is_accent(character: str) -> bool:
    return unicodedata.category(character).startswith("M")


def can_be_looked_up(handle: str) -> bool:
    """Whether X accepts the handle in a look-up."""
    return re.fullmatch(f"[A-Za-z0-9_]{{1,{MAX_LOOKUP_LENGTH}}}", handle) is not None


def is_address(word: str) -> bool:
    return ADDRESS.fullmatch(word) is not None


def is_page_address(word: str) -> bool:
    """Whether the word is an address on X that belongs to no account."""
    return is_address(word) and handle_in(word) is None
