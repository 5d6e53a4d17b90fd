"""Reads the body of an answer: decompressed and parsed within limits, since the server may be hostile."""

import json
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

from pipeline.sources.fediverse.dialler import TooMuchError

MOST_BYTES = 2_000_000
"""Of a body, decompressed, and of all that comes over the wire for it. 40 posts are about 300,000 bytes of JSON."""
GZIP = 16 + zlib.MAX_WBITS
UNREADABLE = (ValueError, RecursionError, zlib.error)
"""What decoding may raise beside TooMuchError. RecursionError: of JSON that is nested too deep."""


def decode(chunks: Iterable[bytes], encoding: str) -> Any:
    """The JSON in a body. encoding: its Content-Encoding, "" for none. Raises TooMuchError and UNREADABLE."""
    if encoding not in {"", "identity", "gzip", "x-gzip"}:
        raise ValueError(encoding)
    parts, size = [], 0
    for part in _unzip(chunks) if "gzip" in encoding else chunks:
        size += len(part)
        if size > MOST_BYTES:
            raise TooMuchError
        parts.append(part)
    return json.loads(b"".join(parts).decode(), parse_constant=_refuse)


def _unzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Never more at once than the limit and a byte, however small the chunk was."""
    stream = zlib.decompressobj(GZIP)
    for chunk in chunks:
        yield stream.decompress(chunk, MOST_BYTES + 1)
        if stream.unconsumed_tail:
            raise TooMuchError
    if not stream.eof:
        raise ValueError("cut off")


def _refuse(constant: str) -> NoReturn:
    """NaN and Infinity are no JSON, though Python reads them."""
    raise ValueError(constant)
