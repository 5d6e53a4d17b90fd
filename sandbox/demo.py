"""`make demo`: the sandbox and all of Tallybird's processes on this machine, up to a page with the chat.

Settings of the surroundings are left aside, and the data is in a folder that goes with Ctrl-C.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).parent.parent
READY_WITHIN_S = 90
STOP_WITHIN_S = 30
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "USER", "LOGNAME")
OPEN = """
Tallybird is ready: {address}

The page there is a chat. Try /track with the names it offers, then /compare and /subscribe.
What the processes say is in {log}. Ctrl-C stops everything.
"""


class NotReadyError(Exception):
    """Some process ended, or did not get ready in time."""


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="make demo", description="Everything on this machine, with no account anywhere."
    )
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--posts", type=Path, help="real timelines as CSV, instead of made-up ones")
    chosen = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        serve(f"http://127.0.0.1:{chosen.port}", ["--port", str(chosen.port), *_posts(chosen.posts)])
    except KeyboardInterrupt:
        print("\nStopped.")
    except NotReadyError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"The demo cannot keep its files: {error.strerror}. Name a folder for them in TMPDIR.")


def serve(address: str, options: list[str]) -> None:
    """Run until Ctrl-C, or until a process ends. Whatever happens, all of them are stopped."""
    with ExitStack() as ending:
        folder = Path(ending.enter_context(TemporaryDirectory(prefix="tallybird-")))
        environment = demo_environment(address, folder)
        log = ending.enter_context((folder / "tallybird.log").open("ab"))
        sandbox = subprocess.Popen(
            [sys.executable, "-m", "sandbox", *options], cwd=folder, env=environment, start_new_session=True
        )
        ending.callback(end, sandbox)
        processes = subprocess.Popen(
            [sys.executable, "-m", "pipeline.supervise", str(ROOT / "Procfile")],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        ending.callback(end, processes)
        wait_until_ready(address, [sandbox, processes], Path(log.name))
        print(OPEN.format(address=address, log=log.name), flush=True)
        while all(process.poll() is None for process in (sandbox, processes)):
            time.sleep(0.5)
        raise NotReadyError(f"A process ended by itself. The end of its log:\n{tail(Path(log.name))}")


def demo_environment(address: str, folder: Path) -> dict[str, str]:
    """The settings of the demo, and of the rest only what any program needs."""
    kept = {name: value for name, value in os.environ.items() if name in KEPT}
    return kept | {
        "PYTHONPATH": str(ROOT),
        "DATA_DIR": str(folder),
        "TELEGRAM_API_URL": f"{address}/telegram",
        "TELEGRAM_BOT_TOKEN": "1:demo-demo-demo-demo-demo-demo",
        "X_API_URL": f"{address}/x",
        "X_BEARER_TOKEN": "demo",
        "X_DAILY_USD": "50",
        "DROPBOX_API_URL": f"{address}/dropbox",
        "DROPBOX_APP_KEY": "demo",
        "DROPBOX_REFRESH_TOKEN": "demo",
        "DROPBOX_MIN_SECONDS": "20",
    }


def wait_until_ready(address: str, processes: list["subprocess.Popen[bytes]"], log: Path) -> None:
    end_at = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < end_at:
        ended = [process for process in processes if process.poll() is not None]
        if ended:
            raise NotReadyError(f"The demo did not start.\n{tail(log)}")
        if is_ready(address):
            return
        time.sleep(0.2)
    raise NotReadyError(f"The bot was not ready within {READY_WITHIN_S} s. The end of its log:\n{tail(log)}")


def is_ready(address: str) -> bool:
    try:
        with urlopen(f"{address}/_control/ready", timeout=2) as answer:  # noqa: S310 our own address
            return bool(answer.status == 200)  # noqa: PLR2004
    except (URLError, OSError):
        return False


def tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-20:])


def end(process: "subprocess.Popen[bytes]") -> None:
    """Ask it to end; a process of its group that stays is killed. A second Ctrl-C does not cut this short."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)


def _posts(file: Path | None) -> list[str]:
    return ["--posts", str(file.absolute())] if file else []


if __name__ == "__main__":
    main()
