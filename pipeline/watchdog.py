"""Ends a process whose loop stands still, so that its supervisor starts it again.

The kernel's alarm does it: each turn of the loop sets it anew, and where none comes, it ends the process, after the
stack of each thread is written to stderr. It needs neither a thread nor Python, so that nothing can hold it up, and a
fork does not inherit it.
"""

import faulthandler
import os
import signal
import threading

LIMIT_S = 60
"""A loop that stands still this long is taken for stuck: nothing that a loop itself waits for takes so long."""
EVERY_S = 5
"""How often a loop that can have itself called at times says that it turns."""

_watched: int | None = None
"""The id of the process that is watched: this one, or the one that forked it."""


def start(limit_s: float = LIMIT_S) -> None:
    """Watch the main thread's loop from now on, which must turn within the limit."""
    global _watched  # noqa: PLW0603 a process has one alarm
    _watched = os.getpid()
    faulthandler.register(signal.SIGALRM, all_threads=True, chain=True)
    signal.setitimer(signal.ITIMER_REAL, limit_s)


def turn() -> None:
    """The loop turns. Ignored in other threads than the loop's, and in processes that are not watched."""
    if _watched == os.getpid() and threading.current_thread() is threading.main_thread():
        signal.setitimer(signal.ITIMER_REAL, LIMIT_S)


def stop() -> None:
    """The process ends, and may take its time."""
    global _watched  # noqa: PLW0603
    if _watched == os.getpid():
        _watched = None
        signal.setitimer(signal.ITIMER_REAL, 0)
