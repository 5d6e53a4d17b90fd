"""The shape of an answer: which keys are where in its JSON, and the type of each value."""

from collections.abc import Collection, Iterator

Json = object
NAMES: dict[type, str] = {bool: "bool", int: "int", float: "float", str: "text", type(None): "null"}


def shape(answer: Json) -> frozenset[str]:
    """Its keys' paths with the types of their values, as "feed[].post.likeCount int". A list has the shapes of all
    its members."""
    return frozenset(_lines(answer, ""))


def differences(real: Json, ours: Json, ignored: Collection[str] = ()) -> dict[str, list[str]]:
    """What only one of two answers has, apart from the paths that begin with an ignored one; empty if nothing."""
    told, made = shape(real), shape(ours)
    found = {"missing from ours": told - made, "only in ours": made - told}
    return {kind: lines for kind, paths in found.items() if (lines := sorted(_not_of(ignored, paths)))}


def _not_of(ignored: Collection[str], lines: Collection[str]) -> Iterator[str]:
    return (line for line in lines if not line.startswith(tuple(ignored)))


def _lines(value: Json, path: str) -> Iterator[str]:
    match value:
        case dict():
            yield f"{path} object"
            for key, inner in value.items():
                yield from _lines(inner, f"{path}.{key}".removeprefix("."))
        case list():
            yield f"{path} list"
            for member in value:
                yield from _lines(member, f"{path}[]")
        case _:
            yield f"{path} {NAMES[type(value)]}"
