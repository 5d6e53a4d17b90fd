"""Deployments: the Procfile's processes under their supervisor, as `make run` starts them, and a sandbox."""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import psutil

from pipeline.store import Store
from tests.conftest import ROOT, free_port, until
from tests.databases import migrate
from tests.e2e.chat import Chat, Sandbox

SECRETS = {
    "TELEGRAM_BOT_TOKEN": "4242:marked-telegram-token-0123456789",
    "X_BEARER_TOKEN": "marked-x-bearer-token-0123456789",
    "DROPBOX_REFRESH_TOKEN": "marked-dropbox-refresh-token-0123456789",
}
UNLIMITED = {"timelines": 1_000_000, "posts": 1_000_000}
"""The requests of X in 15 minutes: the tests' ticks are more frequent than X allows."""
INHERITED_VARIABLES = ("PATH", "HOME", "LANG", "TMPDIR", "USER")


class Deployment:
    """The processes of a Procfile, the sandbox that they use, and their log.

    database: the URL with which a test opens the same database.
    """

    daily_usd = 50

    def __init__(  # noqa: PLR0913, PLR0917 the parts of a deployment
        self,
        sandbox: Sandbox,
        folder: Path,
        tick_s: int,
        environment: dict[str, str],
        procfile: Path,
        run_as: Sequence[str] = (),
    ) -> None:
        self.sandbox, self.folder, self.tick_s = sandbox, folder, tick_s
        self.environment, self.procfile, self.run_as = environment, procfile, run_as
        self.supervisor: psutil.Popen
        url = environment.get("DATABASE_URL", f"sqlite:///{folder}/data/tallybird.db")
        self.database = url.replace("postgresql://", "postgresql+psycopg://")

    @property
    def log(self) -> Path:
        return self.folder / "tallybird.log"

    @property
    def redis(self) -> str:
        """The URL of the given Redis, or of the private one."""
        return self.environment.get("REDIS_URL", f"unix://{self.folder}/data/redis/redis.sock")

    def processes(self) -> dict[str, psutil.Process]:
        """The supervisor's processes by their names in the Procfile; the private Redis is "redis"."""
        return {_name(each): each for each in self.supervisor.children()}

    def process(self, name: str) -> psutil.Process:
        processes = self.processes()
        assert name in processes, f"{name} does not run"
        return processes[name]

    def chat(self, chat_id: int, **more: object) -> Chat:
        return Chat(self.sandbox, chat_id, **more)  # type: ignore[arg-type]

    def start(self) -> None:
        module = ["pipeline.supervise", str(self.procfile)]
        self.supervisor = _start(module, self.folder, self.log, self.environment, self.run_as)

    def stop(self) -> None:
        _stop(self.supervisor)

    @contextmanager
    def extra_process(self, *module: str) -> Iterator[psutil.Popen]:
        """One more process on the same settings, which is not the supervisor's."""
        process = _start(module, self.folder, self.log, self.environment)
        try:
            yield process
        finally:
            _stop(process)

    def run(self, *module: str) -> subprocess.CompletedProcess[str]:
        """What became of a Python module with arguments that was run on the same settings, to its end."""
        return subprocess.run(
            [sys.executable, "-m", *module],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def kill_everything(self) -> None:
        """Kill all processes at once, as a power cut does."""
        everything = [self.supervisor, *self.supervisor.children(recursive=True)]
        for action in (psutil.Process.suspend, psutil.Process.kill):
            for process in everything:
                action(process)
        psutil.wait_procs(everything, timeout=10)


@contextmanager
def running(  # noqa: PLR0913
    folder: Path,
    posts: Path | None,
    settings: Mapping[str, str | None] | None = None,
    *,
    tick_s: int = 2,
    procfile: Path = ROOT / "Procfile",
    run_as: Sequence[str] = (),
    is_first_start: bool = False,
) -> Iterator[Deployment]:
    """A deployment whose bot polls. posts: X's timelines as CSV. run_as: a prefix of the supervisor's command.

    settings: beside the usual ones; None removes one of those. is_first_start: all four processes find no database;
    otherwise one of SQLite is there, a copy, which takes less time than to make it.
    """
    with running_sandbox(folder, *(["--posts", str(posts)] if posts else [])) as address:
        given = {**environment_of(address, folder, tick_s), **(settings or {})}
        environment = {name: value for name, value in given.items() if value is not None}
        deployment = Deployment(Sandbox(address), folder, tick_s, environment, procfile, run_as)
        if not is_first_start and "DATABASE_URL" not in environment:
            make_database(folder / "data", deployment.database)
        deployment.start()
        try:
            until(lambda: deployment.supervisor.poll() is not None or _readiness(address) == 200, within_s=150)
            assert deployment.supervisor.poll() is None, deployment.log.read_text()
            deployment.sandbox.post("x/limits", **UNLIMITED)
            yield deployment
        finally:
            deployment.stop()


@contextmanager
def running_sandbox(folder: Path, *options: str, host: str = "127.0.0.1") -> Iterator[str]:
    """A sandbox in a process of its own. Yields its URL once it answers."""
    port = str(free_port())
    command = ["sandbox", "--host", host, "--port", port, *options]
    sandbox = _start(command, folder, folder / "sandbox.log", base_environment())
    address = f"http://{host}:{port}"
    try:
        until(lambda: _readiness(address) is not None)
        yield address
    finally:
        _stop(sandbox)


def make_database(folder: Path, url: str) -> None:
    """A migrated database without rows. folder: where it is."""
    folder.mkdir(mode=0o700, exist_ok=True)
    with closing(Store(url)) as store:
        migrate(store)


def base_environment() -> dict[str, str]:
    """The variables that every process needs."""
    return {name: os.environ[name] for name in INHERITED_VARIABLES if name in os.environ} | {"PYTHONPATH": str(ROOT)}


def environment_of(address: str, folder: Path, tick_s: int) -> dict[str, str]:
    """A deployment's environment. address: the sandbox's URL. folder: where DATA_DIR is made."""
    return base_environment() | {
        "TELEGRAM_API_URL": f"{address}/telegram",
        "X_API_URL": f"{address}/x",
        "X_DAILY_USD": str(Deployment.daily_usd),
        "X_MONTHLY_USD": str(20 * Deployment.daily_usd),
        "X_REQUESTS_PER_15_MIN": str(UNLIMITED["timelines"]),
        "BLUESKY_API_URL": f"{address}/bluesky",
        "FEDIVERSE_API_URL": f"{address}/fediverse/{{host}}",
        "DROPBOX_API_URL": f"{address}/dropbox",
        "DROPBOX_APP_KEY": "key",
        "DROPBOX_MIN_SECONDS": "4",
        "TICK_SECONDS": str(tick_s),
        "DATA_DIR": str(folder / "data"),
        **SECRETS,
    }


def _name(process: psutil.Process) -> str:
    """The name in the Procfile: the last word of the command, as in `python -m pipeline worker`; "redis" for Redis."""
    try:
        arguments = process.cmdline()
    except psutil.NoSuchProcess:
        return ""
    return "redis" if any("unixsocket" in argument for argument in arguments) else arguments[-1] if arguments else ""


def _start(
    module: Iterable[str], folder: Path, log: Path, environment: dict[str, str], run_as: Sequence[str] = ()
) -> psutil.Popen:
    command = [*run_as, sys.executable, "-m", *module]
    with log.open("ab") as output:
        return psutil.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output)


def _stop(process: psutil.Popen) -> None:
    if process.poll() is None:
        process.terminate()
    process.wait(30)


def _readiness(address: str) -> int | None:
    """The status with which the sandbox says whether a bot polls it; None where it does not answer."""
    try:
        return httpx.get(f"{address}/_control/ready", timeout=2).status_code
    except httpx.TransportError:
        return None
