"""Tallybird as `make run` starts it: the Procfile's processes under their supervisor, against a sandbox."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

from tests.conftest import ROOT, free_port, until
from tests.e2e.chat import Chat, Sandbox

SECRETS = {
    "TELEGRAM_BOT_TOKEN": "4242:marked-telegram-token-0123456789",
    "X_BEARER_TOKEN": "marked-x-bearer-token-0123456789",
    "DROPBOX_REFRESH_TOKEN": "marked-dropbox-refresh-token-0123456789",
}
PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "USER")


class House:
    """The running processes, the sandbox that they talk to, and their log."""

    daily_usd = 50

    def __init__(self, sandbox: Sandbox, folder: Path, tick_s: int, settings: dict[str, str]) -> None:
        self.sandbox, self.folder, self.tick_s = sandbox, folder, tick_s
        self.supervisor: psutil.Process | None = None
        given = settings.get("DATABASE_URL", f"sqlite:///{folder}/data/tallybird.db")
        self.database = given.replace("postgresql://", "postgresql+psycopg://")

    @property
    def log(self) -> Path:
        return self.folder / "house.log"

    def process(self, name: str) -> psutil.Process:
        """The process that the supervisor runs under this name of the Procfile, or "redis"."""
        assert self.supervisor is not None
        found = [each for each in self.supervisor.children() if _name(each) == name]
        assert found, f"{name} does not run"
        return found[0]

    def chat(self, chat_id: int, **more: object) -> Chat:
        return Chat(self.sandbox, chat_id, **more)  # type: ignore[arg-type]


@contextmanager
def running(
    folder: Path,
    posts: Path | None,
    settings: dict[str, str] | None = None,
    *,
    tick_s: int = 2,
    procfile: Path = ROOT / "Procfile",
) -> Iterator[House]:
    """Start everything, wait until the bot polls, and stop everything at the end."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ} | {
        "PYTHONPATH": str(ROOT),
        "TELEGRAM_API_URL": f"{address}/telegram",
        "X_API_URL": f"{address}/x",
        "X_DAILY_USD": str(House.daily_usd),
        "DROPBOX_API_URL": f"{address}/dropbox",
        "DROPBOX_APP_KEY": "key",
        "DROPBOX_MIN_SECONDS": "4",
        "TICK_SECONDS": str(tick_s),
        "DATA_DIR": str(folder / "data"),
        **SECRETS,
        **(settings or {}),
    }
    options = ["--posts", str(posts)] if posts else []
    house = House(Sandbox(address), folder, tick_s, settings or {})
    with (
        _process(["sandbox", "--port", str(port), *options], folder, "sandbox.log", environment),
        _process(["pipeline.run", str(procfile)], folder, "house.log", environment) as supervisor,
    ):
        until(lambda: supervisor.poll() is not None or _is_ready(address), within_s=60)
        assert supervisor.poll() is None, house.log.read_text()
        house.supervisor = psutil.Process(supervisor.pid)
        yield house


def _name(process: psutil.Process) -> str:
    """`python -m pipeline worker` is the worker, `python -m bot` the bot, redis-server or valkey-server redis."""
    words = process.cmdline()
    return "redis" if any("unixsocket" in word for word in words) else words[-1] if words else ""


@contextmanager
def _process(
    module: list[str], folder: Path, log: str, environment: dict[str, str]
) -> Iterator["subprocess.Popen[bytes]"]:
    with (folder / log).open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *module], cwd=folder, env=environment, stdout=output, stderr=output
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)


def _is_ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/_control/ready", timeout=2).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
