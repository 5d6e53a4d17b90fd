"""Deployments on each set-up of servers."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from redis import Redis

from tests.e2e.deployment import Deployment, running
from tests.e2e.figures import own_posts
from tests.servers import rabbitmqctl

NAME = f"tallybird_e2e_{os.getpid()}"


@pytest.fixture(scope="module", params=["private", "given"])
def deployment(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, timelines: Path
) -> Iterator[Deployment]:
    """A private Redis and SQLite; a given Redis, PostgreSQL and RabbitMQ."""
    settings = request.getfixturevalue(f"{request.param}_settings")
    with running(tmp_path_factory.mktemp("deployment"), timelines, settings, is_first_start=True) as started:
        yield started


@pytest.fixture(scope="session")
def handles(timelines: Path) -> list[str]:
    return list(own_posts(timelines))[:5]


@pytest.fixture(scope="session")
def post_counts(timelines: Path) -> dict[str, int]:
    """How many posts of each account a chart shows, by handle."""
    return {handle: len(posts) for handle, posts in own_posts(timelines).items()}


@pytest.fixture(scope="module")
def private_settings() -> dict[str, str]:
    return {}


@pytest.fixture(scope="module")
def given_settings(redis_url: str, postgres_url: str, rabbitmq: str) -> Iterator[dict[str, str]]:
    rabbitmqctl("add_vhost", NAME)
    rabbitmqctl("set_permissions", "-p", NAME, "guest", ".*", ".*", ".*")
    with redis_and_postgresql(redis_url, postgres_url) as settings:
        yield settings | {"BROKER_URL": f"amqp://guest:guest@{rabbitmq}/{NAME}"}
    rabbitmqctl("delete_vhost", NAME)


@contextmanager
def redis_and_postgresql(redis_url: str, postgres_url: str) -> Iterator[dict[str, str]]:
    """The settings of a given Redis, which is the broker too, and a new database; both are empty again afterwards."""
    with psycopg.connect(f"{postgres_url}/postgres", autocommit=True) as server:
        server.execute(f"CREATE DATABASE {NAME}")
        yield {"REDIS_URL": redis_url, "DATABASE_URL": f"{postgres_url}/{NAME}"}
        server.execute(f"DROP DATABASE {NAME} WITH (FORCE)")
    with Redis.from_url(redis_url) as redis:
        redis.flushdb()
