"""Each client reaches its service through the proxy of the settings: at its own address there is none."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from requests.exceptions import ProxyError
from telegram import Bot
from telegram.error import NetworkError

from bot import telegram_errors
from bot.doctor.checks import clocks, networks, proxies, telegram
from bot.telegram_request import TelegramRequest
from pipeline.dropbox.client import Dropbox
from pipeline.errors import ServiceError
from pipeline.http import was_never_sent
from pipeline.settings import BotSettings
from pipeline.sources.registry import NETWORKS
from pipeline.sources.source import connect
from tests.e2e.chat import Sandbox
from tests.e2e.deployment import environment_of, running_sandbox
from tests.integration.test_doctor import examine
from tests.servers import Proxy

NOWHERE = "http://127.0.0.1:1"
HANDLES = {"x": "nasa", "bluesky": "nasa.bsky.social", "fediverse": "nasa@social.example"}
LOGIN, QUOTED = "us:er@home/pass", "us:er%40home%2Fpass"
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as address:
        yield Sandbox(address)


@pytest.fixture
def proxy(sandbox: Sandbox, tmp_path: Path) -> Iterator[Proxy]:
    with Proxy(tmp_path, sandbox.address).running() as started:
        yield started


@pytest.fixture
def strict_proxy(sandbox: Sandbox, tmp_path: Path) -> Iterator[Proxy]:
    (tmp_path / "strict").mkdir()
    with Proxy(tmp_path / "strict", sandbox.address, LOGIN).running() as started:
        yield started


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a Tallybird whose services are nowhere."""
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return environment_of(NOWHERE, tmp_path, tick_s=10)


def settings_of(given: dict[str, str], **more: str) -> BotSettings:
    values = {name.lower(): value for name, value in (given | more).items()}
    return BotSettings.model_validate({name: values[name] for name in BotSettings.model_fields if name in values})


def ask(service: str, settings: BotSettings) -> None:
    """Raises where the service is not reached."""
    if service == "telegram":
        asyncio.run(ask_telegram(settings))
    elif service == "dropbox":
        Dropbox(settings).put("/file.csv", b"1")
    else:
        [profile] = connect(NETWORKS[service], settings).look_up([HANDLES[service]])
        assert profile.note is None, profile.note


async def ask_telegram(settings: BotSettings) -> None:
    token, request = settings.telegram_bot_token.get_secret_value(), TelegramRequest(proxy=settings.telegram_proxy)
    async with Bot(token, f"{settings.telegram_api_url}/bot", request=request) as bot:
        await bot.get_me()


@pytest.mark.parametrize("service", ["telegram", *HANDLES])
def test_each_service_is_asked_through_its_proxy_with_the_login(
    service: str, strict_proxy: Proxy, given: dict[str, str]
) -> None:
    name = "TELEGRAM_PROXY" if service == "telegram" else "SOURCES_PROXY"
    ask(service, settings_of(given, **{name: strict_proxy.address(QUOTED)}))
    assert all("127.0.0.1:1" in line for line in strict_proxy.asked)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
# httpcore 1.0.9 leaves it to the garbage collector to close a connection whose login a SOCKS proxy refused.
def test_telegram_is_asked_through_a_socks_proxy_with_the_login(strict_proxy: Proxy, given: dict[str, str]) -> None:
    right, wrong = (strict_proxy.address(login, "socks5") for login in (QUOTED, "us:wrong"))
    ask("telegram", settings_of(given, TELEGRAM_PROXY=right))
    assert set(strict_proxy.asked) == {"SOCKS5 127.0.0.1"}
    assert examine(proxies.CHECK, given, TELEGRAM_PROXY=right)[0].startswith("✓ TELEGRAM_PROXY: answers")
    [refused] = examine(proxies.CHECK, given, TELEGRAM_PROXY=wrong)
    assert refused.startswith("✗ TELEGRAM_PROXY: does not lead to 127.0.0.1: ")
    assert "user and password" in refused
    assert "us:wrong" not in refused


@pytest.mark.parametrize("service", ["telegram", *HANDLES])
def test_neither_proxy_is_used_for_what_the_other_is_for(service: str, proxy: Proxy, given: dict[str, str]) -> None:
    name = "SOURCES_PROXY" if service == "telegram" else "TELEGRAM_PROXY"
    with pytest.raises((NetworkError, ServiceError, AssertionError)):
        ask(service, settings_of(given, **{name: proxy.address()}))
    assert proxy.asked == []


@pytest.mark.parametrize("service", ["telegram", "x", "bluesky", "dropbox"])
def test_without_a_setting_the_proxy_of_the_environment_is_used(
    service: str, proxy: Proxy, given: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy.address())  # what is asked over https goes by HTTPS_PROXY
    monkeypatch.setenv("http_proxy", proxy.address())
    ask(service, settings_of(given))
    assert proxy.asked


@pytest.mark.parametrize("service", ["telegram", *HANDLES])
def test_a_proxy_of_the_settings_wins_over_the_environment(
    service: str, proxy: Proxy, given: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, "127.0.0.1" if name.lower() == "no_proxy" else NOWHERE)
    ask(service, settings_of(given, TELEGRAM_PROXY=proxy.address(), SOURCES_PROXY=proxy.address()))
    assert proxy.asked


def test_why_a_proxy_does_not_work_is_told(strict_proxy: Proxy, proxy: Proxy, given: dict[str, str]) -> None:
    right = {"TELEGRAM_PROXY": proxy.address(), "SOURCES_PROXY": strict_proxy.address(QUOTED)}
    assert examine(proxies.CHECK, given) == []
    assert examine(proxies.CHECK, given, **right) == [
        "✓ TELEGRAM_PROXY: answers, and leads to 127.0.0.1",
        "✓ SOURCES_PROXY: answers, and leads to 127.0.0.1",
    ]
    away, refusing = examine(
        proxies.CHECK, given, TELEGRAM_PROXY=NOWHERE, SOURCES_PROXY=strict_proxy.address("us:wrong")
    )
    assert away.startswith("✗ TELEGRAM_PROXY: does not answer: ")
    assert refusing.startswith("✗ SOURCES_PROXY: refuses the user or the password. See that both are right")


def test_the_doctor_asks_all_through_the_proxies(proxy: Proxy, given: dict[str, str]) -> None:
    set_up = {"TELEGRAM_PROXY": proxy.address(), "SOURCES_PROXY": proxy.address()}
    for check in (telegram.CHECK, clocks.CHECK, *networks.CHECKS):
        assert examine(check, given, **set_up)[0].startswith("✓")


def test_a_service_behind_a_proxy_that_is_away_is_said_to_be_so(given: dict[str, str]) -> None:
    set_up = {"TELEGRAM_PROXY": NOWHERE, "SOURCES_PROXY": NOWHERE}
    [of_telegram] = examine(telegram.CHECK, given, **set_up)
    assert of_telegram.startswith("✗ Telegram cannot be reached. Look at this machine's network")
    x, bluesky, fediverse = (examine(check, given, **set_up)[0] for check in networks.CHECKS)
    assert x.startswith("✗ X: X cannot be reached through the proxy")
    assert bluesky.startswith("✗ Bluesky: Bluesky cannot be reached through the proxy")
    assert fediverse.startswith("✗ Fediverse: mastodon.social cannot be reached through the proxy")


def test_a_refused_tunnel_to_telegram_was_not_sent_and_is_told_in_the_log(
    strict_proxy: Proxy, given: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_of(
        given | {"TELEGRAM_API_URL": "https://127.0.0.1:1"}, TELEGRAM_PROXY=strict_proxy.address("u:wrong")
    )
    with pytest.raises(NetworkError) as caught:
        ask("telegram", settings)
    failure = telegram_errors.classify(caught.value)
    assert (failure.kind, failure.text) == (telegram_errors.ErrorKind.RETRY, telegram_errors.NO_WAY_THROUGH)
    [line] = [record.getMessage() for record in caplog.records if record.name == "bot.telegram_request"]
    assert line.startswith("Telegram cannot be reached through TELEGRAM_PROXY, and is tried again: ")
    assert "407" in line
    assert "wrong" not in line


def test_a_proxys_password_is_a_secret(given: dict[str, str]) -> None:
    settings = settings_of(
        given, TELEGRAM_PROXY="socks5://u:marked-one@p:1080", SOURCES_PROXY="http://u:marked-two@p:3128"
    )
    assert {"marked-one", "marked-two"} <= set(settings.secrets)
    assert "marked" not in repr(settings)


@pytest.mark.parametrize("listens", [False, True], ids=["is not there", "ends the connection after a request"])
def test_what_went_into_a_proxy_may_have_been_sent(*, listens: bool) -> None:
    """A request to X counts as billed then, though requests blames the proxy in both cases."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        if listens:
            threading.Thread(target=_read_and_close, args=(server,), daemon=True).start()
        else:
            server.close()
        with pytest.raises(ProxyError) as caught:
            requests.get(NOWHERE, proxies={"http": address}, timeout=5)
    assert was_never_sent(caught.value) != listens


def _read_and_close(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        assert connection.recv(10_000).startswith(b"GET ")


def test_a_refusal_of_the_proxy_sends_nothing(strict_proxy: Proxy) -> None:
    with pytest.raises(ProxyError) as caught:
        requests.get("https://127.0.0.1:1", proxies={"https": strict_proxy.address("us:wrong")}, timeout=5)
    assert was_never_sent(caught.value)
