"""The sandbox's server: the stand-ins, the control API and the chat page on one port."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from sandbox.calls import CallLog
from sandbox.control import answer_bad_input
from sandbox.dropbox import Dropbox
from sandbox.telegram import Telegram
from sandbox.x import X

PAGE = Path(__file__).parent / "page"
MAX_BODY_BYTES = 60 * 2**20
"""More than Telegram's 50 MB, above which its stand-in answers in its own words."""


def make_app(posts: Path | None = None) -> web.Application:
    """The whole sandbox. posts: a CSV file with X's accounts and posts, instead of made-up ones."""
    telegram = Telegram()
    services = (telegram, X(posts), Dropbox())
    calls = CallLog(services)
    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[calls.middleware(), answer_bad_input])
    for service in services:
        app.add_routes([*service.routes(), *service.control_routes()])
    app.add_routes(calls.control_routes())
    app.router.add_post("/_control/reset", _reset_all(*(service.reset for service in services), calls.reset))
    app.router.add_get("/", _page)
    app.router.add_static("/page", PAGE)
    app.on_shutdown.append(telegram.stop)
    return app


def _reset_all(*resets: Callable[[], None]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def reset(_: web.Request) -> web.Response:
        for each in resets:
            each()
        return web.json_response({"reset": True})

    return reset


async def _page(_: web.Request) -> web.FileResponse:
    return web.FileResponse(PAGE / "index.html", headers={"Cache-Control": "no-cache"})
