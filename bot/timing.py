"""Parsing the words of /subscribe that say when charts come: every 30 min, daily 9:00, weekly mon, cada hora, lunes.

In /subscribe these words mean a time and nothing else, whatever they mean in /compare.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import time, timedelta

from babel.dates import get_day_names

from pipeline.errors import UserError
from pipeline.i18n import LOCALES, lazy_gettext
from pipeline.store.timing import EVERY_DAY, LIVE, Schedule, Timing

MIN_INTERVAL, MAX_INTERVAL = timedelta(minutes=1), timedelta(days=31)
DEFAULT_INTERVAL, DEFAULT_TIME, DEFAULT_WEEKDAY = timedelta(hours=1), time(9), 0
DAY = timedelta(days=1)
MAX_TIMES = 6
"""Times of day in one schedule; who wants more wants an interval."""

WRONG_TIMING = lazy_gettext(
    "I can send a new chart as often as every minute and as rarely as every 31 days, or at a time of day: "
    "/subscribe every 2h, /subscribe daily 9:00, /subscribe weekly mon 9:00"
)
LIVE_AT_TIMES = lazy_gettext(
    "A live chart already updates by itself. For new messages: /subscribe every 1h, or /subscribe daily 9:00"
)

UNITS = {
    "s|sec|secs|seconds?|seg|segs|segundos?": timedelta(seconds=1),
    "m|min|mins|minutes?|minutos?": timedelta(minutes=1),
    "h|hr|hrs|hours?|horas?": timedelta(hours=1),
    "d|days?|d[ií]as?": timedelta(days=1),
    "w|weeks?|semanas?": timedelta(weeks=1),
    "months?|mes|meses|years?|años?": timedelta(days=365),
}
"""The lengths of time that people name, by patterns. Some are too short or too long, which they are told."""
UNIT, NUMBER = "|".join(UNITS), r"[0-9]{1,6}(?:[.,][0-9]{1,3})?"
EVERY, AT = "(?:every|each|cada|todos los|todas las)", "(?:at|a las?)"


def _day_patterns() -> dict[str, int]:
    """Patterns of the days of the week, where Monday is 0, in every language, in full and in short."""
    patterns: dict[str, int] = {}
    for locale in LOCALES.values():
        for width in ("wide", "abbreviated"):
            for day, name in get_day_names(width, locale=locale).items():
                plain = name.lower().replace("á", "[aá]").replace("é", "[eé]")
                patterns[f"{plain}s?"] = day
    return patterns


DAYS = _day_patterns()


@dataclass
class _Reading:
    """What the words say so far."""

    is_new: bool = False
    is_live: bool = False
    is_weekly: bool = False
    is_digest: bool = False
    interval: timedelta | None = None
    days: set[int] = field(default_factory=set)
    times: set[time] = field(default_factory=set)

    def timing(self) -> Timing:
        """Live where the words do not say when. Raises UserError where they say two things at once."""
        has_schedule = bool(self.days or self.times or self.is_weekly or (self.is_digest and not self.interval))
        if self.is_live and (self.is_new or self.interval or has_schedule):
            raise UserError(LIVE_AT_TIMES)
        if (has_schedule and self.interval) or len(self.times) > MAX_TIMES:
            raise UserError(WRONG_TIMING)
        if has_schedule:
            return Timing(schedule=self._schedule())
        return Timing(self.interval or DEFAULT_INTERVAL) if self.interval or self.is_new else LIVE

    def _schedule(self) -> Schedule:
        usual_days = (DEFAULT_WEEKDAY,) if self.is_weekly else EVERY_DAY
        return Schedule(tuple(sorted(self.times)) or (DEFAULT_TIME,), tuple(sorted(self.days)) or usual_days)


def _read_interval(reading: _Reading, match: re.Match[str]) -> None:
    number, unit = match["number"] or "1", match["unit"]
    length = next(each for pattern, each in UNITS.items() if re.fullmatch(pattern, unit, re.IGNORECASE))
    interval = int(number) * length if number.isdigit() else timedelta(0)
    if reading.interval or not MIN_INTERVAL <= interval <= MAX_INTERVAL:
        raise UserError(WRONG_TIMING)
    reading.interval = interval


def _read_clock(reading: _Reading, match: re.Match[str]) -> None:
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    half = (match["half"] or "").lower()
    if half and 1 <= hour <= 12:  # noqa: PLR2004 hours of half a day
        hour = hour % 12 + (12 if half == "pm" else 0)
    elif half:
        raise UserError(WRONG_TIMING)
    try:
        reading.times.add(time(hour, minute))
    except ValueError:
        raise UserError(WRONG_TIMING) from None


def _read_days(reading: _Reading, match: re.Match[str]) -> None:
    reading.days |= {day for pattern, day in DAYS.items() if re.fullmatch(pattern, match["day"], re.IGNORECASE)}


def _read_daily(reading: _Reading, _: re.Match[str]) -> None:
    reading.days |= set(EVERY_DAY)


def _read_weekdays(reading: _Reading, _: re.Match[str]) -> None:
    reading.days |= set(EVERY_DAY[:5])


def _read_weekly(reading: _Reading, _: re.Match[str]) -> None:
    reading.is_weekly = True


def _read_new(reading: _Reading, _: re.Match[str]) -> None:
    reading.is_new = True


def _read_digest(reading: _Reading, _: re.Match[str]) -> None:
    reading.is_digest = True


def _read_live(reading: _Reading, _: re.Match[str]) -> None:
    reading.is_live = True


def _read_hourly(reading: _Reading, _: re.Match[str]) -> None:
    reading.interval = timedelta(hours=1)


def _refuse(_: _Reading, __: re.Match[str]) -> None:
    raise UserError(WRONG_TIMING)


def _words(pattern: str) -> re.Pattern[str]:
    """The pattern as whole words, in any case."""
    return re.compile(rf"(?<!\S)(?:{pattern})(?!\S)", re.IGNORECASE)


PHRASES: list[tuple[re.Pattern[str], Callable[[_Reading, re.Match[str]], None]]] = [
    (_words(rf"daily|everyday|diari[oa]|diariamente|(?:{EVERY}|a) (?:days?|d[ií]as?)"), _read_daily),
    (_words(rf"weekly|semanal|semanalmente|{EVERY} (?:week|semanas?)"), _read_weekly),
    (_words(rf"(?:{EVERY} )?weekdays?|laborables?"), _read_weekdays),
    (_words(rf"(?:(?:{EVERY}|on|el|los) )?(?P<day>{'|'.join(DAYS)})"), _read_days),
    (_words("hourly"), _read_hourly),
    (_words(rf"{EVERY} (?:(?P<number>{NUMBER}) ?)?(?P<unit>{UNIT})"), _read_interval),
    (_words(rf"(?P<number>{NUMBER})(?P<unit>{UNIT})"), _read_interval),
    (_words(rf"(?:{AT} )?(?P<hour>\d{{1,2}})[:.](?P<minute>\d\d) ?(?P<half>am|pm)?"), _read_clock),
    (_words(r"(?:at )?(?P<hour>\d{1,2})(?P<minute>) ?(?P<half>am|pm)"), _read_clock),
    (_words(rf"{AT} (?P<hour>\d{{1,2}})(?P<minute>)(?P<half>)"), _read_clock),
    (_words("digest|res[uú]men"), _read_digest),
    (_words("new|nuevos?"), _read_new),
    (_words("live|(?:en )?vivo|en directo"), _read_live),
    (_words(EVERY), _refuse),
]
"""What people write for times, in the order in which it is looked for."""
ONLY_TIMES = _words(rf"new|nuevos?|live|hourly|weekly|semanal|{EVERY}|{NUMBER}(?:{UNIT})|\d{{1,2}}:\d\d")


def parse(args: Sequence[str]) -> tuple[Timing, list[str]]:
    """When charts come by these arguments, live where they do not say; and the arguments that say what they show.

    A digest is both: the growth of a day, each day, or of a week where it comes weekly or more rarely.

    Raises UserError for intervals and times that are not possible.
    """
    reading, text = _Reading(), " ".join(args)
    for pattern, read in PHRASES:
        for match in pattern.finditer(text):
            read(reading, match)
        text = pattern.sub(" ", text)
    when = reading.timing()
    return when, [*(_digest_words(when) if reading.is_digest else []), *text.split()]


def _digest_words(when: Timing) -> list[str]:
    """What a digest that comes then shows, in the words of /compare."""
    is_rare = len(when.schedule.days) == 1 if when.schedule else when.interval is not None and when.interval > DAY
    return ["growth", "week" if is_rare else "day"]


def is_taken(word: str) -> bool:
    """Whether /subscribe takes the word for a time, or refuses it."""
    try:
        _, others = parse([word])
    except UserError:
        return True
    return not others


def says_when(word: str) -> bool:
    """Whether the word says when charts come, and means nothing else to /compare."""
    return ONLY_TIMES.fullmatch(word) is not None
