"""What every process does first: it keeps its files private, and exits with a plain sentence if it cannot start."""

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import BackupError, ConfigError


@contextmanager
def startup(aim: str = "start") -> Iterator[None]:
    """Wraps the loading of settings and of all that depends on them. aim: what cannot be done without.

    A ConfigError, BackupError or OSError in the block exits the process with its text, an OSError's with its file.
    """
    os.umask(0o077)  # files of this process are for its user alone
    try:
        yield
    except ConfigError as error:
        sys.exit(format_startup_errors(error.problems, aim))
    except BackupError as error:
        sys.exit(f"Tallybird cannot {aim}: {error}")
    except OSError as error:
        sys.exit(
            format_startup_errors(
                [f"{error.filename or 'This machine'}: {error.strerror}. See that this user may do it"], aim
            )
        )


def prepare_data_dir(path: Path) -> None:
    """Make DATA_DIR, and have libraries keep their files there instead of in a home or in /tmp.

    Containers often have neither: their user is not in /etc/passwd, and their file system is read-only. It also keeps a
    matplotlibrc in somebody's home from changing charts.
    """
    folder = make_private_folder(path).absolute()
    os.environ.setdefault("MPLCONFIGDIR", str(folder / "matplotlib"))
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        os.environ["TMPDIR"] = str(folder)


def make_private_folder(path: Path) -> Path:
    """Make the folder if it is missing, for this user alone. Raises ConfigError where it cannot be written to."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=path):
            return path
    except OSError as error:
        raise ConfigError(
            [f"DATA_DIR: cannot write to {path}: {error.strerror}. Name a folder that can be written"]
        ) from error


def format_startup_errors(problems: Iterable[str], aim: str = "start") -> str:
    """The text that a person sees when a process cannot start."""
    lines = "\n".join(f"  {problem}" for problem in problems)
    return f"Tallybird cannot {aim}:\n{lines}\nSettings come from the environment or .env; .env.example explains each."
