"""What X's refusals mean: how long not to ask again, and what to tell people."""

from datetime import timedelta
from typing import Any

import requests

from pipeline import clock
from pipeline.errors import ServiceError
from pipeline.i18n import lazy_gettext
from pipeline.sources.x import responses
from pipeline.sources.x.facts import KEY, NAME, RATE_LIMIT_WINDOW

HARD_STOPS = {
    "credits": lazy_gettext("X's credits ran out"),
    "credits-depleted": lazy_gettext("X's credits ran out"),
    "spend-cap-reached": lazy_gettext("X's monthly spending limit is reached"),
    "usage-capped": lazy_gettext("X's monthly usage cap is reached"),
}
"""By the kind of the problem: each is seen in answers of X, and not in its documents."""
HARD_STOP_TITLES = {
    "CreditsDepleted": "credits",
    "SpendCapReached": "spend-cap-reached",
    "UsageCapExceeded": "usage-capped",
}


def service_error(response: requests.Response, problem: dict[str, Any]) -> ServiceError:
    """The error that an answer with another status than 200 is. problem: what its body says, {} for nothing."""
    status = response.status_code
    kind = HARD_STOP_TITLES.get(str(problem.get("title")), responses.kind(problem))
    if status == requests.codes.payment_required and kind not in HARD_STOPS:
        kind = "credits"
    if kind in HARD_STOPS:
        return ServiceError(KEY, HARD_STOPS[kind], permanent=True, retry_after=_until_tomorrow())
    if status == requests.codes.unauthorized:
        return ServiceError(
            KEY, lazy_gettext("X rejects the bot's access token"), permanent=True, retry_after=RATE_LIMIT_WINDOW
        )
    if kind == "client-forbidden":
        return ServiceError(KEY, lazy_gettext("X rejects the bot's app"), permanent=True, retry_after=RATE_LIMIT_WINDOW)
    if status == requests.codes.too_many_requests:
        return ServiceError(
            KEY, lazy_gettext("{network} asks the bot to slow down", network=NAME), retry_after=_reset(response)
        )
    return ServiceError(
        KEY, lazy_gettext("{network} is not working right now (error {status})", network=NAME, status=status)
    )


def _reset(response: requests.Response) -> timedelta:
    """How long until the window of the rate limit ends; without the header, a minute."""
    reset = response.headers.get("x-rate-limit-reset", "")
    if not (reset.isascii() and reset.isdigit()):
        return timedelta(minutes=1)
    left_s = int(reset[:15]) - clock.now().timestamp()
    return timedelta(seconds=min(max(left_s, 1), RATE_LIMIT_WINDOW.total_seconds()))


def _until_tomorrow() -> timedelta:
    now = clock.now()
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1) - now
