"""A task as the worker receives and runs it: by the clock that all machines share."""

from typing import Literal

from celery import Task as CeleryTask
from celery.worker.request import Request as CeleryRequest

from pipeline import clock


class Request(CeleryRequest):
    """A received message. It expires by the shared clock; Celery goes by the machine's, which may differ."""

    def maybe_expire(self) -> Literal[True] | None:
        """True if the message has expired."""
        return True if self.expires and clock.now() > self.expires else None


class Task(CeleryTask):  # type: ignore[type-arg]
    Request = "pipeline.messaging.task_request:Request"

    def before_start(self, *_: object) -> None:
        """Measure the time, so that all processes of a tick agree on it even if Redis' clock has just jumped."""
        clock.measure()
