"""A deployment whose machine reaches no service itself, but through the two proxies of the settings."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import ROOT, until
from tests.e2e.chat import Sandbox
from tests.e2e.deployment import Deployment, environment_of, make_database, running_sandbox
from tests.e2e.network_accounts import on_bluesky, on_fediverse, on_x, set_up_server, track
from tests.servers import Proxy

NOWHERE = "http://127.0.0.1:1"
LOGINS = ("marked-telegram-user:marked-telegram-word", "marked-sources-user:marked-sources-word")


@pytest.fixture
def proxies(tmp_path: Path) -> Iterator[tuple[Sandbox, list[Proxy]]]:
    with running_sandbox(tmp_path) as address:
        folders = [tmp_path / "telegram", tmp_path / "sources"]
        for folder in folders:
            folder.mkdir()
        first, second = (Proxy(folder, address, login) for folder, login in zip(folders, LOGINS, strict=True))
        with first.running(), second.running():
            yield Sandbox(address), [first, second]


@pytest.fixture
def deployment(proxies: tuple[Sandbox, list[Proxy]], tmp_path: Path) -> Iterator[Deployment]:
    """Without Dropbox, which has no proxy of the settings."""
    sandbox, both = proxies
    environment = environment_of(NOWHERE, tmp_path, tick_s=2)
    for name in ("DROPBOX_API_URL", "DROPBOX_APP_KEY", "DROPBOX_REFRESH_TOKEN"):
        del environment[name]
    names = ("TELEGRAM_PROXY", "SOURCES_PROXY")
    environment |= {name: proxy.address(login) for name, proxy, login in zip(names, both, LOGINS, strict=True)}
    started = Deployment(sandbox, tmp_path, 2, environment, ROOT / "Procfile")
    make_database(tmp_path / "data", started.database)
    started.start()
    try:
        until(lambda: httpx.get(f"{sandbox.address}/_control/ready").status_code == 200, within_s=60)
        yield started
    finally:
        started.stop()


def test_a_chart_arrives_through_both_proxies_and_no_log_has_their_passwords(
    deployment: Deployment, proxies: tuple[Sandbox, list[Proxy]]
) -> None:
    chat, accounts = deployment.chat(1), [on_x(), on_bluesky(), on_fediverse()]
    set_up_server(deployment.sandbox, "stars.social", "mastodon")
    track(deployment, chat, *accounts)
    caption = chat.chart("/compare")["caption"]
    assert all(f"@{account.handle}" in caption for account in accounts)
    of_telegram, of_sources = ("\n".join(proxy.asked) for proxy in proxies[1])
    assert "/telegram/bot" in of_telegram
    assert "/x/2" not in of_telegram
    assert all(part in of_sources for part in ("/x/2/users", "/bluesky/", "CONNECT 127.0.0.1:1"))
    assert "/telegram/" not in of_sources
    assert "word" not in deployment.log.read_text()
