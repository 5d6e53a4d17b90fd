"""The time zones of 34,000 cities by their names, in cities.tsv.gz, which `python -m bot.gazetteer` makes.

The file is read for each search and forgotten, in a tenth of a second: in memory it would take more than all else that
the bot holds, and few search.
"""

import gzip
import re
import unicodedata
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from babel import Locale

from pipeline.records import Language

FILE = Path(__file__).with_name("cities.tsv.gz")
MIN_SHARE = 10
"""A city with so many times the inhabitants of the others of its name is the one that is meant."""
MAX_CITIES = 4
SUGGESTED_FROM = 4000
"""Only so many of the largest cities are suggested for a mistyped name."""
MIN_PREFIX = 3
MAX_LENGTH_DIFFERENCE = 2
MIN_SIMILARITY = 0.8
"""How similar a mistyped name must be, by difflib's ratio; 1 is equal."""


class City(NamedTuple):
    """country: its ISO 3166 code. state, state_code: of a city in the United States; else empty."""

    name: str
    country: str
    state: str
    state_code: str
    time_zone: str
    inhabitants: int


def fold(name: str) -> str:
    """The name in small letters without accents and punctuation."""
    plain = "".join(each for each in unicodedata.normalize("NFKD", name.lower()) if not unicodedata.combining(each))
    return " ".join(re.findall(r"\w+", plain))


def find(typed: str) -> list[City]:
    """The cities that are meant, the largest first, one of each time zone; several where the name is ambiguous.

    The name may have its country or state behind it, by name or code: Portland, Oregon; Córdoba AR.
    """
    words, text = fold(typed).split(), _read()
    for count in range(len(words), 0, -1):
        cities = list(_cities(text, " ".join(words[:count])))
        place = " ".join(words[count:])
        cities = [each for each in cities if not place or place in _places(each)]
        if cities:
            return _distinct(cities)
    return []


def suggest(typed: str) -> list[str]:
    """The names of large cities that the text may have meant: those that begin with it, then the most similar ones."""
    word = fold(typed)
    lines = _read().split("\n", SUGGESTED_FROM)[:SUGGESTED_FROM]
    beginning = [line for line in lines if len(word) >= MIN_PREFIX and line.startswith(f"|{word}")]
    near: dict[str, str] = {}
    for line in lines:
        for name in _names(line):
            if abs(len(name) - len(word)) <= MAX_LENGTH_DIFFERENCE:
                near.setdefault(name, line)
    similar = [near[name] for name in get_close_matches(word, near, MAX_CITIES, MIN_SIMILARITY)]
    return list(dict.fromkeys(_city(line).name for line in [*beginning, *similar]))[:MAX_CITIES]


def _read() -> str:
    return gzip.decompress(FILE.read_bytes()).decode()


def _cities(text: str, name: str) -> Iterator[City]:
    """The cities with the name, the largest first, as they are in the file."""
    start = text.find(f"|{name}|")
    while start >= 0:
        end = text.index("\n", start)
        yield _city(text[text.rfind("\n", 0, start) + 1 : end])
        start = text.find(f"|{name}|", end)


def _city(line: str) -> City:
    _, name, country, state, state_code, time_zone, inhabitants = line.split("\t")
    return City(name, country, state, state_code, time_zone, int(inhabitants))


def _names(line: str) -> list[str]:
    """The folded names by which a city is found, its usual one first."""
    return line.partition("\t")[0].strip("|").split("|")


def _distinct(cities: list[City]) -> list[City]:
    by_zone = {city.time_zone: city for city in reversed(cities)}
    largest = sorted(by_zone.values(), key=lambda city: -city.inhabitants)
    return [city for city in largest if city.inhabitants * MIN_SHARE >= largest[0].inhabitants][:MAX_CITIES]


def _places(city: City) -> set[str]:
    """The folded names and codes of the city's country and state."""
    names = [Locale(language).territories.get(city.country, "") for language in Language]
    return {fold(each) for each in (*names, city.country, city.state, city.state_code)}


def label(city: City, language: Language) -> str:
    """As in Portland, Oregon; Madrid, Spain."""
    place = city.state or Locale(language).territories.get(city.country, city.country)
    return f"{city.name}, {place}"
