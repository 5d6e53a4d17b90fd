"""Our stand-in answers as Bluesky's own servers do, and so do the answers that are recorded of them."""

import json
from datetime import UTC, datetime

import pytest

from tests.conftest import until
from tests.contract.bluesky.comparison import unlike
from tests.contract.bluesky.people import Pds
from tests.contract.bluesky.questions import Answer, ask_all, is_shown, settle
from tests.contract.bluesky.recording import ANSWERS
from tests.contract.bluesky.servers import BlueskyServers
from tests.contract.bluesky.stand_in import load, loads
from tests.contract.shapes import differences

RECORDED: dict[str, Answer] = json.loads(ANSWERS.read_text(encoding="utf-8"))
Answers = dict[str, Answer]


@pytest.fixture(scope="module")
def answers(bluesky: BlueskyServers, pds: Pds, sandbox_url: str) -> tuple[Answers, Answers]:
    """Bluesky's and the stand-in's about the same people."""
    town = settle(pds, datetime.now(UTC))
    load(sandbox_url, loads(town))
    until(lambda: is_shown(bluesky.appview_url, town), within_s=60)
    return ask_all(bluesky.appview_url, town), ask_all(f"{sandbox_url}/bluesky", town)


@pytest.mark.parametrize("name", RECORDED)
def test_the_stand_in_answers_as_bluesky_does(answers: tuple[Answers, Answers], name: str) -> None:
    real, ours = answers
    assert unlike(real[name], ours[name]) == {}


@pytest.mark.parametrize("name", RECORDED)
def test_what_is_recorded_is_what_bluesky_answers(answers: tuple[Answers, Answers], name: str) -> None:
    """If not: python -m tests.contract.bluesky.recording."""
    real, recorded = answers[0][name], RECORDED[name]
    assert [real["status"], real["content_type"]] == [recorded["status"], recorded["content_type"]]
    assert differences(real["json"], recorded["json"]) == {}


def test_every_question_is_recorded(answers: tuple[Answers, Answers]) -> None:
    assert set(answers[0]) == set(RECORDED)
