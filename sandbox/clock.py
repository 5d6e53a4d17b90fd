"""The clock of all stand-ins, which tests move.

GET  /_control/clock   {at, ahead_s}
POST /_control/clock   {at} or {ahead_s}: from now on it is that moment, as in 2026-11-23T23:59:30Z, or so many seconds
                       ahead of this machine's clock
"""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from sandbox.control import BadInputError, read_fields

MOST_AHEAD = timedelta(days=3650)


class Clock:
    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def reset(self) -> None:
        self._ahead = timedelta()

    def control_routes(self) -> list[web.RouteDef]:
        return [web.get("/_control/clock", self._show), web.post("/_control/clock", self._move)]

    def middleware(self) -> Middleware:
        """Gives each answer the Date header of this clock, unless it has one."""

        @web.middleware
        async def stamp(request: web.Request, handler: Handler) -> web.StreamResponse:
            response = await handler(request)
            response.headers.setdefault("Date", http_date(self.now()))
            return response

        return stamp

    async def _show(self, _: web.Request) -> web.Response:
        return web.json_response({"at": self.now().isoformat(), "ahead_s": self._ahead.total_seconds()})

    async def _move(self, request: web.Request) -> web.Response:
        fields = await read_fields(request, optional={"at": str, "ahead_s": int | float})
        if len(fields) != 1:
            raise BadInputError("give either at or ahead_s")
        ahead = _until(fields["at"]) if "at" in fields else _seconds(fields["ahead_s"])
        if abs(ahead) > MOST_AHEAD:
            raise BadInputError(f"the clock goes at most {MOST_AHEAD.days} days ahead or back")
        self._ahead = ahead
        return await self._show(request)


def http_date(at: datetime) -> str:
    return format_datetime(at.astimezone(UTC), usegmt=True)


def _until(text: str) -> timedelta:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadInputError(f"at must be a time such as 2026-11-23T23:59:30Z, not {text!r}") from None
    if at.tzinfo is None:
        raise BadInputError("at has no time zone; write UTC with a Z at the end")
    return at - datetime.now(UTC)


def _seconds(ahead_s: float) -> timedelta:
    try:
        return timedelta(seconds=ahead_s)
    except (OverflowError, ValueError):
        raise BadInputError(f"ahead_s must be a number of seconds, not {ahead_s!r}") from None
