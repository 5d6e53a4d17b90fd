"""Token buckets: how many requests a network, or a server, may be sent.

Tokens come in with time, and each request takes one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from pipeline.store import services
from pipeline.store.tables import TokenBucket


@dataclass(frozen=True, slots=True)
class RateLimit:
    """`requests` tokens come in each period; the bucket holds at most `burst`, which limits how many go at once."""

    requests: float
    period: timedelta
    burst: float


class TokenBuckets:
    """The buckets of a network and its servers, loaded at once: a tick may ask hundreds of servers."""

    def __init__(self, session: Session, network: str) -> None:
        self.session = session
        rows = session.scalars(select(TokenBucket).where(services.is_of(TokenBucket.network, network)))
        self.rows = {row.network: row for row in rows}

    def count_available(self, name: str, limit: RateLimit, now: datetime) -> float:
        """The tokens in the bucket now; below one, no request may be made. A bucket that was never used is full."""
        bucket = self.rows.get(name)
        if bucket is None:
            return limit.burst
        periods = max(now - bucket.updated_at, timedelta(0)) / limit.period
        return min(limit.burst, bucket.tokens + limit.requests * periods)

    def count_stored(self, name: str, *, burst: float) -> float:
        """The tokens at the last update, at most `burst`: so many there are at least."""
        bucket = self.rows.get(name)
        return burst if bucket is None else min(burst, bucket.tokens)

    def consume(self, name: str, requests: int, limit: RateLimit, now: datetime) -> None:
        """Take the tokens of requests that were made, and add those that came in until now."""
        tokens = self.count_available(name, limit, now) - requests
        if name not in self.rows:
            self.rows[name] = TokenBucket(network=name)
            self.session.add(self.rows[name])
        self.rows[name].tokens, self.rows[name].updated_at = tokens, now

    def deduct(self, name: str, requests: int) -> None:
        """Take the tokens of requests made between ticks, without adding any. A full, unused bucket stays full."""
        bucket = self.rows.get(name)
        if bucket is not None:
            bucket.tokens -= requests


def delete_unused(session: Session, before: datetime) -> None:
    """Delete the buckets that were not used since; they are full by now, as new ones are."""
    session.execute(delete(TokenBucket).where(TokenBucket.updated_at < before))
