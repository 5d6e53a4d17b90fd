"""Only the user who runs the private Redis can reach it, whatever that user's umask."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from redis import Redis, RedisError

from pipeline.settings import Settings
from tests.conftest import ROOT, until
from tests.e2e.deployment import INHERITED_VARIABLES, SECRETS

OTHERS = stat.S_IRWXG | stat.S_IRWXO
FORMER_LOG = "appendonlydir"
"""What the server of an earlier version wrote."""


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct)
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Of a deployment that runs a Redis only, in an existing DATA_DIR that is open to all users."""
    for folder in (tmp_path / "data", tmp_path / "data" / "redis"):
        folder.mkdir()
        folder.chmod(0o777)
    (tmp_path / "data" / "redis" / FORMER_LOG).mkdir()
    procfile = tmp_path / "Procfile"
    procfile.write_text("idle: sleep 1000\n")
    settings = Settings(data_dir=tmp_path / "data", _env_file=None)
    environment = {name: os.environ[name] for name in INHERITED_VARIABLES if name in os.environ}
    environment |= SECRETS | {"PYTHONPATH": str(ROOT), "DROPBOX_APP_KEY": "key", "DATA_DIR": str(settings.data_dir)}
    command = [sys.executable, "-m", "pipeline.supervise", str(procfile)]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, umask=request.param) as deployment:
        try:
            until(lambda: deployment.poll() is not None or _answers(settings))
            yield settings
        finally:
            deployment.terminate()


def _answers(settings: Settings) -> bool:
    try:
        with Redis.from_url(settings.redis_address) as redis:
            return bool(redis.ping())
    except RedisError:
        return False


def test_only_its_user_reaches_its_socket_and_reads_its_files(settings: Settings) -> None:
    socket, folder = settings.redis_socket, settings.redis_socket.parent
    assert (folder.name, stat.S_IMODE(folder.stat().st_mode)) == ("redis", 0o700)
    assert stat.S_ISSOCK(socket.stat().st_mode)
    assert stat.S_IMODE(socket.stat().st_mode) == 0o700
    made = [path for path in settings.data_dir.rglob("*") if path != folder]
    assert {path.name for path in made} > {"supervisord.conf", "redis.sock"}
    assert [path for path in made if stat.S_IMODE(path.stat().st_mode) & OTHERS] == []


def test_what_an_earlier_version_wrote_is_deleted(settings: Settings) -> None:
    assert not (settings.redis_socket.parent / FORMER_LOG).exists()


def test_it_listens_nowhere_else(settings: Settings) -> None:
    with Redis.from_url(settings.redis_address) as redis:
        server = psutil.Process(int(redis.info()["process_id"]))
    assert server.net_connections("inet") == []
