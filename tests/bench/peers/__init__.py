"""Other ways to draw a spread chart, each a module with `opened(size)`, which keeps what a warm process keeps."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from pipeline.records import ChartData

Draw = Callable[[ChartData], bytes]


class Size(NamedTuple):
    """The size of a picture in px."""

    width: int
    height: int


class Missing(Exception):  # noqa: N818 - not an error of the peer
    """A program that a peer needs is not installed. The text says how to install it."""


class Peer(Protocol):
    NAME: str

    def opened(self, size: Size) -> AbstractContextManager[Draw]:
        """A function that draws while the context is open. Raises Missing."""
        ...
