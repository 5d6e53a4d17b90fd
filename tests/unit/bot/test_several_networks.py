"""What the bot says of networks where several are there, and where some are off: Toy costs nothing, X has no token."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from pydantic import SecretStr

from pipeline import clock
from pipeline.i18n import lazy_gettext
from pipeline.records import Profile, State
from pipeline.sources.registry import NETWORKS
from pipeline.store import accounts, chats, circuit_breakers
from pipeline.store.tables import Account, CircuitBreaker, Tracking
from tests.toy_network.facts import FILE, TOY
from tests.unit.bot.conftest import OWNER, Bot, running

X_IS_OFF = "X is off: it costs money, and the bot's owner has not set X_BEARER_TOKEN."
CHATS = count(61_000)


@pytest.fixture(scope="module", autouse=True)
def _toy() -> Iterator[None]:
    NETWORKS[TOY.key] = TOY
    yield
    del NETWORKS[TOY.key]


@pytest.fixture(scope="module")
def free() -> Iterator[Bot]:
    """A bot with Toy and without X, whose owner can be reached."""
    with running(networks=frozenset({"x"}), contact="owner@example.org") as started:
        (started.folder / FILE).write_text("{}")
        yield started


@pytest.fixture(scope="module")
def both() -> Iterator[Bot]:
    with running(networks=frozenset({"x"}), x_bearer_token=SecretStr("token")) as started:
        (started.folder / FILE).write_text("{}")
        yield started


@pytest.fixture(autouse=True)
def _nothing_tracked(free: Bot, both: Bot) -> None:
    for bot in (free, both):
        with bot.store.write_session() as db:
            for table in (Tracking, Account, CircuitBreaker):
                db.query(table).delete()


def track(bot: Bot, chat_id: int, network: str, *handles: str) -> None:
    with bot.store.write_session() as db:
        profiles = [Profile(handle, State.ACTIVE, handle) for handle in handles]
        accounts.save_profiles(db, profiles, network, clock.now())
        rows = accounts.find_by_remote_ids(db, handles, network)
        chats.add(db, chat_id, clock.now())
        chats.track(db, chat_id, [row.id for row in rows], clock.now())


def ask(bot: Bot, text: str, chat_id: int | None = None) -> str:
    return bot.chat(chat_id or next(CHATS)).ask(text)


def test_a_network_that_is_off_is_said_so_once_and_its_accounts_are_not_looked_up(free: Bot) -> None:
    assert ask(free, "/track @nasa @esa https://x.com/spacex") == X_IS_OFF


def test_what_is_no_name_is_said_beside_a_network_that_is_off(free: Bot) -> None:
    assert ask(free, "/track @nasa a|b") == f"Not added:\na|b: not an account name on Toy\n\n{X_IS_OFF}"


def test_examples_are_of_networks_that_are_on(free: Bot, both: Bot) -> None:
    for command in ("/start", "/help", "/track", "/list", "/compare"):
        assert "/track @ada~example" in ask(free, command)
        assert "/track @spacex @ada~example" in ask(both, command)


def test_help_tells_which_network_each_name_is_of_or_why_one_is_off(free: Bot, both: Bot) -> None:
    assert ask(free, "/help").split("\n\n")[-1].startswith(X_IS_OFF)
    told = ask(both, "/help").split("\n\n")[-1]
    assert told.startswith("The network is told by how a name is written: @spacex (X) and @ada~example (Toy).")


def test_start_names_the_networks_that_are_on(free: Bot, both: Bot) -> None:
    assert ask(free, "/start").startswith("I compare accounts on Toy: whose posts get more boosts or favourites.\n")
    assert ask(both, "/start").startswith(
        "I compare accounts on X and Toy: whose posts get more shares, likes or views.\n"
    )


def test_metrics_are_named_that_some_network_tells(free: Bot, both: Bot) -> None:
    told = ask(free, "/help")
    assert "\nMetrics: boosts, favourites, replies and quotes; all for engagement.\n" in told
    assert "1,000 views" not in told
    told = ask(both, "/help")
    assert "\nMetrics: shares, likes, replies, quotes, bookmarks and views; all for engagement.\n" in told
    assert "likes rate" in told


def test_status_tells_of_each_network_whether_it_is_on_and_how_often_it_is_read(free: Bot, both: Bot) -> None:
    lines = ask(free, "/status").split("\n")
    assert X_IS_OFF in lines
    assert "Toy: on" in lines
    assert not [line for line in lines if "X's bill" in line]
    track(both, 61_900, "toy", *(f"name{number}~example" for number in range(5)))
    lines = ask(both, "/status").split("\n")
    assert "X: on" in lines
    assert "Toy: on, each account is read about every 10 s" in lines
    assert not [line for line in lines if "X's bill" in line]
    owners = both.chat(OWNER).ask("/status").split("\n")
    assert {"X: on", "X's bill today: $0.00 of $5.00"} <= set(owners)


def test_the_pace_of_a_network_is_that_of_its_requests(both: Bot) -> None:
    """Toy allows 1,000 requests in 5 minutes: 200 accounts of 3 requests each take 180 seconds."""
    track(both, 61_901, "toy", *(f"name{number}~example" for number in range(200)))
    with both.store.write_session() as db:
        db.query(Account).update({"requests": 3})
    assert "Toy: on, each account is read about every 3m" in ask(both, "/status").split("\n")


def test_servers_that_are_not_asked_are_listed_the_last_one_first_and_not_all_of_many(both: Bot) -> None:
    now = clock.now()
    with both.store.write_session() as db:
        for minutes in range(8):
            reason = lazy_gettext("{network} did not answer in time", network="It")
            at, until = now - timedelta(minutes=minutes), now + timedelta(hours=1)
            circuit_breakers.open(db, f"toy host{minutes}.example", reason, at, until)
        circuit_breakers.open(db, "toybox", reason, now, now + timedelta(hours=1))
        circuit_breakers.open(db, "toy closed.example", reason, now, now - timedelta(minutes=1))
    told = both.chat(OWNER).ask("/status").split("\n")
    lines = [line for line in told if "is paused" in line or "more server" in line]
    assert [line.split()[1] for line in lines] == [*(f"host{minutes}.example" for minutes in range(5)), "3"]
    assert lines[0].startswith("Reading host0.example is paused until ")
    assert "It did not answer in time (since" in lines[0]
    assert lines[-1] == "and 3 more servers"


def test_a_network_that_is_not_asked_at_all_has_its_name(both: Bot) -> None:
    with both.store.write_session() as db:
        reason = lazy_gettext("{network} did not answer in time", network="Toy")
        circuit_breakers.open(db, "toy", reason, clock.now(), clock.now() + timedelta(hours=1))
    assert "Reading Toy is paused until" in ask(both, "/status")


def test_status_names_the_chats_own_accounts_that_cannot_be_read_and_why(both: Bot) -> None:
    track(both, 61_902, "toy", "ada~example", "bob~example")
    track(both, 61_903, "toy", "eve~example")
    with both.store.write_session() as db:
        db.query(Account).filter_by(handle="bob~example").update({"state": State.PROTECTED})
        reason = lazy_gettext("{network} did not answer in time", network="It")
        circuit_breakers.open(db, "toy elsewhere.example", reason, clock.now(), clock.now() + timedelta(hours=1))
    told = both.chat(61_902).ask("/status").split("\n")
    assert told[:3] == [
        "1 of 2 accounts cannot be read right now:",
        "@bob~example: protected",
        "Nothing has been read yet",
    ]
    assert not [line for line in told if "elsewhere" in line]
    assert both.chat(61_903).ask("/status").startswith("1 account is tracked here.\n")


def test_list_names_networks_where_there_are_several_and_those_that_are_off(free: Bot, both: Bot) -> None:
    for bot in (free, both):
        track(bot, 61_902, "x", "same")
        track(bot, 61_902, "toy", "same", "ada~example")
    lines = ask(both, "/list", 61_902).split("\n\n")[0].split("\n")
    assert sorted(lines[1:]) == [
        "@ada~example (Toy) · not read yet",
        "@same (Toy) · not read yet",
        "@same (X) · not read yet",
    ]
    assert ask(free, "/list", 61_902).split("\n\n")[0].endswith(X_IS_OFF)


def test_list_tells_what_one_should_know_of_an_account_for_as_long_as_that_is_so(both: Bot) -> None:
    track(both, 61_904, "toy", "ada~example")
    moved = Profile("ada~example", State.ACTIVE, "ada~example", note=lazy_gettext("moved to another account"))
    for profile, line in (
        (moved, "@ada~example (Toy) · not read yet · moved to another account"),
        (replace(moved, note=None), "@ada~example (Toy) · not read yet"),
    ):
        with both.store.write_session() as db:
            accounts.update_handles(db, [profile], "toy", clock.now())
        assert ask(both, "/list", 61_904).split("\n")[1] == line


def test_untrack_takes_the_account_of_the_network_that_the_name_is_of_and_leaves_the_other(both: Bot) -> None:
    track(both, 61_903, "x", "same")
    track(both, 61_903, "toy", "same", "ada~example")
    answer = ask(both, "/untrack @SAME https://toy.example/~ADA @bob~test", 61_903)
    assert answer == ("No longer tracked: @same (X) and @ada~example (Toy)\nWas not tracked: @bob~test (Toy)")
    assert ask(both, "/list", 61_903).split("\n\n")[0].split("\n")[1:] == ["@same (Toy) · not read yet"]


def test_a_comparison_of_several_networks_names_them(both: Bot) -> None:
    track(both, 61_904, "x", "nasa")
    track(both, 61_904, "toy", "ada~example")
    assert "of @ada~example (Toy) and @nasa (X)" in ask(both, "/compare @ada~example @nasa", 61_904)
    assert "of @ada~example (" in ask(both, "/compare @ada~example", 61_904)


def test_privacy_tells_what_is_paid_for_only_where_something_is_and_who_the_owner_is(free: Bot, both: Bot) -> None:
    told = ask(free, "/privacy")
    assert "What is paid for" not in told
    assert told.endswith("My owner: owner@example.org")
    assert "accounts on Toy: their handle and id, their number of followers" in told
    assert "X charges $0.005" in ask(both, "/privacy")
    assert "My owner" not in ask(both, "/privacy")


def test_budget_tells_what_is_free(free: Bot, both: Bot) -> None:
    assert ask(free, "/budget") == "Reading Toy is free."
    assert ask(both, "/budget").endswith("Reading Toy is free.")


BY_OTHER_NAMES = {
    "nasa.gov": f"did:plc:{'a' * 24}",
    "bob@corp.org": "bob@social.corp.org",
    "eve@xn--bcher-kva.org": "Eve@Bücher.org",
}
"""Accounts' handles, and what people may call them too."""


def test_a_tracked_account_is_found_by_other_names_that_it_has(both: Bot) -> None:
    with both.store.write_session() as db:
        chats.add(db, 61_910, clock.now())
        for network, handle, remote_id in (
            ("bluesky", "nasa.gov", BY_OTHER_NAMES["nasa.gov"]),
            ("fediverse", "bob@corp.org", "https://social.corp.org/users/bob#1"),
            ("fediverse", "eve@xn--bcher-kva.org", "https://xn--bcher-kva.org/users/eve#1"),
        ):
            accounts.save_profiles(db, [Profile(handle, State.ACTIVE, remote_id)], network, clock.now())
            chats.track(db, 61_910, [accounts.find_by_remote_ids(db, [remote_id], network)[0].id], clock.now())
    for handle, name in BY_OTHER_NAMES.items():
        assert f"@{handle}" in ask(both, f"/compare {name}", 61_910).split("…")[0]
        assert ask(both, f"/budget {name}", 61_910).startswith(f"@{handle}\n")
        assert ask(both, f"/untrack {name} {handle}", 61_910).startswith(f"No longer tracked: @{handle} (")
