"""What is imported before processes are forked, so that they share its memory and start sooner."""

import gc
from importlib import import_module

from sqlalchemy.orm import configure_mappers

from pipeline.chart.render import load_drawings
from pipeline.settings import Settings
from pipeline.sources.registry import switched_on
from pipeline.sources.source import load_client
from pipeline.store import Store

WHEN_STARTED = (
    *("celery.apps.beat", "celery.apps.worker", "celery.concurrency.prefork", "celery.concurrency.thread"),
    *("pipeline.messaging.consumer", "pipeline.messaging.turning", "pipeline.messaging.worker_pool", "pipeline.tasks"),
)
"""Modules that Celery's processes import only when they start."""


def preload(settings: Settings) -> None:
    """Import what the pipeline's processes need, and keep the garbage collector from going through it again and again.

    It would also write into it, and what is written to is no longer shared.
    """
    load_drawings()
    for network in switched_on(settings):
        load_client(network)
    for name in WHEN_STARTED:
        import_module(name)
    configure_mappers()
    Store(settings.database_address).close()  # loads the database's driver
    gc.collect()
    gc.freeze()
