"""What hosts start is what the Procfile names: in containers, by systemd."""

import re
from pathlib import Path

import pytest

from pipeline.supervise import procfile
from tests.conftest import ROOT

IN_COMPOSE = re.compile(r"^  (\w+):.*\n    <<: \*tallybird\n(?:    build: .*\n)?    command: (.+)$", re.MULTILINE)


def test_compose_starts_each_process_of_the_procfile_and_a_redis() -> None:
    services = dict(IN_COMPOSE.findall((ROOT / "compose.yaml").read_text("utf-8")))
    assert services.pop("redis").startswith("valkey-server ")
    assert services == procfile(ROOT / "Procfile")


@pytest.mark.parametrize(
    ("path", "start"),
    [
        ("Dockerfile", 'CMD ["python", "-m", "pipeline.supervise"]'),
        ("docs/tallybird.service", "ExecStart=/opt/tallybird/.venv/bin/python -m pipeline.supervise"),
    ],
)
def test_the_image_and_the_unit_start_all_processes_of_the_procfile(path: str, start: str) -> None:
    assert (ROOT / path).read_text("utf-8").splitlines().count(start) == 1


def test_the_image_has_every_package_that_a_process_runs_and_no_settings() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    started = {command.split()[2] for command in procfile(ROOT / "Procfile").values()}
    assert started | {"Procfile", "pyproject.toml", "uv.lock", "uv.txt"} == allowed
    assert all(Path(ROOT / name).exists() for name in allowed)
