"""The cache before a server, which gives an answer again for as long as the control API says."""

from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from sandbox.fediverse.answers import Answer
from sandbox.fediverse.servers import Server


class Cache:
    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], tuple[datetime, Answer]] = {}

    def through(self, server: Server, path: str, now: datetime, answer: Callable[[], Answer]) -> web.Response:
        """What the server answers, or has answered to the same request, with its Date of then and its Age."""
        if not server.cache_s:
            return answer().response(now)
        kept = self._kept.get((server.host, path))
        if kept is None or (now - kept[0]).total_seconds() >= server.cache_s:
            kept = self._kept[server.host, path] = now, answer()
        at, answered = kept
        return answered.with_headers({"Age": str(int((now - at).total_seconds()))}).response(at)
