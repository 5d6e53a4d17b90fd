"""Each kind of fault has its line, with what to do. No secret shows, nothing is paid for, nobody is waited for long."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from redis import Redis

from bot.doctor.checks import broker, clocks, database, disk, dropbox, money, networks, redis, telegram
from bot.doctor.finding import Check, line
from pipeline.i18n import translator
from pipeline.records import Language
from pipeline.settings import BotSettings
from pipeline.sources.registry import NETWORKS
from pipeline.store import Store, migrate
from tests.e2e.chat import HTTP, Sandbox
from tests.e2e.deployment import SECRETS, environment_of, make_database, running_sandbox

OF_NETWORK = dict(zip(NETWORKS, networks.CHECKS, strict=True))
USAGE = "/x/2/usage/tweets"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as address:
        yield Sandbox(address)


@pytest.fixture
def given(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a Tallybird that does not run, beside stand-ins that work."""
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    sandbox.post("reset")
    return environment_of(sandbox.address, tmp_path, tick_s=10)


def examine(check: Check, given: dict[str, str], **more: str) -> list[str]:
    values = {name.lower(): value for name, value in (given | more).items()}
    settings = BotSettings.model_validate({name: values[name] for name in BotSettings.model_fields if name in values})
    gettext = translator(Language.ENGLISH).gettext
    return [gettext(line(each)) for each in check.run(settings)]


def getme(**changed: object) -> dict[str, Any]:
    bot = {"id": 1, "is_bot": True, "first_name": "T", "username": "t_bot", "can_join_groups": True}
    return {"ok": True, "result": bot | changed}


def test_what_the_bot_may_do_on_telegram_is_told(sandbox: Sandbox, given: dict[str, str]) -> None:
    assert [each[0] for each in examine(telegram.CHECK, given)] == ["✓"] * 4
    body = getme(can_join_groups=False, can_read_all_group_messages=True)
    sandbox.post("faults", service="telegram", method="getMe", status=200, body=body)
    _, groups, privacy, *_ = examine(telegram.CHECK, given)
    assert groups.startswith("! Groups: nobody can add the bot")
    assert groups.endswith("/setjoingroups to @BotFather")
    assert privacy.startswith("! Privacy mode: off")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"status": 401, "body": {"ok": False, "error_code": 401}}, "✗ Telegram: refuses TELEGRAM_BOT_TOKEN. Put"),
        ({"status": 0}, "✗ Telegram does not answer. Look at this machine's network"),
    ],
)
def test_why_telegram_cannot_be_used_is_told(
    fault: dict[str, object], said: str, sandbox: Sandbox, given: dict[str, str]
) -> None:
    sandbox.post("faults", service="telegram", method="getMe", times=9, **fault)
    [found] = examine(telegram.CHECK, given)
    assert found.startswith(said)


def test_a_webhook_that_does_not_go_with_the_settings_is_told_without_its_path(
    sandbox: Sandbox, given: dict[str, str]
) -> None:
    wanted = {"WEBHOOK_URL": "https://bot.example"}
    assert examine(telegram.CHECK, given, **wanted)[-1].startswith("! Messages: Telegram knows no webhook yet")
    bot = f"{sandbox.address}/telegram/bot{SECRETS['TELEGRAM_BOT_TOKEN']}"
    answer = HTTP.post(f"{bot}/setWebhook", json={"url": "https://127.0.0.1/secret-path"})
    assert answer.json()["ok"], answer.text
    *_, polling = examine(telegram.CHECK, given)
    *_, elsewhere = examine(telegram.CHECK, given, **wanted)
    *_, right = examine(telegram.CHECK, given, WEBHOOK_URL="https://127.0.0.1")
    assert polling.startswith("✗ Messages: Telegram sends them to 127.0.0.1, where another program has this token")
    assert elsewhere.startswith("✗ Messages: Telegram sends them to 127.0.0.1, and not to WEBHOOK_URL")
    assert right == "✓ Messages: Telegram sends them to 127.0.0.1"
    assert "secret-path" not in polling + elsewhere


@pytest.mark.parametrize(
    ("network", "fault", "said"),
    [
        ("x", {"status": 401, "body": {"title": "Unauthorized"}}, "✗ X: X rejects the bot's access token. Look at"),
        ("x", {"status": 402, "body": {"title": "CreditsDepleted"}}, "✗ X: X's credits ran out. Look at the app"),
        ("x", {"status": 404, "body": {}}, "! X: answers, but does not tell the app what it has counted. If nothing"),
        ("x", {"status": 0}, "✗ X: X sent an answer that I can't read (ConnectionError). If that lasts, look at"),
        ("bluesky", {"status": 503}, "✗ Bluesky: Bluesky is not working right now (error 503). If that lasts"),
        ("fediverse", {"status": 503}, "✗ Fediverse: mastodon.social is not answering. If that lasts, look at"),
    ],
)
def test_why_a_network_cannot_be_read_is_told(
    network: str, fault: dict[str, object], said: str, sandbox: Sandbox, given: dict[str, str]
) -> None:
    assert examine(OF_NETWORK[network], given)[0][0] == "✓"
    sandbox.post("faults", service=network, times=9, **fault)
    assert examine(OF_NETWORK[network], given)[0].startswith(said)


def test_nothing_that_costs_money_is_asked_of_x(sandbox: Sandbox, given: dict[str, str]) -> None:
    before = sandbox.last_call()
    examine(OF_NETWORK["x"], given)
    assert {call["method"] for call in sandbox.calls("x", before)} == {"GET /2/usage/tweets"}
    assert examine(OF_NETWORK["x"], given, NETWORKS="bluesky") == ["✓ X is switched off by the bot's owner."]


SCOPE = {"error_summary": "missing_scope/", "error": {".tag": "missing_scope", "required_scope": "files.content.write"}}


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (
            {"method": "files/delete_v2", "status": 401, "body": SCOPE},
            "lacks the permission files.content.write: add it",
        ),
        ({"status": 400, "body": {"error": "invalid_grant"}}, "log in again with python -m pipeline.dropbox.login"),
        ({"status": 0}, "If that lasts, look at this machine's network"),
    ],
)
def test_why_dropbox_cannot_be_used_is_told(
    fault: dict[str, object], said: str, sandbox: Sandbox, given: dict[str, str]
) -> None:
    assert examine(dropbox.CHECK, given) == ["✓ Dropbox: accepts the log-in, and lets files be written"]
    sandbox.post("faults", service="dropbox", times=9, **fault)
    [found] = examine(dropbox.CHECK, given)
    assert found.startswith("✗ Dropbox: ")
    assert said in found


def test_a_redis_that_is_full_or_away_is_told(given: dict[str, str], redis_url: str) -> None:
    [well] = examine(redis.CHECK, given, REDIS_URL=redis_url)
    assert well.startswith("✓ Redis: answers.")
    with Redis.from_url(redis_url) as client:
        client.config_set("maxmemory", 1)
        [full] = examine(redis.CHECK, given, REDIS_URL=redis_url)
        client.config_set("maxmemory", 0)
    assert full.startswith("✗ Redis: takes nothing: ")
    [away] = examine(redis.CHECK, given, REDIS_URL="redis://127.0.0.1:1/0")
    assert away.startswith("✗ Redis: the server does not answer. See that it runs")
    assert examine(redis.CHECK, given) == ["✓ Redis: a private one, which starts with Tallybird"]


def test_why_the_broker_cannot_be_used_is_told(given: dict[str, str], rabbitmq: str) -> None:
    said = [
        *examine(broker.CHECK, given, BROKER_URL=f"amqp://guest:guest@{rabbitmq}//"),
        *examine(broker.CHECK, given, BROKER_URL=f"amqp://guest:guest@{rabbitmq}/nowhere"),
        *examine(broker.CHECK, given, BROKER_URL="amqp://guest:guest@127.0.0.1:1//"),
    ]
    assert said[0] == "✓ Broker: answers"
    assert said[1].startswith("✗ Broker: the server has no such vhost")
    assert said[2].startswith("✗ Broker: the server does not answer")


def test_the_state_of_the_database_is_told(given: dict[str, str], postgres_url: str) -> None:
    url = f"{postgres_url}/doctor"
    driver = url.replace("postgresql:", "postgresql+psycopg:")
    [missing] = examine(database.CHECK, given, DATABASE_URL=driver)
    with psycopg.connect(f"{postgres_url}/postgres", autocommit=True) as server:
        server.execute("CREATE DATABASE doctor")
        server.execute("ALTER DATABASE doctor SET TimeZone = 'Asia/Tokyo'")
    [new] = examine(database.CHECK, given, DATABASE_URL=driver)
    assert examine(money.CHECK, given, DATABASE_URL=driver) == []
    store = Store(driver)
    migrate.migrate(store)
    store.close()
    [good] = examine(database.CHECK, given, DATABASE_URL=driver)
    [bill] = examine(money.CHECK, given, DATABASE_URL=driver)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    [newer] = examine(database.CHECK, given, DATABASE_URL=driver)
    assert missing.startswith("✗ Database: ")
    assert 'database "doctor" does not exist' in missing
    assert new.startswith("! Database: PostgreSQL")
    assert "The next start of Tallybird brings it to" in new
    assert good.startswith("✓ Database: PostgreSQL")
    assert good.endswith("times in UTC")
    assert bill.startswith("✓ X: $0.00 of $50.00 spent today")
    assert newer.startswith("✗ Database: a newer version of Tallybird has changed it")


def test_the_doctor_makes_no_database(given: dict[str, str], tmp_path: Path) -> None:
    assert examine(database.CHECK, given) == ["✓ Database: SQLite, made when Tallybird first starts"]
    assert not list(tmp_path.iterdir())
    make_database(tmp_path / "data", f"sqlite:///{tmp_path}/data/tallybird.db")
    assert examine(database.CHECK, given)[0].startswith("✓ Database: SQLite, up to date")


def test_a_clock_that_is_wrong_is_told(sandbox: Sandbox, given: dict[str, str], redis_url: str) -> None:
    assert examine(clocks.CHECK, given, REDIS_URL=redis_url) == ["✓ Clock: right by Telegram's"]
    sandbox.post("clock", ahead_s=60)
    for_redis, own = examine(clocks.CHECK, given, REDIS_URL=redis_url)
    assert for_redis.startswith("! Clock: that of Redis differs by 60 s")
    assert own.startswith("! Clock: that of this machine differs by 60 s")


def test_a_folder_that_takes_nothing_is_told(given: dict[str, str]) -> None:
    assert examine(disk.CHECK, given)[0][0] == "✓"
    [found] = examine(disk.CHECK, given, DATA_DIR="/proc/tallybird")
    assert found.startswith("✗ Disk: nothing can be written to /proc")


def test_nobody_is_waited_for_long_and_no_secret_shows(sandbox: Sandbox, given: dict[str, str], tmp_path: Path) -> None:
    for service in ("telegram", "x", "bluesky", "fediverse", "dropbox"):
        sandbox.post("faults", service=service, delay=300, times=99)
    password = {
        "DATABASE_URL": "postgresql://u:marked-password@127.0.0.1:1/d",
        "REDIS_URL": "redis://:marked-redis@127.0.0.1:1",
    }
    done, took_s = run_console(tmp_path, given | password)
    assert done.returncode == 1
    assert took_s < 60
    for name in ("Telegram", "X", "Bluesky", "Fediverse", "Dropbox"):
        assert f"✗ {name}: no answer within 5 s" in done.stdout
    assert "✗ Redis: the server does not answer" in done.stdout
    assert "✗ Database: connection failed" in done.stdout
    assert not [secret for secret in (*SECRETS.values(), "marked-password", "marked-redis") if secret in done.stdout]
    assert not done.stderr


def test_wrong_settings_are_told_line_by_line(given: dict[str, str], tmp_path: Path) -> None:
    done, _ = run_console(tmp_path, given | {"TICK_SECONDS": "soon", "TELEGRAM_BOT_TOKEN": "marked"})
    assert done.returncode == 1
    token, tick, rest = done.stdout.splitlines()
    assert token.startswith("✗ Settings: TELEGRAM_BOT_TOKEN: is not a bot's token. Put here")
    assert tick.startswith("✗ Settings: TICK_SECONDS: ")
    assert rest.startswith("✗ Nothing else can be examined")


def run_console(folder: Path, environment: dict[str, str]) -> "tuple[subprocess.CompletedProcess[str], float]":
    """Run the command in this folder; also how many seconds it took."""
    began = time.monotonic()
    command = [sys.executable, "-m", "bot", "doctor"]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=100
    )
    return done, time.monotonic() - began
