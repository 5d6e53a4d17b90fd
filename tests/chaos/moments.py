"""Moments in the midst of a chart's way, at which something fails."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import func, select

from pipeline.store.tables import Comparison
from tests.chaos.audience import TICK_S, TIMELINE, late_answers
from tests.chaos.watch import database
from tests.conftest import until
from tests.e2e.house import House


@contextmanager
def fetching(house: House) -> Iterator[None]:
    """X is asked, and has not answered yet."""
    with late_answers(house, "x", TIMELINE, seconds=2) as waited_for:
        until(waited_for)
        yield


@contextmanager
def drawing(house: House) -> Iterator[None]:
    """Some worker has taken a chart to draw, and has not noted it yet."""
    claimed = select(func.count()).where(Comparison.claimed_until.is_not(None))
    with database(house) as store:

        def is_taken() -> bool:
            with store.read_session() as db:
                return bool(db.scalar(claimed))

        until(is_taken, within_s=3 * TICK_S, every_s=0.002)
    yield


@contextmanager
def showing(house: House) -> Iterator[None]:
    """Telegram has a new chart, and has not said so yet."""
    with late_answers(house, "telegram", "sendPhoto", "editMessageMedia", seconds=2) as waited_for:
        until(waited_for)
        yield
