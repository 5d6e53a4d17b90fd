"""Which posts and overtakes a chat is alerted of, tick by tick, and which not."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipeline.i18n import translator
from pipeline.records import AlertKind, ChartSpec, Comparison, Counts, Due, FetchResult, Language, Mode, Post
from pipeline.settings import Settings
from pipeline.steps import overtakes, post_alerts
from pipeline.steps.fetch import FetchedChunk
from pipeline.steps.resources import Resources
from pipeline.steps.snapshot import snapshot
from pipeline.store import Store, accounts, alerts, chats, comparisons, notices, subscriptions
from pipeline.store.tables import Comparison as ComparisonRow
from pipeline.store.tables import Subscription
from tests.conftest import NETWORK
from tests.integration.store.conftest import NOON, add_accounts

CHAT, MESSAGE, TOPIC = 1, 77, 5
HOUR, DAY, TICK = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
OLDER = tuple(Post(f"old{day}", NOON - day * DAY, Counts(reposts=80 + day % 40)) for day in range(3, 60))
"""What is usual: about 100 reposts."""


def young(name: str, reposts: int, *, made: datetime = NOON - HOUR) -> Post:
    return Post(name, made, Counts(reposts=reposts))


class Ticks:
    """An account that is read again and again, and what the chat that tracks it was alerted of."""

    def __init__(self, store: Store, *kinds: AlertKind, now: datetime = NOON) -> None:
        self.store, self.now = store, now
        [self.account_id] = add_accounts(store, "nasa", chat_id=CHAT)
        with store.write_session() as db:
            alerts.set_kinds(db, CHAT, kinds or set(AlertKind))

    def read(self, *young_posts: Post, older: tuple[Post, ...] = OLDER, after: timedelta = TICK) -> None:
        self.now += after
        result = FetchResult(self.account_id, self.now, (*young_posts, *older), complete=True)
        fetched = FetchedChunk(NETWORK, (result,), (Due(self.account_id, "id-nasa", 100),))
        with self.store.write_session() as db:
            watched = post_alerts.watch(db, NETWORK, [fetched], self.now)
            post_alerts.find(db, watched, accounts.save_fetch_results(db, [result]), self.now)

    @property
    def told(self) -> list[str]:
        """The alerts that are to be sent now; those that expired are gone."""
        return alerts_of(self.store, self.now)


def alerts_of(store: Store, now: datetime) -> list[str]:
    with store.read_session() as db:
        gettext = translator(Language.ENGLISH).gettext
        return [gettext(text) for _, chat_id, text, _ in notices.list_unsent(db, [], now) if chat_id == CHAT]


def test_a_post_that_breaks_out_is_told_once_with_its_address(store: Store) -> None:
    ticks = Ticks(store)
    ticks.read()
    ticks.read(young("new", 40))
    assert ticks.told == []
    ticks.read(young("new", 900))
    assert ticks.told == [
        "A post of @nasa takes off: 900 retweets after 63 min, far more than usual. https://x.com/i/status/new"
    ]
    ticks.read(young("new", 30))
    ticks.read(young("new", 950))
    assert len(ticks.told) == 1
    with store.write_session() as db:
        notices.delete_expired(db, ticks.now + 2 * DAY)
    ticks.read(young("new", 30))
    ticks.read(young("new", 990))
    assert ticks.told == [], "not told again after the notice was purged"


def test_a_further_post_of_an_account_has_to_rise_higher_for_a_month(store: Store) -> None:
    """An hour old, a post needs 213 reposts, and 486 where the account's chat was alerted before."""
    ticks = Ticks(store)
    ticks.read(young("a", 40), young("b", 40), young("c", 40))
    ticks.read(young("a", 300), young("b", 300), young("c", 40))
    assert len(ticks.told) == 1, "one of two in the same answer"
    ticks.read(young("a", 300), young("b", 300), young("c", 300))
    assert len(ticks.told) == 1
    ticks.read(young("a", 300), young("b", 300), young("c", 600))
    assert [text.split()[-1] for text in ticks.told[1:]] == ["https://x.com/i/status/c"]
    ticks.read(young("d", 40, made=ticks.now + 31 * DAY - HOUR), after=31 * DAY)
    ticks.read(young("d", 300, made=ticks.now - HOUR))
    assert [text.split()[-1] for text in ticks.told] == ["https://x.com/i/status/d"]


@pytest.mark.parametrize("reposts", [900, 50_000])
def test_first_readings_and_what_comes_into_view_late_are_not_told(store: Store, reposts: int) -> None:
    ticks = Ticks(store)
    ticks.read(young("at first", reposts))
    ticks.read(young("at first", reposts + 5))
    ticks.read(young("late", reposts, made=NOON - 2 * HOUR), young("at first", reposts + 9))
    assert ticks.told == []


def test_deletions_and_gaps_in_reading_are_no_breakouts(store: Store) -> None:
    ticks = Ticks(store)
    ticks.read(young("new", 300, made=NOON - 20 * HOUR))
    low = tuple(with_reposts(post, 5) for post in OLDER[:25])
    ticks.read(young("new", 300, made=NOON - 20 * HOUR), older=low)
    ticks.read(young("new", 300, made=NOON - 20 * HOUR), older=low[:21], after=3 * DAY)
    assert ticks.told == []
    ticks.read(young("slow", 90, made=NOON + 4 * DAY), after=2 * DAY)
    ticks.read(young("slow", 5_000, made=NOON + 4 * DAY), after=9 * DAY)
    assert "takes off" not in "".join(ticks.told), "it is too old by now for anybody to know when it rose"


def with_reposts(post: Post, reposts: int) -> Post:
    return post._replace(counts=Counts(reposts=reposts))


def test_a_milestone_is_told_of_the_first_post_that_reaches_it(store: Store) -> None:
    ticks = Ticks(store, AlertKind.MILESTONE)
    ticks.read(young("a", 990), young("b", 500))
    ticks.read(young("a", 1_004), young("b", 900))
    first = "A post of @nasa has passed 1,000 retweets, the first of its last 59 posts. https://x.com/i/status/a"
    assert ticks.told == [first]
    ticks.read(young("a", 998), young("b", 900))
    ticks.read(young("a", 1_010), young("b", 1_100))
    assert ticks.told == [first]
    ticks.read(young("a", 1_010), young("b", 12_000))
    assert ticks.told[1:] == [
        "A post of @nasa has passed 10,000 retweets, the first of its last 59 posts. https://x.com/i/status/b"
    ]


def test_a_chat_is_told_three_things_a_day_and_nothing_that_it_did_not_choose(store: Store) -> None:
    ticks = Ticks(store, AlertKind.BREAKOUT)
    names = "abcde"
    ticks.read(*(young(name, 10) for name in names))
    ticks.read(*(young(name, 4_000) for name in names))
    assert len(ticks.told) == alerts.MOST_A_DAY
    later = young("later", 10, made=ticks.now + 23 * HOUR)
    ticks.read(later, after=24 * HOUR)
    ticks.read(with_reposts(later, 4_000))
    assert len(ticks.told) == 1
    with store.write_session() as db:
        alerts.set_kinds(db, CHAT, ())
        assert alerts.listeners(db, [ticks.account_id]) == {}
        alerts.set_kinds(db, CHAT, [AlertKind.OVERTAKE])
        chats.deactivate(db, CHAT, "blocked", NOON)
        assert alerts.listeners(db, [ticks.account_id]) == {}


def subscribe_live(store: Store, account_ids: list[int]) -> int:
    """A live chart of these accounts in a message of a topic; returns its comparison's id."""
    with store.write_session() as db:
        row = comparisons.get_or_create(db, Comparison(tuple(account_ids), ChartSpec()))
        shown = {"comparison_id": row.id, "all_tracked": False, "mode": Mode.LIVE, "min_version": 0, "next_at": NOON}
        subscriptions.add(db, Subscription(chat_id=CHAT, message_id=MESSAGE, thread_id=TOPIC, **shown))
        return row.id


def test_an_overtake_in_a_live_chart_is_told_as_a_reply_to_it(store: Store, tmp_path: Path) -> None:
    account_ids = add_accounts(store, "nasa", "esa", chat_id=CHAT)
    comparison_id = subscribe_live(store, account_ids)
    resources = Resources(Settings(data_dir=tmp_path, _env_file=None))
    resources.store = store
    with store.write_session() as db:
        alerts.set_kinds(db, CHAT, [AlertKind.OVERTAKE])

    def draw(now: datetime, *reposts: int) -> None:
        with store.write_session() as db:
            results = [
                FetchResult(account_id, now, (young("1", count),), complete=True)
                for account_id, count in zip(account_ids, reposts, strict=True)
            ]
            accounts.save_fetch_results(db, results)
        with store.read_session() as db:
            source = snapshot(db, db.get_one(ComparisonRow, comparison_id), now)
        overtakes.find(resources, source, now)

    draw(NOON, 500, 400)
    draw(NOON + TICK, 500, 700)
    draw(NOON + 2 * TICK, 500, 705)
    assert alerts_of(store, NOON + 2 * TICK) == ["@esa has passed @nasa in the live chart of retweets."]
    with store.write_session() as db:
        [(notice_id, chat_id, _, _)] = notices.list_unsent(db, [], NOON + TICK)
        assert notices.find_thread(db, notice_id, chat_id) == (MESSAGE, TOPIC)
        [subscription] = subscriptions.list_of_chat(db, CHAT)
        subscriptions.remove(db, subscription.id)
        assert notices.find_thread(db, notice_id, chat_id) == (None, None)
