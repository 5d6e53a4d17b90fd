"""Runs the sandbox: python -m sandbox --port 8765 [--host ADDRESS] [--posts FILE [--growing]]."""

import argparse
import asyncio
import errno
import signal
import sys
from pathlib import Path

from aiohttp import web

from sandbox.server import make_app

EXIT_STATUS = 2


def main() -> int:
    options = _read_options()
    try:
        app = make_app(options.posts, growing=options.growing)
    except (OSError, ValueError) as error:
        return _fail(f"cannot read posts from {options.posts}: {error}. Give a readable CSV file with --posts")
    try:
        asyncio.run(_serve(app, options.host, options.port))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            return _fail(
                f"cannot listen on {options.host}:{options.port}: {error.strerror}. Choose another with --port"
            )
        return _fail(f"port {options.port} is taken. Stop what uses it or choose another with --port")
    return 0


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on; there is no access control")
    parser.add_argument("--posts", type=Path, help="a CSV file of posts for the X stand-in")
    parser.add_argument("--growing", action="store_true", help="the posts of the file grow by themselves")
    return parser.parse_args()


async def _serve(app: web.Application, host: str, port: int) -> None:
    stop = asyncio.Event()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
    # The short timeout ends open long polls and delayed answers.
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        await stop.wait()
    finally:
        await runner.cleanup()


def _fail(problem: str) -> int:
    sys.stderr.write(f"sandbox: {problem}.\n")
    return EXIT_STATUS


if __name__ == "__main__":
    sys.exit(main())
