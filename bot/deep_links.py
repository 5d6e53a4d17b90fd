"""Deep links: t.me/bot?start=… and ?startgroup=… hand names of accounts to /start, in Telegram's alphabet."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Iterable

MAX_PAYLOAD_LENGTH = 64
"""Characters after start=. Source: core.telegram.org/bots/features, Deep Linking."""


def link(bot_name: str, handles: Iterable[str]) -> str | None:
    """The address that has a chat track these handles; None where they do not fit into a link."""
    payload = urlsafe_b64encode(" ".join(handles).encode()).decode().rstrip("=")
    return f"https://t.me/{bot_name}?start={payload}" if payload and len(payload) <= MAX_PAYLOAD_LENGTH else None


def handles_in(payload: str) -> list[str]:
    """The handles in what follows /start, each with an @; none where it was not made by `link`."""
    try:
        decoded = urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode("ascii")
    except (Error, ValueError):
        return []
    return [f"@{handle}" for handle in decoded.split()] if decoded.isprintable() else []
