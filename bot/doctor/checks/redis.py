"""Redis: whether it answers, and takes what it is given."""

from collections.abc import Iterator
from contextlib import closing

from redis import RedisError

from bot.doctor.finding import Check, Finding, well, wrong
from pipeline.i18n import lazy_gettext
from pipeline.messaging import processes, servers
from pipeline.settings import BotSettings


def run(settings: BotSettings) -> Iterator[Finding]:
    problem = servers.redis_problem(settings.redis_address)
    if problem and not (settings.redis_url or problem.is_refusal or processes.is_supervised(settings)):
        yield well(lazy_gettext("Redis: a private one, which starts with Tallybird"))
    elif problem:
        yield wrong(
            lazy_gettext(
                "Redis: {problem}. See that it runs, and that REDIS_URL, if it is set, leads to it",
                problem=problem.text,
            )
        )
    else:
        yield _written(settings)


def _written(settings: BotSettings) -> Finding:
    with closing(servers.impatient(settings.redis_address)) as client:
        try:
            client.set("tallybird:doctor", 1, ex=1)
        except RedisError as error:
            return wrong(
                lazy_gettext(
                    "Redis: takes nothing: {problem}. Look at its memory, its disk and its rights", problem=str(error)
                )
            )
    return well(lazy_gettext("Redis: answers. It may lose everything: what must be kept is in the database"))


CHECK = Check("Redis", run)
