"""No token or password is logged, stored in the open or sent, however verbose the logs and whatever fails."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest

from pipeline.store import Store, circuit_breakers
from pipeline.supervise import _redis_server
from tests.conftest import ROOT, free_port, until
from tests.e2e.chat import HTTP, Sandbox
from tests.e2e.deployment import INHERITED_VARIABLES, SECRETS, Deployment, running, running_sandbox
from tests.e2e.figures import own_posts
from tests.servers import rabbitmqctl

VERBOSE = {"PYTHONPATH": f"{Path(__file__).parent / 'verbose_logging'}:{ROOT}"}
PASSWORD = "marked-{}-p%40ss-0123456789"
MARKS = re.compile(rb"marked-[a-z]+-(token|bearer|refresh|p(@|%40)ss)[a-z0-9-]*|sl\.[0-9]{10,}\.[0-9a-f]+")
"""Matches every secret of these tests, and the access tokens that the sandbox issues for Dropbox."""
OTHER_TOKEN = "4343:marked-telegram-token-9876543210"
NAME = f"tallybird_secrets_{os.getpid()}"
UNAUTHORIZED = {"ok": False, "error_code": 401, "description": "Unauthorized"}
FAULTS = [
    {"service": "telegram", "method": "sendMessage", "status": 0},
    {"service": "telegram", "method": "sendMessage", "status": 502, "body": "<html>"},
    {"service": "telegram", "method": "sendMessage", "status": 401, "body": UNAUTHORIZED},
    {"service": "telegram", "method": "editMessageMedia", "status": 401, "body": UNAUTHORIZED},
    {"service": "telegram", "method": "editMessageMedia", "status": 0},
    {"service": "x", "method": "GET /2/users/:id/tweets", "status": 0},
    {"service": "x", "method": "GET /2/users/:id/tweets", "status": 503, "body": "<html>"},
    {"service": "x", "method": "GET /2/users/:id/tweets", "status": 200, "body": "<html>"},
    {"service": "x", "method": "GET /2/users/by", "status": 401, "body": {"title": "Unauthorized"}},
    {"service": "dropbox", "method": "oauth2/token", "status": 0},
    {"service": "dropbox", "method": "oauth2/token", "status": 400, "body": {"error": "invalid_grant"}},
    {"service": "dropbox", "method": "files/upload", "status": 0},
    {"service": "dropbox", "method": "files/upload", "status": 500, "body": "<html>"},
    {
        "service": "dropbox",
        "method": "files/upload",
        "status": 401,
        "body": {"error_summary": "expired_access_token/", "error": {".tag": "expired_access_token"}},
    },
]


def marks_in(content: bytes) -> set[bytes]:
    return {match[0] for match in MARKS.finditer(content)}


def test_the_marks_are_found_in_every_secret() -> None:
    for secret in [*SECRETS.values(), PASSWORD.format("any"), "sl.1764090000000000.0123456789abcdef"]:
        assert marks_in(f"text with {secret}, somewhere".encode()), secret


@pytest.fixture(params=["private", "given"])
def deployment(request: pytest.FixtureRequest, tmp_path: Path, timelines: Path) -> Iterator[Deployment]:
    """One with private servers; one with given servers, which have passwords, and a webhook."""
    settings = request.getfixturevalue("given_settings") if request.param == "given" else {}
    with running(tmp_path, timelines, VERBOSE | settings) as started:
        if request.param == "private":
            started.sandbox.post("faults", service="telegram", method="getUpdates", status=502, body="<html>")
        yield started


@pytest.fixture
def given_settings(tmp_path: Path, postgres_url: str, rabbitmq: str) -> Iterator[dict[str, str]]:
    port = str(free_port())
    rabbitmqctl("add_user", NAME, PASSWORD.format("broker").replace("%40", "@"))
    rabbitmqctl("add_vhost", NAME)
    rabbitmqctl("set_permissions", "-p", NAME, NAME, ".*", ".*", ".*")
    with psycopg.connect(f"{postgres_url}/postgres", autocommit=True) as server, _redis(tmp_path) as redis_url:
        server.execute(f"CREATE DATABASE {NAME}")
        yield {
            "DATABASE_URL": f"{postgres_url}/{NAME}".replace("postgres@", f"postgres:{PASSWORD.format('database')}@"),
            "REDIS_URL": redis_url,
            "BROKER_URL": f"amqp://{NAME}:{PASSWORD.format('broker')}@{rabbitmq}/{NAME}",
            "WEBHOOK_URL": f"http://127.0.0.1:{port}",
            "PORT": port,
        }
        server.execute(f"DROP DATABASE {NAME} WITH (FORCE)")
    rabbitmqctl("delete_vhost", NAME)
    rabbitmqctl("delete_user", NAME)


@contextmanager
def _redis(folder: Path) -> Iterator[str]:
    """A Redis with a password, which its command line does not show."""
    port, password = free_port(), PASSWORD.format("redis")
    command = [_redis_server(), "-", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as server:
        assert server.stdin is not None
        server.stdin.write(f"requirepass {password.replace('%40', '@')}\nappendonly yes\n".encode())
        server.stdin.close()
        try:
            yield f"redis://:{password}@127.0.0.1:{port}/0"
        finally:
            server.terminate()


@pytest.mark.timeout(300)
def test_no_secret_shows_in_what_a_deployment_logs_stores_or_sends(deployment: Deployment, timelines: Path) -> None:
    for fault in FAULTS:
        deployment.sandbox.post("faults", **fault)
    seen = {"titles": _titles(deployment)}
    _work_until_every_fault_was_met(deployment, own_posts(timelines))
    path = _webhooks_path(deployment)
    seen |= {"titles later": _titles(deployment), **_sent_and_received(deployment)}
    seen |= {str(path): path.read_bytes() for path in deployment.folder.rglob("*") if path.is_file()}
    assert {name: marks for name, what in seen.items() if (marks := marks_in(what))} == {}
    assert {"titles", "telegram", str(deployment.log)} < seen.keys()
    assert any(name.endswith(".csv") for name in seen)
    log = deployment.log.read_text(errors="replace")
    assert "DEBUG" in log
    assert "[secret]" in log
    assert log.count("'secret_token'") == log.count("'secret_token': '[secret]'") == bool(path)
    assert not path or path not in log


def _work_until_every_fault_was_met(deployment: Deployment, posts: dict[str, list[dict[str, str]]]) -> None:
    """People ask and counts change, so that every service is called; a stop of a service is lifted each time."""
    handles, reposts = list(posts)[:2], count(20_001)
    post_id = posts[handles[0]][0]["post_id"]
    people = [deployment.chat(8001 + number) for number in range(3)]
    store = Store(deployment.database)

    def none_left() -> bool:
        for person in people:
            person.send(f"/track {handles[0]} {handles[1]}")
            person.send("/subscribe")
        deployment.sandbox.post(f"x/posts/{post_id}", retweets=next(reposts))
        with store.write_session() as db:
            circuit_breakers.half_open(db, datetime.now(UTC))
        return not deployment.sandbox.get("faults")

    until(none_left, within_s=120, every_s=3)
    until(lambda: [each for person in people for each in person.messages() if each["photo"]], within_s=60)
    until(lambda: len(deployment.sandbox.get("dropbox/files")) > 1, within_s=60)
    store.close()


def _titles(deployment: Deployment) -> bytes:
    """The command lines of all processes, which every user of the machine can read."""
    assert deployment.supervisor is not None
    processes = [deployment.supervisor, *deployment.supervisor.children(recursive=True)]
    titles = [Path(f"/proc/{process.pid}/cmdline") for process in processes]
    return b"\n".join(title.read_bytes() for title in titles if title.exists())


def _sent_and_received(deployment: Deployment) -> dict[str, bytes]:
    """The contents of chats and of Dropbox, and the calls that the services received."""
    chats = deployment.sandbox.get("telegram/chats")
    seen = {f"chat {each['chat_id']}": deployment.sandbox.get(f"telegram/chats/{each['chat_id']}") for each in chats}
    seen |= {service: deployment.sandbox.calls(service) for service in ("telegram", "x", "dropbox")}
    paths = [each["path"] for each in deployment.sandbox.get("dropbox/files")]
    files = {path: deployment.sandbox.bytes(f"dropbox/files{path}") for path in paths}
    return {name: json.dumps(what).encode() for name, what in seen.items()} | files


def _webhooks_path(deployment: Deployment) -> str:
    """The secret path of the webhook; empty where the bot polls."""
    bot = f"{deployment.sandbox.address}/telegram/bot{SECRETS['TELEGRAM_BOT_TOKEN']}"
    return str(HTTP.get(f"{bot}/getWebhookInfo").json()["result"]["url"]).rpartition("/")[2]


DATABASE = "postgresql://{}:" + PASSWORD.format("database") + "@{}/postgres"
REDIS = "redis://:" + PASSWORD.format("redis") + "@{}/0"
BROKER = "amqp://guest:" + PASSWORD.format("broker") + "@{}//"
NOWHERE = "127.0.0.1:1"
WORKER, BEAT, BOT = ("pipeline", "worker"), ("pipeline", "beat"), ("bot",)
NO_STORE = "the database cannot be used"
REFUSED = "the server refuses the user or the password"
NO_REDIS = {WORKER: "Cannot connect", BEAT: "Connection error", BOT: "cannot hear of"}
Try = tuple[str, str, dict[tuple[str, ...], str]]
"""A setting, its value, and what each process logs because of it."""
AWAY: list[Try] = [
    ("DATABASE_URL", DATABASE.format("postgres", NOWHERE), {WORKER: NO_STORE, BOT: NO_STORE}),
    ("REDIS_URL", REDIS.format(NOWHERE), NO_REDIS),
    ("BROKER_URL", BROKER.format(NOWHERE), {WORKER: "Cannot connect", BEAT: "Connection error"}),
    ("REDIS_URL", "redis://:marked-redis-p/ss-0123456789@127.0.0.1:1/0", {WORKER: "cannot start"}),
    ("TELEGRAM_BOT_TOKEN", "marked-telegram-token-that-is-none", {BOT: "cannot start"}),
    ("TELEGRAM_API_URL", "http://127.0.0.1:1", {BOT: "ConnectError("}),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a sandbox."""
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as started:
        yield started


@pytest.mark.timeout(200)
def test_servers_that_refuse_or_are_not_there_are_logged_without_their_passwords(
    address: str, tmp_path: Path, redis_url: str, postgres_url: str
) -> None:
    refusing: list[Try] = [
        ("DATABASE_URL", DATABASE.format("nobody", urlsplit(postgres_url).netloc.rpartition("@")[2]), AWAY[0][2]),
        ("REDIS_URL", REDIS.format(urlsplit(redis_url).netloc), {WORKER: REFUSED, BEAT: REFUSED, BOT: REFUSED}),
    ]
    _are_logged_without_their_passwords(AWAY + refusing, address, tmp_path)


@pytest.mark.timeout(200)
def test_a_rabbitmq_that_refuses_is_logged_without_its_password(address: str, tmp_path: Path, rabbitmq: str) -> None:
    refused: Try = ("BROKER_URL", BROKER.format(rabbitmq), {WORKER: REFUSED, BEAT: REFUSED})
    _are_logged_without_their_passwords([refused], address, tmp_path)


def _are_logged_without_their_passwords(tried: list[Try], address: str, folder: Path) -> None:
    tries = [(name, url, each, line) for name, url, processes in tried for each, line in processes.items()]
    logs = [folder / f"{number}.log" for number in range(len(tries))]
    with ExitStack() as started:
        for log, (name, url, module, _said) in zip(logs, tries, strict=True):
            settings = _settings(address, folder / f"{log.stem}.data") | {name: url}
            started.enter_context(_running([*module], settings, log))
        for log, (_name, _url, _module, line) in zip(logs, tries, strict=True):
            until(partial(_says, log, line), within_s=100, every_s=0.5)
    assert {log.name: marks for log in logs if (marks := marks_in(log.read_bytes()))} == {}


def _says(log: Path, words: str) -> bool:
    return words in log.read_text(errors="replace")


def test_a_token_that_telegram_refuses_is_reported_and_not_shown(address: str, tmp_path: Path) -> None:
    Sandbox(address).post("faults", service="telegram", method="getMe", status=401, body=UNAUTHORIZED, times=3)
    log = tmp_path / "bot.log"
    settings = _settings(address, tmp_path)
    with _running(["bot"], settings, log) as bot:
        assert bot.wait(60)
    assert "TELEGRAM_BOT_TOKEN: Telegram refuses it" in log.read_text()
    assert marks_in(log.read_bytes()) == set()


def _settings(address: str, folder: Path) -> dict[str, str]:
    """The environment of a process that uses the sandbox at this address."""
    return {name: os.environ[name] for name in INHERITED_VARIABLES if name in os.environ} | {
        **VERBOSE,
        **SECRETS,
        "TELEGRAM_BOT_TOKEN": OTHER_TOKEN,
        "DROPBOX_APP_KEY": "key",
        "DATA_DIR": str(folder),
        "TELEGRAM_API_URL": f"{address}/telegram",
        "TICK_SECONDS": "1",
    }


@contextmanager
def _running(module: list[str], settings: dict[str, str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", *module]
    with log.open("wb") as output, subprocess.Popen(command, env=settings, stdout=output, stderr=output) as process:
        try:
            yield process
        finally:
            for child in psutil.Process(process.pid).children() if process.poll() is None else []:
                child.kill()
            process.kill()
