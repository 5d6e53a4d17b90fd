"""Bytes that any worker machine can reach for a while, named by their own digest."""

from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256

from redis import Redis

KEPT = timedelta(minutes=5)
"""Long enough for the next step, short enough that a busy hour's charts do not fill the memory."""
RETIRED = timedelta(seconds=30)
"""For whoever is about to fetch what is needed no more."""


class Blobs:
    """Content-addressed bytes in Redis. They may be gone at any moment, and whoever needs them makes them again."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis

    def put(self, content: bytes) -> str:
        digest = sha256(content).hexdigest()
        self.redis.set(key(digest), content, ex=KEPT)
        return digest

    def get(self, digest: str) -> bytes | None:
        found: bytes | None = self.redis.get(key(digest))  # type: ignore[assignment]
        return found

    def retire(self, digest: str | None) -> None:
        """These bytes did their work; whoever is about to fetch them still can."""
        if digest:
            self.redis.expire(key(digest), RETIRED)

    def drop(self, digests: Sequence[str]) -> None:
        """Nobody needs these bytes any more."""
        if digests:
            self.redis.delete(*map(key, digests))


def key(digest: str) -> str:
    return f"tallybird:blob:{digest}"
