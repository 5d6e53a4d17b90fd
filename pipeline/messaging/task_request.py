"""A task as the worker receives it and runs it: by the clock of all, not by the machine's."""

from typing import Literal

from celery import Task as CeleryTask
from celery.worker.request import Request as CeleryRequest

from pipeline import clock


class Request(CeleryRequest):
    def maybe_expire(self) -> Literal[True] | None:
        """True where it came too late. Celery's own compares the sender's clock with this machine's."""
        return True if self.expires and clock.now() > self.expires else None


class Task(CeleryTask):  # type: ignore[type-arg]
    Request = "pipeline.messaging.task_request:Request"

    def before_start(self, *_: object) -> None:
        """The processes that work on one tick agree on the time, also where Redis' clock jumped just now."""
        clock.measure()
