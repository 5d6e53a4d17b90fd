"""What /track says of the cost, before anything is spent; the figures are worked out by hand from X's prices."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot import costs
from pipeline.i18n import translator
from pipeline.records import Language, Profile, State
from pipeline.settings import Settings
from pipeline.sources.source import Network
from pipeline.sources.x.facts import X
from pipeline.store import Store, accounts, chats, openings
from pipeline.store.ledger import POSTS
from pipeline.store.openings import Day
from tests.databases import migrate
from tests.toy_network.facts import TOY

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)  # ten days are left of the month
CHAT, OTHER = 1, 2


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path}/tallybird.db")
    migrate(store)
    yield store
    store.close()


def profile(handle: str, posts: int | None, days: int | None) -> Profile:
    joined_at = None if days is None else NOON - timedelta(days=days)
    return Profile(handle, State.ACTIVE, f"id-{handle}", posts, joined_at)


NASA = profile("nasa", 4000, 1000)


def track(store: Store, chat_id: int, *profiles: Profile, read: bool = False) -> None:
    """The chat tracks these accounts. read: their posts are stored."""
    with store.write_session() as db:
        accounts.save_profiles(db, profiles, "x", NOON)
        rows = accounts.find_by_remote_ids(db, [each.remote_id or "" for each in profiles], "x")
        chats.add(db, chat_id, NOON)
        chats.track(db, chat_id, [row.id for row in rows], NOON)
        for row in rows:
            row.fetched_at = NOON if read else None


def spend(store: Store, usd: str) -> None:
    """So much was spent today, on what no chat tracks."""
    count = int(Decimal(usd) / Decimal("0.005"))
    with store.write_session() as db:
        openings.ask(db, Day("x", NOON.date()), POSTS, {f"spent-{number}": None for number in range(count)})


def told(
    store: Store,
    *profiles: Profile,
    daily: str = "5",
    monthly: str = "150",
    network: Network = X,
    language: Language = Language.ENGLISH,
) -> list[str]:
    settings = Settings(x_daily_usd=Decimal(daily), x_monthly_usd=Decimal(monthly), _env_file=None)
    with store.read_session() as db:
        lines = costs.describe(db, settings, network, profiles, chat_id=CHAT, now=NOON)
    return [translator(language).gettext(line) for line in lines]


def test_one_account_is_told_on_one_line(store: Store) -> None:
    spend(store, "3.87")
    assert told(store, NASA) == [
        "@nasa: about 4 posts a day. Reading it costs $0.51 at first, then about $0.06 a day. Left for today: $1.13."
    ]


def test_it_is_told_in_spanish_too(store: Store) -> None:
    [line] = told(store, NASA, language=Language.SPANISH)
    usd = "\xa0US$"
    assert line == (
        f"@nasa: unas 4 publicaciones al día. Leerla cuesta 0,51{usd} al principio y después unos 0,06{usd} al día. "
        f"Para hoy quedan 5,00{usd}."
    )


@pytest.mark.parametrize(
    ("posts", "days", "line"),
    [
        (50_000, 1000, "about 50 posts a day. Reading it costs $0.51 at first, then about $0.75 a day."),
        (1_000_000, 1000, "about 1,000 posts a day. Reading it costs $0.51 at first, then about $5.50 a day."),
        (1000, 1000, "about 1 post a day. Reading it costs $0.51 at first, then about $0.02 a day."),
        (300, 1000, "about 2 posts a week. Reading it costs $0.51 at first, then about $0.004 a day."),
        (60, 1000, "about 2 posts a month. Reading it costs $0.31 at first, then about $0.002 a day."),
        (3, 1000, "hardly any posts. Reading it costs $0.02 at first, then about $0.002 a day."),
        (0, 1000, "hardly any posts. Reading it costs $0.01 at first, then about $0.002 a day."),
        (30, 0, "about 30 posts a day. Reading it costs $0.16 at first, then about $0.45 a day."),
        (None, 1000, "how often it posts is not known yet. Reading it costs up to $0.51 at first."),
        (500, None, "how often it posts is not known yet. Reading it costs up to $0.51 at first."),
    ],
)
def test_the_estimate_follows_from_the_profile(store: Store, posts: int | None, days: int | None, line: str) -> None:
    assert told(store, profile("a", posts, days), daily="9", monthly="900") == [f"@a: {line} Left for today: $9.00."]


def test_many_accounts_have_a_line_each_up_to_ten_and_their_sum(store: Store) -> None:
    lines = told(store, *(profile(f"a{number}", 4000, 1000) for number in range(12)), daily="9", monthly="900")
    assert lines[0] == "@a0: about 4 posts a day. Reading it costs $0.51 at first, then about $0.06 a day."
    assert lines[10:] == [
        "and 2 more",
        "Together: $6.12 at first, then about $0.72 a day. Left for today: $9.00.",
    ]


def test_what_other_chats_track_is_shared_with_them_and_what_is_read_costs_no_first_reading(store: Store) -> None:
    track(store, OTHER, NASA, read=True)
    assert told(store, NASA) == [
        "@nasa: about 4 posts a day. I already read it; from now on it costs about $0.03 a day. Left for today: $2.50."
    ]


def test_what_does_not_fit_into_the_day_is_told_beforehand(store: Store) -> None:
    spend(store, "4.70")
    [fits_in_part] = told(store, NASA)[1:]
    assert fits_in_part == (
        "Today's money is not enough for all of it: the newest 20 posts of each come first, older ones when there is "
        "money. Other charts go on. The bot's owner can raise the limit."
    )
    spend(store, "5")
    [waits] = told(store, NASA)[1:]
    assert waits.startswith(
        "Today's money is spent: reading starts 22 Nov 00:00 UTC at the latest, newest 20 posts first."
    )


def test_a_chat_that_used_its_share_waits_until_tomorrow_and_at_the_months_limit_until_the_next(store: Store) -> None:
    track(store, CHAT, profile("mine", 10, 1000), read=True)
    track(store, OTHER, profile("other", 10, 1000), read=True)
    with store.write_session() as db:
        mine = accounts.find_by_remote_ids(db, ["id-mine"], "x")[0].id
        openings.ask(db, Day("x", NOON.date()), POSTS, {str(number): mine for number in range(500)})
    lines = told(store, NASA)
    assert lines[0].endswith("Left for today: $0.00.")
    assert "reading starts 22 Nov 00:00 UTC" in lines[1]
    assert "reading starts 1 Dec 00:00 UTC" in told(store, NASA, monthly="2.5")[1]


@pytest.mark.parametrize(("daily", "monthly"), [("0", "50"), ("5", "0")])
def test_with_a_limit_of_zero_it_says_that_nothing_is_read(store: Store, daily: str, monthly: str) -> None:
    assert told(store, NASA, daily=daily, monthly=monthly)[1] == (
        "I read nothing on X while the limit for it is $0.00. The bot's owner can raise it."
    )


def test_more_than_the_months_pace_is_told(store: Store) -> None:
    busy = profile("busy", 50_000, 1000)  # $0.75 a day
    track(store, OTHER, profile("known", 40_000, 1000), read=True)
    with store.write_session() as db:
        accounts.find_by_remote_ids(db, ["id-known"], "x")[0].posts_per_day = 40.0  # $0.60 a day
    assert len(told(store, busy, monthly="14")) == 1
    [too_much] = told(store, busy, monthly="13")[1:]
    assert too_much == (
        "Everything tracked on X costs about $1.35 a day; the limit is $1.30, so charts get less exact. /untrack "
        "some, or ask the bot's owner for a higher limit."
    )


def test_of_a_network_without_a_price_there_is_no_cost_to_tell(store: Store) -> None:
    assert told(store, Profile("ada~example", State.ACTIVE, "1"), network=TOY) == []
