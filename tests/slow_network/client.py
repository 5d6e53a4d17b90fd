"""Slow's client: a host that hangs takes the connection and says nothing, until the client's patience ends."""

import json
import socket
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.records import Counts, Due, FetchResult, Observed, Post, Profile, State
from pipeline.settings import Settings
from pipeline.sources.problems import not_in_time
from pipeline.sources.source import StopFlag
from tests.slow_network.facts import FILE, HANGS, server

PATIENCE_S = 12
"""Longer than a tick lets a server take."""


def connect(settings: Settings) -> "SlowClient":
    return SlowClient(json.loads((settings.data_dir / FILE).read_text())["port"])


@dataclass
class SlowClient:
    """port: on this machine, where every host that hangs is."""

    port: int

    def look_up(self, handles: Sequence[str]) -> list[Profile]:
        return [self._profile(handle) for handle in handles]

    def profiles(self, remote_ids: Sequence[str]) -> list[Profile]:
        return [self._profile(remote_id) for remote_id in remote_ids]

    def fetch(self, due: Due, now: datetime, stop: StopFlag) -> FetchResult:
        if stop.reason or not self._answers(due.remote_id):
            problem = not_in_time(server(due.remote_id))
            return FetchResult(due.account_id, now, problem=problem, requests=1)
        post = Post("1", now - timedelta(hours=1), Counts(reposts=1))
        return FetchResult(due.account_id, now, (post,), complete=True, ended=True, requests=1)

    def observed(self) -> Observed:
        return Observed()

    def _profile(self, handle: str) -> Profile:
        if not self._answers(handle):
            return Profile(handle, State.UNREADABLE, note=not_in_time(server(handle)))
        return Profile(handle, State.ACTIVE, handle)

    def _answers(self, handle: str) -> bool:
        if not server(handle).startswith(HANGS):
            return True
        with closing(socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)) as connection:
            try:
                return bool(connection.recv(1))
            except TimeoutError:
                return False
