"""Bytes that any worker machine can reach for a while, named by their own digest."""

from datetime import timedelta
from hashlib import sha256

from redis import Redis

KEPT = timedelta(minutes=5)
"""Long enough for the next step, short enough that a busy hour's readings do not fill the memory."""


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


def key(digest: str) -> str:
    return f"tallybird:blob:{digest}"
