"""Reads the parameters of a request: query, JSON, form and multipart bodies alike become one flat mapping."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import hdrs, web
from aiohttp.multipart import parse_content_disposition


class BodyError(ValueError):
    """The body is not of the type that its Content-Type names."""


@dataclass(frozen=True)
class Upload:
    """A file of a multipart body."""

    filename: str
    data: bytes


async def read_parameters(request: web.Request) -> dict[str, Any]:
    """Parameters by name: text from the query and forms, `Upload` for files, any JSON value from JSON.

    A body of another content type has no parameters. Raises BodyError.
    """
    return {**request.query, **_from_body(request.content_type, request, await request.read())}


def _from_body(content_type: str, request: web.Request, body: bytes) -> dict[str, Any]:
    if content_type == "application/json":
        return _from_json(body)
    if content_type == "application/x-www-form-urlencoded":
        return dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
    if content_type == "multipart/form-data":
        return dict(_from_multipart(body, _boundary(request)))
    return {}


def _from_json(body: bytes) -> dict[str, Any]:
    if not body.strip():
        return {}
    try:
        value = json.loads(body)
    except ValueError as error:
        raise BodyError("can't parse the body as JSON") from error
    if not isinstance(value, dict):
        raise BodyError("the JSON body must be an object")
    return {name: given for name, given in value.items() if given is not None}


def _boundary(request: web.Request) -> bytes:
    for piece in request.headers.get(hdrs.CONTENT_TYPE, "").split(";"):
        name, _, value = piece.strip().partition("=")
        if name.lower() == "boundary":
            return value.strip('"').encode()
    raise BodyError("the multipart body has no boundary")


def _from_multipart(body: bytes, boundary: bytes) -> Iterator[tuple[str, Any]]:
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary)[1:]:
        if part.startswith(b"--"):
            return
        head, separator, data = part.partition(b"\r\n\r\n")
        if not separator:
            raise BodyError("a part of the multipart body has no headers")
        yield _part(head.decode(errors="replace"), data)
    raise BodyError("the multipart body has no end")


def _part(head: str, data: bytes) -> tuple[str, Any]:
    for line in head.splitlines():
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-disposition":
            _, given = parse_content_disposition(value.strip())
            if "filename" in given or "filename*" in given:
                return given["name"], Upload(given.get("filename*", given.get("filename", "")), data)
            return given["name"], data.decode(errors="replace")
    raise BodyError("a part of the multipart body has no name")
