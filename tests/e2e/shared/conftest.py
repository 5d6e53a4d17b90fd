"""The deployment that the tests of this folder share; tests.conftest lets one worker run them all."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import redis_and_postgresql
from tests.e2e.deployment import Deployment, running


@pytest.fixture(scope="package")
def shared_deployment(
    tmp_path_factory: pytest.TempPathFactory, timelines: Path, redis_url: str, postgres_url: str
) -> Iterator[Deployment]:
    """A deployment for tests that any set-up can run; it ends before other folders' tests begin.

    Its set-up is the one that no other test has: a given Redis and PostgreSQL, without RabbitMQ.
    """
    with redis_and_postgresql(redis_url, postgres_url) as given:
        settings = given | {"ADMIN_IDS": "900", "MAX_ACCOUNTS_PER_CHAT": "100"}
        with running(tmp_path_factory.mktemp("shared"), timelines, settings) as started:
            yield started
