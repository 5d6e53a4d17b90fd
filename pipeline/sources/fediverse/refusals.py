"""Why a server cannot be read, in a few fixed sentences: what a stranger's server writes is shown to nobody."""

from datetime import timedelta

from pipeline.errors import ServiceError
from pipeline.i18n import lazy_gettext
from pipeline.records import LazyString, State
from pipeline.sources.fediverse.facts import KEY

PAUSE = timedelta(minutes=5)
"""How long a server is not asked again that could not be read."""


GUESTS_REFUSED = {301, 302, 303, 307, 308, 401, 403, 422}
"""A redirect leads to the page to log in. Seen in public issues of Mastodon and others, and partly documented."""


class NotAskedError(ServiceError):
    """No request was sent: the server is not asked for a time, or the time is over."""


class NoAccountError(Exception):
    """The server answers, and has no such account. state: what became of it."""

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self.state = state


def no_answer(server: str) -> ServiceError:
    return _refusal(server, lazy_gettext("{server} is not answering", server=server))


def no_guests(server: str) -> ServiceError:
    return _refusal(server, lazy_gettext("{server} shows nothing to people who are not signed in", server=server))


def no_mastodon(server: str) -> ServiceError:
    return _refusal(server, lazy_gettext("{server} is not a Mastodon server that I can read", server=server))


def not_allowed(server: str) -> ServiceError:
    return _refusal(server, lazy_gettext("{server} is not an address that I may read", server=server))


def too_many(server: str, wait: timedelta) -> ServiceError:
    return _refusal(server, lazy_gettext("{server} accepts no more requests for now", server=server), wait)


def not_asked(server: str, reason: LazyString) -> NotAskedError:
    return NotAskedError(f"{KEY} {server}", reason)


def by_status(server: str, status: int, wait: timedelta) -> ServiceError:
    """Why a server answers a guest's question with this HTTP status. wait: until it allows requests again."""
    if status == 429:  # noqa: PLR2004 Too Many Requests
        return too_many(server, wait)
    if status >= 500:  # noqa: PLR2004 the server's own fault
        return no_answer(server)
    return no_guests(server) if status in GUESTS_REFUSED else no_mastodon(server)


def _refusal(server: str, text: LazyString, wait: timedelta = PAUSE) -> ServiceError:
    return ServiceError(f"{KEY} {server}", text, retry_after=wait)
