"""The worker's pool, whose processes' results are read whole."""

from collections.abc import Callable, Iterator
from select import select

from celery.concurrency.asynpool import AsynPool, ResultHandler
from celery.concurrency.prefork import TaskPool

REST_WITHIN_S = 5
"""A process that has begun to tell a result tells the rest at once, unless it was killed."""


class WholeResults(ResultHandler):
    """Reads a result to its end before anything else happens.

    When the broker's connection breaks, Celery forgets what it has read by halves, takes the second half for a message
    of its own, and works no more. The results of failures are long, and those come with the broker's.
    """

    def _recv_message(
        self, add_reader: Callable[..., object], fd: int, callback: Callable[..., object]
    ) -> Iterator[None]:
        for _ in super()._recv_message(add_reader, fd, callback):  # type: ignore[misc]
            if not select([fd], [], [], REST_WITHIN_S)[0]:
                raise EOFError
        yield from ()


class WholePool(AsynPool):
    ResultHandler = WholeResults


class Pool(TaskPool):
    Pool = WholePool
