"""Inline keyboards: what Telegram accepts as one."""

import json
from urllib.parse import urlsplit

from sandbox.telegram.errors import bad_request
from sandbox.telegram.records import Json

Keyboard = list[list[Json]]

LONGEST_DATA = 64  # bytes, core.telegram.org/bots/api#inlinekeyboardbutton
LONGEST_COPY_TEXT = 256
LONGEST_MARKUP = 10_000  # bytes; undocumented, the real server says "reply markup is too long" around there
MOST_BUTTONS = 100
STYLES = ("danger", "success", "primary")
ACTIONS = (
    "url",
    "callback_data",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "copy_text",
)


def check_keyboard(markup: Json | None) -> Keyboard | None:
    """The rows of an inline keyboard, None where there is none (or an empty one, which removes it)."""
    rows = [row for row in (markup or {}).get("inline_keyboard", []) if row]
    buttons = [button for row in rows for button in row]
    if len(buttons) > MOST_BUTTONS or len(json.dumps(rows)) > LONGEST_MARKUP:
        raise bad_request("reply markup is too long")
    for button in buttons:
        _check_button(button)
    return rows or None


def _check_button(button: Json) -> None:
    if not button.get("text"):
        raise bad_request("can't parse inline keyboard button: text is empty")
    actions = [action for action in ACTIONS if action in button]
    if len(actions) != 1:
        raise bad_request("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if "callback_data" in button and not 1 <= len(button["callback_data"].encode()) <= LONGEST_DATA:
        raise bad_request("BUTTON_DATA_INVALID")
    if "url" in button and not _is_address(button["url"]):
        raise bad_request("BUTTON_URL_INVALID")
    if "copy_text" in button and not 1 <= len(button["copy_text"].get("text", "")) <= LONGEST_COPY_TEXT:
        raise bad_request("BUTTON_COPY_TEXT_INVALID")
    if button.get("style", STYLES[0]) not in STYLES:
        raise bad_request("can't parse inline keyboard button: unknown style")


def _is_address(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https", "tg") and bool(parts.netloc)
