"""/budget in chats, by roles and by what is tracked; the figures are worked out by hand from X's prices."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from itertools import count

import pytest
from pydantic import SecretStr

from pipeline import clock
from pipeline.i18n import lazy_gettext, translator
from pipeline.records import Language, Profile, State
from pipeline.store import Store, accounts, chats, circuit_breakers, openings
from pipeline.store.ledger import POSTS, USERS
from pipeline.store.openings import Day
from pipeline.store.tables import Account, LedgerEntry, Opening, Post, RequestWindow, Reservation, Tracking
from tests.e2e.chat import Json
from tests.unit.bot.conftest import OWNER, Bot, running

CHAT, OTHER = 7001, 7002
DAY = timedelta(days=1)
NUMBERS = count()


@pytest.fixture(scope="module")
def priced() -> Iterator[Bot]:
    """A bot with X switched on."""
    with running(x_bearer_token=SecretStr("a-token")) as started:
        yield started


@pytest.fixture
def bot(priced: Bot) -> Bot:
    """With nothing tracked and nothing spent."""
    with priced.store.write_session() as db:
        for table in (Opening, Reservation, LedgerEntry, Tracking, Account, RequestWindow):
            db.query(table).delete()
        circuit_breakers.half_open(db, clock.now())
        circuit_breakers.close(db, "x", clock.now())
    return priced


def track(store: Store, handle: str, *chat_ids: int, **columns: object) -> int:
    """The chats track the account; returns its id."""
    with store.write_session() as db:
        accounts.save_profiles(db, [Profile(handle, State.ACTIVE, handle)], "x", clock.now())
        account = accounts.find_by_remote_ids(db, [handle], "x")[0]
        for name, value in columns.items():
            setattr(account, name, value)
        for chat_id in chat_ids:
            chats.add(db, chat_id, clock.now())
            chats.track(db, chat_id, [account.id], clock.now())
        return account.id


def pay(store: Store, account_id: int, posts: int) -> None:
    """So many posts of the account are opened today."""
    ids = {f"paid-{next(NUMBERS)}": account_id for _ in range(posts)}
    with store.write_session() as db:
        openings.ask(db, Day("x", clock.now().date()), POSTS, ids)


FREE = "Reading Bluesky and the fediverse is free."


def ask(bot: Bot, text: str = "/budget", chat_id: int = CHAT, language_code: str = "en") -> str:
    return bot.chat(chat_id).ask(text, language_code=language_code)


def midnight() -> str:
    at = datetime.combine(clock.now().date() + DAY, time(), UTC)
    return translator(Language.ENGLISH).gettext("{at:moment}", at=at)


def test_with_nothing_tracked_it_says_so_and_the_whole_bill_is_for_the_owner(bot: Bot) -> None:
    assert ask(bot) == f"This chat tracks no accounts on X.\n\n{FREE}"
    told = ask(bot, chat_id=OWNER)
    assert "X today: $0.00 of $5.00, about $0.00 by midnight UTC" in told
    assert "X this month: $0.00 of $50.00, about $0.00 by its end" in told
    assert "Requests: none yet; the limit is 10,000 at a time" in told


def test_a_chat_is_told_its_part_and_nothing_of_the_others(bot: Bot) -> None:
    nasa = track(bot.store, "nasa", CHAT, OTHER, expected_error=0.004)
    esa = track(bot.store, "esa", CHAT, expected_error=0.01)
    secret = track(bot.store, "secret", OTHER)
    for account_id, posts in ((nasa, 20), (esa, 100), (secret, 400)):
        pay(bot.store, account_id, posts)
    told = ask(bot).removesuffix(f"\n\n{FREE}").split("\n")
    assert told[:2] == [
        "This chat: $0.55 today, $0.55 this month; $1.95 left today for new accounts",
        "On average the charts are off by about 0.7 %.",
    ]
    assert told[3:] == [
        "@esa (off by about 1 %): $0.50 today, $0.50 this month",
        "@nasa (off by about 0.4 %): $0.05 today, $0.05 this month",
    ]


def test_the_owner_is_told_of_all_chats_in_private_and_of_the_chat_alone_in_a_group(bot: Bot) -> None:
    pay(bot.store, track(bot.store, "nasa", CHAT), 20)
    pay(bot.store, track(bot.store, "esa", CHAT, OTHER), 40)
    told = ask(bot, chat_id=OWNER).removesuffix(f"\n\n{FREE}").split("\n")
    assert told[-5:] == [
        f"Chat {CHAT}: $0.20 today, $0.20 this month",
        f"Chat {OTHER}: $0.10 today, $0.10 this month",
        "",
        "@esa: $0.20 today, $0.20 this month",
        "@nasa: $0.10 today, $0.10 this month",
    ]
    group = bot.chat(-7003, user_id=OWNER, type="supergroup").ask("/budget")
    assert "This chat tracks no accounts on X." in group
    assert str(CHAT) not in group


def test_of_many_accounts_the_dearest_are_told_and_the_rest_together(bot: Bot) -> None:
    for number in range(13):
        pay(bot.store, track(bot.store, f"a{number:02}", CHAT), number + 1)
    lines = ask(bot).removesuffix(f"\n\n{FREE}").split("\n")[-11:]
    assert lines[0] == "@a12: $0.06 today, $0.06 this month"
    assert lines[-1] == "3 more: $0.03 today, $0.03 this month"


def test_the_requests_that_are_left_are_told(bot: Bot) -> None:
    with bot.store.write_session() as db:
        for kind, limit, remaining in (("timelines", 900, 812), ("posts", 3500, 3400), ("usage", 50, 9)):
            window = {"kind": kind, "limit": limit, "remaining": remaining}
            db.add(RequestWindow(network="x", resets_at=clock.now() + DAY, **window))
    assert "Requests left: 3,400 of 3,500 for stored posts and 812 of 900 for new posts" in ask(bot, chat_id=OWNER)


def test_what_is_set_aside_for_requests_under_way_is_told(bot: Bot) -> None:
    assert "set aside" not in ask(bot, chat_id=OWNER)
    with bot.store.write_session() as db:
        openings.reserve(db, Day("x", clock.now().date()), POSTS, 50, ["1"])
    assert "Of that, $0.25 is set aside for requests not answered yet" in ask(bot, chat_id=OWNER)


def test_a_network_that_is_off_and_cost_nothing_is_not_told_of() -> None:
    with running() as off:
        assert ask(off) == FREE


@pytest.mark.parametrize(
    ("limits", "stop"),
    [
        ({"x_daily_usd": "0"}, "Nothing new is read: the limit is too low for even one request."),
        ({"x_monthly_usd": "0"}, "Nothing new is read: the limit is too low for even one request."),
        (
            {"x_daily_usd": "0.1"},
            "The money is spent: posts already paid for today keep updating, new ones wait until {midnight}.",
        ),
    ],
)
def test_budget_and_status_say_when_nothing_new_is_read(limits: dict[str, str], stop: str) -> None:
    with running(x_bearer_token=SecretStr("a-token"), **limits) as short:
        pay(short.store, track(short.store, "nasa", CHAT), 20)
        stop = stop.replace("{midnight}", midnight())
        assert stop in ask(short)
        assert stop in ask(short, "/status")
        assert stop in ask(short, "/budget @nasa")
        assert "$0.10 of" not in ask(short)
        assert "$0.10 of" in ask(short, chat_id=OWNER)


def test_an_accounts_readings_are_explained(bot: Bot) -> None:
    now = clock.now()
    columns = {"fetched_at": now, "posts_per_day": 4.2, "expected_error": 0.0004, "finds_on": now.date()}
    nasa = track(bot.store, "nasa", CHAT, OTHER, **columns)
    pay(bot.store, nasa, 12)
    with bot.store.write_session() as db:
        openings.ask(db, Day("x", now.date()), USERS, {"nasa": nasa})
        for number in range(100):
            db.add(Post(account_id=nasa, post_id=f"{number}", created_at=now - 9 * DAY, read_at=now - 2 * DAY))
    gettext = translator(Language.ENGLISH).gettext
    assert ask(bot, "/budget @NASA").split("\n") == [
        "@nasa: about 4 posts a day",
        "100 posts stored, 12 of them paid for today",
        gettext("Last checked for new posts: {at:second}", at=now),
        gettext("Oldest figures: from {at:moment}", at=now - 2 * DAY),
        "Cost: $0.07 today, $0.07 this month, split between 2 chats",
        "Its chart is off by less than 0.1 %.",
    ]


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({}, "Reading starts within a minute."),
        ({"state": State.PROTECTED}, "Paused: protected."),
        ({"fetched_at": "now"}, "New posts wait until tomorrow: today's money does more good on other posts."),
        (
            {"fetched_at": "now", "finds_on": "today", "until_id": "17"},
            "Older posts are still being read, a few at a time, as money allows.",
        ),
    ],
)
def test_why_an_account_waits_is_told(bot: Bot, columns: dict[str, object], why: str) -> None:
    now = clock.now()
    track(
        bot.store,
        "nasa",
        CHAT,
        **{name: {"now": now, "today": now.date()}.get(str(each), each) for name, each in columns.items()},
    )
    assert ask(bot, "/budget nasa").split("\n")[-1] == why


def test_a_first_reading_waits_where_the_chat_has_used_its_share(bot: Bot) -> None:
    track(bot.store, "esa", OTHER)
    pay(bot.store, track(bot.store, "nasa", CHAT), 500)
    track(bot.store, "jaxa", CHAT)
    told = ask(bot, "/budget @jaxa").split("\n")
    assert told[0] == "@jaxa"
    assert told[-1] == (
        f"Not read yet: this chat's share of today's money is spent. Reading starts {midnight()} at the latest."
    )


def test_an_outage_of_the_network_is_why_its_accounts_wait(bot: Bot) -> None:
    track(bot.store, "nasa", CHAT)
    with bot.store.write_session() as db:
        until = clock.now() + DAY
        circuit_breakers.open(db, "x", lazy_gettext("X's credits ran out"), clock.now(), until)
    told = ask(bot, "/budget @nasa")
    assert "Reading X is paused: X's credits ran out. I'll try again" in told


def test_what_the_chat_does_not_track_is_not_explained_but_to_the_owner(bot: Bot) -> None:
    track(bot.store, "secret", OTHER)
    assert ask(bot, "/budget @secret ñ") == "Not tracked here: @secret"
    assert ask(bot, "/budget ñ") == "Not tracked here: ñ"
    assert ask(bot, "/budget @secret", chat_id=OWNER).startswith("@secret\n")


def test_three_accounts_are_explained_at_once(bot: Bot) -> None:
    for handle in ("a", "b", "c", "d", "e"):
        track(bot.store, handle, CHAT)
    told = ask(bot, "/budget @a @b @c @d @e")
    assert told.count("Not read yet") == 3
    assert told.endswith("Ask separately for @d and @e")


def test_spanish_is_told_in_spanish(bot: Bot) -> None:
    told = ask(bot, chat_id=OWNER + 1, language_code="es")
    assert told.startswith("Este chat no sigue cuentas de X.")
    told = ask(bot, chat_id=OWNER, language_code="es")
    assert "X hoy: 0,00\xa0US$ de 5,00\xa0US$; unos 0,00\xa0US$ a medianoche UTC" in told


def message(bot: Bot, chat_id: int) -> Json:
    return bot.chat(chat_id).messages()[-1]


def test_handles_link_to_their_profiles(bot: Bot) -> None:
    track(bot.store, "nasa", CHAT)
    ask(bot)
    links = [each["url"] for each in message(bot, CHAT)["entities"] if each["type"] == "text_link"]
    assert links == ["https://x.com/nasa"]
