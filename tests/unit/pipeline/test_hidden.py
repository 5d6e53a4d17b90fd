"""Posts of an account that its network hides for a while, and posts that are deleted."""

import pytest

from pipeline.store import posts
from tests.unit.pipeline.conftest import Ticks, timeline


def stored(ticks: Ticks, account_id: int) -> list[int | None]:
    with ticks.store.read_session() as db:
        return [each.counts.reposts for each in posts.list_newest(db, [account_id], 100)[account_id]]


@pytest.mark.parametrize("state", ["suspended", "protected", "missing"])
def test_posts_of_a_hidden_account_stay_and_are_read_again_once_it_is_back(ticks: Ticks, state: str) -> None:
    ticks.load("nasa", timeline(3))
    [account_id] = ticks.track("nasa")
    ticks.tick()
    before = stored(ticks, account_id)
    assert len(before) == 3
    ticks.load("nasa", [], state=state)
    for number in range(1, 4):
        ticks.tick(number)
    assert stored(ticks, account_id) == before
    ticks.load("nasa", [post | {"retweets": 9_999} for post in timeline(3)], state="active")
    for number in range(100, 103):
        ticks.tick(number)
    assert stored(ticks, account_id) == [9_999] * 3
