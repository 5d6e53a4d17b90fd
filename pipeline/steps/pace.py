"""How fast the accounts of a server are read on a network without a price, within its requests."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from math import ceil, sqrt

from pipeline.settings import Settings
from pipeline.sources.source import Limits, Network
from pipeline.store.token_buckets import RateLimit

ByRequests = Mapping[int | None, int]
"""How many accounts of a server take how many requests to read whole; None: those of which that is not known yet."""
LATE_TICKS = 2
"""Where all accounts are read in each tick, the requests of so many ticks are kept: a late one loses none."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the tracked accounts of a server are read.

    flow: the requests that come in. unit: how long an account waits for its turn that takes one request, where not all
    can be read each tick. One that takes more waits the square root of that longer: so the figures of all of them
    together are youngest. least: no account waits less.

    Where timelines are read in stages, the flow is of first pages; older_flow: the requests that come in for further
    ones. older_wait: from one reading of an account's whole timeline to its next.
    """

    flow: RateLimit
    least: timedelta
    unit: timedelta
    older_flow: RateLimit | None = None
    older_wait: timedelta = timedelta(0)

    def interval(self, requests: int) -> timedelta:
        """From one turn of an account to its next, by the requests that reading it whole takes."""
        return max(self.least, self.unit * (1 if self.older_flow else sqrt(requests)))


def pace(by_requests: ByRequests, settings: Settings, network: Network, told: int | None = None) -> Pace:
    """The pace at which so many accounts of a server are read.

    told: how many requests the server allows in each window, by its own answers. Of one that a stranger may have named
    no more than half of them are used.
    """
    usual, limits = usual_requests(settings, network), network.limits(settings)
    counted = [(requests or usual, count) for requests, count in by_requests.items()]
    if told is not None:
        limits = _within(limits, max(1, told // 2 if network.has_servers else told))
    return _whole(counted, settings, limits) if limits.older_requests is None else _staged(counted, settings, limits)


def usual_requests(settings: Settings, network: Network) -> int:
    """What an account without reposts takes."""
    return -(-settings.posts_per_account // network.posts_per_request)


def _within(limits: Limits, most: int) -> Limits:
    """The same limits, scaled down where they are more than so many requests in each window."""
    part = min(1, most / limits.requests)
    older = None if limits.older_requests is None else max(1, int(limits.older_requests * part))
    return replace(limits, requests=min(limits.requests, most), older_requests=older)


def _whole(counted: list[tuple[int, int]], settings: Settings, limits: Limits) -> Pace:
    """Whole timelines are read. counted: by the requests that each takes, the number of accounts.

    The requests of the longest reading are kept back, since a window may end in its midst.
    """
    longest = max((requests for requests, _ in counted), default=1)
    flow = _flow(max(limits.requests - longest + 1, limits.requests / 2), settings, limits)
    least = max(settings.tick, limits.every)
    if sum(requests * count for requests, count in counted) * (settings.tick / least) <= flow.requests:
        return Pace(replace(flow, burst=LATE_TICKS * flow.burst), least, timedelta(0))
    roots = sum(sqrt(requests) * count for requests, count in counted)
    return Pace(flow, least, settings.tick * roots / flow.requests)


def _staged(counted: list[tuple[int, int]], settings: Settings, limits: Limits) -> Pace:
    """First pages are read often, and further ones seldom, out of a part of the requests of their own."""
    pages = sum((requests - 1) * count for requests, count in counted)
    most_older = min(limits.older_requests or 0, limits.requests / 2)
    older_wait = max(limits.older_every, limits.window * pages / most_older)
    older = min(most_older, pages * (limits.window / older_wait)) if older_wait else most_older
    flow = _flow(limits.requests - older, settings, limits)
    unit = settings.tick * sum(count for _, count in counted) / flow.requests
    older_flow = _flow(most_older, settings, limits)
    return Pace(flow, max(settings.tick, limits.every), unit, older_flow, max(settings.tick, older_wait))


def _flow(requests: float, settings: Settings, limits: Limits) -> RateLimit:
    """So many requests in each window, as they come in tick by tick."""
    each_tick = requests * min(settings.tick / limits.window, 1)
    return RateLimit(each_tick, settings.tick, burst=ceil(each_tick))
