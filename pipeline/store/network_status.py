"""What the answers of a network tell of it as a whole: its clock, and its limits of requests, or its servers'."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from math import inf
from typing import NamedTuple, TypeVar

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from pipeline.records import Observed
from pipeline.records import RequestWindow as WindowRecord
from pipeline.store import services
from pipeline.store.openings import Day
from pipeline.store.tables import NetworkStatus, RequestWindow

Row = TypeVar("Row", NetworkStatus, RequestWindow)

LONGEST_WINDOW = timedelta(minutes=15)
"""No network counts requests in longer windows."""
GUARD = timedelta(minutes=1)
"""So long before and after midnight no post is opened or read again: a moment later it may be billed to another day."""
UNTIL_TOLD = 5
"""Requests of a kind in each tick before an answer tells how many are allowed: few enough for the smallest plans."""
MEASURED_WITHIN = timedelta(minutes=15)
"""An older measurement of the network's clock is not relied on."""


class NetworkTime(NamedTuple):
    """The time by the network's own clock, which it bills by.

    is_settled: the day is sure, and will be for a while: a post that was opened on it may be read again for nothing.
    """

    now: datetime
    day: Day
    is_settled: bool


def get(session: Session, network: str) -> NetworkStatus:
    """The network's row, which is made where it is missing."""
    status = find(session, network)
    if status is None:
        status = NetworkStatus(network=network, repeats=0)
        session.add(status)
        session.flush()
    return status


def find(session: Session, network: str) -> NetworkStatus | None:
    """The network's row, if there is one."""
    return _find(session, NetworkStatus, network)


def _find(session: Session, table: type[Row], key: object) -> Row | None:
    """The row with this key. A tick asks for it many times, and a session by itself forgets what nobody holds."""
    row = session.get(table, key)
    session.info[table, key] = row
    return row


def read_time(session: Session, network: str, now: datetime) -> NetworkTime:
    """The network's time at a moment of the shared clock, which goes for a network whose answers have no time.

    A day begins only when an answer has said so: the shared clock may be wrong, or set.
    """
    status = find(session, network)
    if status is None or status.clock_at is None or status.clock_read_at is None:
        return NetworkTime(now, Day(network, now.date()), not is_near_midnight(now))
    passed = now - status.clock_read_at
    at = status.clock_at + max(passed, timedelta(0))
    is_measured = timedelta(0) <= passed <= MEASURED_WITHIN and at.date() == status.clock_at.date()
    is_settled = is_measured and not is_near_midnight(at) and not is_near_midnight(status.clock_at)
    return NetworkTime(at, Day(network, at.date()), is_settled)


def end_of_day(day: date) -> datetime:
    """The midnight at which the UTC day ends."""
    return datetime.combine(day + timedelta(days=1), time(), UTC)


def is_near_midnight(at: datetime) -> bool:
    """Whether only requests for new posts may be sent: by any other, a post may be billed to the wrong day."""
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return at - midnight < GUARD or midnight + timedelta(days=1) - at < GUARD


def observe(session: Session, network: str, observed: Iterable[Observed], now: datetime) -> None:
    """Store what answers told. Of measurements of the clock the last one counts."""
    status = get(session, network)
    told = list(observed)
    for each in told:
        _set_clock(status, each, now)
    _save_windows(session, network, [window for each in told for window in each.windows])
    session.flush()


def _set_clock(status: NetworkStatus, observed: Observed, now: datetime) -> None:
    before = status.clock_read_at
    is_last = observed.at is not None and (before is None or before < observed.at or before > now)
    if observed.at is not None and observed.clock_ahead_s is not None and is_last:
        status.clock_at = observed.at + timedelta(seconds=observed.clock_ahead_s)
        status.clock_read_at = observed.at


def _save_windows(session: Session, network: str, windows: Iterable[WindowRecord]) -> None:
    last: dict[tuple[str, str], WindowRecord] = {}
    for window in windows:
        name = network if window.server is None else f"{network} {window.server}"
        last[name, window.kind] = max(last.get((name, window.kind), window), window, key=_use)
    names = {name for name, _ in last}
    rows = session.scalars(select(RequestWindow).where(RequestWindow.network.in_(names)))
    stored = {(row.network, row.kind): row for row in rows}
    for key, window in last.items():
        if key not in stored or _use(window) > _use(stored[key]):
            session.merge(RequestWindow(network=key[0], **_values(window)))


def _use(window: WindowRecord | RequestWindow) -> tuple[datetime, int]:
    """How far the use of a window has come: the later the greater."""
    return window.resets_at, -window.remaining


def _values(window: WindowRecord) -> dict[str, object]:
    return {"kind": window.kind, "limit": window.limit, "remaining": window.remaining, "resets_at": window.resets_at}


class RequestWindows:
    """What a network without a price and its servers allow, by the names of source.service_of, loaded at once."""

    def __init__(self, session: Session, network: str) -> None:
        rows = session.scalars(select(RequestWindow).where(services.is_of(RequestWindow.network, network)))
        self.rows = {(row.network, row.kind): row for row in rows}

    def limit(self, name: str, kind: str) -> int | None:
        """How many requests of a kind each window allows; None where no answer told."""
        stored = self.rows.get((name, kind))
        return None if stored is None else stored.limit

    def allowed(self, name: str, kind: str, now: datetime, period: timedelta) -> float:
        """How many may be sent in this period, so that what remains lasts evenly until the window ends.

        Without end where that is not known.
        """
        stored = self.rows.get((name, kind))
        if stored is None or stored.resets_at <= now:
            return inf
        left = min(stored.resets_at - now, LONGEST_WINDOW)  # its clock may be far ahead of the shared one
        return stored.remaining * min(period / left, 1)


def delete_ended(session: Session, before: datetime) -> None:
    """Delete what was told of windows that ended before a moment: the server is not asked any more."""
    session.execute(delete(RequestWindow).where(RequestWindow.resets_at < before))


def limit(session: Session, network: str, kind: str, most: int) -> int:
    """How many requests of a kind the network allows in each window, as far as it is known; `most` at most."""
    return _limit(_find(session, RequestWindow, (network, kind)), most)


def _limit(stored: RequestWindow | None, most: int) -> int:
    return min(most, stored.limit) if stored else most


def allowed_requests(  # noqa: PLR0913 what the network tells, and what holds where it tells nothing
    session: Session, network_time: NetworkTime, kind: str, *, most: int, window: timedelta, period: timedelta
) -> int:
    """How many requests of a kind may be sent in this period, so that they last evenly until the window ends.

    most: the limit in each window where the network tells none, and an upper bound of what it tells.
    """
    stored = _find(session, RequestWindow, (network_time.day.network, kind))
    each = _limit(stored, most)
    if stored is None:
        return min(UNTIL_TOLD, _even_part(each, period / window))
    if stored.resets_at <= network_time.now:
        return _even_part(each, period / window)
    remaining = max(0, stored.remaining - (stored.limit - each))
    kept = each * max(stored.resets_at - network_time.now - period, timedelta(0)) / window
    return int(max(0, remaining - kept))


def _even_part(requests: int, part: float) -> int:
    return max(1, int(requests * min(part, 1)))
