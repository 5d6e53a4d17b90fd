"""Reads the parameters of the Bot API's methods strictly.

A reader takes text from a form, or any JSON value, and returns the value or raises a 400. The real server ignores
unknown parameters; this one refuses them, since each is a mistake of the bot.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.body import Upload
from sandbox.telegram.errors import bad_request

Reader = Callable[[Any, str], Any]
YES = ("true", "1", "yes")
NO = ("false", "0", "no")


def integer(value: Any, name: str) -> int:
    if isinstance(value, str) and value.strip().lstrip("-").isdecimal():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise _wrong(name, "an Integer")


def boolean(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in (*YES, *NO):
        return value.lower() in YES
    raise _wrong(name, "a Boolean")


def string(value: Any, name: str) -> str:
    if isinstance(value, str):
        return value
    raise _wrong(name, "a String")


def chat_id(value: Any, name: str) -> int | str:
    if isinstance(value, str) and value.startswith("@"):
        return value
    return integer(value, name)


def file(value: Any, name: str) -> Upload | str:
    return value if isinstance(value, Upload) else string(value, name)


def array(of: Reader) -> Reader:
    def read(value: Any, name: str) -> list[Any]:
        value = _from_json(value, name)
        if not isinstance(value, list):
            raise _wrong(name, "an Array")
        return [of(each, name) for each in value]

    return read


def record(fields: Mapping[str, Reader]) -> Reader:
    def read(value: Any, name: str) -> dict[str, Any]:
        value = _from_json(value, name)
        if not isinstance(value, dict):
            raise _wrong(name, "an Object")
        return read_all(value, fields, inside=f" of {name}")

    return read


def read_all(given: Mapping[str, Any], readers: Mapping[str, Reader], *, inside: str) -> dict[str, Any]:
    if unknown := [name for name in given if name not in readers]:
        raise bad_request(f'unknown parameter "{unknown[0]}"{inside}')
    return {name: readers[name](value, name) for name, value in given.items() if value is not None}


def _from_json(value: Any, name: str) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise bad_request(f"can't parse {name} JSON object") from None


def _wrong(name: str, kind: str) -> Exception:
    return bad_request(f'parameter "{name}" must be {kind}')


Readers = dict[str, Reader]

USER: Readers = {
    "id": integer,
    "is_bot": boolean,
    "first_name": string,
    "last_name": string,
    "username": string,
    "language_code": string,
}
ENTITY: Readers = {
    "type": string,
    "offset": integer,
    "length": integer,
    "url": string,
    "user": record(USER),
    "language": string,
    "custom_emoji_id": string,
}
LINK_PREVIEW: Readers = {
    "is_disabled": boolean,
    "url": string,
    "prefer_small_media": boolean,
    "prefer_large_media": boolean,
    "show_above_text": boolean,
}
REPLY: Readers = {
    "message_id": integer,
    "chat_id": chat_id,
    "allow_sending_without_reply": boolean,
    "quote": string,
    "quote_parse_mode": string,
    "quote_entities": array(record(ENTITY)),
    "quote_position": integer,
}
INLINE_BUTTON: Readers = {
    "text": string,
    "url": string,
    "callback_data": string,
    "web_app": record({"url": string}),
    "login_url": record(
        {"url": string, "forward_text": string, "bot_username": string, "request_write_access": boolean}
    ),
    "switch_inline_query": string,
    "switch_inline_query_current_chat": string,
    "copy_text": record({"text": string}),
    "style": string,
    "icon_custom_emoji_id": string,
}
INLINE_KEYBOARD: Readers = {"inline_keyboard": array(array(record(INLINE_BUTTON)))}
ANY_KEYBOARD: Readers = INLINE_KEYBOARD | {
    "keyboard": array(array(lambda value, _: value)),
    "is_persistent": boolean,
    "resize_keyboard": boolean,
    "one_time_keyboard": boolean,
    "remove_keyboard": boolean,
    "force_reply": boolean,
    "input_field_placeholder": string,
    "selective": boolean,
}
MEDIA: Readers = {
    "type": string,
    "media": string,
    "caption": string,
    "parse_mode": string,
    "caption_entities": array(record(ENTITY)),
    "show_caption_above_media": boolean,
    "has_spoiler": boolean,
    "thumbnail": string,
    "disable_content_type_detection": boolean,
}
SCOPE: Readers = {"type": string, "chat_id": chat_id, "user_id": integer}
COMMAND: Readers = {"command": string, "description": string}

CHAT: Readers = {"chat_id": chat_id}
MESSAGE: Readers = {**CHAT, "message_id": integer, "business_connection_id": string}
TEXT: Readers = {
    "text": string,
    "parse_mode": string,
    "entities": array(record(ENTITY)),
    "link_preview_options": record(LINK_PREVIEW),
}
CAPTION: Readers = {
    "caption": string,
    "parse_mode": string,
    "caption_entities": array(record(ENTITY)),
    "show_caption_above_media": boolean,
}
SEND: Readers = {
    **CHAT,
    "business_connection_id": string,
    "message_thread_id": integer,
    "disable_notification": boolean,
    "protect_content": boolean,
    "allow_paid_broadcast": boolean,
    "message_effect_id": string,
    "reply_parameters": record(REPLY),
    "reply_markup": record(ANY_KEYBOARD),
}
EDIT: Readers = {**MESSAGE, "inline_message_id": string, "reply_markup": record(INLINE_KEYBOARD)}
MENU: Readers = {"scope": record(SCOPE), "language_code": string}
