"""Reads query parameters as strictly as Bluesky does, with its error texts. Unknown parameters are ignored."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

LABEL, LAST_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", "[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
HANDLE = re.compile(rf"(?=.{{1,253}}$)(?:{LABEL}\.)+{LAST_LABEL}", re.IGNORECASE)
DID = re.compile(r"did:[a-z]+:[A-Za-z0-9._:%-]{1,2000}(?<![:%])")
POST_URI = re.compile(r"at://(?P<did>did:[^/]+)/app\.bsky\.feed\.post/(?P<rkey>[A-Za-z0-9._:~-]{1,512})")
Reader = Callable[[list[str]], Any]


class InvalidParametersError(Exception):
    """Bluesky answers 400 with this text."""


def read(method: str, readers: Mapping[str, Reader], required: str, given: Mapping[str, list[str]]) -> Any:
    """The parameters' values by name. Raises InvalidParametersError."""
    try:
        return {name: reader(given[name]) for name, reader in readers.items() if name in given or _miss(name, required)}
    except InvalidParametersError as error:
        raise InvalidParametersError(f"Invalid {method} params: {error}") from None


def _miss(name: str, required: str) -> bool:
    """Whether to read a parameter that is not given: never. Raises InvalidParametersError for the required one."""
    if name == required:
        raise InvalidParametersError(f'Missing required key "{name}"')
    return False


def actor(values: list[str]) -> str:
    return _one(values, lambda text: bool(HANDLE.fullmatch(text) or DID.fullmatch(text)), "AT identifier")


def handle(values: list[str]) -> str:
    return _one(values, lambda text: HANDLE.fullmatch(text) is not None, "handle")


def actors(values: list[str]) -> list[str]:
    return [actor([each]) for each in _at_most(25, values)]


def uris(values: list[str]) -> list[str]:
    return [_one([each], lambda text: text.startswith("at://"), "at-uri") for each in _at_most(25, values)]


def text(values: list[str]) -> str:
    return values[-1]


def flag(values: list[str]) -> bool:
    if values[-1] not in {"true", "false"}:
        raise InvalidParametersError(f"Expected boolean value type (got {json.dumps(values[-1])})")
    return values[-1] == "true"


def between(lowest: int, highest: int) -> Reader:
    def read_number(values: list[str]) -> int:
        if not re.fullmatch(r"-?[0-9]{1,15}", values[-1]):
            raise InvalidParametersError(f"Expected integer value type (got {json.dumps(values[-1])})")
        number = int(values[-1])
        if number > highest:
            raise InvalidParametersError(f"integer too big (maximum {highest}, got {number})")
        if number < lowest:
            raise InvalidParametersError(f"integer too small (minimum {lowest}, got {number})")
        return number

    return read_number


def _at_most(most: int, values: list[str]) -> list[str]:
    if len(values) > most:
        raise InvalidParametersError(f"array too big (maximum {most}, got {len(values)})")
    return values


def _one(values: list[str], is_valid: Callable[[str], bool], kind: str) -> str:
    if not is_valid(values[-1]):
        raise InvalidParametersError(f"Invalid {kind} (got {json.dumps(values[-1])})")
    return values[-1]
