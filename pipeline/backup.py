"""The commands `python -m pipeline backup FILE` and `restore FILE`; a FILE of - is the standard output or input."""

import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO

from pipeline import clock
from pipeline.errors import BackupError
from pipeline.messaging import processes
from pipeline.settings import Settings
from pipeline.startup import prepare_data_dir
from pipeline.store import Store
from pipeline.store import backup as backups
from pipeline.store.migrate import naming_setting

STANDARD = "-"


def backup(settings: Settings, name: str) -> None:
    """Write all that must not be lost to the file, while Tallybird runs or not. Raises BackupError."""
    with closing(_open(settings)) as store, _output(name) as file, naming_setting(settings):
        count = backups.write(store, file, clock.now())
    _tell(f"Backed up {count} rows. Whoever has the file knows which chats follow what; no token is in it.")


def restore(settings: Settings, name: str, *, replace: bool) -> None:
    """Fill the database from the file. replace: what the database holds may be deleted. Raises BackupError."""
    if processes.is_running(settings):
        raise BackupError("Tallybird is running. Stop it first, all of its processes")
    with _input(name) as file, naming_setting(settings):
        header = backups.load(lambda: _open(settings), file, replace=replace)
    _tell(
        f"Restored as of {header.made_at:%Y-%m-%d %H:%M} UTC. Start Tallybird: every subscription goes on in its place."
        " What happened later is not in it, nor what was billed later, which limits of money do not count."
    )


def _open(settings: Settings) -> Store:
    prepare_data_dir(settings.data_dir)
    return Store(settings.database_address)


@contextmanager
def _output(name: str) -> Iterator[BinaryIO]:
    """The file, which appears, or takes another's place, once it is whole."""
    if name == STANDARD:
        yield sys.stdout.buffer
        return
    path = Path(name)
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        with unfinished.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def _input(name: str) -> Iterator[BinaryIO]:
    if name == STANDARD:
        yield sys.stdin.buffer
        return
    try:
        file = Path(name).open("rb")  # noqa: SIM115 closed below; an error inside is not the file's
    except OSError as error:
        raise BackupError(f"{name}: {error.strerror}") from None
    with file:
        yield file


def _tell(text: str) -> None:
    """Not on the standard output, which may be the backup."""
    sys.stderr.write(f"{text}\n")
