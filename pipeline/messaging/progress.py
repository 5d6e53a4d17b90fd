"""What the processes tell each other in Redis of how the loop goes: what they counted, and when each part last got on.

Where Redis was wiped, counts begin anew, and the next tick notes its parts again.
"""

import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import cast

from redis import Redis

from pipeline import clock

COUNTS, PARTS = "tallybird:counts", "tallybird:progress"
DRAWING = "drawing"
"""The part that draws what chats wait for. Any other is a network's ticks, by its key."""


def begin_ticks(redis: Redis, networks: Collection[str]) -> None:
    """These networks, by their keys, are read from now on and no others: each is to conclude its first tick soon."""
    now = str(clock.now().timestamp())
    with redis.pipeline() as pipe:
        for part in {each.decode() for each in _hash(redis, PARTS)} - {*networks, DRAWING}:
            pipe.hdel(PARTS, part)
        for network in networks:
            pipe.hsetnx(PARTS, network, now)
        pipe.execute()


def await_drawing(redis: Redis, *, is_awaited: bool) -> None:
    """Whether a chat waits for a chart to be drawn; if so, one is to be drawn soon."""
    if is_awaited:
        redis.hsetnx(PARTS, DRAWING, str(clock.now().timestamp()))
    else:
        redis.hdel(PARTS, DRAWING)


def note(redis: Redis, part: str) -> None:
    """A tick of this network has concluded, or a chart was drawn."""
    redis.hset(PARTS, part, str(clock.now().timestamp()))


def load(redis: Redis) -> dict[str, datetime]:
    """When each part that has something to do last got on, or when it first had."""
    return {part.decode(): datetime.fromtimestamp(float(at), UTC) for part, at in _hash(redis, PARTS).items()}


def count(redis: Redis, counts: Mapping[tuple[str, ...], int]) -> None:
    """Add to the counts. Each is named by what is counted, and by the values of its labels, if it has any."""
    with redis.pipeline(transaction=False) as pipe:
        for name, number in counts.items():
            pipe.hincrby(COUNTS, json.dumps(name), number)
        pipe.execute()


def load_counts(redis: Redis) -> dict[tuple[str, ...], int]:
    """What was counted since Redis was wiped last, by name and values of labels."""
    return {tuple(json.loads(name)): int(number) for name, number in _hash(redis, COUNTS).items()}


def _hash(redis: Redis, key: str) -> dict[bytes, bytes]:
    return cast("dict[bytes, bytes]", redis.hgetall(key))
