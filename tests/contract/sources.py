"""Our sources, as workers connect them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pipeline.settings import Settings
from pipeline.sources.registry import NETWORKS
from pipeline.sources.source import Source, connect


@contextmanager
def bluesky(appview_url: str) -> Iterator[Source]:
    source: Any = connect(NETWORKS["bluesky"], Settings(bluesky_api_url=appview_url))
    with source.connection.session:  # a worker's ends with its process
        yield source


@contextmanager
def fediverse(server_url: str) -> Iterator[Source]:
    """All servers are this one."""
    source: Any = connect(NETWORKS["fediverse"], Settings(fediverse_api_url=server_url))
    with source._connection._pool:
        yield source
