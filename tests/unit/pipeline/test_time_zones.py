"""Times as people see them: by their own clock, with a name of the zone that nobody misreads."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from pipeline.i18n import chart_translator, translator
from pipeline.records import ChartSpec, Language

NIGHT = datetime(2026, 11, 28, 22, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "english", "spanish", "short"),
    [
        ("UTC", "28 Nov 22:05 UTC", "28 nov 22:05 UTC", "28 Nov 22:05 UTC"),
        ("Europe/Madrid", "28 Nov 23:05 CET", "28 nov 23:05 CET", "28 Nov 23:05 CET"),
        ("America/Bogota", "28 Nov 17:05 Bogota time", "28 nov 17:05 hora de Bogotá", "28 Nov 17:05 UTC-5"),
        ("Asia/Kolkata", "29 Nov 03:35 Kolkata time", "29 nov 03:35 hora de Calcuta", "29 Nov 03:35 UTC+5:30"),
        ("Asia/Shanghai", "29 Nov 06:05 Shanghai time", "29 nov 06:05 hora de Shanghái", "29 Nov 06:05 UTC+8"),
        ("America/Chicago", "28 Nov 16:05 CST", "28 nov 16:05 CST", "28 Nov 16:05 CST"),
        ("America/Argentina/Buenos_Aires", "28 Nov 19:05 Buenos Aires time", "28 nov 19:05 hora de Buenos Aires",
         "28 Nov 19:05 UTC-3"),
        ("Etc/GMT-2", "29 Nov 00:05 UTC+2", "29 nov 00:05 UTC+2", "29 Nov 00:05 UTC+2"),
    ],
)  # fmt: skip
def test_a_time_has_the_chats_zone_in_words_and_in_a_chart_shortly(
    zone: str, english: str, spanish: str, short: str
) -> None:
    assert translator(Language.ENGLISH, zone).moment(NIGHT) == english
    assert translator(Language.SPANISH, zone).moment(NIGHT) == spanish
    assert chart_translator(ChartSpec(time_zone=zone)).moment(NIGHT) == short


def test_a_zone_is_called_otherwise_in_summer_and_the_year_is_that_of_its_own_clock() -> None:
    madrid = translator(Language.ENGLISH, "Europe/Madrid")
    assert madrid.moment(datetime(2026, 7, 1, 12, tzinfo=UTC)) == "1 Jul 14:00 CEST"
    new_year = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    assert madrid.short_day(new_year, beside=new_year - timedelta(hours=1)) == "2027"
    assert translator(Language.ENGLISH).short_day(new_year, beside=new_year - timedelta(hours=1)) == "31 Dec"


def test_each_abbreviation_that_is_shown_means_one_offset() -> None:
    offsets: dict[str, set[timedelta | None]] = {}
    for zone in sorted(available_timezones()):
        for month in (1, 7):
            at = datetime(2026, month, 15, 12, tzinfo=UTC).astimezone(ZoneInfo(zone))
            if at.tzname() == translator(Language.ENGLISH, zone).zone_name(at):
                offsets.setdefault(str(at.tzname()), set()).add(at.utcoffset())
    assert len(offsets) > 30
    assert {name for name, meant in offsets.items() if len(meant) > 1} == set()
