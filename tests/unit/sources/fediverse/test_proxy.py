"""Through a proxy, too, the very address is dialled that was tested: the proxy is never asked for a name."""

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.errors import ServiceError
from pipeline.settings import EACH_SERVER
from pipeline.sources.fediverse.connection import Connection
from pipeline.sources.fediverse.refusals import NotAskedError
from tests.servers import Proxy
from tests.unit.sources.fediverse.conftest import HOST, PUBLIC, Internet, Serve, reply

PROXY, PORT = "proxy.ours.org", 3128
Through = Callable[[str], Connection]


@pytest.fixture
def proxy(serve: Serve, internet: Internet, tmp_path: Path) -> Iterator[Proxy]:
    """In front of a server named HOST, with a login."""
    server = serve(lambda _: reply({"ok": True}))
    del internet.ports[PUBLIC]  # no way around
    with Proxy(tmp_path, f"http://127.0.0.1:{server.port}", "user:pass word").running() as started:
        internet.ports[PROXY] = started.port
        yield started


@pytest.fixture
def through(internet: Internet, certificate: Path) -> Through:
    trusted = ssl.create_default_context(cafile=certificate)

    def connect(login: str) -> Connection:
        address = f"http://{login}@{PROXY}:{PORT}"
        return Connection(
            EACH_SERVER, "Ours", resolver=internet.resolve, network=internet, trusted=trusted, proxy=address
        )

    return connect


def test_the_proxy_is_asked_for_the_tested_address_and_the_certificate_is_the_names(
    proxy: Proxy, through: Through, internet: Internet
) -> None:
    assert through("user:pass%20word").get(HOST, "/api").body == {"ok": True}
    assert internet.dialled == [(PROXY, PORT)]
    assert proxy.asked == [f"CONNECT {PUBLIC}:443"]


@pytest.mark.parametrize("addresses", [["10.0.0.1"], [PUBLIC, "127.0.0.1"], ["::1"], ["169.254.169.254"]])
def test_a_name_of_an_address_that_is_not_public_is_not_asked_of_the_proxy(
    addresses: list[str], proxy: Proxy, through: Through, internet: Internet
) -> None:
    internet.names[HOST] = [addresses]
    with pytest.raises(ServiceError, match="is not an address that I may read"):
        through("user:pass%20word").get(HOST, "/api")
    assert (internet.dialled, proxy.asked) == ([], [])


def test_another_certificate_behind_the_proxy_is_refused(proxy: Proxy, through: Through, internet: Internet) -> None:
    internet.names["other.org"] = [[PUBLIC]]
    with pytest.raises(ServiceError, match=r"other\.org is not answering"):
        through("user:pass%20word").get("other.org", "/api")
    assert proxy.asked == [f"CONNECT {PUBLIC}:443"]


def test_a_proxy_that_refuses_the_login_or_is_away_is_blamed_and_no_server_is(
    proxy: Proxy, through: Through, internet: Internet
) -> None:
    connection = through("user:wrong")
    with pytest.raises(NotAskedError, match="refuses the user or the password"):
        connection.get(HOST, "/api")
    del internet.ports[PROXY]
    with pytest.raises(NotAskedError, match="cannot be reached through the proxy"):
        connection.get(HOST, "/api")
    internet.ports[PROXY] = proxy.port
    assert proxy.asked == [f"CONNECT {PUBLIC}:443"]
