"""Toy's client: it reads the file anew each time, so that a test may change the counts."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.records import Counts, Due, FetchResult, Observed, Post, Profile, State
from pipeline.settings import Settings
from pipeline.sources.source import StopFlag
from tests.toy_network.facts import FILE, FOLLOWERS


def connect(settings: Settings) -> "ToyClient":
    return ToyClient(settings.data_dir / FILE)


@dataclass
class ToyClient:
    """file: {handle: [[post's id, when it was made, {metric: count}], ...]}, newest first. A handle is its own id."""

    file: Path

    def look_up(self, handles: Sequence[str]) -> list[Profile]:
        known = {handle.lower(): handle for handle in self._timelines()}
        found = [known.get(handle.lower()) for handle in handles]
        return [
            Profile(handle, State.ACTIVE, handle, followers=FOLLOWERS) if handle else Profile(asked, State.MISSING)
            for asked, handle in zip(handles, found, strict=True)
        ]

    def profiles(self, remote_ids: Sequence[str]) -> list[Profile]:
        return [
            Profile(each, State.ACTIVE, each, followers=FOLLOWERS) for each in remote_ids if each in self._timelines()
        ]

    def fetch(self, due: Due, now: datetime, stop: StopFlag) -> FetchResult:
        if stop.reason:
            return FetchResult(due.account_id, now, problem=stop.reason, was_asked=False)
        posts = [
            Post(post_id, datetime.fromisoformat(at), Counts(**counts)) for post_id, at, counts in self._timeline(due)
        ]
        return FetchResult(due.account_id, now, tuple(posts[: due.depth]), complete=True, requests=1)

    def observed(self) -> Observed:
        return Observed()

    def _timeline(self, due: Due) -> list[Any]:
        return self._timelines()[due.remote_id]

    def _timelines(self) -> dict[str, list[Any]]:
        timelines: dict[str, list[Any]] = json.loads(self.file.read_text(encoding="utf-8"))
        return timelines
