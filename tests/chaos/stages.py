"""Context managers that wait until a tick is at some stage, so that a test can let something fail there."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import func, select

from pipeline.store.tables import Comparison
from tests.chaos.data_loss import open_store
from tests.chaos.subscribers import TICK_S, TIMELINE, slow_answers
from tests.conftest import until
from tests.e2e.deployment import Deployment


@contextmanager
def fetching(deployment: Deployment) -> Iterator[None]:
    """X has requests and has not answered them yet."""
    with slow_answers(deployment, "x", TIMELINE, seconds=2) as all_waiting:
        until(all_waiting)
        yield


@contextmanager
def drawing(deployment: Deployment) -> Iterator[None]:
    """A worker has claimed a chart and has not stored it yet."""
    claims = select(func.count()).where(Comparison.claimed_until.is_not(None))
    with open_store(deployment) as store:

        def is_claimed() -> bool:
            with store.read_session() as db:
                return bool(db.scalar(claims))

        until(is_claimed, within_s=3 * TICK_S, every_s=0.002)
    yield


@contextmanager
def delivering(deployment: Deployment) -> Iterator[None]:
    """Telegram has received a chart and has not answered yet."""
    with slow_answers(deployment, "telegram", "sendPhoto", "editMessageMedia", seconds=2) as all_waiting:
        until(all_waiting)
        yield
