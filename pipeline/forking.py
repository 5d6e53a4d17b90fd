"""supervisord, which forks Python processes from itself: they share what it has imported, and start in no time."""

import atexit
import os
import platform
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import NoReturn, TextIO

from setproctitle import getproctitle, setproctitle
from supervisor import supervisord
from supervisor.options import ServerOptions

FORKS = platform.system() == "Linux"
"""Libraries of macOS end a process that was forked and is the same program still."""
HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGCHLD, signal.SIGUSR2)
"""The signals that supervisord has taken for itself."""
COMMAND_LENGTH = len(getproctitle())
"""Also asked for now since setproctitle finds the command line's place only while no variable has been changed."""


def run(arguments: Sequence[str]) -> None:
    """Run supervisord with these arguments, to its end."""
    supervisord.ServerOptions = ForkingOptions
    supervisord.main(arguments)


class ForkingOptions(ServerOptions):  # type: ignore[misc] # supervisor has no types
    """Runs `python -m package …` in the process that supervisord forked, where the package has been imported.

    Any other command takes the place of that process, as always.
    """

    def execve(self, filename: str, argv: list[str], env: Mapping[str, str]) -> None:
        """Called in the forked process, which has its own group and output by then."""
        package, *arguments = argv[2:] if argv[1:2] == ["-m"] and argv[2:] else [""]
        is_ours = filename == str(Path(sys.executable).with_name("python")) and f"{package}.__main__" in sys.modules
        if not (FORKS and is_ours):
            super().execve(filename, argv, env)
        for number in HANDLED:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        os.environ.update(env)
        sys.stdout, sys.stderr = _reopen(1, sys.stdout), _reopen(2, sys.stderr)
        _show_command(filename, argv[1:])
        sys.argv = [filename, *arguments]
        _run_to_the_end(package)


def _reopen(number: int, stream: TextIO) -> TextIO:
    """The stream to what its number stands for now."""
    return open(number, "w", encoding=stream.encoding, errors=stream.errors, buffering=1, closefd=False)


def _show_command(program: str, arguments: Sequence[str]) -> None:
    """Have the process shown with its command, not shorter than supervisord's, of which the rest would be shown too."""
    rest = " ".join(arguments)
    setproctitle(f"{program:<{max(0, COMMAND_LENGTH - len(rest) - 1)}} {rest}")


def _run_to_the_end(package: str) -> NoReturn:
    """Run the package, and end the process as Python ends one that it started, without freeing what is shared."""
    code: object = 0
    try:
        import_module(f"{package}.__main__").main()
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 it ends the process, like any other
        sys.excepthook(*sys.exc_info())
        code = 1
    if isinstance(code, str):
        print(code, file=sys.stderr)  # noqa: T201 what a person is told who started it
        code = 1
    threading._shutdown()  # type: ignore[attr-defined] # noqa: SLF001 as multiprocessing does in a process that it forked
    atexit._run_exitfuncs()  # noqa: SLF001
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code if isinstance(code, int) else 0)
