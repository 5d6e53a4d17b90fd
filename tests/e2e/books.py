"""What X has billed, and what a deployment has counted of it: each by UTC day and resource, read from its source."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection, create_engine, text

from tests.conftest import until
from tests.e2e.deployment import Deployment

RESOURCES = ("posts", "users")
USD = {"posts": 0.005, "users": 0.010}
Counts = Counter[tuple[str, str]]
"""Numbers by (day, resource)."""


class Books(NamedTuple):
    """ledger: its totals. opened: the openings that were asked for. reserved: what unanswered requests may cost.

    stored_by_account: how many posts are stored, by handle. planned_on: the last day that has a list.
    """

    ledger: Counts
    opened: Counts
    reserved: Counts
    stored_by_account: Counter[str]
    planned_on: str

    @property
    def spent(self) -> Counts:
        return self.ledger + self.reserved


def billed(deployment: Deployment) -> Counts:
    """What the stand-in of X has billed, repeats too."""
    days = deployment.sandbox.get("x/bill")["by_day"]
    return Counter(
        {
            (day, resource): statement[f"{resource}_billed"] + statement[f"{resource}_repeated"]
            for day, statement in days.items()
            for resource in RESOURCES
        }
    )


def read_books(deployment: Deployment) -> Books:
    engine = create_engine(deployment.database)
    with engine.connect() as db:
        tables = (
            "SELECT day, resource, count FROM ledger",
            "SELECT day, resource, count(*) FROM openings WHERE asked GROUP BY day, resource",
            "SELECT day, resource, sum(count) FROM reservations GROUP BY day, resource",
        )
        ledger, opened, reserved = (_counts(db, query) for query in tables)
        stored = db.execute(text("SELECT handle, count(*) FROM posts JOIN accounts ON id = account_id GROUP BY handle"))
        by_handle = Counter({str(handle): int(count) for handle, count in stored})
        planned_on = db.execute(text("SELECT max(planned_on) FROM network_status")).scalar_one()
    engine.dispose()
    return Books(ledger, opened, reserved, by_handle, str(planned_on))


def _counts(db: Connection, query: str) -> Counts:
    return Counter({(str(day), resource): count for day, resource, count in db.execute(text(query))})


def wait_until_read(deployment: Deployment, posts: Mapping[str, int]) -> None:
    """Wait until so many posts are stored of each account, by handle: the newest come first, older ones later."""
    until(lambda: Counter(posts) <= read_books(deployment).stored_by_account, within_s=60)


def usd(counts: Counts) -> float:
    return round(sum(USD[resource] * count for (_, resource), count in counts.items()), 3)


def by_day(counts: Counts) -> dict[str, float]:
    """US dollars by day."""
    days = {day for day, _ in counts}
    return {day: usd(Counter({key: count for key, count in counts.items() if key[0] == day})) for day in days}


def is_balanced(deployment: Deployment) -> bool:
    """Whether nothing is reserved, and the ledger, the openings and the bill are equal to the post."""
    books = read_books(deployment)
    return not +books.reserved and books.ledger == books.opened == billed(deployment)


def uncounted(deployment: Deployment) -> Counts:
    """What X has billed by now and is not counted as spent. At no moment may there be any."""
    before = billed(deployment)
    return before - read_books(deployment).spent
