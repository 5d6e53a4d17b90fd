"""The versions of Tallybird, Python and the main packages, beside those of the lock file."""

import platform
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bot.doctor.finding import Check, Finding, warning, well, wrong
from pipeline.i18n import lazy_gettext
from pipeline.settings import BotSettings
from pipeline.user_agent import VERSION

LOCK = Path(__file__).parents[3] / "uv.lock"
PACKAGES = (
    "python-telegram-bot",
    "celery",
    "kombu",
    "redis",
    "sqlalchemy",
    "psycopg",
    "matplotlib",
    "tweepy",
    "dropbox",
)


def run(_settings: BotSettings) -> Iterator[Finding]:
    installed = {name: _installed(name) for name in PACKAGES}
    missing = [name for name, number in installed.items() if number is None]
    if missing:
        yield wrong(lazy_gettext("Packages: missing: {names}. Install them: make setup", names=missing))
    locked = _locked()
    others = [f"{name} {number}" for name, number in installed.items() if number and locked.get(name, number) != number]
    if others:
        yield warning(
            lazy_gettext(
                "Packages: not the versions that Tallybird is tested with: {names}. Install those: make setup",
                names=others,
            )
        )
    named = [
        f"Python {platform.python_version()}",
        *(f"{name} {number}" for name, number in installed.items() if number),
    ]
    yield well(lazy_gettext("Versions: Tallybird {version}, {names}", version=VERSION, names=named))


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _locked() -> dict[str, str]:
    """By their names; none where the lock file is not there."""
    if not LOCK.is_file():
        return {}
    return {each["name"]: each["version"] for each in tomllib.loads(LOCK.read_text("utf-8"))["package"]}


CHECK = Check(lazy_gettext("Versions"), run)
