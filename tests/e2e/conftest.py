"""The set-ups in which Tallybird must do the same."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from redis import Redis, RedisError

from tests.conftest import without
from tests.e2e.figures import own_posts
from tests.e2e.house import House, running

REDIS_URL = "redis://127.0.0.1:6379/11"
POSTGRES = "postgresql://postgres@127.0.0.1:5432"
NAME = f"tallybird_e2e_{os.getpid()}"


@pytest.fixture(scope="module", params=["private", "postgresql", "rabbitmq"])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, timelines: Path) -> Iterator[House]:
    """Private Redis and SQLite; a given Redis and PostgreSQL; RabbitMQ as the broker."""
    settings = request.getfixturevalue(f"{request.param}_settings")
    with running(tmp_path_factory.mktemp("house"), timelines, settings) as started:
        yield started


@pytest.fixture(scope="session")
def handles(timelines: Path) -> list[str]:
    return list(own_posts(timelines))[:5]


@pytest.fixture(scope="session")
def plain_house(tmp_path_factory: pytest.TempPathFactory, timelines: Path) -> Iterator[House]:
    """One house for the tests that hold in any set-up."""
    settings = {"ADMIN_IDS": "900", "MAX_ACCOUNTS_PER_CHAT": "100"}
    with running(tmp_path_factory.mktemp("plain"), timelines, settings) as started:
        yield started


@pytest.fixture(scope="module")
def private_settings() -> dict[str, str]:
    return {}


@pytest.fixture(scope="module")
def postgresql_settings() -> Iterator[dict[str, str]]:
    try:
        redis = Redis.from_url(REDIS_URL)
        redis.flushdb()
        server = psycopg.connect(f"{POSTGRES}/postgres", autocommit=True)
    except (RedisError, psycopg.OperationalError):
        return without("a Redis on 6379 or a PostgreSQL on 5432")
    with server:
        server.execute(f"CREATE DATABASE {NAME}")
        yield {"REDIS_URL": REDIS_URL, "DATABASE_URL": f"{POSTGRES}/{NAME}"}
        server.execute(f"DROP DATABASE {NAME} WITH (FORCE)")
    redis.flushdb()
    redis.close()


@pytest.fixture(scope="module")
def rabbitmq_settings() -> Iterator[dict[str, str]]:
    try:
        _rabbitmqctl("add_vhost", NAME)
    except (OSError, subprocess.CalledProcessError):
        return without("a RabbitMQ on 5672")
    _rabbitmqctl("set_permissions", "-p", NAME, "guest", ".*", ".*", ".*")
    yield {"BROKER_URL": f"amqp://guest:guest@127.0.0.1:5672/{NAME}"}
    _rabbitmqctl("delete_vhost", NAME)


def _rabbitmqctl(*words: str) -> None:
    subprocess.run(["rabbitmqctl", "--quiet", *words], check=True, capture_output=True)
