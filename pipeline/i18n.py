"""Texts in each language: English stands in the code, others in gettext catalogues; Babel writes figures and times."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from string import Formatter
from typing import Any

from babel import Locale
from babel.dates import format_datetime
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal

from pipeline import clock
from pipeline.records import Language, LazyString, Metric, Normalization, Span, State, Theme

CATALOGUES = Path(__file__).parent / "locale"
LOCALES = {Language.ENGLISH: "en_GB", Language.SPANISH: "es"}
"""The locale by which Babel writes figures, times and lists in each language."""
LANGUAGE_NAMES = {language: str(Locale(language).language_name).capitalize() for language in Language}
"""Each language's name in that language."""


def lazy_gettext(msgid: str, **values: object) -> LazyString:
    """A text to be translated once its reader's language is known. msgid: the English text, the catalogues' key.

    A field's format says how its value is written: {at:moment} as in 23 Nov 15:20 UTC, {at:second} as in
    23 Nov 15:20:07 UTC, both with the year unless it is the current one; {cost:usd} as in $1.30; {count:number} as in
    5,000. Without a format, a LazyString is translated, a list becomes "a, b and c", and other values stay as they are.
    """
    return LazyString(msgid, {name: _plain(value) for name, value in values.items()})


def lazy_ngettext(singular: str, plural: str, count: int, **values: object) -> LazyString:
    """As lazy_gettext, for a text whose words depend on {count}; a language has as many forms as its grammar needs."""
    return replace(lazy_gettext(singular, count=count, **values), plural=plural)


BLANK = LazyString("", {})
"""An empty line of an answer."""


def _plain(value: Any) -> Any:
    """The value in types of JSON."""
    match value:
        case datetime() | Decimal():
            return str(value)
        case str() | int() | LazyString():
            return value
        case _:
            return list(value)


METRICS = {
    Metric.REPOSTS: lazy_gettext("shares"),
    Metric.LIKES: lazy_gettext("likes"),
    Metric.REPLIES: lazy_gettext("replies"),
    Metric.QUOTES: lazy_gettext("quotes"),
    Metric.BOOKMARKS: lazy_gettext("bookmarks"),
    Metric.VIEWS: lazy_gettext("views"),
    Metric.ENGAGEMENT: lazy_gettext("engagement"),
}
"""The common words for what networks call by names of their own; pipeline.sources.registry.noun has those."""
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
    """Writes texts, figures and times in one language."""

    def __init__(self, language: Language, catalogue: NullTranslations) -> None:
        self.language = language
        self.locale = LOCALES[language]
        self.catalogue = catalogue

    def gettext(self, text: str | LazyString, **values: object) -> str:
        """The text in this language; its fields have these values, and those that a LazyString brings."""
        lazy = text if isinstance(text, LazyString) else LazyString(text, {})
        return self.vformat(self._translated(lazy), (), {**lazy.values, **values})

    def ngettext(self, singular: str, plural: str, count: int, **values: object) -> str:
        """As gettext, in the form that this language has for the count."""
        return self.gettext(lazy_ngettext(singular, plural, count, **values))

    def _translated(self, lazy: LazyString) -> str:
        """The text in this language, with its fields still in braces."""
        if not lazy.msgid:
            return ""  # gettext keeps a catalogue's header under the empty text
        if lazy.plural is None:
            return self.catalogue.gettext(lazy.msgid)
        return self.catalogue.ngettext(lazy.msgid, lazy.plural, int(str(lazy.values["count"])))

    def format_field(self, value: Any, format_spec: str) -> str:
        """The value in its field's format; lazy_gettext says which there are. The parent class calls this."""
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

    def moment(self, when: datetime, *, year: bool = False) -> str:
        """A day and a time, as in 23 Nov 15:20 UTC; with the year, 23 Nov 2026 15:20 UTC."""
        return self._at(when, "d MMM y HH:mm 'UTC'" if year else "d MMM HH:mm 'UTC'")

    def short_moment(self, when: datetime, beside: datetime) -> str:
        """In the year of `beside` a day and a time, as in 23 Nov 15:20 UTC; else the date, as in 23 Nov 2025."""
        same = when.astimezone(UTC).year == beside.astimezone(UTC).year
        return self.moment(when) if same else self._at(when, "d MMM y")

    def short_day(self, when: datetime, beside: datetime) -> str:
        """In the year of `beside` the day, as in 23 Nov; else the year alone."""
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
        """A list in words, as in a, b and c."""
        return format_list(list(names), locale=self.locale)


def _moment(value: object) -> datetime:
    return datetime.fromisoformat(str(value)).astimezone(UTC)


def _day(when: datetime) -> str:
    return "d MMM" if when.year == clock.now().year else "d MMM y"


@cache
def translator(language: Language) -> Translator:
    is_in_code = language is Language.ENGLISH
    return Translator(language, NullTranslations() if is_in_code else read_catalogue(CATALOGUES / f"{language}.po"))


def read_catalogue(path: Path) -> GNUTranslations:
    """Read a .po file: its texts, and from its header the language's plural rule."""
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file))
    compiled.seek(0)
    return GNUTranslations(compiled)
