"""The proxies of the settings: whether each answers, and leads to a service."""

from collections.abc import Iterator
from http import HTTPStatus
from urllib.parse import urlsplit

import httpx

from bot.doctor.finding import Check, Finding, well, wrong
from pipeline.i18n import lazy_gettext
from pipeline.records import LazyString
from pipeline.settings import BotSettings

ANSWERS_WITHIN_S = 4
REFUSED = str(HTTPStatus.PROXY_AUTHENTICATION_REQUIRED.value)


def run(settings: BotSettings) -> Iterator[Finding]:
    if settings.telegram_proxy:
        yield _ask("TELEGRAM_PROXY", settings.telegram_proxy, settings.telegram_api_url)
    if settings.sources_proxy:
        yield _ask("SOURCES_PROXY", settings.sources_proxy, settings.free_api_url)


def _ask(name: str, proxy: str, address: str) -> Finding:
    """Ask for a page of the service: whatever it answers came through the proxy."""
    host = urlsplit(address).hostname
    problem = _problem(proxy, address, host)
    if problem is None:
        return well(lazy_gettext("{name}: answers, and leads to {host}", name=name, host=host))
    return wrong(lazy_gettext("{name}: {problem}", name=name, problem=problem))


def _problem(proxy: str, address: str, host: str | None) -> LazyString | None:
    try:
        refusal = str(httpx.head(address, proxy=proxy, timeout=ANSWERS_WITHIN_S).status_code)
    except httpx.ProxyError as error:
        refusal = str(error)
        if not refusal.startswith(REFUSED):
            return lazy_gettext(
                "does not lead to {host}: {cause}. See what the proxy allows, and its user and password",
                host=host,
                cause=refusal,
            )
    except httpx.TransportError as error:
        return lazy_gettext(
            "does not answer: {cause}. See that the proxy runs, and that its address is right", cause=str(error)
        )
    if refusal.startswith(REFUSED):
        return lazy_gettext("refuses the user or the password. See that both are right, with %40 for @ and so on")
    return None


CHECK = Check(lazy_gettext("Proxies"), run)
