"""The fetch step: a chunk of due accounts, read side by side on threads."""

import logging
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from math import inf

from pydantic import TypeAdapter

from pipeline.i18n import lazy_gettext
from pipeline.records import Due, FetchResult
from pipeline.sources.x.client import NOT_IN_TIME, Halt, X

log = logging.getLogger(__name__)

THREADS = 50
FAIR = 0.25
"""The part of the time in which whoever is asked has had a turn; who is asked later is asked first next time."""

readings = TypeAdapter(list[FetchResult])
"""Packs readings to JSON bytes and back."""


def fetch(x: X, due: Sequence[Due], now: datetime, within: timedelta) -> list[FetchResult]:
    """One reading for each account, in their order: a success or a failure, never an error.

    What takes longer than `within` counts as failed, so that one slow account does not hold up the tick. Once X asks
    for no more, none that is left is asked.
    """
    start = time.monotonic()
    halt = Halt(ends_at=start + within.total_seconds())
    begun: dict[int, float] = {}

    def read(each: Due) -> FetchResult:
        begun[each.account_id] = time.monotonic()
        return x.read(each, now, halt)

    pool = ThreadPoolExecutor(min(THREADS, len(due)), thread_name_prefix="fetch")
    under_way = [pool.submit(read, each) for each in due]
    wait(under_way, timeout=within.total_seconds())
    halt.reason = halt.reason or NOT_IN_TIME  # who is late asks for no further page
    pool.shutdown(wait=False, cancel_futures=True)
    in_time = start + FAIR * within.total_seconds()
    return [
        _result(future, each, now, had_turn=begun.get(each.account_id, inf) <= in_time)
        for future, each in zip(under_way, due, strict=True)
    ]


def _result(future: Future[FetchResult], due: Due, now: datetime, *, had_turn: bool) -> FetchResult:
    if not future.done() or future.cancelled():
        return FetchResult(due.account_id, now, problem=NOT_IN_TIME, had_turn=had_turn)
    failure = future.exception()
    if failure is None:
        return future.result()
    log.error("reading account %d failed", due.account_id, exc_info=failure)
    return FetchResult(due.account_id, now, problem=lazy_gettext("X's answer could not be read"))


def chunks(due: Sequence[Due], most: int) -> list[Sequence[Due]]:
    """Deal out evenly into at most that many chunks, none of them empty: what comes first comes first in its chunk."""
    count = min(most, len(due))
    return [due[first::count] for first in range(count)]
