"""What of Celery turns, for the watchdog: a worker's event loop with what its slots do, and beat's loop.

Celery itself ends a task of the pool's processes after its time limit, and starts a process that died again. It does
not see that its own loop stands still, and a pool of threads has no limit.
"""

from time import monotonic
from typing import Any

from celery.beat import Scheduler
from celery.bootsteps import StartStopStep
from celery.worker import state

from pipeline import watchdog

LONGEST_TASK_S = 300
"""Where each slot has been at the same task for longer, the worker does nothing any more."""


class TurningWorker(StartStopStep):
    """A step of the worker's start, which is made again with each connection to the broker.

    begun: when each task that is under way was first seen, by time.monotonic.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **options: Any) -> None:
        self.begun: dict[str, float] = {}
        super().__init__(consumer, **options)

    def start(self, consumer: Any) -> None:
        watchdog.start()
        self.timer = consumer.timer.call_repeatedly(watchdog.EVERY_S, self.turn, (consumer.pool.limit,))

    def stop(self, _consumer: Any) -> None:
        self.timer.cancel()

    def turn(self, slots: int) -> None:
        now = monotonic()
        self.begun = {request.id: self.begun.get(request.id, now) for request in tuple(state.active_requests)}
        if sum(now - each > LONGEST_TASK_S for each in self.begun.values()) < slots:
            watchdog.turn()


class TurningScheduler(Scheduler):
    """Beat's scheduler. It keeps no file, so that a full disk does not end it."""

    def tick(self, *args: Any, **options: Any) -> Any:
        watchdog.turn()
        return super().tick(*args, **options)
