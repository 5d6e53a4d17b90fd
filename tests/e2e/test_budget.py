"""X's bill never exceeds the limit; people are told so once, and charts keep their last data."""

from pathlib import Path

import pytest

from tests.conftest import until
from tests.e2e.deployment import Deployment, running

OWNER = 900


def test_reading_stops_before_the_limit_and_the_chats_and_the_owner_are_told_once(
    tmp_path: Path, timelines: Path, handles: list[str]
) -> None:
    with running(tmp_path, timelines, {"X_DAILY_USD": "1.3", "ADMIN_IDS": str(OWNER)}) as deployment:
        owner, chat, spanish = deployment.chat(OWNER), deployment.chat(3001), deployment.chat(3003)
        owner.ask("/start")
        spanish.ask(f"/track {handles[0]}", language_code="es")
        spanish.chart("/subscribe")
        chat.ask("/track " + " ".join(handles))
        chart = chat.chart("/subscribe")
        notices = until(lambda: _budget_notices(deployment, 3001))
        assert "$1.30 a day" in notices[0]
        assert until(lambda: _budget_notices(deployment, OWNER)) == notices
        [in_spanish] = until(lambda: [each["text"] for each in spanish.messages() if "agotado" in (each["text"] or "")])
        assert in_spanish.startswith("El presupuesto del bot para X está agotado: 1,30\xa0US$ al día.")
        since = deployment.sandbox.last_call()
        deployment.sandbox.post("telegram/send", chat_id=3001, user_id=3001, text="/compare")
        until(
            lambda: [
                call for call in deployment.sandbox.calls("telegram", since) if call["method"] == "editMessageMedia"
            ]
        )
        assert "not read yet" in chat.message(chart["message_id"])["caption"]
        assert deployment.sandbox.calls("x", since) == []
        assert deployment.sandbox.get("x/bill")["usd"] <= 1.3
        assert [len(_budget_notices(deployment, each)) for each in (3001, OWNER)] == [1, 1]
        assert "used up" in chat.ask("/track @somebody_else")
        assert "para X está agotado hasta el" in spanish.ask("/track @somebody_else")


def _budget_notices(deployment: Deployment, chat_id: int) -> list[str]:
    messages = deployment.chat(chat_id).messages()
    return [message["text"] for message in messages if "budget for X is used up" in (message["text"] or "")][:2]


@pytest.mark.parametrize("status", [402])
def test_credits_that_ran_out_stop_all_reading_and_are_announced_once(
    tmp_path: Path, timelines: Path, handles: list[str], status: int
) -> None:
    with running(tmp_path, timelines) as deployment:
        chat = deployment.chat(3002)
        chat.ask("/track " + " ".join(handles))
        chat.chart("/subscribe")
        body = {"title": "CreditsDepleted", "type": "https://api.x.com/2/problems/credits", "detail": "no credits"}
        deployment.sandbox.post("faults", service="x", status=status, body=body, times=50)
        until(lambda: [each for each in chat.messages() if "credits are used up" in (each["text"] or "")])
        since = deployment.sandbox.last_call()
        assert "X is not asked until" in chat.ask("/status")
        until(lambda: deployment.log.read_text().count("tick: 0 read, 0 failed") > 3)
        assert deployment.sandbox.calls("x", since) == []
        assert sum("credits are used up" in (each["text"] or "") for each in chat.messages()) == 2, (
            "once as a notice, once in /status"
        )
