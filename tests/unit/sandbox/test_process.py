"""The sandbox as a process: problems at its start are one line, and it stops at once."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpx
import pytest

from tests.conftest import free_port, until
from tests.unit.sandbox.conftest import TOKEN


@contextmanager
def started(*options: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "sandbox", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def is_up(port: int) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"http://127.0.0.1:{port}/_control/ready").status_code == 503
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_at_once_even_during_a_long_poll(number: signal.Signals) -> None:
    port = free_port()
    with started("--port", str(port)) as process:
        until(lambda: is_up(port))
        address = f"http://127.0.0.1:{port}/telegram/bot{TOKEN}/getUpdates"

        def poll() -> None:
            with suppress(httpx.TransportError):
                httpx.get(address, params={"timeout": 50}, timeout=60)

        poller = threading.Thread(target=poll)
        poller.start()
        until(lambda: httpx.get(f"http://127.0.0.1:{port}/_control/ready").status_code == 200)
        process.send_signal(number)
        out, err = process.communicate(timeout=3)
        poller.join(3)
    assert (process.returncode, out, err) == (0, "", "")


def test_a_taken_port_is_one_line_with_the_fix() -> None:
    port = free_port()
    with started("--port", str(port)) as first:
        until(lambda: is_up(port))
        with started("--port", str(port)) as second:
            _, err = second.communicate(timeout=10)
        first.terminate()
    assert second.returncode == 2
    assert err == f"sandbox: port {port} is taken. Stop what uses it or choose another with --port.\n"


def test_unreadable_posts_are_one_line_with_the_fix() -> None:
    with started("--port", str(free_port()), "--posts", "/nowhere/posts.csv") as process:
        _, err = process.communicate(timeout=10)
    assert process.returncode == 2
    assert err.count("\n") == 1
    assert "/nowhere/posts.csv" in err
    assert "--posts" in err
