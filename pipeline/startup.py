"""What every process does first: keep its files to itself, and end with a plain sentence where it cannot start."""

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import ConfigError


@contextmanager
def startup() -> Iterator[None]:
    """For loading the settings and all that depends on them.

    A ConfigError in it ends the process with its text, and what the system refuses with the file's name and the reason.
    """
    os.umask(0o077)  # whatever is written is for this user alone, and can be read by them
    try:
        yield
    except ConfigError as error:
        sys.exit(complain(error.problems))
    except OSError as error:
        sys.exit(complain([f"{error.filename or 'This machine'}: {error.strerror}. See that this user may do it"]))


def prepare_data_dir(path: Path) -> None:
    """Make DATA_DIR, and have the libraries keep there what they would look for a home or a /tmp for.

    Containers often give neither: a user without an entry in /etc/passwd, and a file system that can only be read.
    A matplotlibrc in a person's home changes no chart in this way.
    """
    folder = private_folder(path).absolute()
    os.environ.setdefault("MPLCONFIGDIR", str(folder / "matplotlib"))
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        os.environ["TMPDIR"] = str(folder)


def private_folder(path: Path) -> Path:
    """Make the folder if it is missing, for this user alone; say so plainly when that cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=path):
            return path
    except OSError as error:
        raise ConfigError(
            [f"DATA_DIR: cannot write to {path}: {error.strerror}. Name a folder that can be written"]
        ) from error


def complain(problems: Iterable[str]) -> str:
    """The text a person sees when a start fails."""
    lines = "\n".join(f"  {problem}" for problem in problems)
    return f"Tallybird cannot start:\n{lines}\nSettings come from the environment or .env; .env.example explains each."
