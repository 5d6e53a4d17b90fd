"""A process whose loop stands still is ended by the kernel, and tells where it stood."""

import signal
import subprocess
import sys

from tests.conftest import ROOT


def run(program: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", f"from pipeline import watchdog\n{program}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_loop_that_stands_still_ends_its_process_which_says_where() -> None:
    ended = run("def stuck():\n while True: pass\nwatchdog.start(0.3)\nstuck()")
    assert ended.returncode == -signal.SIGALRM
    assert "in stuck" in ended.stderr


def test_it_ends_also_where_no_python_can_run() -> None:
    holds_the_interpreter = "import ctypes\nctypes.PyDLL(None).sleep(20)"
    assert run(f"watchdog.start(0.3)\n{holds_the_interpreter}").returncode == -signal.SIGALRM


def test_a_loop_that_turns_goes_on() -> None:
    assert run("import time\nwatchdog.start(0.3)\nwatchdog.turn()\ntime.sleep(0.6)").returncode == 0


def test_another_thread_does_not_speak_for_the_loop() -> None:
    turning = "import threading, time\nthreading.Thread(target=watchdog.turn).start()\ntime.sleep(9)"
    assert run(f"watchdog.start(0.5)\n{turning}").returncode == -signal.SIGALRM


def test_a_fork_is_not_watched() -> None:
    fork = (
        "import os, time\nwatchdog.start(0.5)\npid = os.fork()\nif pid:\n watchdog.stop()\n os.waitpid(pid, 0)\nelse:"
    )
    assert run(f"{fork}\n watchdog.turn()\n time.sleep(1)\n print('here')").stdout == "here\n"


def test_a_process_that_ends_may_take_its_time() -> None:
    assert run("import time\nwatchdog.start(0.3)\nwatchdog.stop()\ntime.sleep(0.6)").returncode == 0
