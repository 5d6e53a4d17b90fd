"""The worker's pool, which reads each result of a process whole (see docs/upstream.md)."""

from collections.abc import Callable, Iterator
from select import select

from celery.concurrency.asynpool import AsynPool, ResultHandler
from celery.concurrency.prefork import TaskPool

REST_TIMEOUT_S = 5
"""A process that has begun to send a result sends the rest at once, unless it was killed."""


class WholeResultHandler(ResultHandler):
    """Reads a result to its end before it returns to the event loop.

    When the broker's connection breaks, Celery forgets the half of a result that it has read, takes the other half for
    a new message, and the worker stops working. Results of failed tasks are long, and tasks fail when the broker does.
    """

    def _recv_message(
        self, add_reader: Callable[..., object], fd: int, callback: Callable[..., object]
    ) -> Iterator[None]:
        for _ in super()._recv_message(add_reader, fd, callback):  # type: ignore[misc]
            if not select([fd], [], [], REST_TIMEOUT_S)[0]:
                raise EOFError
        yield from ()


class WholeResultPool(AsynPool):
    ResultHandler = WholeResultHandler


class Pool(TaskPool):
    Pool = WholeResultPool
