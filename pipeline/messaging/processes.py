"""Which of the Procfile's processes can be heard of, through the servers that they share."""

import os
from contextlib import closing

from redis import Redis

from pipeline.errors import ConfigError
from pipeline.messaging import servers
from pipeline.messaging.celery_app import make_app
from pipeline.messaging.client import READY
from pipeline.settings import Settings

TICKED = "tallybird:ticked"
"""A key that exists while ticks come."""
LASTS_TICKS, LASTS_AT_LEAST_S = 3, 30
"""Without a tick for so many periods, and so many seconds, none is coming."""
ANSWER_S = 1.5
"""For so long the answers of workers are waited for."""
BOT, BEAT = "bot", "beat"
NAMES = ("worker", "slow", BEAT, BOT)


def note_tick(redis: Redis, period_s: int) -> None:
    """A tick has come, which takes beat and a worker. period_s: seconds to the next one."""
    redis.set(TICKED, 1, ex=max(LASTS_TICKS * period_s, LASTS_AT_LEAST_S))


def heard_of(settings: Settings) -> set[str] | None:
    """The names of those that are running, as the Procfile has them; None where a server that they share is away.

    Workers answer, ticks come from beat, and the bot waits for news. Raises the errors of redis and kombu.
    """
    if servers.redis_problem(settings.redis_address) or (settings.broker_url and servers.broker_problem(settings)):
        return None
    app = make_app(settings)
    with closing(app), closing(servers.impatient(settings.redis_address)) as redis:
        answers = app.control.ping(timeout=ANSWER_S) or []
        heard = {name.partition("@")[0] for answer in answers for name in answer}
        [(_, listeners)] = redis.pubsub_numsub(READY)  # type: ignore[misc] # not asyncio's
        return heard | ({BOT} if listeners else set()) | ({BEAT} if redis.exists(TICKED) else set())


def is_running(settings: Settings) -> bool:
    """Whether a bot or a worker uses these settings' servers; beat alone changes nothing.

    Raises ConfigError where a server that others may use does not answer, and the errors of redis and kombu.
    """
    if settings.redis_url is None:
        return is_supervised(settings)
    heard = heard_of(settings)
    if heard is None:
        raise ConfigError(
            ["REDIS_URL, BROKER_URL: a server does not answer, so nobody knows whether Tallybird runs. Start it first"]
        )
    return bool(heard - {BEAT})


def is_supervised(settings: Settings) -> bool:
    """Whether `pipeline.supervise` runs here with this DATA_DIR, by the file with its process' id."""
    try:
        os.kill(int((settings.data_dir / "supervisord.pid").read_text("ascii")), 0)
    except PermissionError:  # another user's
        return True
    except (OSError, ValueError):
        return False
    return True
