"""X's bill never exceeds the limit; people are told so once, and charts keep their last data."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.conftest import until
from tests.e2e.authors import set_clock
from tests.e2e.deployment import Deployment, running

OWNER = 900


def test_reading_stops_before_the_limit_and_the_chat_and_the_owner_are_told_once(
    tmp_path: Path, timelines: Path, handles: list[str]
) -> None:
    with running(tmp_path, timelines, {"X_DAILY_USD": "0.11", "ADMIN_IDS": str(OWNER)}) as deployment:
        owner, chat = deployment.chat(OWNER), deployment.chat(3001)
        owner.ask("/start")
        told = chat.ask(f"/track {handles[0]}", language_code="es")
        assert "Leerla cuesta 0,3" in told or "Leerla cuesta 0,5" in told
        assert "El dinero de hoy no alcanza para todo: primero van las 20 más recientes" in told
        chart = chat.chart("/subscribe")
        [notice] = until(lambda: _stops(deployment, OWNER, "Today's money for X is spent"), within_s=60)
        assert "Posts already paid for today keep updating" in notice
        [in_spanish] = until(lambda: _stops(deployment, 3001, "El dinero de hoy para X está gastado"))
        assert "Las publicaciones ya pagadas hoy se siguen actualizando" in in_spanish
        assert deployment.sandbox.get("x/bill")["usd"] <= 0.11
        assert "El dinero está gastado" in chat.ask("/budget")
        assert "The money is spent" in owner.ask("/budget")
        assert f"Chat {chat.id}: $" in owner.ask("/budget")
        assert "está gastado hasta el" in chat.ask("/track @somebody_else")
        assert _stops(deployment, OWNER, "Today's money for X is spent") == [notice]
        assert _stops(deployment, 3001, "El dinero de hoy para X está gastado") == [in_spanish]
        assert chat.message(chart["message_id"])["photo"]


def test_a_chat_that_wants_more_than_its_share_waits_alone(tmp_path: Path) -> None:
    with running(tmp_path, None, {"X_DAILY_USD": "4"}) as deployment:
        set_clock(deployment.sandbox, 9, 0)  # in the evening all of the day's money is everybody's
        accounts = [_account(number) for number in range(32)]
        names = [account["username"] for account in accounts]
        deployment.sandbox.post("x/accounts", accounts=accounts)
        modest, greedy = deployment.chat(3004), deployment.chat(3005)
        modest.ask(f"/track {names[30]}")
        assert "Other charts go on" in greedy.ask("/track " + " ".join(names[:30]))
        until(lambda: "share of today's money is spent" in greedy.ask(f"/budget {names[29]}"), 60, every_s=1)
        told = modest.ask(f"/track {names[31]}")
        assert told.startswith(f"Added: @{names[31]}")
        assert "waits" not in told
        until(lambda: "not read yet" not in modest.ask("/list"), every_s=1)
        assert "not read yet" in greedy.ask("/list")


def _account(number: int) -> dict[str, Any]:
    """An account with 100 posts, the newest of which is older than a day."""
    newest = datetime.now(UTC) - timedelta(days=2)
    posts = [
        {"post_id": 1_000_000 * (number + 1) - age, "created_at": f"{newest - timedelta(days=age):%Y-%m-%dT%H:%M:%SZ}"}
        for age in range(100)
    ]
    return {"username": f"crowd{number}", "posts": posts}


def _stops(deployment: Deployment, chat_id: int, begin: str) -> list[str]:
    messages = deployment.chat(chat_id).messages()
    return [each["text"] for each in messages if (each["text"] or "").startswith(begin)]
