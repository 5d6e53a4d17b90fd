"""Recorded calls and scripted faults."""

import io
import time

import httpx
import pytest
from PIL import Image
from telegram import Bot, InputMediaPhoto
from telegram.error import BadRequest, NetworkError, RetryAfter, TimedOut

from tests.unit.sandbox.conftest import TOKEN, ControlApi, eventually


@pytest.fixture(autouse=True)
def chat(control: ControlApi) -> int:
    control.send(7, 7, "/start")
    return 7


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG")
    return file.getvalue()


async def test_calls_are_recorded_with_their_parameters(bot: Bot, control: ControlApi) -> None:
    sent = await bot.send_photo(7, picture(), caption="42", filename="chart.png")
    await bot.edit_message_media(InputMediaPhoto(picture(), caption="new"), 7, sent.message_id)
    with pytest.raises(BadRequest):
        await bot.send_message(8, "nobody there")
    photo, edit, refused = control.get("calls", service="telegram")[-3:]
    assert (photo["method"], photo["status"]) == ("sendPhoto", 200)
    assert photo["bytes"] > len(picture())
    assert photo["params"] == {
        "chat_id": 7,
        "caption": "42",
        "photo": {"filename": "chart.png", "bytes": len(picture())},
    }
    assert edit["params"]["media"]["caption"] == "new"
    assert (refused["method"], refused["status"]) == ("sendMessage", 400)
    assert photo["at"] == pytest.approx(time.time(), abs=10)
    assert TOKEN not in str(control.get("calls"))


async def test_since_gives_only_what_came_later(bot: Bot, control: ControlApi) -> None:
    last = control.get("calls")[-1]["seq"]
    assert control.get("calls", since=last) == []
    await bot.send_message(7, "x")
    assert [call["method"] for call in control.get("calls", since=last)] == ["sendMessage"]
    assert control.get("calls", service="x", since=last) == []


def test_each_services_calls_are_named_by_their_methods(url: str, control: ControlApi) -> None:
    httpx.get(f"{url}/x/2/users/123/tweets", params={"max_results": 5})
    httpx.get(f"{url}/x/2/users/by/username/nasa")
    httpx.get(f"{url}/x/2/users/by", params={"usernames": "nasa"})
    httpx.post(f"{url}/dropbox/2/files/upload", headers={"Dropbox-API-Arg": '{"path": "/a.csv"}'}, content=b"a,b")
    httpx.post(f"{url}/dropbox/oauth2/token", data={"grant_type": "refresh_token", "refresh_token": "s3cret"})
    calls = control.get("calls")
    assert [call["method"] for call in calls] == [
        "GET /2/users/:id/tweets",
        "GET /2/users/by/username/:username",
        "GET /2/users/by",
        "files/upload",
        "oauth2/token",
    ]
    assert calls[0]["params"] == {"max_results": "5"}
    assert (calls[3]["bytes"], calls[3]["params"]) == (3, {"path": "/a.csv"})
    assert "s3cret" not in str(calls)


def test_requests_to_the_control_api_are_not_recorded(control: ControlApi) -> None:
    control.get("telegram/chats")
    assert control.get("calls") == []


async def test_a_fault_answers_instead_of_the_service(bot: Bot, control: ControlApi) -> None:
    body = {"ok": False, "error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": 9}}
    control.post(
        "faults", service="telegram", method="sendMessage", status=429, body=body, headers={"Retry-After": "9"}
    )
    with pytest.raises(RetryAfter):
        await bot.send_message(7, "refused")
    await bot.send_message(7, "accepted")
    assert [each["text"] for each in control.chat(7)] == ["/start", "accepted"]
    assert [call["status"] for call in control.get("calls")[-2:]] == [429, 200]


async def test_faults_match_in_order_and_run_out(bot: Bot, control: ControlApi) -> None:
    control.post("faults", service="telegram", method="getChat", status=502, times=2)
    control.post("faults", service="telegram", status=403, body={"ok": False, "description": "Forbidden: later"})
    assert [fault["times"] for fault in control.get("faults")] == [2, 1]
    for _ in range(2):
        with pytest.raises(NetworkError):
            await bot.get_chat(7)
    assert [fault["status"] for fault in control.get("faults")] == [403]


async def test_a_fault_can_be_aimed_at_one_chat(bot: Bot, control: ControlApi) -> None:
    control.send(8, 8, "/start")
    control.post("faults", service="telegram", params={"chat_id": 8}, status=502, times=2)
    await bot.send_message(7, "not aimed at")
    for call in (bot.send_message(8, "aimed at"), bot.send_photo(8, picture())):
        with pytest.raises(NetworkError):
            await call
    await bot.send_message(8, "over")
    assert (control.last(7)["text"], control.last(8)["text"]) == ("not aimed at", "over")


def test_a_fault_can_be_aimed_at_a_later_page_of_one_timeline(url: str, control: ControlApi) -> None:
    def statuses(user_id: int, times: int) -> list[int]:
        bearer = {"Authorization": "Bearer token"}
        return [httpx.get(f"{url}/x/2/users/{user_id}/tweets", headers=bearer).status_code for _ in range(times)]

    control.post("faults", service="x", path="/x/2/users/42/tweets", skip=1, times=2, status=503)
    assert (statuses(41, 2), statuses(42, 4), statuses(41, 1)) == ([200, 200], [200, 503, 503, 200], [200])


async def test_faults_can_be_cleared(bot: Bot, control: ControlApi) -> None:
    control.post("faults", service="telegram", status=500, times=100)
    control.delete("faults")
    await bot.send_message(7, "fine")


async def test_a_delayed_call_is_executed(bot: Bot, control: ControlApi) -> None:
    control.post("faults", service="telegram", method="sendMessage", delay=1)
    with pytest.raises(TimedOut):
        await bot.send_message(7, "sent all the same", read_timeout=0.2)
    assert control.last(7)["text"] == "sent all the same"
    recorded = await eventually(lambda: [each for each in control.get("calls") if each["method"] == "sendMessage"])
    assert recorded[0]["status"] == 200


async def test_status_0_closes_the_connection(bot: Bot, control: ControlApi) -> None:
    control.post("faults", service="telegram", method="sendMessage", status=0)
    with pytest.raises(NetworkError):
        await bot.send_message(7, "lost")
    assert control.get("calls")[-1]["status"] == 0
    assert control.last(7)["text"] == "/start"


@pytest.mark.parametrize("status", [0, 502])
async def test_an_accepted_call_is_executed_and_only_its_answer_is_replaced(
    bot: Bot, control: ControlApi, status: int
) -> None:
    control.post("faults", service="telegram", method="sendMessage", status=status, accepted=True)
    with pytest.raises(NetworkError):
        await bot.send_message(7, "arrived")
    assert control.get("calls")[-1]["status"] == status
    assert control.last(7)["text"] == "arrived"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"service": "fax", "status": 500}, "service must be one of telegram, x, bluesky, fediverse, dropbox"),
        ({"status": 500}, "missing: service"),
        ({"service": "x", "status": "500"}, "status must be an integer"),
        ({"service": "x", "status": 99}, "status must be 0"),
        ({"service": "x", "body": "late"}, "body and headers need a status"),
        ({"service": "x", "status": 500, "times": 0}, "times must be at least 1"),
        ({"service": "x", "status": 500, "skip": -1}, "skip at least 0"),
        ({"service": "x", "status": 500, "colour": "red"}, "unknown: colour"),
        ({"service": "x", "status": 500, "params": [5]}, "params must be an object"),
        ({"service": "x", "status": 500, "headers": {"Retry-After": 5}}, "headers must be an object of texts"),
    ],
)
def test_nonsense_faults_are_explained(control: ControlApi, fields: dict[str, object], why: str) -> None:
    assert why in control.refused("faults", **fields)


def test_reset_forgets_calls_faults_and_chats(control: ControlApi) -> None:
    control.post("faults", service="telegram", status=500)
    control.post("reset")
    assert (control.get("calls"), control.get("faults"), control.get("telegram/chats")) == ([], [], [])


def test_bad_questions_about_calls_are_explained(url: str) -> None:
    answer = httpx.get(f"{url}/_control/calls", params={"since": "yesterday"})
    assert (answer.status_code, answer.json()) == (400, {"error": "since must be an integer, not 'yesterday'"})
