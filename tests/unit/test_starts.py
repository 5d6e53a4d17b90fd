"""What a person sees where a process cannot start: one sentence a problem, and never a traceback."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT, unknown_user_command

GOOD = {"TELEGRAM_BOT_TOKEN": "1:aaaaaaaaaaaaaaaaaaaaaaaa", "X_BEARER_TOKEN": "some-bearer-token"}
RUN = ("pipeline.supervise", str(ROOT / "Procfile"))
PROCESSES = [("bot",), *(("pipeline", name) for name in ("worker", "slow", "beat")), RUN]


def start(module: tuple[str, ...], folder: Path, **settings: str) -> list[str]:
    """The problems that a process tells of as it ends, started by a stranger in this folder with an umask of 777."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **GOOD, **settings}
    command = [*unknown_user_command(), sys.executable, "-m", *module]
    ended = subprocess.run(
        command, cwd=folder, env=environment, umask=0o777, text=True, capture_output=True, timeout=60, check=False
    )
    assert ended.returncode == 1, ended
    assert "Traceback" not in ended.stdout + ended.stderr
    first, *problems, last = ended.stderr.splitlines()
    assert (first, last.partition(" ")[0]) == ("Tallybird cannot start:", "Settings"), ended.stderr
    return [problem.removeprefix("  ") for problem in problems]


@pytest.mark.parametrize("process", PROCESSES, ids=" ".join)
def test_each_process_tells_what_is_wrong_with_env(process: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("TICK_SECONDS=5\nDATA_DIR=café\n".encode("latin-1"))
    assert start(process, tmp_path) == [".env: line 2 has letters that are not UTF-8. Save the file as UTF-8 text"]


def no_folder(path: Path) -> None:
    path.write_text("a file")


def read_only(path: Path) -> None:
    path.mkdir(mode=0o555)


def no_database(path: Path) -> None:
    path.mkdir()
    (path / "tallybird.db").write_text("this is no database" * 100)


def no_rights(path: Path) -> None:
    path.mkdir()
    (path / "tallybird.db").touch(mode=0o000)


def no_place_for_its_configuration(path: Path) -> None:
    (path / "supervisord.conf").mkdir(parents=True)


@pytest.mark.parametrize(
    ("process", "make", "said"),
    [
        (RUN, no_folder, "DATA_DIR: cannot write to {}: File exists. Name a folder"),
        (RUN, read_only, "DATA_DIR: cannot write to {}: Permission denied. Name a folder"),
        (("bot",), no_database, "DATA_DIR: the database cannot be used: file is not a database"),
        (("bot",), no_rights, "DATA_DIR: the database cannot be used: unable to open database file"),
        (RUN, no_place_for_its_configuration, "{}/supervisord.conf: Is a directory. See"),
    ],
)
def test_a_folder_that_cannot_be_used_is_named(
    process: tuple[str, ...], make: Callable[[Path], None], said: str, tmp_path: Path
) -> None:
    if make in {read_only, no_rights} and os.geteuid() == 0 and not unknown_user_command():
        pytest.fail("root may do everything: unshare is needed here")
    path = tmp_path / "here"
    make(path)
    [problem] = start(process, tmp_path, DATA_DIR=str(path))
    assert problem.startswith(said.format(path))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"DATA_DIR": "~/data"}, "DATA_DIR: begins with ~, and there is no such home. Write the whole path"),
        ({"DATA_DIR": "caf\udce9"}, "DATA_DIR: has letters that are not UTF-8. Name another folder"),
        ({"X_BEARER_TOKEN": "“pasted”"}, "X_BEARER_TOKEN: has blanks or letters that no token has; copy it anew."),
        ({"X_BEARER_TOKEN": "\udce9"}, "X_BEARER_TOKEN: "),
    ],
)
def test_a_value_that_can_do_nothing_is_told_by_its_name(settings: dict[str, str], said: str, tmp_path: Path) -> None:
    [problem] = start(("bot",), tmp_path, **settings)
    assert problem.startswith(said)


def test_a_folder_for_env_and_one_that_nobody_may_read_are_told(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    [folder] = start(("bot",), tmp_path)
    (tmp_path / ".env").rmdir()
    (tmp_path / ".env").touch(mode=0o000)
    [closed] = start(("bot",), tmp_path)
    fix = "Make it a text file that this user may read, or remove it"
    assert [folder, closed] == [
        f".env: cannot be read: Is a directory. {fix}",
        f".env: cannot be read: Permission denied. {fix}",
    ]


def test_a_missing_procfile_is_named(tmp_path: Path) -> None:
    [problem] = start(("pipeline.supervise",), tmp_path)
    assert problem.startswith("Procfile: No such file or directory")


def test_what_it_makes_is_for_its_user_alone_and_a_tilde_is_the_home(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o755)
    (tmp_path / "data" / "tallybird.db").write_text("this is no database" * 100)
    [problem] = start(("bot",), tmp_path, DATA_DIR="~/data", HOME=str(tmp_path))
    assert problem.startswith("DATA_DIR: the database cannot be used")
    start(("bot",), tmp_path, DATA_DIR=str(tmp_path / "new"), DATABASE_URL="postgresql://127.0.0.1:1/none")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
