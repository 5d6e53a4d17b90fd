"""A body takes little memory, however much it would be when decompressed."""

import gzip
import tracemalloc

import pytest

from pipeline.sources.fediverse.bodies import MOST_BYTES, decode
from pipeline.sources.fediverse.dialler import TooMuchError


def test_a_bomb_is_never_whole_in_memory() -> None:
    bomb = gzip.compress(bytes(100_000_000))
    tracemalloc.start()
    with pytest.raises(TooMuchError):
        decode([bomb], "gzip")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5 * MOST_BYTES


def test_a_body_of_the_largest_size_is_read() -> None:
    body = b'"' + b"a" * (MOST_BYTES - 2) + b'"'
    assert decode([gzip.compress(body)], "gzip") == body[1:-1].decode()
    with pytest.raises(TooMuchError):
        decode([gzip.compress(body + b" ")], "gzip")
