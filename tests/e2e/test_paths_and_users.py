"""Tallybird works in any folder, for any user and with any kind of output, and logs no problem."""

import codecs
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.conftest import ROOT, unknown_user_command, until
from tests.e2e.deployment import SECRETS, Deployment, running

HOSTILE_NAME = "é?'\"$x&\n[b] %(here)s%41 ;a #b "
"""A folder's name with characters that URLs, supervisord's configuration or shells read as something else."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path, since the length of a unix socket's path is limited."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / HOSTILE_NAME
        path.mkdir()
        yield path


@pytest.fixture
def deployment(folder: Path, timelines: Path) -> Iterator[Deployment]:
    """Of a user without a name or a home, with the tokens in an .env file from Windows."""
    empty = dict.fromkeys([*SECRETS, "HOME", "USER", "LANG"], "") | {"PYTHONIOENCODING": "ascii"}
    lines = "".join(f"{name}={value}\r\n" for name, value in SECRETS.items())
    (folder / ".env").write_bytes(codecs.BOM_UTF16_LE + lines.encode("utf-16-le"))
    with running(folder, timelines, empty, run_as=unknown_user_command(), is_first_start=True) as deployment:
        yield deployment


def test_a_chart_and_its_dataset_are_made_in_any_environment(deployment: Deployment, handles: list[str]) -> None:
    chat = deployment.chat(7201)
    chat.ask(f"/track {handles[0]} {handles[1]}")
    chat.chart("/compare", within_s=60)
    until(lambda: deployment.sandbox.get("dropbox/files"), within_s=30)
    log = deployment.log.read_text(errors="replace")
    for bad in ("ERROR", "Traceback", "FATAL", "Logging error", "SecurityWarning", "temporary cache"):
        assert bad not in log, log
    processes = ["redis", "worker", "slow", "beat", "bot"]
    assert log.count("INFO spawned: ") == len(processes), "each was started once"


def test_output_that_cannot_be_reopened_is_written_nevertheless(tmp_path: Path) -> None:
    """As with a pipe of another user, from sudo or a container's host."""
    reader, writer = os.pipe()
    os.fchmod(writer, 0)
    procfile = tmp_path / "Procfile"
    procfile.write_text("idle: echo is 100% idle\n")
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **SECRETS, "DROPBOX_APP_KEY": "key"}
    command = [*unknown_user_command(), sys.executable, "-m", "pipeline.supervise", str(procfile)]
    with (
        os.fdopen(reader, "rb", buffering=0) as output_file,
        subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=writer, stderr=writer) as supervisor,
    ):
        os.close(writer)
        output = b""
        while chunk := output_file.read(4096):
            output += chunk
            if b"is 100% idle" in output:
                supervisor.terminate()
    assert b"is 100% idle" in output, output
