"""The fetch step: a chunk of due accounts, read side by side on threads."""

import logging
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta

from pydantic import TypeAdapter

from pipeline.language import text
from pipeline.records import Due, Reading
from pipeline.x import Halt, X

log = logging.getLogger(__name__)

THREADS = 50

readings = TypeAdapter(list[Reading])
"""Packs readings to JSON bytes and back."""


def fetch(x: X, due: Sequence[Due], now: datetime, within: timedelta) -> list[Reading]:
    """One reading for each account, in their order: a success or a failure, never an error.

    What takes longer than `within` counts as failed, so that one slow account does not hold up the tick. Once X asks
    for no more, none that is left is asked.
    """
    halt = Halt()
    pool = ThreadPoolExecutor(min(THREADS, len(due)), thread_name_prefix="fetch")
    under_way = [pool.submit(x.read, each, now, halt) for each in due]
    wait(under_way, timeout=within.total_seconds())
    pool.shutdown(wait=False, cancel_futures=True)
    return [_result(future, each, now) for future, each in zip(under_way, due, strict=True)]


def _result(future: Future[Reading], due: Due, now: datetime) -> Reading:
    if not future.done() or future.cancelled():
        return Reading(due.account_id, now, problem=text("X did not answer in time"))
    failure = future.exception()
    if failure is None:
        return future.result()
    log.error("reading account %d failed", due.account_id, exc_info=failure)
    return Reading(due.account_id, now, problem=text("X's answer could not be read"))


def chunks(due: Sequence[Due], most: int) -> list[Sequence[Due]]:
    """Split evenly into at most that many chunks, none of them empty."""
    size = max(1, -(-len(due) // most))
    return [due[start : start + size] for start in range(0, len(due), size)]
