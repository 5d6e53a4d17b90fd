"""Bluesky as a source of posts: what is asked of its public API, and what is made of the answers."""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from pipeline.records import Due, FetchResult, Observed, Profile, State
from pipeline.settings import Settings
from pipeline.sources.bluesky import responses
from pipeline.sources.bluesky.connection import Answer, Connection, Parameters
from pipeline.sources.bluesky.facts import PROFILES_PER_REQUEST
from pipeline.sources.bluesky.fetch import PROFILE, fetch
from pipeline.sources.source import StopFlag

PROFILES = "app.bsky.actor.getProfiles"
WITHIN = timedelta(seconds=20)
"""How long profiles are waited for."""


def connect(settings: Settings) -> "BlueskyClient":
    return BlueskyClient(settings.bluesky_api_url.split(), settings.contact, settings.sources_proxy)


class BlueskyClient:
    """Bluesky's public API. One object a process: its threads share the connection."""

    def __init__(self, addresses: Sequence[str], contact: str | None = None, proxy: str | None = None) -> None:
        self.connection = Connection(addresses, contact, proxy)

    def look_up(self, handles: Sequence[str]) -> list[Profile]:
        """What Bluesky says of each handle or id, in their order. Raises ServiceError."""
        asked = [handle.lower() for handle in handles]  # Bluesky takes an id in lower case alone
        pages = [asked[start : start + PROFILES_PER_REQUEST] for start in range(0, len(asked), PROFILES_PER_REQUEST)]
        return [profile for page in pages for profile in self._look_up(page)]

    def _look_up(self, handles: Sequence[str]) -> list[Profile]:
        """One request leaves out whom Bluesky does not show; of each of these another tells why."""
        ends_at = time.monotonic() + WITHIN.total_seconds()
        answer = self._ask(PROFILES, [("actors", handle) for handle in handles], ends_at)
        shown = list(responses.profiles(answer.body, handles))
        found = {profile.handle: profile for profile in shown} | {profile.remote_id: profile for profile in shown}
        return [found.get(each) or self._look_up_one(each, ends_at) for each in handles]

    def _look_up_one(self, handle: str, ends_at: float) -> Profile:
        """The profile, or why there is none: whatever is wrong with one account keeps no other from being found."""
        answer = self._ask(PROFILE, [("actor", handle)], ends_at)
        profile = None if answer.is_refusal else responses.profile(answer.body, handle)
        if profile is not None:
            return profile
        if answer.is_refusal and (state := responses.state(answer.body)):
            return Profile(handle, state)
        return Profile(handle, State.UNREADABLE, note=responses.reason(answer.body))

    def profiles(self, remote_ids: Sequence[str]) -> list[Profile]:
        """The profiles that Bluesky shows of at most PROFILES_PER_REQUEST ids. Raises ServiceError.

        For an account whose handle is not its own any more its id stands there.
        """
        ends_at = time.monotonic() + WITHIN.total_seconds()
        answer = self._ask(PROFILES, [("actors", each) for each in remote_ids], ends_at)
        if answer.error is not None:
            raise answer.error
        return list(responses.profiles(answer.body, remote_ids))

    def fetch(self, due: Due, now: datetime, stop: StopFlag) -> FetchResult:
        """The account's own posts that are due. Never raises."""
        return fetch(self.connection.ask, due, now, stop)

    def observed(self) -> Observed:
        """What the answers that this process got told of Bluesky's clock and limits."""
        return self.connection.observations.observed()

    def _ask(self, method: str, parameters: Parameters, ends_at: float) -> Answer:
        """A 200, or a refusal that may say something of an account. Raises ServiceError for all else."""
        answer = self.connection.ask(method, parameters, ends_at)
        if answer.error is not None and not answer.is_refusal:
            raise answer.error
        return answer
