"""Other ways to draw the picture of a spread: a module each, with `opened(size)`, which keeps what a warm one keeps."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from pipeline.records import ChartData

Draw = Callable[[ChartData], bytes]


class Size(NamedTuple):
    """Of a picture, in px."""

    width: int
    height: int


class Missing(Exception):  # noqa: N818 no error of the peer's: a program that it needs is not installed
    """Its text says what to install."""


class Peer(Protocol):
    NAME: str

    def opened(self, size: Size) -> AbstractContextManager[Draw]:
        """Draws as long as it is open. Raises Missing."""
        ...
