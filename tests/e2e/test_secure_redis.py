"""A deployment whose Redis has a self-signed certificate, and whose broker has a unix socket and a password."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, until
from tests.e2e.deployment import environment_of, running
from tests.integration.test_addresses import SecureRedis


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SecureRedis]:
    with SecureRedis(tmp_path).running() as started:
        yield started


def test_charts_are_drawn_with_such_servers(
    server: SecureRedis, tmp_path: Path, timelines: Path, handles: list[str]
) -> None:
    given = {
        "REDIS_URL": server.address("rediss://:{pw}@localhost:{tls_port}/1?ssl_cert_reqs=CERT_NONE"),
        "BROKER_URL": server.address("unix://:{pw}@{path}?db=2"),
        "CELERY_BROKER_URL": "redis://nowhere.invalid",  # of another program
        "RESULT_BACKEND": "redis://nowhere.invalid",
    }
    (tmp_path / "deployment").mkdir()
    with running(tmp_path / "deployment", timelines, given) as deployment:
        person = deployment.chat(1)
        person.ask(f"/track {handles[0]}")
        person.ask("/subscribe")
        until(lambda: any(message["photo"] for message in person.messages()), within_s=60)
        log = deployment.log.read_text(errors="replace")
    assert "Traceback" not in log
    assert "a;b@c" not in log


@pytest.mark.parametrize("module", [["pipeline.supervise"], ["pipeline", "worker"], ["bot"]])
def test_the_start_says_how_to_take_the_certificate(server: SecureRedis, tmp_path: Path, module: list[str]) -> None:
    given = environment_of("http://127.0.0.1:1", tmp_path, 2)
    given["REDIS_URL"] = server.address("rediss://:{pw}@localhost:{tls_port}")
    command = [sys.executable, "-m", *module, *([str(ROOT / "Procfile")] if module == ["pipeline.supervise"] else [])]
    started = subprocess.run(command, cwd=tmp_path, env=given, check=False, capture_output=True, text=True, timeout=60)
    assert started.returncode == 1
    assert "REDIS_URL: the server has a certificate that cannot be verified (self-signed certificate)" in started.stderr
    assert "add ?ssl_cert_reqs=none" in started.stderr
    assert "Traceback" not in started.stderr
