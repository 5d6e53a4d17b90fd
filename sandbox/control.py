"""Checks the input of the control API."""

import json
from collections.abc import Mapping
from types import UnionType
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

Kind = type | UnionType
KIND_NAMES: dict[Kind, str] = {int: "an integer", str: "text", bool: "true or false", dict: "an object", list: "a list"}


class BadInputError(Exception):
    """The control API answers 400 with this text, which says what is wrong with the input."""


@web.middleware
async def answer_bad_input(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except BadInputError as error:
        return web.json_response({"error": str(error)}, status=400)


async def read_fields(
    request: web.Request, *, required: Mapping[str, Kind] | None = None, optional: Mapping[str, Kind] | None = None
) -> dict[str, Any]:
    """The fields of a JSON object; raises BadInputError for missing, unknown and mistyped ones."""
    fields = await _read_object(request)
    return check_fields(fields, required=required or {}, optional=optional or {})


def check_fields(
    fields: Mapping[str, Any], *, required: Mapping[str, Kind], optional: Mapping[str, Kind]
) -> dict[str, Any]:
    if missing := [name for name in required if fields.get(name) is None]:
        raise BadInputError(f"missing: {', '.join(missing)}")
    known = {**required, **optional}
    if unknown := [name for name in fields if name not in known]:
        raise BadInputError(f"unknown: {', '.join(unknown)}; known here: {', '.join(known)}")
    given = {name: value for name, value in fields.items() if value is not None}
    for name, value in given.items():
        _check_type(name, value, known[name])
    return given


def integer(text: str, name: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise BadInputError(f"{name} must be an integer, not {text!r}") from None


async def _read_object(request: web.Request) -> dict[str, Any]:
    try:
        fields = json.loads(await request.read() or b"{}")
    except ValueError:
        raise BadInputError("the body is not JSON") from None
    if not isinstance(fields, dict):
        raise BadInputError("the body must be a JSON object")
    return fields


def _check_type(name: str, value: object, kind: Kind) -> None:
    is_bool_for_number = isinstance(value, bool) and kind is not bool  # bool is a subclass of int
    if is_bool_for_number or not isinstance(value, kind):
        raise BadInputError(f"{name} must be {KIND_NAMES.get(kind, 'a number')}, not {value!r}")
