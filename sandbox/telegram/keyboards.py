"""Checks keyboards."""

import json
from urllib.parse import urlsplit

from sandbox.telegram.errors import bad_request
from sandbox.telegram.records import Json

Keyboard = list[list[Json]]

MAX_DATA_BYTES = 64  # core.telegram.org/bots/api#inlinekeyboardbutton
MAX_COPY_TEXT = 256
MAX_MARKUP_BYTES = 10_000  # not documented; the real server answers "reply markup is too long" around there
MAX_BUTTONS = 100
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


def check_reply_keyboard(markup: Json | None, *, is_private: bool) -> None:
    """Raises ApiError for a button that sends a location outside private chats."""
    buttons = [button for row in (markup or {}).get("keyboard", []) for button in row]
    asks = any(isinstance(button, dict) and button.get("request_location") for button in buttons)
    if asks and not is_private:
        raise bad_request("location can be requested in private chats only")


def check_keyboard(markup: Json | None) -> Keyboard | None:
    """The rows of the inline keyboard; None for no keyboard or an empty one, which removes it. Raises ApiError."""
    rows = [row for row in (markup or {}).get("inline_keyboard", []) if row]
    buttons = [button for row in rows for button in row]
    if len(buttons) > MAX_BUTTONS or len(json.dumps(rows)) > MAX_MARKUP_BYTES:
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
    if "callback_data" in button and not 1 <= len(button["callback_data"].encode()) <= MAX_DATA_BYTES:
        raise bad_request("BUTTON_DATA_INVALID")
    if "url" in button and not _is_url(button["url"]):
        raise bad_request("BUTTON_URL_INVALID")
    if "copy_text" in button and not 1 <= len(button["copy_text"].get("text", "")) <= MAX_COPY_TEXT:
        raise bad_request("BUTTON_COPY_TEXT_INVALID")
    if button.get("style", STYLES[0]) not in STYLES:
        raise bad_request("can't parse inline keyboard button: unknown style")


def _is_url(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https", "tg") and bool(parts.netloc)
