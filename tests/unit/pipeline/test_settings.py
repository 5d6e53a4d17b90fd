import os
import ssl
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pipeline import secret_files
from pipeline.errors import ConfigError
from pipeline.settings import BotSettings, Settings
from pipeline.sources.registry import NETWORKS
from pipeline.startup import format_startup_errors
from tests.conftest import ROOT

GOOD = {"TELEGRAM_BOT_TOKEN": "1:aaaaaaaaaaaaaaaaaaaaaaaa", "X_BEARER_TOKEN": "marked-bearer-token"}


@pytest.fixture(autouse=True)
def empty_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No variable of ours and no .env, in a folder of its own."""
    for name in [*Settings.model_fields, *map(secret_files.setting_of, secret_files.NAMES)]:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def problems(folder: Path, **given: str) -> list[str]:
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in given.items()))
    with pytest.raises(ConfigError) as caught:
        BotSettings.load()
    return caught.value.problems


def test_every_problem_is_told_at_once_with_its_name_and_the_fix(empty_surroundings: Path) -> None:
    found = problems(
        empty_surroundings,
        TELEGRAM_BOT_TOKEN="abc",
        X_BEARER_TOKEN="two words",
        X_BARER_TOKEN="x",
        TICK_SECONDS="0",
        DROPBOX_APP_KEY="key",
        ADMIN_IDS="me",
        NETWORKS="x,threads",
        CONTACT="(me)",
        WEBHOOK_URL="http://example.org",
        DATABASE_URL="mysql://x",
    )
    assert [problem.partition(":")[0] for problem in found] == [
        "TELEGRAM_BOT_TOKEN",
        "X_BEARER_TOKEN",
        "DROPBOX_REFRESH_TOKEN",
        "ADMIN_IDS",
        "NETWORKS",
        "CONTACT",
        "TICK_SECONDS",
        "DATABASE_URL",
        "WEBHOOK_URL",
        "X_BARER_TOKEN",
    ]
    text = format_startup_errors(found)
    assert "BotFather" in text
    assert "Did you mean X_BEARER_TOKEN?" in text
    assert "abc" not in text


def test_a_telegram_token_alone_is_enough(empty_surroundings: Path) -> None:
    (empty_surroundings / ".env").write_text(f"TELEGRAM_BOT_TOKEN={GOOD['TELEGRAM_BOT_TOKEN']}\n")
    settings = BotSettings.load()
    assert settings.x_bearer_token is None
    assert [key for key in settings.networks if not NETWORKS[key].is_on(settings)] == ["x"]


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("", {"x", "bluesky", "fediverse"}),
        ("bluesky", {"bluesky"}),
        ("Bluesky, FEDIVERSE", {"bluesky", "fediverse"}),
        ("x fediverse,", {"x", "fediverse"}),
    ],
)
def test_networks_are_switched_on_by_their_names_and_all_where_none_is_named(
    monkeypatch: pytest.MonkeyPatch, typed: str, read: set[str]
) -> None:
    monkeypatch.setenv("NETWORKS", typed)
    assert Settings.load().networks == read


@pytest.mark.parametrize("typed", ["mastodon", "x,threads", ",", "none", "x;bluesky"])
def test_an_unknown_network_and_none_at_all_are_refused_with_those_that_there_are(
    empty_surroundings: Path, typed: str
) -> None:
    [problem] = problems(empty_surroundings, **GOOD, NETWORKS=typed)
    assert problem.startswith("NETWORKS: must name some of x, bluesky and fediverse")


def test_x_alone_without_its_token_is_refused_since_nothing_could_be_read(empty_surroundings: Path) -> None:
    [problem] = problems(empty_surroundings, TELEGRAM_BOT_TOKEN=GOOD["TELEGRAM_BOT_TOKEN"], NETWORKS="x")
    assert problem.startswith("NETWORKS: names x alone, while X_BEARER_TOKEN is missing")
    assert "developer console" in problem


STAND_IN = "http://127.0.0.1:8765/fediverse/{host}"


@pytest.mark.parametrize("telegram", ["", "https://api.telegram.org", "https://proxy.example.org/127.0.0.1"])
def test_a_stand_in_of_the_fediverse_is_refused_beside_the_real_telegram(
    empty_surroundings: Path, telegram: str
) -> None:
    [problem] = problems(empty_surroundings, **GOOD, FEDIVERSE_API_URL=STAND_IN, TELEGRAM_API_URL=telegram)
    assert problem.startswith("FEDIVERSE_API_URL: a stand-in on this machine goes only with a stand-in of Telegram")
    assert "Remove the line" in problem


def test_a_stand_in_of_the_fediverse_goes_with_one_of_telegram(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEDIVERSE_API_URL", STAND_IN)
    monkeypatch.setenv("TELEGRAM_API_URL", "http://localhost:8765/telegram")
    assert Settings.load().fediverse_api_url == STAND_IN


@pytest.mark.parametrize(
    "address",
    ["https://mastodon.social", "http://10.0.0.1/{host}", "http://{host}", "http://127.0.0.1@{host}", "{host}"],
)
def test_the_fediverse_is_asked_at_its_own_servers_or_at_a_stand_in_here(
    empty_surroundings: Path, address: str
) -> None:
    [problem] = problems(empty_surroundings, **GOOD, FEDIVERSE_API_URL=address)
    assert problem.startswith("FEDIVERSE_API_URL: must be ")


def test_several_addresses_of_bluesky_are_divided_by_blanks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLUESKY_API_URL", " https://one.example/  https://me:marked@two.example ")
    settings = Settings.load()
    assert settings.bluesky_api_url == "https://one.example https://me:marked@two.example"
    assert settings.secrets == ["marked"]


@pytest.mark.parametrize("contact", ["me@example.org", "https://example.org/bot?a=1", "mailto:me@example.org"])
def test_a_contact_is_an_address(monkeypatch: pytest.MonkeyPatch, contact: str) -> None:
    monkeypatch.setenv("CONTACT", contact)
    assert Settings.load().contact == contact


@pytest.mark.parametrize("contact", ["é@example.org", "me)", "a\\b", "a\r\nX-Evil: 1", "m" * 201])
def test_a_contact_that_a_header_cannot_hold_is_refused(monkeypatch: pytest.MonkeyPatch, contact: str) -> None:
    monkeypatch.setenv("CONTACT", contact)
    with pytest.raises(ConfigError, match=r"^CONTACT: must be an address"):
        Settings.load()


def test_secrets_may_be_in_files_of_their_own(empty_surroundings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (empty_surroundings / "telegram").write_text(GOOD["TELEGRAM_BOT_TOKEN"] + "\n")
    (empty_surroundings / "database").write_text("postgresql://me:marked@host/name")
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN_FILE", "telegram")
    (empty_surroundings / ".env").write_text(f"DATABASE_URL_FILE={empty_surroundings / 'database'}\n")
    settings = BotSettings.load()
    assert settings.telegram_bot_token.get_secret_value() == GOOD["TELEGRAM_BOT_TOKEN"]
    assert settings.database_address == "postgresql+psycopg://me:marked@host/name"
    assert {"marked", GOOD["TELEGRAM_BOT_TOKEN"]} <= set(settings.secrets)


def test_a_secrets_file_that_cannot_be_read_and_a_secret_given_twice_are_refused(empty_surroundings: Path) -> None:
    (empty_surroundings / "empty").write_text(" \n")
    found = problems(
        empty_surroundings,
        TELEGRAM_BOT_TOKEN_FILE="missing",
        X_BEARER_TOKEN_FILE="empty",
        DROPBOX_REFRESH_TOKEN_FILE="/dev/zero",
        REDIS_URL_FILE="empty",
        REDIS_URL="redis://host",
        TICK_SECONDS_FILE="empty",
    )
    assert [problem.partition(":")[0] for problem in found] == [
        *("TELEGRAM_BOT_TOKEN_FILE", "X_BEARER_TOKEN_FILE", "DROPBOX_REFRESH_TOKEN_FILE", "REDIS_URL_FILE", "REDIS_URL")
    ]
    assert found[0] == (
        "TELEGRAM_BOT_TOKEN_FILE: missing cannot be read: No such file or directory. Name a file with the secret"
    )


def test_ids_are_read_as_people_write_them(empty_surroundings: Path) -> None:
    lines = [f"{name}={value}" for name, value in GOOD.items()] + ["ALLOWED_CHATS=1, -100234 5", "ADMIN_IDS="]
    (empty_surroundings / ".env").write_text("\n".join(lines))
    settings = BotSettings.load()
    assert sorted(settings.allowed_chats) == [-100234, 1, 5]
    assert not settings.admin_ids


def test_a_hosts_database_address_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://user:pass-word@host/name")
    settings = Settings.load()
    assert settings.database_address == "postgresql+psycopg://user:pass-word@host/name"
    assert settings.secrets == ["pass-word"]


def test_passwords_are_secret_as_they_stand_in_an_address_and_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:marked-1%40@host/name?password=marked-2")
    monkeypatch.setenv("REDIS_URL", "unix://:marked-3@/a@b.sock")
    monkeypatch.setenv("BROKER_URL", "amqp://guest:guest@host//")
    monkeypatch.setenv("TELEGRAM_API_URL", "https://me:marked-4@proxy")
    settings = Settings.load()
    assert settings.secrets == ["marked-1%40", "marked-1@", "marked-2", "marked-3", "marked-4"]
    assert "marked-1" not in repr(settings)


@pytest.mark.parametrize("password", ["mar@ked", "mar/ked", "12/34", "mar#ked", "mar?ked", "mar[ked", "mar:ked@"])
@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("DATABASE_URL", "postgresql://user:{}@host/name"),
        ("REDIS_URL", "redis://:{}@host:6379/0"),
        ("BROKER_URL", "amqp://user:{}@host//"),
        ("WEBHOOK_URL", "https://user:{}@host"),
        ("X_API_URL", "https://user:{}@host"),
    ],
)
def test_a_password_that_an_address_cannot_hold_as_it_is_is_told_of_and_not_shown(
    empty_surroundings: Path, name: str, address: str, password: str
) -> None:
    [problem] = problems(empty_surroundings, **GOOD, **{name: f'"{address.format(password)}"'})
    assert problem.startswith(f"{name}: ")
    assert "%40 for @" in problem
    assert password[:3] not in problem.partition(":")[2]


def test_no_secret_shows_in_the_settings_text(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    assert not [value for value in GOOD.values() if value in repr(BotSettings.load())]


def loaded() -> tuple[Settings | None, list[str]]:
    try:
        return Settings.load(), []
    except ConfigError as error:
        return None, error.problems


LINES = some.text(some.characters(codec="utf-8", exclude_characters="\0"), max_size=60)
LIKELY = some.sampled_from(["", "0", "-1", "1e9", "1,2 -3", "x", "٣", "data", "1:" + "a" * 30, "9" * 5000, "[", "{}"])
URLS = some.from_regex(r"(redis|unix|amqp|postgres|sqlite|https?)://[\w:@/?#%\[\].-]{0,30}", fullmatch=True)
MARKED = LINES.map("marked-{}".format) | some.sampled_from(
    ["1:" + "marked-" * 5, "", "postgres://user:marked-@host/name"]
)
SECRETS = {"TELEGRAM_BOT_TOKEN", "X_BEARER_TOKEN", "DROPBOX_REFRESH_TOKEN", "DATABASE_URL", "REDIS_URL", "BROKER_URL"}
SURROUNDINGS = some.fixed_dictionaries(
    {},
    optional={
        name: MARKED if name in SECRETS else LINES | LIKELY | URLS for name in map(str.upper, Settings.model_fields)
    },
)


@given(SURROUNDINGS)
def test_any_surroundings_are_read_or_refused_with_every_problem_by_its_name(surroundings: dict[str, str]) -> None:
    with patch.dict(os.environ, surroundings):
        settings, found = loaded()
    assert {problem.partition(":")[0] for problem in found} <= {*surroundings, "DROPBOX_REFRESH_TOKEN", "REDIS_URL"}
    assert "marked-" not in (repr(settings) if settings else format_startup_errors(found))
    if settings is None:
        assert found
        return
    assert settings.redis_address
    assert settings.database_address.startswith(("sqlite", "postgresql+psycopg://"))


def test_every_setting_is_in_the_example_and_nothing_else_is() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    named = [line.lstrip("#").partition("=")[0] for line in lines if "=" in line and " " not in line.partition("=")[0]]
    assert sorted(named) == sorted(name.upper() for name in Settings.model_fields)


@pytest.mark.parametrize(
    ("name", "address", "message"),
    [
        ("REDIS_URL", "redis://host/first", "by a number"),
        ("REDIS_URL", "redis://host/0?db=first", "by a number"),
        ("REDIS_URL", "redis://host/0?ssl_cert_reqs=none", "ssl_cert_reqs, which only rediss:// knows"),
        ("REDIS_URL", "rediss://host/0?ssl_cert_reqs=maybe", "one of none, optional, required as its ssl_cert_reqs"),
        ("REDIS_URL", "rediss://host/0?ssl_check_hostname=perhaps", "one of true, false as its ssl_check_hostname"),
        ("REDIS_URL", "rediss://host/0?ssl_ca_certs=/no/such.pem", "ssl_ca_certs that is not there: /no/such.pem"),
        ("REDIS_URL", "rediss://host/0?ssl=true", "the parameter ssl, which is not known here"),
        ("REDIS_URL", "redis://host/0?socket_timeout=1", "the parameter socket_timeout, which is not known here"),
        ("REDIS_URL", "unix://run/redis.sock", "three slashes"),
        ("REDIS_URL", "unix://", "three slashes"),
        ("REDIS_URL", f"unix:///{'a' * 120}", "too long"),
        ("REDIS_URL", "sentinel://host/0", "must start with"),
        ("BROKER_URL", "amqp://host/?ssl_cert_reqs=none", "ssl_cert_reqs, which only amqps:// knows"),
        ("BROKER_URL", "amqp://host/?heartbeat=3", "the parameter heartbeat, which is not known here"),
        ("BROKER_URL", "unix:///socket?timeout=3", "the parameter timeout, which is not known here"),
        ("BROKER_URL", "pyamqp://host", "must start with amqp://"),
        ("DATABASE_URL", "sqlite://", "name a file"),
        ("DATABASE_URL", "sqlite:///:memory:", "name a file"),
        ("DATABASE_URL", "sqlite://data/tallybird.db", "name a file"),
    ],
)
def test_an_address_that_not_every_process_could_use_is_refused_by_name(
    empty_surroundings: Path, name: str, address: str, message: str
) -> None:
    [problem] = problems(empty_surroundings, **GOOD, **{name: address})
    assert problem.startswith(f"{name}: ")
    assert message in problem


def test_rabbitmqs_certificate_is_checked_for_its_own_host(empty_surroundings: Path) -> None:
    given = {"BROKER_URL": "amqps://me:a%3Bb@[2001:db8::1]:5671/a%2Fb?ssl_cert_reqs=CERT_OPTIONAL"}
    (empty_surroundings / ".env").write_text("".join(f"{name}={value}\n" for name, value in (GOOD | given).items()))
    broker = Settings.load().broker
    assert broker.for_celery == "amqps://me:a%3Bb@[2001:db8::1]:5671/a%2Fb"
    assert broker.amqp_tls == {"server_hostname": "2001:db8::1", "cert_reqs": ssl.CERT_OPTIONAL}


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("TELEGRAM_PROXY", "http://us:er%40@proxy.example:3128"),
        ("TELEGRAM_PROXY", "socks5://proxy.example:1080"),
        ("SOURCES_PROXY", "https://proxy.example"),
    ],
)
def test_a_proxy_is_an_address_of_http_and_for_telegram_of_socks_too(
    monkeypatch: pytest.MonkeyPatch, name: str, address: str
) -> None:
    monkeypatch.setenv(name, f"{address}/")
    assert getattr(Settings.load(), name.lower()) == address


@pytest.mark.parametrize(
    ("name", "address", "said"),
    [
        (
            "TELEGRAM_PROXY",
            "proxy.example:3128",
            "must be the address of a proxy, beginning with http://, https:// or socks5",
        ),
        ("TELEGRAM_PROXY", "socks5://proxy.example", "must have a host and a port, like socks5://user:password@"),
        (
            "SOURCES_PROXY",
            "socks5://proxy.example:1080",
            "must be the address of a proxy, beginning with http:// or https://",
        ),
        (
            "SOURCES_PROXY",
            "http://proxy.example:3128/path",
            "must be the address of a proxy, beginning with http:// or https://",
        ),
        ("SOURCES_PROXY", "http://me:a@b@proxy.example:3128", "has a sign in its user or password"),
    ],
)
def test_what_is_no_proxy_is_refused_with_the_form_that_it_has(
    empty_surroundings: Path, name: str, address: str, said: str
) -> None:
    [problem] = problems(empty_surroundings, **GOOD, **{name: address})
    assert problem.startswith(f"{name}: {said}")
