"""Which time zone a city's name stands for, as people type it."""

import pytest

from bot import gazetteer
from pipeline.records import Language

EUROPE, CARACAS = "Europe/Madrid", "America/Caracas"


@pytest.mark.parametrize(
    ("typed", "zones"),
    [
        ("Gijón", [EUROPE]),
        ("gijon", [EUROPE]),
        ("Nueva York", ["America/New_York"]),
        ("Pekín", ["Asia/Shanghai"]),
        ("Londres", ["Europe/London"]),
        ("Москва", ["Europe/Moscow"]),
        ("東京", ["Asia/Tokyo"]),
        ("القاهرة", ["Africa/Cairo"]),
        ("दिल्ली", ["Asia/Kolkata"]),
        ("Barcelona", [EUROPE, CARACAS]),
        ("Barcelona, Venezuela", [CARACAS]),
        ("Barcelona España", [EUROPE]),
        ("Portland", ["America/Los_Angeles", "America/New_York"]),
        ("Portland, Maine", ["America/New_York"]),
        ("portland or", ["America/Los_Angeles"]),
        ("Madrid France", []),
        ("Atlantis of Plato", []),
        ("|", []),
        ("", []),
    ],
)
def test_a_city_is_found_by_its_name_in_any_language_and_told_from_others(typed: str, zones: list[str]) -> None:
    assert [city.time_zone for city in gazetteer.find(typed)] == zones


def test_cities_of_one_name_are_told_apart_by_state_or_country() -> None:
    labels = [gazetteer.label(city, Language.ENGLISH) for city in gazetteer.find("Portland")]
    assert labels == ["Portland, Oregon", "Portland, Maine"]
    assert gazetteer.label(gazetteer.find("Barcelona")[0], Language.SPANISH) == "Barcelona, España"


@pytest.mark.parametrize(("typed", "near"), [("Barclona", "Barcelona"), ("San Franc", "San Francisco")])
def test_a_mistyped_name_has_near_ones(typed: str, near: str) -> None:
    assert near in gazetteer.suggest(typed)


def test_a_name_like_no_other_has_none() -> None:
    assert gazetteer.suggest("xqzvw") == []
