"""Deployments on each set-up of servers, and one that tests share."""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from redis import Redis

from tests.e2e.deployment import Deployment, running
from tests.e2e.figures import own_posts
from tests.servers import rabbitmqctl

NAME = f"tallybird_e2e_{os.getpid()}"


@pytest.fixture(scope="module", params=["private", "postgresql", "rabbitmq"])
def deployment(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, timelines: Path
) -> Iterator[Deployment]:
    """Private Redis and SQLite; a given Redis and PostgreSQL; RabbitMQ as the broker."""
    settings = request.getfixturevalue(f"{request.param}_settings")
    with running(tmp_path_factory.mktemp("deployment"), timelines, settings) as started:
        yield started


@pytest.fixture(scope="session")
def handles(timelines: Path) -> list[str]:
    return list(own_posts(timelines))[:5]


@pytest.fixture(scope="session")
def shared_deployment(tmp_path_factory: pytest.TempPathFactory, timelines: Path) -> Iterator[Deployment]:
    """A deployment for all tests of this process that any set-up can run."""
    settings = {"ADMIN_IDS": "900", "MAX_ACCOUNTS_PER_CHAT": "100"}
    with running(tmp_path_factory.mktemp("shared"), timelines, settings) as started:
        yield started


@pytest.fixture(scope="module")
def private_settings() -> dict[str, str]:
    return {}


@pytest.fixture(scope="module")
def postgresql_settings(redis_url: str, postgres_url: str) -> Iterator[dict[str, str]]:
    with psycopg.connect(f"{postgres_url}/postgres", autocommit=True) as server:
        server.execute(f"CREATE DATABASE {NAME}")
        yield {"REDIS_URL": redis_url, "DATABASE_URL": f"{postgres_url}/{NAME}"}
        server.execute(f"DROP DATABASE {NAME} WITH (FORCE)")
    with Redis.from_url(redis_url) as redis:
        redis.flushdb()


@pytest.fixture(scope="module")
def rabbitmq_settings(rabbitmq: str) -> Iterator[dict[str, str]]:
    rabbitmqctl("add_vhost", NAME)
    rabbitmqctl("set_permissions", "-p", NAME, "guest", ".*", ".*", ".*")
    yield {"BROKER_URL": f"amqp://guest:guest@{rabbitmq}/{NAME}"}
    rabbitmqctl("delete_vhost", NAME)
