"""How little memory the process takes from the machine."""

import ctypes
from contextlib import suppress

M_ARENA_MAX = -8
"""The parameter's number in glibc's malloc.h."""


def share_heap() -> None:
    """Let all threads share one heap of the C library's; by itself each keeps what its largest query took.

    Only glibc has more than one. It must be called before there are threads.
    """
    with suppress(AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)
