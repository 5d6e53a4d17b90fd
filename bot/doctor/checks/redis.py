"""Redis: whether it answers, takes what it is given, and keeps it."""

from collections.abc import Iterator
from contextlib import closing

from redis import RedisError

from bot.doctor.finding import Check, Finding, warning, well, wrong
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
        yield from _kept(settings)


def _kept(settings: BotSettings) -> Iterator[Finding]:
    with closing(servers.impatient(settings.redis_address)) as client:
        try:
            client.set("tallybird:doctor", 1, ex=1)
            keeps_data = servers.keeps_data(client)
        except RedisError as error:
            yield wrong(
                lazy_gettext(
                    "Redis: takes nothing: {problem}. Look at its memory, its disk and its rights", problem=str(error)
                )
            )
            return
    if keeps_data:
        yield well(lazy_gettext("Redis: answers, and keeps what it holds on its disk"))
    elif keeps_data is None:
        yield well(lazy_gettext("Redis: answers, and does not tell whether it keeps anything on a disk"))
    else:
        yield warning(
            lazy_gettext(
                "Redis: keeps nothing on its disk, so that a restart of it loses the tasks under way. "
                "Set appendonly yes in its configuration"
            )
        )


CHECK = Check("Redis", run)
