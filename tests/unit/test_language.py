"""Every language says all that can be said, and nothing else."""

from collections.abc import Iterator
from string import Formatter

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from pipeline.language import CATALOGUES, METRICS, speech
from pipeline.records import Language, Metric
from tests.conftest import ROOT

KEYWORDS: dict[str, None] = {"say": None, "text": None}


def said() -> set[str]:
    """The texts that the code marks for the catalogues."""
    rooms = (ROOT / "bot", ROOT / "pipeline")
    return {str(message) for room in rooms for message in _marked(str(room))}


def _marked(room: str) -> Iterator[str | tuple[str, ...]]:
    """The store says nothing to people; its `text` is SQL."""
    for _file, _line, message, _comments, _context in extract_from_dir(
        room, keywords=KEYWORDS, directory_filter=lambda folder: not folder.endswith("/store")
    ):
        yield message


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("language", [each for each in Language if each is not Language.ENGLISH])
def test_a_catalogue_has_every_text_with_its_fields_and_no_other(language: Language) -> None:
    with (CATALOGUES / f"{language}.po").open("rb") as file:
        catalogue = {message.id: message for message in read_po(file) if message.id}
    assert said() - catalogue.keys() == set()
    assert catalogue.keys() - said() == set()
    for text, message in catalogue.items():
        assert message.string, text
        assert not message.fuzzy, text
        assert fields(str(message.string)) == fields(str(text)), text


def test_every_metric_has_a_name() -> None:
    assert set(METRICS) == set(Metric)
    assert speech(Language.SPANISH).metric(Metric.REPOSTS) == "retuits"
    assert speech(Language.ENGLISH).listed(["a", "b", "c"]) == "a, b and c"
    assert speech(Language.SPANISH).listed(["a", "b", "c"]) == "a, b y c"
