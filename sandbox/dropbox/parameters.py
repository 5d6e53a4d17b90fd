"""Reads the arguments of endpoints as strictly as Dropbox does, with its error texts."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.dropbox.files import Commit

Check = Callable[[Any], Any]
"""Returns the value, or raises ValueError with the text that follows the field's name in Dropbox's message."""

ANY = r"(.|[\r\n])*"
WRITE_PATH_OR_ID = rf"(/{ANY})|(ns:[0-9]+(/{ANY})?)|(id:.*)"
READ_PATH = rf"(/{ANY}|id:.*)|(rev:[0-9a-f]{{9,}})|(ns:[0-9]+(/{ANY})?)"
FOLDER_PATH = rf"(/{ANY})?|id:.*|(ns:[0-9]+(/{ANY})?)"
REV = r"[0-9a-f]{9,}"
CONTENT_HASH = r"[0-9a-f]{64}"


class ArgumentError(Exception):
    """Dropbox answers 400 with the endpoint's name and this text."""


@dataclass(frozen=True)
class Field:
    check: Check
    default: Any = None
    required: bool = False


def parse(text: str, fields: Mapping[str, Field]) -> dict[str, Any]:
    """The fields of a JSON argument, with the defaults of those left out. Raises ArgumentError."""
    try:
        given = json.loads(text)
    except ValueError:
        raise ArgumentError("could not decode input as JSON") from None
    return parse_object(given, fields)


def parse_object(given: Any, fields: Mapping[str, Field]) -> dict[str, Any]:
    """The fields of an object, with the defaults of those left out. Raises ArgumentError."""
    if not isinstance(given, dict):
        raise ArgumentError("expected object, got " + _kind(given))
    if unknown := [name for name in given if name not in fields]:
        raise ArgumentError(f"unknown field '{unknown[0]}'")
    return {name: _read(name, given, field) for name, field in fields.items()}


def _read(name: str, given: Mapping[str, Any], field: Field) -> Any:
    if name not in given:
        if field.required:
            raise ArgumentError(f"missing required field '{name}'")
        return field.default
    try:
        return field.check(given[name])
    except ValueError as error:
        raise ArgumentError(f"{name}: {error}") from None


def commit_of(arguments: Mapping[str, Any]) -> Commit:
    mode, rev = arguments["mode"]
    return Commit(
        path=arguments["path"],
        mode=mode,
        rev=rev,
        autorename=arguments["autorename"],
        strict_conflict=arguments["strict_conflict"],
        client_modified=arguments["client_modified"],
    )


def _text(pattern: str) -> Check:
    def check(value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError(f"expected string, got {_kind(value)}")  # noqa: TRY004 - every fault of a field is a ValueError
        if not re.fullmatch(pattern, value):
            raise ValueError(f"{value!r} did not match pattern '{pattern}'")
        if value.startswith("ns:"):
            raise ValueError("paths relative to a namespace are not supported for sandbox app")
        return value

    return check


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"expected boolean, got {_kind(value)}")  # noqa: TRY004 - every fault of a field is a ValueError
    return value


def _integer(lowest: int, highest: int) -> Check:
    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError(f"expected integer, got {_kind(value)}")  # noqa: TRY004 - every fault of a field is a ValueError
        if not lowest <= value <= highest:
            raise ValueError(f"{value} is not within range [{lowest}, {highest}]")
        return value

    return check


def _moment(value: Any) -> datetime:
    try:
        return datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except (TypeError, ValueError):
        raise ValueError(f"time data {value!r} does not match format '%Y-%m-%dT%H:%M:%SZ'") from None


def _nothing(value: Any) -> None:
    if value:
        raise ValueError("not supported by this stand-in")


def _nullable(check: Check) -> Check:
    return lambda value: None if value is None else check(value)


def _folder(value: Any) -> str:
    if value == "/":
        raise ValueError('Specify the root folder as an empty string rather than as "/".')
    path: str = _text(FOLDER_PATH)(value)
    return path.rstrip("/")


def _entry(value: Any) -> str:
    if value in ("", "/"):
        raise ValueError("The root folder is unsupported.")
    path: str = _text(READ_PATH)(value)
    return path


def _write_mode(value: Any) -> tuple[str, str | None]:
    tag = value.get(".tag") if isinstance(value, dict) else value
    if tag in ("add", "overwrite") and (isinstance(value, str) or set(value) == {".tag"}):
        return tag, None
    if tag == "update" and isinstance(value, dict) and set(value) == {".tag", "update"}:
        return tag, _text(REV)(value["update"])
    raise ValueError(f"invalid write mode {value!r}")


def _revisions_mode(value: Any) -> str:
    tag = value.get(".tag") if isinstance(value, dict) else value
    if tag not in ("path", "id"):
        raise ValueError(f"invalid mode {value!r}")
    return str(tag)


def _kind(value: Any) -> str:
    names = {str: "string", bool: "boolean", int: "integer", float: "float", list: "list", dict: "object"}
    return names.get(type(value), "null")


OFF, ON = Field(_boolean, default=False), Field(_boolean, default=True)
UNSUPPORTED = Field(_nothing)

COMMIT = {
    "path": Field(_text(WRITE_PATH_OR_ID), required=True),
    "mode": Field(_write_mode, default=("add", None)),
    "autorename": OFF,
    "client_modified": Field(_nullable(_moment)),
    "mute": OFF,
    "property_groups": UNSUPPORTED,
    "strict_conflict": OFF,
}
UPLOAD = {**COMMIT, "content_hash": Field(_nullable(_text(CONTENT_HASH)))}
SESSION_CURSOR = {
    "session_id": Field(_text(r".+"), required=True),
    "offset": Field(_integer(0, 2**64 - 1), required=True),
}
CURSOR = Field(lambda value: parse_object(value, SESSION_CURSOR), required=True)
SESSION_START = {"close": OFF, "session_type": UNSUPPORTED, "content_hash": Field(_nullable(_text(CONTENT_HASH)))}
SESSION_APPEND = {"cursor": CURSOR, "close": OFF, "content_hash": Field(_nullable(_text(CONTENT_HASH)))}
SESSION_FINISH = {
    "cursor": CURSOR,
    "commit": Field(lambda value: parse_object(value, COMMIT), required=True),
    "content_hash": Field(_nullable(_text(CONTENT_HASH))),
}
DOWNLOAD = {"path": Field(_text(READ_PATH), required=True), "rev": Field(_nullable(_text(REV)))}
GET_METADATA = {
    "path": Field(_entry, required=True),
    "include_media_info": OFF,
    "include_deleted": OFF,
    "include_has_explicit_shared_members": OFF,
    "include_property_groups": UNSUPPORTED,
}
LIST_FOLDER = {
    "path": Field(_folder, required=True),
    "recursive": OFF,
    "include_media_info": OFF,
    "include_deleted": OFF,
    "include_has_explicit_shared_members": OFF,
    "include_mounted_folders": ON,
    "limit": Field(_nullable(_integer(1, 2000)), default=2000),
    "shared_link": UNSUPPORTED,
    "include_property_groups": UNSUPPORTED,
    "include_non_downloadable_files": ON,
    "include_restorable_info": OFF,
}
LIST_FOLDER_CONTINUE = {"cursor": Field(_text(r".+"), required=True)}
DELETE = {"path": Field(_text(WRITE_PATH_OR_ID), required=True), "parent_rev": Field(_nullable(_text(REV)))}
LIST_REVISIONS = {
    "path": Field(_text(READ_PATH), required=True),
    "mode": Field(_revisions_mode, default="path"),
    "limit": Field(_integer(1, 100), default=10),
    "before_rev": Field(_nullable(_text(REV))),
    "include_restorable_info": OFF,
}
CHECK_USER = {"query": Field(_text(r"(.|[\r\n]){0,500}"), default="")}
