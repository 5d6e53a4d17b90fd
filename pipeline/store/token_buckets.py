"""Token buckets: how many requests a network may be sent. Tokens come in with time, and each request takes one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from pipeline.store.tables import TokenBucket


@dataclass(frozen=True, slots=True)
class RateLimit:
    """`requests` tokens come in each period; the bucket holds at most `burst`, which limits how many go at once."""

    requests: float
    period: timedelta
    burst: float


def count_available(session: Session, network: str, limit: RateLimit, now: datetime) -> float:
    """The tokens in the bucket now; below one, no request may be made. A bucket that was never used is full."""
    bucket = session.get(TokenBucket, network)
    if bucket is None:
        return limit.burst
    periods = max(now - bucket.updated_at, timedelta(0)) / limit.period
    return min(limit.burst, bucket.tokens + limit.requests * periods)


def consume(session: Session, network: str, requests: int, limit: RateLimit, now: datetime) -> None:
    """Take the tokens of requests that were made, and add those that came in until now."""
    tokens = count_available(session, network, limit, now) - requests
    session.merge(TokenBucket(network=network, tokens=tokens, updated_at=now))
    session.flush()


def count_stored(session: Session, network: str, *, burst: float) -> float:
    """The tokens at the last update, at most `burst`: so many there are at least."""
    bucket = session.get(TokenBucket, network)
    return burst if bucket is None else min(burst, bucket.tokens)


def deduct(session: Session, network: str, requests: int) -> None:
    """Take the tokens of requests made between ticks, without adding any. A full, unused bucket stays full."""
    bucket = session.get(TokenBucket, network)
    if bucket is not None:
        bucket.tokens -= requests
        session.flush()
