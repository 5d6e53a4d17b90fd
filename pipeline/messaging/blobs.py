"""Bytes that every machine can reach for a while, by their digest."""

from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256

from redis import Redis

LIFETIME = timedelta(minutes=5)
"""Long enough for the next step, short enough that the charts of a busy hour do not fill the memory."""
RETIRED_LIFETIME = timedelta(seconds=30)
"""For a reader that already knows the digest of a blob that has been replaced."""


class Blobs:
    """Bytes in Redis by the digest of their content. They may be lost at any moment; a reader has them made again."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis

    def put(self, content: bytes, text: str = "") -> str:
        """Returns the digest. text: what belongs to the bytes and tells them from equal ones with another."""
        digest = sha256(content + text.encode()).hexdigest()
        self.redis.set(key(digest), content, ex=LIFETIME)
        return digest

    def get(self, digest: str) -> bytes | None:
        content: bytes | None = self.redis.get(key(digest))  # type: ignore[assignment]
        return content

    def retire(self, digest: str | None) -> None:
        """Let the bytes expire soon, since others have replaced them."""
        if digest:
            self.redis.expire(key(digest), RETIRED_LIFETIME)

    def delete(self, digests: Sequence[str]) -> None:
        """Delete bytes that have been read."""
        if digests:
            self.redis.delete(*map(key, digests))


def key(digest: str) -> str:
    return f"tallybird:blob:{digest}"
