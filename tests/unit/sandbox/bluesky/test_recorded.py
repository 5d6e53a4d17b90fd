"""The stand-in answers as Bluesky's own servers did about the same people, when `make contract` last recorded it."""

import json

import pytest

from tests.contract.bluesky.comparison import unlike
from tests.contract.bluesky.questions import ask_again
from tests.contract.bluesky.recording import ACCOUNTS, ANSWERS
from tests.contract.bluesky.stand_in import load

RECORDED = json.loads(ANSWERS.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", RECORDED)
def test_the_stand_in_answers_as_bluesky_did(url: str, name: str) -> None:
    load(url, json.loads(ACCOUNTS.read_text(encoding="utf-8")))
    assert unlike(RECORDED[name], ask_again(f"{url}/bluesky", name, RECORDED)) == {}
