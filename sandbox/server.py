"""The sandbox's server: the stand-ins, the control API and the chat page on one port."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from sandbox.bluesky import Bluesky
from sandbox.calls import CallLog
from sandbox.clock import Clock
from sandbox.control import answer_bad_input
from sandbox.dropbox import Dropbox
from sandbox.fediverse import Fediverse
from sandbox.telegram import Telegram
from sandbox.x import X

PAGE = Path(__file__).parent / "page"
MAX_BODY_BYTES = 60 * 2**20
"""More than Telegram's 50 MB, above which its stand-in answers in its own words."""


def make_app(posts: Path | None = None, *, growing: bool = False) -> web.Application:
    """The whole sandbox.

    posts: a CSV file with X's accounts and posts, instead of made-up ones. growing: those posts grow by themselves.
    """
    clock = Clock()
    telegram = Telegram(clock=clock.now)
    networks = (X(posts, clock=clock.now, growing=growing), Bluesky(clock=clock.now), Fediverse(clock=clock.now))
    services = (telegram, *networks, Dropbox(clock=clock.now))
    calls = CallLog(services)
    middlewares = [clock.middleware(), calls.middleware(), answer_bad_input]
    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=middlewares)
    for service in services:
        app.add_routes([*service.routes(), *service.control_routes()])
    app.add_routes([*clock.control_routes(), *calls.control_routes()])
    resets = (clock.reset, *(service.reset for service in services), calls.reset)
    app.router.add_post("/_control/reset", _reset_all(*resets))
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
