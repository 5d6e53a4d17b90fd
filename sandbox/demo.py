"""`make demo`: the sandbox and all of Tallybird's processes on this machine, up to a page with the chat.

It ignores the settings of the environment, and keeps its data in a folder that is removed at the end.
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
INHERITED_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "USER", "LOGNAME")
READY_TEXT = """
Tallybird is ready: {address}

The page there is a chat. Try /track with the names it offers, then /compare and /subscribe.
What the processes say is in {log}. Ctrl-C stops everything.
"""


class NotReadyError(Exception):
    """A process ended, or the bot was not ready in time. The text is for a person."""


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="make demo", description="Everything on this machine, with no account anywhere."
    )
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--posts", type=Path, help="real timelines as CSV, instead of made-up ones")
    options = parser.parse_args()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, signal.default_int_handler)
    try:
        serve(f"http://127.0.0.1:{options.port}", ["--port", str(options.port), *_posts(options.posts)])
    except KeyboardInterrupt:
        print("\nStopped.")
    except NotReadyError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"The demo cannot keep its files: {error.strerror}. Name a folder for them in TMPDIR.")


def serve(address: str, options: list[str]) -> None:
    """Run the demo until Ctrl-C; raises NotReadyError when a process ends. All processes are stopped at the end."""
    with ExitStack() as ending:
        folder = Path(ending.enter_context(TemporaryDirectory(prefix="tallybird-")))
        environment = demo_environment(address, folder)
        log = ending.enter_context((folder / "tallybird.log").open("ab"))
        sandbox = subprocess.Popen(
            [sys.executable, "-m", "sandbox", *options], cwd=folder, env=environment, start_new_session=True
        )
        ending.callback(end, sandbox)
        tallybird = subprocess.Popen(
            [sys.executable, "-m", "pipeline.supervise", str(ROOT / "Procfile")],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        ending.callback(end, tallybird)
        wait_until_ready(address, [sandbox, tallybird], Path(log.name))
        print(READY_TEXT.format(address=address, log=log.name), flush=True)
        while all(process.poll() is None for process in (sandbox, tallybird)):
            time.sleep(0.5)
        raise NotReadyError(f"A process ended by itself. The end of its log:\n{tail(Path(log.name))}")


def demo_environment(address: str, folder: Path) -> dict[str, str]:
    """The demo's settings, and the few variables that every program needs."""
    inherited = {name: value for name, value in os.environ.items() if name in INHERITED_VARIABLES}
    return inherited | {
        "PYTHONPATH": str(ROOT),
        "DATA_DIR": str(folder),
        "TELEGRAM_API_URL": f"{address}/telegram",
        "TELEGRAM_BOT_TOKEN": "1:demo-demo-demo-demo-demo-demo",
        "X_API_URL": f"{address}/x",
        "X_BEARER_TOKEN": "demo",
        "X_DAILY_USD": "50",
        "BLUESKY_API_URL": f"{address}/bluesky",
        "FEDIVERSE_API_URL": f"{address}/fediverse/{{host}}",
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
    """Terminate the process; if it stays, kill its group. A second Ctrl-C does not interrupt this."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)


def _posts(file: Path | None) -> list[str]:
    return ["--posts", str(file.absolute()), "--growing"] if file else []


if __name__ == "__main__":
    main()
