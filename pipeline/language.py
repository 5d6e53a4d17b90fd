"""What is said in each language: English as it stands in the code, others from gettext catalogues; times by Babel."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from babel.dates import format_datetime
from babel.lists import format_list
from babel.messages.pofile import read_po

from pipeline.records import Language, Metric


def text(words: str) -> str:
    """Marks words for the catalogues that `say` is given later."""
    return words


METRICS = {
    Metric.REPOSTS: text("retweets"),
    Metric.LIKES: text("likes"),
    Metric.REPLIES: text("replies"),
    Metric.QUOTES: text("quotes"),
    Metric.BOOKMARKS: text("bookmarks"),
    Metric.VIEWS: text("views"),
    Metric.ENGAGEMENT: text("engagement"),
}
"""What people call it in a chat about X."""
CATALOGUES = Path(__file__).parent / "locale"
LOCALES = {Language.ENGLISH: "en_GB", Language.SPANISH: "es"}


class Speech:
    """One language. The texts given to `say` are the catalogues' keys."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.locale = LOCALES[language]
        self.texts = _catalogue(language)

    def say(self, words: str, **values: object) -> str:
        """The words in this language, with their {names} filled in."""
        return self.texts.get(words, words).format(**values)

    def metric(self, metric: Metric) -> str:
        return self.say(METRICS[metric])

    def clock(self, when: datetime) -> str:
        """As in 14:05 UTC."""
        return format_datetime(when.astimezone(UTC), "HH:mm 'UTC'", locale=self.locale)

    def moment(self, when: datetime, *, year: bool = False) -> str:
        """As in 23 Nov 15:20 UTC, or 23 Nov 2026 15:20 UTC."""
        pattern = "d MMM y HH:mm 'UTC'" if year else "d MMM HH:mm 'UTC'"
        return format_datetime(when.astimezone(UTC), pattern, locale=self.locale)

    def listed(self, names: Iterable[str]) -> str:
        """As in a, b and c."""
        return format_list(list(names), locale=self.locale)


@cache
def speech(language: Language) -> Speech:
    return Speech(language)


def _catalogue(language: Language) -> dict[str, str]:
    path = CATALOGUES / f"{language.value}.po"
    if language is Language.ENGLISH:
        return {}
    with path.open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file) if message.id and message.string}
