"""What a chat is told of itself: the same figures as from all chats' rows, from as many rows however many chats are."""

from collections.abc import Collection
from datetime import timedelta
from decimal import Decimal
from math import ceil
from random import Random

import pytest
from pydantic import SecretStr
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from bot import account_readings, bill, costs, network_readings
from bot.bill import Viewer
from bot.network_readings import describe_next
from pipeline.planning import estimate
from pipeline.records import LazyString, Profile, State
from pipeline.settings import Settings
from pipeline.sources.registry import NETWORKS
from pipeline.sources.source import service_of
from pipeline.sources.x.facts import X
from pipeline.store import Store, accounts, budget, chats, openings, shares
from pipeline.store.budget import Known, Spent
from pipeline.store.ledger import POSTS, USERS, Money
from pipeline.store.tables import Account, Chat, Tracking
from tests.integration.store.conftest import NOON, counting_rows, explain

TODAY = NOON.date()
DAY = timedelta(days=1)
CHATS, ACCOUNTS = range(1, 13), range(1, 31)
MINE, OTHER = 1, 3
MONEY = Money(TODAY, Decimal(1), Decimal(3), Decimal(5), Decimal(50))
SETTINGS = Settings(x_bearer_token=SecretStr("x" * 30), posts_per_account=300, _env_file=None)
VIEWER = Viewer(SETTINGS, MINE, sees_all=False, now=NOON)
OF_NETWORKS = ("x", "x", "bluesky", "fediverse")
HOSTS = ("one.example", "one.example:8080", "two.example", "three.example")


@pytest.fixture(params=[1, 2, 3])
def chance(request: pytest.FixtureRequest) -> Random:
    return Random(request.param)


def fill(db: Session, chance: Random) -> None:
    """Chats, one of which is away, that track any accounts; and what was asked for of these, by whomever."""
    db.add_all(Chat(id=each, added_at=NOON) for each in CHATS)
    db.add_all(make_account(each, chance) for each in ACCOUNTS)
    db.flush()
    for chat_id in CHATS:
        tracked = chance.sample(ACCOUNTS, chance.randrange(9))
        db.add_all(Tracking(chat_id=chat_id, account_id=each, added_at=NOON) for each in tracked)
    db.get_one(Chat, 5).inactive_reason = "blocked"
    db.flush()
    for account_id in on_x():
        add_openings(db, account_id, chance.choice(CHATS), chance)
    pending = [str(chance.choice(on_x())), f"{chance.choice(on_x())} before 77"]
    for days in (0, 1, 40):
        openings.reserve(db, openings.Day("x", TODAY - days * DAY), POSTS, 30, pending)
    chats.untrack(db, 2, accounts_of(db, 2)[:1])


def make_account(number: int, chance: Random) -> Account:
    network = OF_NETWORKS[number % len(OF_NETWORKS)]
    host = HOSTS[number // len(OF_NETWORKS) % len(HOSTS)]
    remote_id = f"https://{host}/users/{number}#{number}" if network == "fediverse" else f"{number}"
    rate = chance.choice([None, 0.0, 0.1, chance.uniform(0, 3), chance.uniform(40, 60), 900.0])
    return Account(
        id=number,
        network=network,
        remote_id=remote_id,
        handle=f"a{number}",
        state=chance.choice([State.ACTIVE, State.ACTIVE, State.SUSPENDED]),
        fetched_at=chance.choice([NOON, None]),
        polled_at=chance.choice([NOON, NOON, None]),
        requests=chance.choice([None, 0, 1, 4]),
        posts_per_day=rate,
    )


def add_openings(db: Session, account_id: int, chat_id: int, chance: Random) -> None:
    """Posts of the account, its profile, which this chat asked for, and what is planned."""
    for days in range(25):
        day = openings.Day("x", TODAY - days * DAY)
        opened = {f"{account_id}-{days}-{number}": account_id for number in range(chance.randrange(4))}
        openings.ask(db, day, POSTS, opened)
    openings.ask(db, openings.Day("x", TODAY), USERS, {f"{account_id}": account_id}, chat_id=chat_id)
    openings.plan(db, openings.Day("x", TODAY), [(account_id, "planned")], NOON)


def on_x() -> list[int]:
    return [each for each in ACCOUNTS if OF_NETWORKS[each % len(OF_NETWORKS)] == "x"]


def accounts_of(db: Session, chat_id: int) -> list[int]:
    return [account.id for account in chats.list_tracked_accounts(db, chat_id)]


def rounded(usd: Decimal) -> Decimal:
    """Without the last of 28 digits, which depend on the order in which parts are summed."""
    return round(usd, 12)


def test_a_chats_bill_is_its_part_of_all_bills(store: Store, chance: Random) -> None:
    with store.write_session() as db:
        fill(db, chance)
        by_chat, by_account = budget.by_chat(db, X, TODAY), budget.by_account(db, X, TODAY)
        members = shares.chats_by_account(db, "x")
        for chat_id in CHATS:
            expected = by_chat.get(chat_id, Spent())
            assert [*map(rounded, budget.of_chat(db, X, TODAY, chat_id))] == [*map(rounded, expected)]
            payers = {account_id: len(of_it) for account_id, of_it in members.items() if chat_id in of_it}
            assert shares.count_payers(db, "x", chat_id) == payers
            of_these = {account_id: spent for account_id, spent in by_account.items() if account_id in payers}
            assert budget.by_account(db, X, TODAY, payers) == of_these


def test_what_is_left_for_a_chat_is_what_all_shares_of_the_day_leave_it(store: Store, chance: Random) -> None:
    with store.write_session() as db:
        fill(db, chance)
        day, members = budget.shares_of_day(db, X, MONEY, [*CHATS, 99]), shares.chats_by_account(db, "x")
        tracking = {chat for of_account in members.values() for chat in of_account}
        assert shares.count_chats(db, "x") == len(tracking)
        for chat_id in (*CHATS, 99):
            with_it = day._replace(share=MONEY.daily / len(tracking | {chat_id}))
            of_all = budget.by_chat(db, X, TODAY).get(chat_id, Spent()).today
            assert rounded(day.spent[chat_id]) == rounded(of_all)
            assert rounded(budget.left_for(db, X, MONEY, chat_id)) == rounded(with_it.left_for(chat_id))


def test_what_is_known_and_estimated_is_what_each_tracked_account_says(store: Store, chance: Random) -> None:
    with store.write_session() as db:
        fill(db, chance)
        members, tracked = shares.chats_by_account(db, "x"), accounts.list_tracked(db, "x")
        assert X.price is not None
        rates = [Decimal(each.posts_per_day or 0) for each in tracked]
        expected = sum(estimate.daily_usd(rate, X.price.post_usd) for rate in rates)
        assert budget.estimated_usd(db, X, X.price) == pytest.approx(expected)
        known = budget.known(db, X, [f"{each}" for each in on_x()], MINE)
        for account_id in on_x():
            account, others = db.get_one(Account, account_id), {*members.get(account_id, ())} - {MINE}
            assert known[f"{account_id}"] == Known(account.fetched_at is not None, account.posts_per_day, len(others))


@pytest.mark.parametrize("key", ["bluesky", "fediverse"])
def test_how_often_accounts_are_read_is_told_by_what_each_of_a_servers_accounts_takes(
    store: Store, chance: Random, key: str
) -> None:
    network, usual = NETWORKS[key], ceil(SETTINGS.posts_per_account / NETWORKS[key].posts_per_request)
    with store.write_session() as db:
        fill(db, chance)
        requests, numbers = dict[str, int](), dict[str, int]()
        for account in accounts.list_tracked(db, key):
            if account.state is State.ACTIVE:
                service = service_of(network, account.remote_id)
                requests[service] = requests.get(service, 0) + (account.requests or usual)
                numbers[service] = numbers.get(service, 0) + 1
        told_requests, told_numbers = dict.fromkeys(requests, 0), dict.fromkeys(numbers, 0)
        for load in accounts.list_loads(db, key, by_server=network.has_servers):
            service = service_of(network, load.remote_id)
            told_requests[service] += load.requests + load.unknown * usual
            told_numbers[service] += load.accounts
    assert (told_requests, told_numbers) == (requests, numbers)


def test_an_id_that_begins_with_no_address_is_a_server_by_itself(store: Store) -> None:
    ids = ["7", "user@one.example", "user@two.example/1", "://", "https://one.example"]
    with store.write_session() as db:
        profiles = [Profile(f"a{number}", State.ACTIVE, each) for number, each in enumerate(ids)]
        accounts.save_profiles(db, profiles, "fediverse", NOON)
        chats.add(db, MINE, NOON)
        chats.track(db, MINE, accounts.list_ids(db), NOON)
        loads = accounts.list_loads(db, "fediverse", by_server=True)
    assert sorted(load.remote_id for load in loads) == sorted(ids)
    assert {load[1:] for load in loads} == {(1, 0, 1)}


def test_what_a_chat_is_told_takes_as_many_rows_whatever_others_track(store: Store) -> None:
    with store.write_session() as db:
        fill(db, Random(4))
        db.execute(update(Account).values(state=State.ACTIVE))
        chats.track(db, OTHER, ACCOUNTS, NOON)
        chats.track(db, MINE, [*on_x()[:3], 2, 3], NOON)
        alone = rows_for(db)
        add_others(db)
        assert rows_for(db) == alone


def rows_for(db: Session) -> list[list[int]]:
    """How many rows each query gets for /budget, /budget @a1, /status, Refresh and the costs that /track tells."""
    counts = []
    for ask in (tell_bill, tell_account, tell_networks, tell_next, tell_costs):
        db.expire_all()
        with counting_rows(db) as rows:
            assert ask(db)
        counts.append(list(rows))
    return counts


def tell_bill(db: Session) -> list[LazyString]:
    return bill.describe(db, VIEWER)


def tell_account(db: Session) -> list[LazyString]:
    return account_readings.describe(db, db.get_one(Account, on_x()[0]), VIEWER)


def tell_networks(db: Session) -> list[LazyString]:
    here = chats.list_tracked_accounts(db, MINE)
    return [line for each in NETWORKS.values() for line in network_readings.describe(db, each, here, VIEWER)]


def tell_next(db: Session) -> LazyString:
    return describe_next(db, accounts_of(db, MINE), SETTINGS, NOON)


def tell_costs(db: Session) -> list[LazyString]:
    profiles = [Profile("a1", State.ACTIVE, "1"), Profile("new", State.ACTIVE, "new")]
    return costs.describe(db, SETTINGS, X, profiles, chat_id=MINE, now=NOON)


def add_others(db: Session) -> None:
    """Many more chats and accounts, all on the servers that are read already."""
    chance = Random(5)
    numbers = range(1000, 1200)
    db.add_all(Chat(id=each, added_at=NOON) for each in numbers)
    db.add_all(make_account(each, chance) for each in numbers)
    db.flush()
    db.add_all(Tracking(chat_id=each, account_id=other, added_at=NOON) for each in numbers for other in (each, 4))
    db.flush()
    for account_id in numbers:
        if OF_NETWORKS[account_id % len(OF_NETWORKS)] == "x":
            add_openings(db, account_id, account_id, chance)


def test_a_chats_bill_reads_its_own_openings_alone(store: Store) -> None:
    with store.write_session() as db:
        fill(db, Random(6))
        chats.track(db, MINE, on_x()[:3], NOON)
        add_others(db)
        if store.engine.dialect.name == "postgresql":  # which does so by itself, as SQLite does not
            db.execute(text("ANALYZE"))
    steps = explain(store, "openings", lambda db: [tell_bill(db), budget.readings(db, X, on_x()[0], TODAY)])
    assert indexes_in(steps) == {"ix_openings_account_id", "ix_openings_chat_id"}
    assert [step for step in steps if "openings" in step and ("SCAN" in step or "Seq Scan" in step)] == []


def indexes_in(steps: Collection[str]) -> set[str]:
    """The indexes of openings that a plan uses, with that of the primary key."""
    return {word for step in steps for word in step.split() if "openings_" in word}
