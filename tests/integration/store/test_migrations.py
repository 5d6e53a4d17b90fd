import subprocess
import sys
from datetime import date, datetime, timedelta
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Date, bindparam, inspect, select, text
from sqlalchemy.orm import Session

from pipeline import clock
from pipeline.i18n import translator
from pipeline.records import ChartSpec, Comparison, Language, Metric, Span, Theme, View
from pipeline.steps.snapshot import snapshot
from pipeline.store import Store, circuit_breakers, comparisons, datasets, dropbox_files, notices
from pipeline.store.migrate import migrate
from pipeline.store.tables import EPOCH, Account, Base, Notice, Opening, Post, UtcDateTime
from tests.conftest import NETWORK, ROOT
from tests.integration.store.conftest import NOON

BEFORE_VIEWS = "0010"
OPEN = """
import sys
from pipeline.store import Store
from pipeline.store.migrate import migrate
migrate(Store(sys.argv[1]))
"""


def test_many_processes_that_start_together_migrate_once(address: str) -> None:
    command = [sys.executable, "-c", OPEN, address]
    started = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) for _ in range(4)]
    errors = [process.communicate(timeout=60)[1].decode() for process in started]
    assert [process.returncode for process in started] == [0] * 4, errors
    store = Store(address)
    with store.read_session() as db:
        assert len(db.execute(text("SELECT version_num FROM alembic_version")).all()) == 1
    store.close()


def test_the_migrations_make_what_the_tables_say(store: Store) -> None:
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_a_comparison_from_before_there_were_more_views_is_found_again(address: str) -> None:
    store = Store(address)
    migrate(store, "0001")
    with store.write_session() as db:
        db.execute(
            text(
                "INSERT INTO comparisons (id, key, metric, view, count, theme, wanted, drawn)"
                " VALUES (5, 'likes posts 50 dark 1,2', 'likes', 'posts', 50, 'dark', 0, 0)"
            )
        )
    migrate(store)
    with store.write_session() as db:
        found = comparisons.get_or_create(
            db, Comparison((1, 2), ChartSpec(Metric.LIKES, View.POSTS, 50, theme=Theme.DARK))
        )
        assert (found.id, found.key) == (5, "likes posts 50 count day dark en UTC False 1,2")
    store.close()


def execute(db: Session, statement: str, values: dict[str, Any]) -> None:
    """Run a statement of an earlier schema; moments and days are written as the tables write them."""
    types: dict[type, Any] = {datetime: UtcDateTime(), date: Date()}
    used = {name: value for name, value in values.items() if f":{name}" in statement}
    typed = [bindparam(name, type_=types[type(value)]) for name, value in used.items() if type(value) in types]
    db.execute(text(statement).bindparams(*typed), used)


def test_what_was_to_be_told_before_there_was_a_choice_of_language_is_still_told(address: str) -> None:
    store = Store(address)
    migrate(store, "0002")
    sentence, until = "X answered: {odd} “title”", NOON + timedelta(days=1)
    with store.write_session() as db:
        values = {"said": sentence, "since": NOON, "until": until}
        execute(db, "INSERT INTO notices (id, key, text, until) VALUES (1, 'stop', :said, :until)", values)
        execute(db, "INSERT INTO stops (network, reason, since, until) VALUES ('x', :said, :since, :until)", values)
    migrate(store)
    with store.read_session() as db:
        rows_by_name = [
            (chat_id, translator(*locale).gettext(words))
            for _, chat_id, words, locale in notices.list_unsent(db, [7], NOON)
        ]
        assert rows_by_name == [(7, sentence)]
        stop = circuit_breakers.find_open(db, NETWORK, NOON)
        assert stop is not None
        assert translator(Language.SPANISH).gettext(stop.reason) == sentence
    store.close()


def test_accounts_that_bore_one_handle_are_told_apart(address: str) -> None:
    store = Store(address)
    migrate(store, "0005")
    with store.write_session() as db:
        for number, handle, state in ((1, "nasa", "suspended"), (2, "NASA", "active"), (3, "esa", "active")):
            row = {"id": number, "remote_id": str(number), "handle": handle, "state": state}
            db.execute(
                text(
                    "INSERT INTO accounts (id, network, remote_id, handle, state, stale)"
                    " VALUES (:id, 'x', :remote_id, :handle, :state, false)"
                ),
                row,
            )
    migrate(store)
    with store.read_session() as db:
        assert db.execute(text("SELECT handle FROM accounts ORDER BY id")).scalars().all() == [
            "nasa-old",
            "NASA",
            "esa",
        ]
    store.close()


def test_the_datasets_of_what_is_followed_outlive_that_there_were_others(address: str) -> None:
    store = Store(address)
    migrate(store, "0006")
    rows = [
        "INSERT INTO chats (id, added_at, theme, language) VALUES (9, '2026-01-01 00:00:00', 'light', 'en')",
        *(
            "INSERT INTO accounts (id, network, remote_id, handle, state, stale)"
            f" VALUES ({number}, 'x', '{number}', 'a{number}', 'active', false)"
            for number in (1, 2, 3)
        ),
        *(
            f"INSERT INTO trackings (chat_id, account_id, added_at) VALUES (9, {number}, '2026-01-01 00:00:00')"
            for number in (2, 1)
        ),
    ]
    for number, count, members in ((1, 100, (1, 2)), (2, 50, (1,)), (3, 20, (3,)), (4, 30, (2, 1))):
        rows.append(
            "INSERT INTO comparisons"
            " (id, key, metric, view, count, basis, span, theme, language, wanted, drawn, used_at)"
            f" VALUES ({number}, '{number}', 'likes', 'posts', {count}, 'count', 'day', 'dark', 'en', 0, 0,"
            " '2026-01-01 00:00:00')"
        )
        rows += [f"INSERT INTO comparison_accounts VALUES ({number}, {member})" for member in members]
    rows += [
        "INSERT INTO subscriptions (id, chat_id, comparison_id, everything, mode, from_version, next_at)"
        f" VALUES ({number}, 9, {number}, false, '{mode}', 0, '2026-01-01 00:00:00')"
        for number, mode in ((2, "live"), (3, "once"))
    ]
    rows.append(
        "INSERT INTO dropbox_files (path, comparison_id, wanted, uploaded, next_at)"
        " VALUES ('/A1-last-50-abcdef.csv', 2, 'd', 'd', '2026-01-01 00:00:00')"
    )
    with store.write_session() as db:
        for row in rows:
            db.execute(text(row))
    migrate(store)
    with store.read_session() as db:
        assert datasets.list_due(db, 100) == ["100 1,2", "30 1,2", "50 1"]
        assert datasets.list_unneeded(db, 100, datasets.list_due(db, 100)) == {"30 1,2"}
        assert dropbox_files.list_due(db, "account", NOON) == ["/a1-last-50-abcdef.csv"]
    store.close()


def test_views_that_x_did_not_count_are_not_zero_any_more(address: str) -> None:
    store = Store(address)
    migrate(store, BEFORE_VIEWS)
    rows_by_name = {
        "old": ("2022-12-14 23:59:59", 0),
        "day": ("2022-12-15 10:00:00", 0),
        "seen": ("2022-12-15 10:00:00", 7),
    }
    rows_by_name |= {"new": ("2023-01-01 00:00:00", 0)}
    with store.write_session() as db:
        zone = "+00" if db.get_bind().dialect.name == "postgresql" else ".000000"
        account = "INSERT INTO accounts (id, network, remote_id, handle, state, stale)"
        db.execute(text(f"{account} VALUES (1, 'x', '1', 'a', 'active', false)"))
        for name, (at, views) in rows_by_name.items():
            row = {"id": name, "at": f"{at}{zone}", "day": "2026-11-23", "views": views}
            posts = "INSERT INTO posts (account_id, post_id, created_at, billed_on, views)"
            db.execute(text(f"{posts} VALUES (1, :id, :at, :day, :views)"), row)
            db.execute(text("INSERT INTO history (account_id, post_id, at, views) VALUES (1, :id, :at, :views)"), row)
    migrate(store, "0012")
    with store.read_session() as db:
        for table in ("posts", "history"):
            rows = db.execute(text(f"SELECT post_id, views FROM {table}")).all()
            assert {row[0]: row[1] for row in rows} == {"old": None, "day": None, "seen": 7, "new": 0}
    store.close()


def test_history_from_before_is_kept_as_far_as_charts_look_back_and_claims_no_more_than_it_told(address: str) -> None:
    """It did not record fetches that found no change."""
    store, now = Store(address), clock.now()
    migrate(store, "0014")
    minutes = {20 * 24 * 60: 3, 40: 10, **{ago: 100 - ago for ago in range(30, 9, -1)}}
    at = {"made": now - timedelta(days=30), "day": now.date(), "read": now - timedelta(minutes=10), "no": False}
    account = (
        "(id, network, remote_id, handle, state, stale, fetched_at) VALUES (1, 'x', '1', 'a', 'active', :no, :read)"
    )
    with store.write_session() as db:
        execute(db, f"INSERT INTO accounts {account}", at)
        posts = "(account_id, post_id, created_at, billed_on, reposts) VALUES (1, '1', :made, :day, 90)"
        execute(db, f"INSERT INTO posts {posts}", at)
        for ago, count in minutes.items():
            counted = {"at": now - timedelta(minutes=ago), "count": count}
            execute(db, "INSERT INTO history (account_id, post_id, at, reposts) VALUES (1, '1', :at, :count)", counted)
    migrate(store)
    with store.write_session() as db:
        spec = ChartSpec(view=View.GROWTH, span=Span.HOUR)
        data = snapshot(db, comparisons.get_or_create(db, Comparison((1,), spec)), now).data
        assert not inspect(db.connection()).has_table("history")
    [row] = data.rows
    assert (row.total, row.since) == (90 - 10, now - timedelta(minutes=40))
    assert row.gaps == ((now - timedelta(minutes=40), now - timedelta(minutes=30)),)
    assert [gained for _, gained in row.gains] == [60, *range(61, 81)]
    store.close()


def test_a_text_stored_before_there_were_plurals_is_still_told(address: str) -> None:
    """In English, where the catalogues have other words by now."""
    store = Store(address)
    migrate(store, "0015")
    title = '{"words":"X answered: {title}","values":{"title":"\\"words\\": {1}"}}'
    reason = f'{{"words":"{{reason}}.","values":{{"reason":{title}}}}}'
    with store.write_session() as db:
        values = {"reason": reason, "since": NOON, "until": NOON + timedelta(days=1)}
        execute(db, "INSERT INTO stops (network, reason, since, until) VALUES ('x', :reason, :since, :until)", values)
    migrate(store)
    with store.read_session() as db:
        stop = circuit_breakers.find_open(db, NETWORK, NOON)
        assert stop is not None
        assert translator(Language.SPANISH).gettext(stop.reason) == 'X answered: "words": {1}.'
    store.close()


def test_what_was_billed_and_said_before_there_were_more_networks_is_of_x(address: str) -> None:
    store = Store(address)
    migrate(store, "0015")
    until = NOON + timedelta(days=1)
    late = '{"words":"X answered with status {status}","values":{"status":503}}'
    told = f'{{"words":"{{reason}}. The next try is {{until:moment}}.","values":{{"reason":{late},"until":"{until}"}}}}'
    gone = '{"words":"a text that no version says any more: {count}","values":{"count":2}}'
    account = "INSERT INTO accounts (id, network, remote_id, handle, state, stale, problem)"
    notice = "INSERT INTO notices (id, key, text, until, admins_only)"
    with store.write_session() as db:
        db.execute(text("INSERT INTO billed (day, resource, count) VALUES ('2026-11-23', 'posts', 200)"))
        db.execute(text(f"{account} VALUES (1, 'x', '1', 'nasa', 'active', false, :late)"), {"late": late})
        db.execute(text(f"{account} VALUES (2, 'x', '2', 'esa', 'active', false, :gone)"), {"gone": gone})
        for number, key in enumerate(("stop x X answered with status {status} on 2026-11-23", "budget day until 1")):
            values = {"id": number, "key": key, "text": told, "until": until}
            execute(db, f"{notice} VALUES (:id, :key, :text, :until, false)", values)
    migrate(store)
    with store.read_session() as db:
        assert db.execute(text("SELECT network, count FROM ledger")).all() == [("x", 200)]
        keys = db.execute(text("SELECT key FROM notices ORDER BY id")).scalars().all()
        assert keys == ["stop x {network} answered with status {status} on 2026-11-23", "budget x day until 1"]
        problems = db.scalars(select(Account.problem).order_by(Account.id)).all()
        [said, _] = [each.text for each in db.scalars(select(Notice))]
    english, spanish = (translator(language).gettext for language in (Language.ENGLISH, Language.SPANISH))
    assert [english(each) for each in problems if each] == [
        "X answered with status 503",
        "a text that no version says any more: 2",
    ]
    assert spanish(said).startswith("X answered with status 503.")
    assert spanish(problems[1] or "") == "a text that no version says any more: 2", "in English, rather than not at all"
    store.close()


def test_posts_of_before_are_dated_by_what_they_were_billed_for(address: str) -> None:
    """One is of the day of the last fetch, one of a day before; the profile was billed on another day than they."""
    store, midnight = Store(address), NOON.replace(hour=0)
    migrate(store, "0018")
    values = {"read": NOON, "made": NOON - timedelta(days=9), "no": False, "today": NOON.date()}
    values |= {"before": NOON.date() - timedelta(days=2), "later": NOON - timedelta(days=8)}
    account = "(id, network, remote_id, handle, state, stale, fetched_at, billed_on)"
    post = "INSERT INTO posts (account_id, post_id, created_at, billed_on, missing_counts)"
    with store.write_session() as db:
        for number, fetched_at in ((1, ":read"), (2, "NULL")):
            row = f"({number}, 'x', 'r{number}', 'a{number}', 'active', :no, {fetched_at}, :before)"
            execute(db, f"INSERT INTO accounts {account} VALUES {row}", values)
        execute(db, f"{post} VALUES (1, '7', :made, :today, 0)", values)
        execute(db, f"{post} VALUES (1, '6', :later, :before, 0)", values)
        execute(db, f"{post} VALUES (2, '9', :made, :before, 0)", values)
        execute(db, "INSERT INTO ledger (network, day, resource, count) VALUES ('x', :today, 'posts', 5)", values)
        execute(db, "INSERT INTO ledger (network, day, resource, count) VALUES ('x', :before, 'users', 2)", values)
    migrate(store)
    with store.read_session() as db:
        read_at = {each.post_id: each.read_at for each in db.scalars(select(Post))}
        assert read_at == {"7": NOON, "6": midnight - timedelta(days=1), "9": midnight - timedelta(days=1)}
        [opening] = db.scalars(select(Opening))
        assert (opening.day, opening.resource, opening.remote_id) == (NOON.date(), "posts", "7")
        assert (opening.account_id, opening.asked, opening.returned, opening.next_at) == (1, True, True, EPOCH)
        assert db.scalars(select(Account.since_id).order_by(Account.id)).all() == ["6", None], "the newest by its time"
    store.close()
