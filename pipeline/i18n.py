"""What is said in each language: English as it stands in the code, others from gettext catalogues; times by Babel."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

from babel.dates import format_datetime
from babel.lists import format_list
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal

from pipeline import clock
from pipeline.records import Language, LazyString, Metric, Normalization, Span, State, Theme, View

CATALOGUES = Path(__file__).parent / "locale"
LOCALES = {Language.ENGLISH: "en_GB", Language.SPANISH: "es"}


def lazy_gettext(words: str, **values: object) -> LazyString:
    """Something to be said later, in the language of whoever is told; the words are a key of the catalogues.

    A field says how its value is written: {at:moment} as in 23 Nov 15:20 UTC, {at:second} as in 23 Nov 15:20:07 UTC,
    with the year where it is not this one; {cost:usd} as in $1.30, {count:number} as in 5,000. Where it does not say, a
    text is said in the same language, a list is written as in a, b and c, and anything else as it is.
    """
    return LazyString(words, {name: _plain(value) for name, value in values.items()})


BLANK = LazyString("", {})
"""An empty line between others."""


def _plain(value: Any) -> Any:
    """The value as JSON has it."""
    match value:
        case datetime() | Decimal():
            return str(value)
        case str() | int() | LazyString():
            return value
        case _:
            return list(value)


METRICS = {
    Metric.REPOSTS: lazy_gettext("retweets"),
    Metric.LIKES: lazy_gettext("likes"),
    Metric.REPLIES: lazy_gettext("replies"),
    Metric.QUOTES: lazy_gettext("quotes"),
    Metric.BOOKMARKS: lazy_gettext("bookmarks"),
    Metric.VIEWS: lazy_gettext("views"),
    Metric.ENGAGEMENT: lazy_gettext("engagement"),
}
"""What people call it in a chat about X."""
VIEW_NAMES = {
    View.SPREAD: lazy_gettext("Spread"),
    View.POSTS: lazy_gettext("Posts"),
    View.GROWTH: lazy_gettext("Growth"),
    View.RACE: lazy_gettext("Race"),
}
NORMALIZATION_NAMES = {
    Normalization.COUNT: lazy_gettext("As counted"),
    Normalization.RATE: lazy_gettext("Per 1,000 views"),
    Normalization.DAILY: lazy_gettext("Per day"),
}
SPAN_NAMES = {Span.HOUR: lazy_gettext("Hour"), Span.DAY: lazy_gettext("Day"), Span.WEEK: lazy_gettext("Week")}
THEME_NAMES = {Theme.LIGHT: lazy_gettext("Light"), Theme.DARK: lazy_gettext("Dark")}
STATE_NAMES = {
    State.PROTECTED: lazy_gettext("protected"),
    State.SUSPENDED: lazy_gettext("suspended"),
    State.MISSING: lazy_gettext("no such account any more"),
}


class Translator(Formatter):
    """One language. The words given to `say` are the catalogues' keys, as those of `text` are."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.locale = LOCALES[language]
        self.texts = _catalogue(language)

    def gettext(self, words: str | LazyString, **values: object) -> str:
        """The words in this language, with their {fields} filled in: by these values and the text's own."""
        told = words if isinstance(words, LazyString) else LazyString(words, {})
        return self.vformat(self.texts.get(told.words, told.words), (), {**told.values, **values})

    def format_field(self, value: Any, format_spec: str) -> str:
        """A value as its field says; see `text`."""
        match format_spec:
            case "moment":
                return self._at(_moment(value), f"{_day(_moment(value))} HH:mm 'UTC'")
            case "second":
                return self._at(_moment(value), f"{_day(_moment(value))} HH:mm:ss 'UTC'")
            case "usd":
                return format_currency(value, "USD", locale=self.language.value)
            case "number":
                return format_decimal(value, locale=self.locale)
        if isinstance(value, list):
            return self.listed(self.format_field(each, "") for each in value)
        return self.gettext(value) if isinstance(value, LazyString) else str(value)

    def metric(self, metric: Metric) -> str:
        return self.gettext(METRICS[metric])

    def moment(self, when: datetime, *, year: bool = False) -> str:
        """As in 23 Nov 15:20 UTC, or 23 Nov 2026 15:20 UTC."""
        return self._at(when, "d MMM y HH:mm 'UTC'" if year else "d MMM HH:mm 'UTC'")

    def short_moment(self, when: datetime, beside: datetime) -> str:
        """As in 23 Nov 15:20 UTC beside a moment of the same year, as in 23 Nov 2025 beside one of another."""
        same = when.astimezone(UTC).year == beside.astimezone(UTC).year
        return self.moment(when) if same else self._at(when, "d MMM y")

    def short_day(self, when: datetime, beside: datetime) -> str:
        """As in 23 Nov beside a moment of the same year, as in 2025 beside one of another."""
        same = when.astimezone(UTC).year == beside.astimezone(UTC).year
        return self._at(when, "d MMM" if same else "y")

    def read_at(self, as_of: datetime, checked: datetime | None = None) -> str:
        """When a chart's figures were read, and until when they were found unchanged, if that is later."""
        since, until = self.moment(as_of, year=True), self.moment(checked or as_of, year=True)
        if since == until:
            return self.gettext("as of {moment}", moment=since)
        return self.gettext("unchanged since {moment}, checked {checked}", moment=since, checked=until)

    def _at(self, when: datetime, pattern: str) -> str:
        return format_datetime(when.astimezone(UTC), pattern, locale=self.locale)

    def listed(self, names: Iterable[str]) -> str:
        """As in a, b and c."""
        return format_list(list(names), locale=self.locale)


def _moment(value: object) -> datetime:
    return datetime.fromisoformat(str(value)).astimezone(UTC)


def _day(when: datetime) -> str:
    return "d MMM" if when.year == clock.now().year else "d MMM y"


@cache
def translator(language: Language) -> Translator:
    return Translator(language)


def _catalogue(language: Language) -> dict[str, str]:
    path = CATALOGUES / f"{language.value}.po"
    if language is Language.ENGLISH:
        return {}
    with path.open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file) if message.id and message.string}
