from collections.abc import Iterator

import pytest

from tests.contract.bluesky.people import Pds
from tests.contract.bluesky.servers import BlueskyServers, bluesky_servers
from tests.contract.fediverse.people import Mock, mock
from tests.contract.sandbox import Sandbox


@pytest.fixture(scope="session")
def bluesky() -> Iterator[BlueskyServers]:
    with bluesky_servers() as servers:
        yield servers


@pytest.fixture(scope="session")
def pds(bluesky: BlueskyServers) -> Iterator[Pds]:
    with Pds(bluesky.pds_url).open() as opened:
        yield opened


@pytest.fixture(scope="session")
def sandbox_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with Sandbox(tmp_path_factory.mktemp("sandbox")).running() as sandbox:
        yield sandbox.url


@pytest.fixture(scope="session")
def mastodon() -> Iterator[Mock]:
    with mock() as server:
        yield server
