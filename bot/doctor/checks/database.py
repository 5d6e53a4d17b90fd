"""The database: whether it can be used, whether its tables are this version's, and its time zone."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from bot.doctor.finding import Check, Finding, warning, well, wrong
from pipeline.errors import ConfigError
from pipeline.i18n import lazy_gettext
from pipeline.records import UTC_ZONE
from pipeline.settings import BotSettings
from pipeline.store import Store, migrate
from pipeline.store.migrate import Condition


def run(settings: BotSettings) -> Iterator[Finding]:
    if _is_missing(settings):
        yield well(lazy_gettext("Database: SQLite, made when Tallybird first starts"))
        return
    try:
        yield _describe(_examine(settings))
    except (DBAPIError, ConfigError) as error:
        problem = str(error.orig if isinstance(error, DBAPIError) else error).partition("\n")[0]
        yield wrong(
            lazy_gettext(
                "Database: {problem}. See that DATABASE_URL, or else DATA_DIR, names one that this user may use",
                problem=problem,
            )
        )


def is_usable(settings: BotSettings) -> bool:
    """Whether it has the tables of this version."""
    try:
        return not _is_missing(settings) and (found := _examine(settings)).revision == found.newest
    except (DBAPIError, ConfigError):
        return False


def _examine(settings: BotSettings) -> Condition:
    with closing(Store(settings.database_address)) as store:
        return migrate.examine(store)


def _is_missing(settings: BotSettings) -> bool:
    """Of SQLite, which would make the file."""
    url = make_url(settings.database_address)
    return url.get_backend_name() == "sqlite" and not Path(url.database or "").exists()


def _describe(found: Condition) -> Finding:
    if found.time_zone not in {None, UTC_ZONE}:
        return wrong(
            lazy_gettext(
                "Database: its times are in {zone}, though Tallybird sets UTC. See that no pooler forbids SET TimeZone",
                zone=found.time_zone,
            )
        )
    if found.revision is None or found.revision < found.newest:
        return warning(
            lazy_gettext(
                "Database: {server}, revision {revision}. The next start of Tallybird brings it to {newest}",
                server=found.server,
                revision=found.revision or "–",
                newest=found.newest,
            )
        )
    if found.revision > found.newest:
        return wrong(
            lazy_gettext(
                "Database: a newer version of Tallybird has changed it. Start that version, or use a backup from before"
            )
        )
    return well(
        lazy_gettext(
            "Database: {server}, up to date (revision {revision}), times in UTC",
            server=found.server,
            revision=found.revision,
        )
    )


CHECK = Check(lazy_gettext("Database"), run)
