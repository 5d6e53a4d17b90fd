"""Reads secrets from files, as container hosts hand them over: NAME_FILE names the file with the value of NAME."""

from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import ConfigError

NAMES = (
    "telegram_bot_token",
    "x_bearer_token",
    "dropbox_refresh_token",
    "database_url",
    "redis_url",
    "broker_url",
    "telegram_proxy",
    "sources_proxy",
)
LARGEST_BYTES = 65_536
"""A larger file holds no token; a device by that name would be read for ever."""


def setting_of(name: str) -> str:
    """The variable that names a secret's file."""
    return f"{name}_file"


def read(given: Mapping[str, str]) -> dict[str, str]:
    """The secrets that are in files, by their names. given: all variables, by their names in lower case.

    Raises ConfigError with every file that cannot be read, and every secret that is given twice.
    """
    values, problems = dict[str, str](), list[str]()
    for name in NAMES:
        path = given.get(setting_of(name))
        if not path:
            continue
        try:
            values[name] = _content(Path(path))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text of a token's size"
            problems.append(f"{setting_of(name).upper()}: {path} cannot be read: {reason}. Name a file with the secret")
        if given.get(name):
            problems.append(f"{name.upper()}: set, though {setting_of(name).upper()} is set too. Keep one of them")
    if problems:
        raise ConfigError(problems)
    return values


def _content(path: Path) -> str:
    """The file's text without blanks and line ends around it. Raises OSError, ValueError."""
    with path.open("rb") as file:
        content = file.read(LARGEST_BYTES + 1)
    text = content.decode().strip()
    if not text or len(content) > LARGEST_BYTES or "\0" in text:
        raise ValueError
    return text
