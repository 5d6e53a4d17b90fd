"""What a person mended, or set otherwise, holds from the next start on."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from pipeline import restart
from pipeline.chart.caption import caption
from pipeline.i18n import lazy_gettext
from pipeline.records import DROPBOX, ChartSpec, State
from pipeline.steps.snapshot import snapshot
from pipeline.store import chats, circuit_breakers, comparisons, notices
from pipeline.store.gains import hash_post_id, unpack
from pipeline.store.tables import Comparison, Gain, Subscription
from tests.conftest import NETWORK
from tests.unit.pipeline.conftest import NOW, Ticks, timeline

TIMELINES = "GET /2/users/:id/tweets"
TOKEN = lazy_gettext("X rejects the bot's access token")


def start(ticks: Ticks, number: int, **settings: Any) -> None:
    """Stop, and start with these settings."""
    ticks.start(**settings)
    restart.worker_starts(ticks.store, ticks.resources.settings, NOW + number * ticks.resources.settings.tick)


def untold(ticks: Ticks, number: int) -> list[str]:
    """The messages that are still to be sent to the chats."""
    with ticks.store.read_session() as db:
        found = notices.list_unsent(db, [], NOW + number * ticks.resources.settings.tick)
    return [text.msgid for _, _, text, _ in found]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, {"title": "Unauthorized"}),
        (402, {"title": "CreditsDepleted"}),
        (403, {"title": "SpendCapReached"}),
        (403, {"type": "https://api.x.com/2/problems/client-forbidden"}),
        (429, {"title": "UsageCapExceeded"}),
        (429, {"title": "Too Many Requests"}),
    ],
)
def test_whatever_stopped_x_is_asked_again_at_a_start_by_one_request(
    ticks: Ticks, status: int, body: dict[str, str]
) -> None:
    for number in range(3):
        ticks.load(f"a{number}", timeline(3, first=1000 * (number + 1)))
    ticks.subscribe(ticks.track("a0", "a1", "a2"))
    ticks.fault(method=TIMELINES, status=status, body=body, times=3)
    ticks.tick()
    ticks.tick(1)
    ticks.http.delete("faults")
    asked = len(ticks.calls())
    start(ticks, 2)
    ticks.tick(2)
    assert len(ticks.calls()) == asked + 1
    ticks.tick(3)
    assert len(ticks.calls()) == asked + 4
    assert None not in ticks.read_at().values()
    assert untold(ticks, 3) == [], "it is over"


def test_what_is_still_refused_after_a_start_is_not_told_twice(ticks: Ticks) -> None:
    ticks.load("nasa", timeline(3))
    ticks.subscribe(ticks.track("nasa"))
    ticks.fault(method=TIMELINES, status=401, body={"title": "Unauthorized"}, times=50)
    ticks.tick()
    with ticks.store.write_session() as db:
        [(notice, chat, text, _)] = notices.list_unsent(db, [], NOW)
        notices.mark_sent(db, notice, chat)
    assert text.values["reason"] == TOKEN
    for number in (1, 2):
        start(ticks, number)
        ticks.tick(number)
        assert untold(ticks, number) == []
    with ticks.store.read_session() as db:
        stop = circuit_breakers.find_open(db, NETWORK, NOW + timedelta(minutes=5))
    assert stop is not None
    assert stop.opened_at == NOW


@pytest.mark.parametrize("limit", ["x_daily_usd", "x_monthly_usd"])
def test_a_raised_limit_reads_on_and_nobody_hears_any_more_that_it_is_used_up(ticks: Ticks, limit: str) -> None:
    ticks.load("nasa", timeline(30))
    start(ticks, 0, **{limit: "0.1"})
    [nasa] = ticks.track("nasa")
    ticks.subscribe([nasa])
    for number in range(3):
        ticks.tick(number)
    assert (len(ticks.posts(nasa)), len(untold(ticks, 2))) == (20, 1)
    start(ticks, 3, **{limit: "5"})
    ticks.tick(3)
    assert (len(ticks.posts(nasa)), untold(ticks, 3)) == (30, [])


def test_a_limit_that_is_used_up_is_told_on_after_a_start(ticks: Ticks) -> None:
    ticks.load("nasa", timeline(30))
    start(ticks, 0, x_daily_usd="0.1")
    ticks.subscribe(ticks.track("nasa"))
    for number in range(2):
        ticks.tick(number)
    start(ticks, 2, x_daily_usd="0.1")
    ticks.tick(2)
    assert len(untold(ticks, 2)) == 1


@pytest.mark.usefixtures("without_price")
def test_more_requests_a_window_are_used_from_the_start_on(ticks: Ticks) -> None:
    start(ticks, 0, x_requests_per_15_min=90)
    ids = ticks.add(*(f"a{number}" for number in range(40)))
    assert len(ticks.tick_without_x(0, (), requests=30)) == 1
    start(ticks, 1, x_requests_per_15_min=10_000)
    assert len(ticks.tick_without_x(1, ())) == len(ids)


def test_accounts_that_a_wrong_address_did_not_know_are_read_as_soon_as_it_is_mended(ticks: Ticks) -> None:
    ticks.load("nasa", timeline(3))
    [nasa] = ticks.track("nasa")
    missing = {"errors": [{"type": "https://api.x.com/2/problems/resource-not-found", "detail": "No"}]}
    ticks.fault(method=TIMELINES, status=200, body=missing, times=1)
    ticks.tick()
    assert ticks.account(nasa).state is State.MISSING
    ticks.tick(1)
    assert len(ticks.calls()) == 1
    start(ticks, 2)
    ticks.tick(2)
    assert (ticks.account(nasa).state, len(ticks.posts(nasa))) == (State.ACTIVE, 3)


def test_dropbox_is_asked_again_when_its_process_starts(ticks: Ticks) -> None:
    with ticks.store.write_session() as db:
        circuit_breakers.open(db, DROPBOX, lazy_gettext("Dropbox is full"), NOW, NOW + timedelta(minutes=15))
    restart.worker_starts(ticks.store, ticks.resources.settings, NOW)
    with ticks.store.read_session() as db:
        assert circuit_breakers.find_open(db, DROPBOX, NOW) is not None
    restart.slow_starts(ticks.store, NOW)
    with ticks.store.read_session() as db:
        assert circuit_breakers.find_open(db, DROPBOX, NOW) is None


def shown(ticks: Ticks, subscription_id: int) -> tuple[int, str, list[float]]:
    """How many posts the subscription is of, its caption, and the counts that are drawn."""
    with ticks.store.read_session() as db:
        row = db.get_one(Comparison, db.get_one(Subscription, subscription_id).comparison_id)
        data = snapshot(db, row, NOW).data
        return row.spec.count, caption(data), [int(value) for value in data.rows[0].values]


@pytest.mark.usefixtures("without_price")
def test_with_fewer_posts_what_is_shown_is_what_is_read_and_with_more_again_too(ticks: Ticks) -> None:
    entries = timeline(150)
    for entry in entries:
        entry["retweets"] = entry["likes"]
    ticks.load("nasa", entries)
    [nasa] = ticks.track("nasa")
    ticks.tick()
    ticks.subscribe([nasa])
    ticks.subscribe([nasa], ChartSpec(count=80))
    ticks.subscribe([nasa], ChartSpec(count=20))
    start(ticks, 1, posts_per_account=50)
    ticks.http.delete(f"x/posts/{entries[70]['post_id']}")
    ticks.http.post(f"x/posts/{entries[75]['post_id']}", json={"retweets": 7777})
    for _ in ("before it is read", "after"):
        for subscription, count in ((1, 50), (2, 50), (3, 20)):
            assert shown(ticks, subscription)[::2] == (count, list(range(count)))
        assert "last 50 posts" in shown(ticks, 1)[1]
        ticks.tick(1)
    start(ticks, 2, posts_per_account=100)
    ticks.tick(2)
    now = [entry["likes"] if entry["likes"] != 75 else 7777 for entry in entries if entry["likes"] != 70]
    for subscription, count in ((1, 100), (2, 80), (3, 20)):
        assert shown(ticks, subscription)[::2] == (count, now[:count])
    back = hash_post_id(str(entries[75]["post_id"]))
    with ticks.store.read_session() as db:
        rows = [unpack(packed) for packed in db.scalars(select(Gain.packed).order_by(Gain.end_at))]
    *_, (first, *gained) = (row[back] for row in rows if back in row)
    assert (bool(first), set(gained)) == (True, {0}), "what it has when it is seen again, and no gain"


def test_where_posts_cost_older_ones_are_read_once_more_are_wanted_and_none_is_bought_again(ticks: Ticks) -> None:
    entries = timeline(150)
    for entry in entries:
        entry["retweets"] = entry["likes"]
    ticks.load("nasa", entries)
    start(ticks, 0, posts_per_account=50)
    [nasa] = ticks.track("nasa")
    ticks.subscribe([nasa], ChartSpec(count=50))
    number = ticks.read_all()
    assert (shown(ticks, 1)[::2], ticks.billed()) == ((50, list(range(50))), 50), "pages of 20, 20 and 10"
    start(ticks, number, posts_per_account=100)
    ticks.subscribe([nasa])
    number = ticks.read_all(number)
    assert (shown(ticks, 2)[::2], ticks.billed()) == ((100, list(range(100))), 100)
    start(ticks, number, posts_per_account=20)
    ticks.tick(number)
    assert (shown(ticks, 2)[::2], ticks.billed()) == ((20, list(range(20))), 100)


def test_a_start_without_a_change_wants_nothing_drawn(ticks: Ticks) -> None:
    ticks.subscribe(ticks.add("nasa"))
    ticks.tick_without_x(0, ())
    wanted = ticks.versions()
    with ticks.store.write_session() as db:
        for comparison_id, version in wanted.items():
            comparisons.mark_rendered(db, comparison_id, version)
    restart.worker_starts(ticks.store, ticks.resources.settings, NOW)
    assert ticks.versions() == wanted


def test_two_subscriptions_that_come_to_the_same_share_their_chart(ticks: Ticks) -> None:
    ids = ticks.add("nasa")
    for count in (100, 80, 50):
        ticks.subscribe(ids, ChartSpec(count=count))
    start(ticks, 0, posts_per_account=50)
    with ticks.store.read_session() as db:
        kept = db.scalars(select(Subscription.comparison_id)).all()
        assert len(set(kept)) == 1
        assert comparisons.get_record(db, kept[0]) is not None
        assert len(chats.list_tracked_accounts(db, 1)) == 1


def test_older_posts_are_read_once_more_of_them_are_wanted(ticks: Ticks) -> None:
    ticks.start(posts_per_account=20)
    ticks.load("nasa", timeline(30))
    ticks.track("nasa")
    later = ticks.read_all()
    assert ticks.billed() == 20
    start(ticks, later, posts_per_account=20)
    assert ticks.read_all(later) == later + 1
    assert ticks.billed() == 20
    start(ticks, later + 1, posts_per_account=100)
    ticks.read_all(later + 1)
    assert ticks.billed() == 30
