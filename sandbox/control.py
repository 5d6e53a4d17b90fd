"""Checks the input of the control API."""

import json
from collections.abc import Callable, Collection, Mapping
from types import UnionType
from typing import Any, TypeVar

from aiohttp import web
from aiohttp.typedefs import Handler

from sandbox.cells import LoadError

Kind = type | UnionType
Loaded = TypeVar("Loaded")
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


async def read_loaded(
    request: web.Request, *, csv: Callable[[bytes], list[Loaded]], json: Callable[[bytes], list[Loaded]]
) -> list[Loaded]:
    """What the body holds, by the reader of its content type; raises BadInputError."""
    readers = {"text/csv": csv, "application/json": json}
    if request.content_type not in readers:
        raise BadInputError(f"send text/csv or application/json, not {request.content_type}")
    try:
        return readers[request.content_type](await request.read())
    except LoadError as error:
        raise BadInputError(str(error)) from None


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


async def read_counts(request: web.Request, metrics: Collection[str]) -> dict[str, int | None]:
    """Counts by metric from a JSON object; None hides the count from now on. Raises BadInputError."""
    counts = await _read_object(request)
    if not counts or not set(counts) <= set(metrics):
        raise BadInputError(f"the body must be an object with some of {', '.join(metrics)}")
    for name, count in counts.items():
        if count is not None and (type(count) is not int or count < 0):
            raise BadInputError(f"{name} must be a whole number, zero or above, or null; not {count!r}")
    return counts


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
