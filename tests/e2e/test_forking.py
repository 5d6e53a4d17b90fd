"""What the Procfile names is forked from the supervisor, and cannot be told from a Python of its own."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, until
from tests.e2e.chat import Sandbox
from tests.e2e.deployment import Deployment, environment_of, running

ENDED = """
import atexit, os, signal, sys, threading, time

def main():
    atexit.register(print, "the last words are said")
    threading.Thread(target=lambda: (time.sleep(0.2), print("a thread is waited for"))).start()
    handled = [number for number in signal.valid_signals() if signal.getsignal(number) not in (None, 0, 1)]
    print("starts", os.environ["SUPERVISOR_PROCESS_NAME"], sys.argv[1:], os.getpgrp() == os.getpid(), handled)
    {end}
"""


ENDS = {
    "sentence": 'sys.exit("It ends with a sentence.")',
    "error": "1 / 0",
    "missing_library": "import no_such_library",
    "number": "sys.exit(7)",
    "end": "pass",
    "with_a_name_that_makes_its_command_longer_than_that_of_its_supervisor" * 3: "pass",
}
ELSEWHERE = "raise SystemExit('It has a Python of its own.')"


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Small packages beside ours, by the names of how they end, and a script that lies elsewhere."""
    folder, elsewhere = tmp_path_factory.mktemp("ours"), tmp_path_factory.mktemp("elsewhere")
    (folder / "pipeline").symlink_to(ROOT / "pipeline")
    for name, end in ENDS.items():
        (folder / name).mkdir()
        (folder / name / "__main__.py").write_text(ENDED.format(end=end))
    (elsewhere / "script.py").write_text(ELSEWHERE)
    lines = [f"{name}: python -m {name} first {name}\n" for name in ENDS]
    (folder / "Procfile").write_text("".join([*lines, "script: python -m script\n"]))
    environment = environment_of("http://127.0.0.1:1", folder, 2) | {"PYTHONPATH": f"{ROOT}:{elsewhere}"}
    deployment = Deployment(Sandbox(""), folder, 2, environment, folder / "Procfile")
    deployment.start()
    yield deployment
    deployment.stop()


@pytest.mark.parametrize(
    ("name", "says", "status"),
    [
        ("sentence", "It ends with a sentence.", 1),
        ("error", "ZeroDivisionError: division by zero", 1),
        ("missing_library", "ModuleNotFoundError: No module named 'no_such_library'", 1),
        ("number", "", 7),
        *[(name, "", 0) for name, end in ENDS.items() if end == "pass"],
    ],
)
def test_a_process_ends_as_python_ends_it(deployment: Deployment, name: str, says: str, status: int) -> None:
    exit_line = f"exited: {name} (exit status {status}; not expected)"
    log = until(lambda: text if exit_line in (text := deployment.log.read_text()) else "", within_s=30)
    assert f"starts {name} ['first', '{name}'] True [<Signals.SIGINT: 2>]" in log
    assert says in log
    assert "a thread is waited for" in log
    assert "the last words are said" in log


def test_what_a_procfile_names_besides_runs_by_itself(deployment: Deployment) -> None:
    log = until(lambda: text if "exited: script" in (text := deployment.log.read_text()) else "", within_s=30)
    assert "It has a Python of its own." in log


def test_processes_show_their_commands_and_share_memory(tmp_path: Path, timelines: Path) -> None:
    with running(tmp_path, timelines) as deployment:
        python = str(Path(sys.executable).with_name("python"))
        for name in ("worker", "slow", "beat"):
            shown = [word for word in deployment.process(name).cmdline() if word]
            assert shown == [python, "-m", "pipeline", name]
        assert [word for word in deployment.process("bot").cmdline() if word] == [python, "-m", "bot"]
        assert deployment.process("worker").children()[0].cmdline() == deployment.process("worker").cmdline()
        for name in ("worker", "slow", "beat", "bot"):
            memory = deployment.process(name).memory_full_info()
            assert memory.uss < memory.rss / 2, name
