"""Texts in each language: English stands in the code, others in gettext catalogues; Babel writes figures and times."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache, cached_property
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from string import Formatter
from typing import Any, Literal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import get_global
from babel.dates import format_datetime, get_day_names
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, format_percent

from pipeline import clock
from pipeline.records import (
    UTC_ZONE,
    AlertKind,
    ChartSpec,
    Language,
    LazyString,
    Metric,
    Normalization,
    Span,
    State,
    Theme,
)

CATALOGUES = Path(__file__).parent / "locale"
LOCALES = {Language.ENGLISH: "en_GB", Language.SPANISH: "es"}
"""The locale by which Babel writes figures, times and lists in each language."""
LANGUAGE_NAMES = {language: str(Locale(language).language_name).capitalize() for language in Language}
"""Each language's name in that language."""


def lazy_gettext(msgid: str, **values: object) -> LazyString:
    """A text to be translated once its reader's language is known. msgid: the English text, the catalogues' key.

    A field's format says how its value is written: {at:moment} as in 23 Nov 15:20 CET, {at:second} as in 23 Nov
    15:20:07 CET, in the reader's time zone and with the year unless it is the current one; {cost:usd} as in $1.30, or
    $0.005; {count:number} as in 5,000; {names:or} as in a, b or c; {days:weekdays} as in Monday and Friday, from the
    numbers of the days, where Monday is 0. Without a format, a LazyString is translated, a list becomes "a, b and c",
    and other values stay as they are.
    """
    return LazyString(msgid, {name: _plain(value) for name, value in values.items()})


def lazy_ngettext(singular: str, plural: str, count: int, **values: object) -> LazyString:
    """As lazy_gettext, for a text whose words depend on {count}; a language has as many forms as its grammar needs."""
    return replace(lazy_gettext(singular, count=count, **values), plural=plural)


CENT = Decimal("0.01")
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
    Normalization.COUNT: lazy_gettext("Raw numbers"),
    Normalization.RATE: lazy_gettext("Per 1,000 views"),
    Normalization.DAILY: lazy_gettext("Per day"),
    Normalization.FOLLOWERS: lazy_gettext("Per 1,000 followers"),
}
SPANS = {
    Span.HOUR: lazy_gettext("last hour"),
    Span.DAY: lazy_gettext("last 24 hours"),
    Span.WEEK: lazy_gettext("last 7 days"),
}
REPLIES_NAMES = {False: lazy_gettext("without replies"), True: lazy_gettext("with replies")}
SPAN_LABELS = {
    Span.HOUR: lazy_gettext("Last hour"),
    Span.DAY: lazy_gettext("Last day"),
    Span.WEEK: lazy_gettext("Last week"),
}
THEME_NAMES = {Theme.LIGHT: lazy_gettext("Light"), Theme.DARK: lazy_gettext("Dark")}
ALERT_NAMES = {
    AlertKind.BREAKOUT: lazy_gettext("breakouts"),
    AlertKind.OVERTAKE: lazy_gettext("overtakes"),
    AlertKind.MILESTONE: lazy_gettext("milestones"),
}
STATE_NAMES = {
    State.PROTECTED: lazy_gettext("protected"),
    State.SUSPENDED: lazy_gettext("suspended"),
    State.DEACTIVATED: lazy_gettext("deactivated by its owner"),
    State.WITHHELD: lazy_gettext("shown to signed-in people only"),
    State.UNREADABLE: lazy_gettext("not shown to guests"),
    State.MISSING: lazy_gettext("no such account any more"),
}


MISREAD = {"CDT": timedelta(hours=-5), "CST": timedelta(hours=-6), "PST": timedelta(hours=-8), "IST": None}
"""Abbreviations of several zones, with the offset that readers take them for; None where they take each of them."""


class Translator(Formatter):
    """Writes texts, figures and times in one language, times by the clocks of one zone.

    has_offsets: a zone without a clear abbreviation is called UTC-5 instead of Bogota time, which is shorter.
    """

    def __init__(
        self,
        language: Language,
        catalogue: NullTranslations,
        time_zone: str = UTC_ZONE,
        *,
        has_offsets: bool = False,
    ) -> None:
        self.language = language
        self.has_offsets = has_offsets
        self.zone = ZoneInfo(time_zone)
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
                return self._recent(datetime.fromisoformat(str(value)), "HH:mm")
            case "second":
                return self._recent(datetime.fromisoformat(str(value)), "HH:mm:ss")
            case "usd":
                return self._usd(Decimal(value))
            case "number":
                return format_decimal(value, locale=self.locale)
        if isinstance(value, list):
            return self._list(value, format_spec)
        return self.gettext(value) if isinstance(value, LazyString) else str(value)

    def _list(self, values: list[Any], format_spec: str) -> str:
        if format_spec == "weekdays":
            names = get_day_names("wide", locale=self.locale)
            return self.listed(names[int(day)] for day in values)
        return self.listed(
            (self.format_field(each, "") for each in values), "or" if format_spec == "or" else "standard"
        )

    def _usd(self, amount: Decimal) -> str:
        """US dollars and cents; of less than a cent, tenths of a cent too."""
        pattern = Locale.parse(self.language.value).currency_formats["standard"].pattern
        if amount and abs(amount) < CENT:
            pattern = pattern.replace("0.00", "0.000")
        return format_currency(amount, "USD", pattern, locale=self.language.value, currency_digits=False)

    def _recent(self, when: datetime, pattern: str) -> str:
        """A day and a time by the pattern, with the zone, and with the year unless it is the current one."""
        is_this_year = when.astimezone(self.zone).year == clock.now().astimezone(self.zone).year
        return self._with_zone(when, f"d MMM {pattern}" if is_this_year else f"d MMM y {pattern}")

    def percent(self, share: float) -> str:
        """A share of 1 in whole percent, as in 66%."""
        return format_percent(share, locale=self.locale)

    def moment(self, when: datetime, *, year: bool = False) -> str:
        """A day and a time, as in 23 Nov 15:20 CET; with the year, 23 Nov 2026 15:20 CET."""
        return self._with_zone(when, "d MMM y HH:mm" if year else "d MMM HH:mm")

    def short_moment(self, when: datetime, beside: datetime) -> str:
        """In the year of `beside` a day and a time, as in 23 Nov 15:20 CET; else the date, as in 23 Nov 2025."""
        return self.moment(when) if self._are_of_one_year(when, beside) else self.local_time(when, "d MMM y")

    def short_day(self, when: datetime, beside: datetime) -> str:
        """In the year of `beside` the day, as in 23 Nov; else the year alone."""
        return self.local_time(when, "d MMM" if self._are_of_one_year(when, beside) else "y")

    def _are_of_one_year(self, when: datetime, beside: datetime) -> bool:
        return when.astimezone(self.zone).year == beside.astimezone(self.zone).year

    def read_at(self, as_of: datetime, checked: datetime | None = None) -> str:
        """When a chart's figures were read, and until when they were found unchanged, if that is later."""
        since, until = self.moment(as_of, year=True), self.moment(checked or as_of, year=True)
        if since == until:
            return self.gettext("as of {moment}", moment=since)
        return self.gettext("unchanged since {moment}, checked {checked}", moment=since, checked=until)

    def _with_zone(self, when: datetime, pattern: str) -> str:
        return f"{self.local_time(when, pattern)} {self.zone_name(when)}"

    def local_time(self, when: datetime, pattern: str) -> str:
        """The moment by the zone's clocks, in Babel's pattern."""
        return format_datetime(when.astimezone(self.zone), pattern, locale=self.locale)

    def zone_name(self, when: datetime) -> str:
        """What the zone is called then: CET; where its abbreviation is a number or misleads, Bogota time or UTC-5."""
        local = when.astimezone(self.zone)
        abbreviation, offset = local.tzname() or "", local.utcoffset() or timedelta(0)
        if abbreviation[:1] not in "+-" and offset == MISREAD.get(abbreviation, offset):
            return abbreviation
        if self.has_offsets or self.zone.key.startswith("Etc/"):
            return _offset_name(offset)
        return self.gettext("{city} time", city=self.zone_city)

    @cached_property
    def zone_city(self) -> str:
        """The city that the zone is named for.

        Babel 2.18's own get_timezone_location looks for it by the zone's present name alone, and the locales have it by
        a former one: Asia/Calcutta.
        """
        formerly = (old for old, new in get_global("zone_aliases").items() if new == self.zone.key)
        zones = Locale.parse(self.locale).time_zones
        cities = (zones[name]["city"] for name in (self.zone.key, *formerly) if "city" in zones.get(name, {}))
        return next(cities, self.zone.key.rpartition("/")[2].replace("_", " "))

    def zone_label(self, when: datetime) -> str:
        """What people call the zone: the city, or UTC+3 where it is an offset alone."""
        has_city = "/" in self.zone.key and not self.zone.key.startswith("Etc/")
        return self.zone_city if has_city else self.zone_name(when)

    def listed(self, names: Iterable[str], style: Literal["standard", "or"] = "standard") -> str:
        """A list in words, as in a, b and c; with the style "or", a, b or c."""
        return format_list(list(names), style, locale=self.locale)


def _offset_name(offset: timedelta) -> str:
    """As in UTC-3, UTC+5:45."""
    hours, minutes = divmod(abs(offset) // timedelta(minutes=1), 60)
    return f"UTC{'-' if offset < timedelta(0) else '+'}{hours}" + (f":{minutes:02}" if minutes else "")


@cache
def translator(language: Language, time_zone: str = UTC_ZONE) -> Translator:
    return Translator(language, _catalogue(language), time_zone)


def chart_translator(spec: ChartSpec) -> Translator:
    """The translator for the texts of a chart that have times in them."""
    return _chart_translator(spec.language, spec.time_zone)


@cache
def _chart_translator(language: Language, time_zone: str) -> Translator:
    return Translator(language, _catalogue(language), time_zone, has_offsets=True)


@cache
def _catalogue(language: Language) -> NullTranslations:
    is_in_code = language is Language.ENGLISH
    return NullTranslations() if is_in_code else read_catalogue(CATALOGUES / f"{language}.po")


def read_catalogue(path: Path) -> GNUTranslations:
    """Read a .po file: its texts, and from its header the language's plural rule."""
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file))
    compiled.seek(0)
    return GNUTranslations(compiled)
