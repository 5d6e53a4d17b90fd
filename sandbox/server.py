"""The sandbox's one server: three stand-ins, their control doors and the chat page."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from sandbox.calls import Calls
from sandbox.control import answer_bad_input
from sandbox.dropbox import Dropbox
from sandbox.telegram import Telegram
from sandbox.x import X

PAGE = Path(__file__).parent / "page"
LARGEST_BODY = 60 * 2**20  # Telegram refuses above 50 MB by itself, with its own words


def make_app(posts: Path | None = None) -> web.Application:
    """The whole sandbox; `posts` feeds the X stand-in instead of its own posts."""
    calls, telegram, x, dropbox = Calls(), Telegram(), X(posts), Dropbox()
    app = web.Application(client_max_size=LARGEST_BODY, middlewares=[calls.middleware(), answer_bad_input])
    for part in (telegram, x, dropbox):
        app.add_routes([*part.routes(), *part.control_routes()])
    app.add_routes(calls.control_routes())
    app.router.add_post("/_control/reset", _reset_by(telegram.reset, x.reset, dropbox.reset, calls.reset))
    app.router.add_get("/", _page)
    app.router.add_static("/page", PAGE)
    app.on_shutdown.append(telegram.stop)
    return app


def _reset_by(*resets: Callable[[], None]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def reset(_: web.Request) -> web.Response:
        for each in resets:
            each()
        return web.json_response({"reset": True})

    return reset


async def _page(_: web.Request) -> web.FileResponse:
    return web.FileResponse(PAGE / "index.html", headers={"Cache-Control": "no-cache"})
