"""Runs all checks side by side, each within a time limit."""

import logging
import os
import threading
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from bot.doctor.checks import CHECKS
from bot.doctor.finding import Check, Finding, well, wrong
from pipeline.i18n import lazy_gettext
from pipeline.records import LazyString
from pipeline.settings import BotSettings

LIMIT_S = 5


@dataclass
class _Report:
    """What a check has found so far. is_over: it has no more to say."""

    check: Check
    findings: list[Finding] = field(default_factory=list)
    is_over: bool = False

    def write(self, settings: BotSettings) -> None:
        try:
            for finding in self.check.run(settings):
                self.findings.append(finding)
        except Exception as error:  # noqa: BLE001 the border of a check: the others go on, and its failure is a finding
            problem = f"{type(error).__name__}: {error}".partition("\n")[0]
            self.findings.append(wrong(lazy_gettext("{name}: {cause}", name=self.check.name, cause=problem)))
        self.is_over = True

    def lines(self) -> list[Finding]:
        if self.is_over:
            return self.findings
        late = lazy_gettext(
            "{name}: no answer within {seconds} s. If that lasts, look at the network and at the server",
            name=self.check.name,
            seconds=LIMIT_S,
        )
        return [*self.findings, wrong(late)]


def examine(settings: BotSettings) -> list[Finding]:
    """What all checks find, in their order, with no secret in it.

    A check that is late is left to itself: the process should `leave` afterwards.
    """
    logging.disable(logging.CRITICAL)  # what libraries log of a server that is away is said by a check
    warnings.simplefilter("ignore")
    os.environ["PTB_TIMEDELTA"] = "true"
    reports = [_Report(check) for check in CHECKS]
    threads = [threading.Thread(target=report.write, args=(settings,), daemon=True) for report in reports]
    ends_at = time.monotonic() + LIMIT_S
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0, ends_at - time.monotonic()))
    found = [well(lazy_gettext("Settings: valid")), *(each for report in reports for each in report.lines())]
    secrets = sorted(settings.secrets, key=len, reverse=True)  # one may be part of another
    return [replace(each, text=_without(secrets, each.text)) for each in found]


def _without(secrets: Iterable[str], value: Any) -> Any:
    """A text's value with [secret] in place of each secret, also in the texts within it."""
    if isinstance(value, LazyString):
        return replace(value, values={name: _without(secrets, each) for name, each in value.values.items()})
    if isinstance(value, list):
        return [_without(secrets, each) for each in value]
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, "[secret]")
    return value


def leave(write: Callable[[], object], status: int) -> None:
    """Write, and end the process at once: a check that is late may have threads that Python would wait for."""
    write()
    os._exit(status)
