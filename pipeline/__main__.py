"""`python -m pipeline worker | slow | beat` runs one of the pipeline's processes; backup and restore are commands."""

import argparse
import sys
import warnings
from contextlib import closing
from datetime import timedelta

from celery import Celery
from celery.exceptions import SecurityWarning
from celery.signals import setup_logging, worker_ready, worker_shutting_down
from celery.utils.log import get_multiprocessing_logger
from celery.utils.nodenames import gethostname, nodename
from redis import Redis

from pipeline import clock, logs, watchdog
from pipeline.messaging import servers
from pipeline.messaging.celery_app import make_app
from pipeline.messaging.queues import CHARTS, REQUESTS, SERVERS, TICKS, UPLOADS, redeliver_unacked
from pipeline.messaging.upgrade import delete_leftovers
from pipeline.settings import Settings
from pipeline.startup import startup
from pipeline.store import Store, open_store
from pipeline.user_agent import VERSION

FEW_EVENTS = {"without_gossip": True, "without_mingle": True, "heartbeat_interval": 30}
"""A worker announces itself to monitors once in half a minute; a monitor that wants more events can enable them."""
SHORTEST_HEARTBEAT_S = 2
SLOW_THREADS = 5
"""One for uploads, one for a tick's readings, the others for what people ask for."""


def worker(settings: Settings) -> None:
    """Work on ticks and charts, in processes forked once all is imported: they share it, and a chart comes sooner."""
    from pipeline.messaging.living_workers import AnnouncedWorker  # noqa: PLC0415 beat needs none of it
    from pipeline.preload import preload  # noqa: PLC0415

    preload(settings)
    app = _tasks(settings)
    app.steps["consumer"].add(AnnouncedWorker)
    # RabbitMQ redelivers the tasks of a frozen worker once two heartbeats are missed.
    app.conf.broker_heartbeat = max(SHORTEST_HEARTBEAT_S, settings.tick_seconds // 2)
    worker_ready.connect(lambda **_: _start_afresh(app, settings), weak=False)
    _work(app, "worker", [TICKS, CHARTS, REQUESTS])


def slow(settings: Settings) -> None:
    """Do on threads what may be slow, so that no chart waits: write to Dropbox, ask servers that anybody may name."""
    app = _tasks(settings)
    app.conf.broker_heartbeat = max(SHORTEST_HEARTBEAT_S, settings.tick_seconds // 2)
    worker_ready.connect(lambda **_: _retry_dropbox(settings), weak=False)
    _work(app, "slow", [UPLOADS, SERVERS], pool="threads", concurrency=SLOW_THREADS)


def beat(settings: Settings) -> None:
    """Send a tick each period, the first at once. It keeps no file, so that a full disk does not end it."""
    watchdog.start()
    scheduler = "pipeline.messaging.turning:TurningScheduler"
    service = make_app(settings).Beat(scheduler=scheduler, max_interval=watchdog.EVERY_S, quiet=True)
    service.init_loader()
    service.start_scheduler()  # Celery's `run` does the same, and writes over the command that `ps` shows


def _work(app: Celery, name: str, queues: list[str], **pool: object) -> None:
    """Work until the end. Celery's command does the same, but takes 11 MB for what it offers on a terminal."""
    worker = app.Worker(hostname=nodename(name, gethostname()), queues=queues, quiet=True, **pool, **FEW_EVENTS)
    worker.start()
    sys.exit(worker.exitcode)


def _tasks(settings: Settings) -> Celery:
    from pipeline.messaging.turning import TurningWorker  # noqa: PLC0415 beat needs none of it
    from pipeline.tasks import build  # noqa: PLC0415

    app = build(settings)
    app.steps["consumer"].add(TurningWorker)
    worker_shutting_down.connect(lambda **_: watchdog.stop(), weak=False)  # its tasks may take their time to end
    return app


PROCESSES = {process.__name__: process for process in (worker, slow, beat)}


def backup(args: argparse.Namespace) -> None:
    """Write all that must not be lost to a file, while Tallybird runs."""
    from pipeline import backup as backups  # noqa: PLC0415 no process needs it

    with startup("back up"):
        backups.backup(Settings.load(), args.file)


def restore(args: argparse.Namespace) -> None:
    """Fill the database from such a file, while Tallybird is stopped."""
    from pipeline import backup as backups  # noqa: PLC0415

    with startup("restore"):
        backups.restore(Settings.load(), args.file, replace=args.replace)


COMMANDS = {command.__name__: command for command in (backup, restore)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m pipeline", description=__doc__)
    parser.add_argument("--version", action="version", version=f"Tallybird {VERSION}")
    names = parser.add_subparsers(dest="name", required=True)
    for name, process in PROCESSES.items():
        names.add_parser(name, help=process.__doc__)
    for name, command in COMMANDS.items():
        added = names.add_parser(name, help=command.__doc__)
        added.add_argument("file", metavar="FILE", help="- for the standard output or input")
    added.add_argument("--replace", action="store_true", help="delete what the database holds")
    args = parser.parse_args()
    if args.name in PROCESSES:
        run(args.name)
    else:
        COMMANDS[args.name](args)


def run(chosen: str) -> None:
    """Run a process, by its name."""
    with startup():
        settings = Settings.load()
        logs.configure(chosen, settings)
        setup_logging.connect(_keep_our_logging)
        warnings.simplefilter(
            "ignore", SecurityWarning
        )  # about root, or a group without a name: our messages are only JSON
        open_store(settings).close()
        servers.check(settings)
        clock.follow(settings.redis_address)
    PROCESSES[chosen](settings)


def _start_afresh(app: Celery, settings: Settings) -> None:
    """Redo at once what an earlier worker left undone, and retry at once what may have been repaired since."""
    from pipeline import restart  # noqa: PLC0415 beat needs none of it

    redeliver_unacked(app, held_for=timedelta(0))
    with Redis.from_url(settings.redis_address) as redis:
        delete_leftovers(app, redis)
    with closing(Store(settings.database_address)) as store:
        restart.worker_starts(store, settings, clock.now())


def _retry_dropbox(settings: Settings) -> None:
    from pipeline import restart  # noqa: PLC0415

    with closing(Store(settings.database_address)) as store:
        restart.slow_starts(store, clock.now())


def _keep_our_logging(**_: object) -> None:
    """Celery leaves logging alone where `setup_logging` has a receiver. Its pool's records must be let through."""
    if pool_log := get_multiprocessing_logger():
        pool_log.propagate = True


if __name__ == "__main__":
    main()
