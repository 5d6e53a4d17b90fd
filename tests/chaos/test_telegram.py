"""Telegram refuses, hangs, cuts connections or answers nonsense; people block, remove, migrate, delete and flood."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from pipeline import i18n
from pipeline.records import Theme
from pipeline.store import Store, chats, notices
from pipeline.store.tables import Chat as ChatRow
from pipeline.store.tables import Notice
from tests.chaos.conftest import Report
from tests.chaos.data_loss import nothing_lost
from tests.chaos.tracking_chat import (
    ALWAYS,
    EDIT,
    PHOTO,
    TEXT,
    TrackedAccount,
    TrackingChat,
    live_chat,
    live_chats,
    tracking_chat,
    tracking_chats,
)
from tests.conftest import until
from tests.e2e.chat import Chat, Json
from tests.e2e.deployment import SECRETS, Deployment, running

TICK_S = 2
FRESH_WITHIN_S = 2 * TICK_S + 1
"""From a new count at X to the chart."""
RETRIED_WITHIN_S = 30
"""The same after a failed attempt."""
LATE_S = 33
"""Longer than the bot waits for an answer of Telegram."""
HTML = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
HTML_ANSWER = {"body": HTML, "headers": {"Content-Type": "text/html"}}
LOGGED_FAILURES = (
    "an update was not handled",
    "a command failed",
    "a chart failed",
    "looking for what",
    "never retrieved",
)

T = TypeVar("T")


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory, timelines: Path) -> Iterator[Deployment]:
    with running(tmp_path_factory.mktemp("telegram"), timelines, tick_s=TICK_S) as started:
        yield started


@pytest.fixture(autouse=True)
def _survives(deployment: Deployment) -> Iterator[None]:
    """After each fault the same bot still runs, no handler has failed, no secret is logged, and nothing is lost."""
    bot, read = deployment.process("bot").pid, deployment.log.stat().st_size
    with nothing_lost(deployment):
        yield
    deployment.sandbox.delete("faults")
    assert deployment.process("bot").pid == bot
    log = deployment.log.read_bytes()[read:].decode(errors="replace")
    assert [each for each in (*LOGGED_FAILURES, *SECRETS.values()) if each in log] == []
    with_store(deployment, _forget_all)  # so that X gets fewer requests than it allows


def _forget_all(db: Session) -> None:
    for chat_id in db.scalars(select(ChatRow.id)).all():
        chats.delete_chat(db, chat_id)


def with_store(deployment: Deployment, work: Callable[[Session], T]) -> T:
    """Run this on the deployment's database."""
    store = Store(deployment.database)
    with store.write_session() as session:
        done = work(session)
    store.close()
    return done


def assert_not_called(chat: TrackingChat, for_s: float, *methods: str) -> None:
    """The bot does not call these methods for the chat during this time."""
    last = chat.deployment.sandbox.last_call()
    ends = time.monotonic() + for_s
    until(lambda: chat.calls(*methods, since=last) or time.monotonic() > ends, for_s + 5)
    assert chat.calls(*methods, since=last) == []


def seconds_until_fresh(troubled: dict[str, TrackingChat], within_s: float) -> dict[str, float]:
    """Raise all counts at once; returns the seconds until each chat's chart shows it."""
    started = time.monotonic()
    figures = {name: each.account.change() for name, each in troubled.items()}
    fresh: dict[str, float] = {}

    def all_fresh() -> bool:
        shown = [name for name in figures.keys() - fresh.keys() if troubled[name].shows(figures[name])]
        fresh.update(dict.fromkeys(shown, time.monotonic() - started))
        return len(fresh) == len(figures)

    until(all_fresh, within_s)
    return fresh


# Rate limits


@pytest.mark.parametrize("way", ["edit", "send", "upload"])
def test_a_rate_limit_is_obeyed_and_delays_nobody_else(deployment: Deployment, report: Report, way: str) -> None:
    troubled, other = tracking_chat(deployment), live_chat(deployment)
    method, more = (EDIT, "") if way == "edit" else (PHOTO, " new 1h")
    if way == "send":
        live_chat(deployment, troubled.account)  # Telegram holds the file already
    if way == "edit":
        troubled.subscribe()
    troubled.refuse(method, 429, "Too Many Requests: retry after 6", retry_after=6)
    started = time.monotonic()
    if way == "edit":
        figure = troubled.account.change()
    else:
        troubled.started = deployment.sandbox.last_call()
        troubled.chat.ask(f"/subscribe{more}")
        figure = f"{troubled.account.value:,}"
    refused = until(lambda: [each for each in troubled.calls(method) if each["status"] == 429])[0]
    file = refused["params"].get("photo")
    assert way == "edit" or isinstance(file, dict) == (way == "upload")
    assert other.seconds_until_fresh(FRESH_WITHIN_S) < FRESH_WITHIN_S
    until(lambda: troubled.shows(figure))
    fresh_s = time.monotonic() - started
    [*_, shown] = troubled.calls(method)
    assert [call for call in troubled.calls() if refused["at"] < call["at"] < refused["at"] + 6] == []
    assert shown["at"] < refused["at"] + 6 + FRESH_WITHIN_S
    assert len(troubled.charts()) == 1
    report(f"429 for 6 s, {way}", fresh_s=fresh_s)


def test_a_long_rate_limit_is_obeyed_by_charts_and_answers_alike(deployment: Deployment, report: Report) -> None:
    troubled, other = live_chat(deployment), live_chat(deployment)
    troubled.refuse(EDIT, 429, "Too Many Requests: retry after 250", retry_after=250)
    troubled.account.change()
    until(lambda: [each for each in troubled.calls(EDIT) if each["status"] == 429])
    troubled.account.change()
    troubled.chat.send("/id")
    last = deployment.sandbox.last_call()
    fresh_s = max(other.seconds_until_fresh(FRESH_WITHIN_S) for _ in range(4))
    assert troubled.calls(since=last) == []
    report("429 for 250 s: the others", fresh_s=fresh_s)


# Calls that fail, or whose result is unknown


FAILURES: dict[str, dict[str, object]] = {
    "429 without a time": {"status": 429, "body": {"ok": False, "error_code": 429, "description": "Too Many Requests"}},
    "500": {"status": 500, "body": {"ok": False, "error_code": 500, "description": "Internal Server Error"}},
    "502 with HTML": {"status": 502, **HTML_ANSWER},
    "200 with HTML": {"status": 200, **HTML_ANSWER},
    "connection cut": {"status": 0},
    "accepted, answered too late": {"delay": LATE_S},
}
REFUSALS = ("429 without a time", "500")


def test_an_edit_that_failed_is_retried(deployment: Deployment, report: Report) -> None:
    troubled = dict(zip(FAILURES, live_chats(TrackedAccount(deployment) for _ in FAILURES), strict=True))
    for name, each in troubled.items():
        each.fault(EDIT, **FAILURES[name])
    for name, fresh_s in seconds_until_fresh(troubled, RETRIED_WITHIN_S).items():
        report(f"edit: {name}", fresh_s=fresh_s)
    assert [len(each.charts()) for each in troubled.values()] == [1] * len(troubled)


def test_a_new_chart_is_sent_once_whatever_telegram_answers(deployment: Deployment, report: Report) -> None:
    """So are a live message that is sent anew, and a single chart: what may have arrived is not sent again."""
    new = dict(zip(FAILURES, tracking_chats(TrackedAccount(deployment) for _ in FAILURES), strict=True))
    for name, each in new.items():
        each.fault(PHOTO, **FAILURES[name])
        each.started = deployment.sandbox.last_call()
        each.chat.send("/subscribe new 1h")
    anew = live_chat(deployment)
    anew.fault(PHOTO, **FAILURES["accepted, answered too late"])
    deployment.sandbox.post("telegram/delete", chat_id=anew.chat.id, message_id=anew.charts()[0]["message_id"])
    anew.account.change()
    asked = {command: tracking_chat(deployment) for command in ("/compare", "/subscribe")}
    for command, each in asked.items():
        each.fault(TEXT, delay=LATE_S)
        each.chat.send(command)
    for name in REFUSALS:
        until(new[name].charts, RETRIED_WITHIN_S)
    for name, each in {**new, "sent anew": anew}.items():
        until(lambda each=each: each.calls(PHOTO), 60)  # type: ignore[misc]
        tries = 2 if name in REFUSALS else 1
        assert len(each.calls(PHOTO)) == tries, name
    for each in asked.values():
        until(each.charts, 60)
    assert_not_called(anew, 25, PHOTO)
    for name, each in {**new, "live, sent anew, answered too late": anew, **asked}.items():
        arrived = 0 if name in {"502 with HTML", "200 with HTML", "connection cut"} else 1
        assert len(each.charts()) == arrived, name
        report(f"new chart: {name}", lost="nothing" if arrived else "one chart of many, rather than shown twice")


@pytest.mark.parametrize("command", ["/compare", "/subscribe"])
def test_a_slow_answer_is_waited_for_and_becomes_the_chart(
    deployment: Deployment, report: Report, command: str
) -> None:
    slow = tracking_chat(deployment)
    slow.fault(TEXT, delay=8)
    sent = slow.chat.send(command)
    started = time.monotonic()
    until(slow.charts, 8 + RETRIED_WITHIN_S)
    assert len(slow.chat.messages(sent)) == 1
    report(f"{command} answered after 8 s", fresh_s=time.monotonic() - started)


# Chats that the bot loses


GONE = (
    (403, "Forbidden: bot was blocked by the user"),
    (403, "Forbidden: user is deactivated"),
    (403, "Forbidden: bot can't initiate conversation with a user"),
    (400, "Bad Request: chat not found"),
    (400, "Bad Request: PEER_ID_INVALID"),
)


def test_a_chat_that_is_gone_gets_nothing_until_somebody_writes_there(deployment: Deployment, report: Report) -> None:
    gone = live_chats(TrackedAccount(deployment) for _ in GONE)
    for each, (status, text) in zip(gone, GONE, strict=True):
        each.refuse(EDIT, status, text)
    figures = [each.account.change() for each in gone]
    for each in gone:
        until(lambda each=each: [call for call in each.calls(EDIT) if call["status"] >= 400])  # type: ignore[misc]
    last = deployment.sandbox.last_call()
    figures = [each.account.change() for each in gone]
    other = live_chat(deployment)
    other.seconds_until_fresh(FRESH_WITHIN_S)
    assert [each.calls(since=last) for each in gone] == [[]] * len(gone)
    for each, figure, (_, text) in zip(gone, figures, GONE, strict=True):
        each.chat.ask("/list")
        started = time.monotonic()
        until(lambda each=each, figure=figure: each.shows(figure))  # type: ignore[misc]
        assert len(each.charts()) == 1
        report(text, fresh_s=time.monotonic() - started)


@pytest.mark.parametrize(("kind", "out"), [("private", "blocked"), ("supergroup", "kicked"), ("group", "left")])
def test_a_chat_that_readmits_the_bot_is_served_again(
    deployment: Deployment, report: Report, kind: str, out: str
) -> None:
    back = live_chat(deployment) if kind == "private" else live_chat(deployment, type=kind)
    deployment.sandbox.post("telegram/member", chat_id=back.chat.id, status=out)
    figure = back.account.change()
    live_chat(deployment).seconds_until_fresh(FRESH_WITHIN_S)
    assert not back.shows(figure)
    deployment.sandbox.post("telegram/member", chat_id=back.chat.id, status="member")
    started = time.monotonic()
    until(lambda: back.shows(figure))
    assert len(back.charts()) == 1
    report(f"{kind} chat: {out}, and back", fresh_s=time.monotonic() - started)


# Migrated groups


@pytest.mark.parametrize("way", ["message", "error"])
def test_a_group_keeps_everything_when_it_becomes_a_supergroup(
    deployment: Deployment, report: Report, way: str
) -> None:
    old = live_chat(deployment, type="group")
    with_store(deployment, lambda db: chats.set_preferences(db, old.chat.id, theme=Theme.DARK))
    with_store(deployment, lambda db: notices.mark_sent(db, _notice(db, f"told-{way}", "told before"), old.chat.id))
    if way == "message":
        new_id = deployment.sandbox.post("telegram/migrate", chat_id=old.chat.id)["chat_id"]
    else:
        new_id = old.chat.id - 1_000_000_000_000
        deployment.chat(new_id, user_id=old.chat.user_id, type="supergroup").ask("/id")
        text = "Bad Request: group chat was upgraded to a supergroup chat"
        old.refuse(EDIT, 400, text, ALWAYS, migrate_to_chat_id=new_id)
    new = TrackingChat(old.account, deployment.chat(new_id, user_id=old.chat.user_id, type="supergroup"))
    fresh_s = new.seconds_until_fresh(RETRIED_WITHIN_S)
    with_store(deployment, lambda db: _notice(db, f"pending-{way}", "pending notice"))
    until(lambda: [each for each in new.chat.messages() if each["text"] == "pending notice"])
    assert not [each for each in new.chat.messages() if each["text"] == "told before"]
    assert old.account.handle in new.chat.ask("/list")
    assert with_store(deployment, lambda db: chats.default_spec(db, new_id).theme) is Theme.DARK
    assert not with_store(deployment, lambda db: chats.exists(db, old.chat.id))
    assert len(new.charts()) == 1
    assert new.seconds_until_fresh(FRESH_WITHIN_S) < FRESH_WITHIN_S
    with_store(deployment, lambda db: db.execute(delete(Notice)))
    report(f"group became a supergroup, told by its {way}", fresh_s=fresh_s)


def _notice(db: Session, key: str, text: str) -> int:
    """Add a notice to every subscribed chat; returns its id."""
    notices.publish(db, key, i18n.lazy_gettext(text), datetime.now(UTC) + timedelta(minutes=5))
    return db.scalars(select(Notice.id).where(Notice.key == key)).one()


# Rights and topics


def test_without_the_right_to_send_photos_the_bot_says_so_once_and_waits(
    deployment: Deployment, report: Report
) -> None:
    mute = live_chat(deployment, type="supergroup")
    mute.refuse(EDIT, 400, "Bad Request: not enough rights to send photos to the chat", ALWAYS)
    last = mute.chat.messages()[-1]["message_id"]
    figure = mute.account.change()
    [message] = until(lambda: mute.chat.messages(last))
    assert "I'm not allowed to send photos here" in message["text"]
    deployment.sandbox.post("telegram/member", chat_id=mute.chat.id, status="administrator")  # which did not help
    until(lambda: len([call for call in mute.calls(EDIT) if call["status"] == 400]) == 2)
    live_chat(deployment).seconds_until_fresh(FRESH_WITHIN_S)
    assert len([each for each in mute.chat.messages() if "I'm not allowed to send photos" in (each["text"] or "")]) == 1
    deployment.sandbox.delete("faults")
    deployment.sandbox.post("telegram/member", chat_id=mute.chat.id, status="member")
    started = time.monotonic()
    until(lambda: mute.shows(figure))
    report("no right to send photos, and back", fresh_s=time.monotonic() - started)


def test_a_muted_bot_tells_an_admin_and_goes_on_when_it_is_allowed(deployment: Deployment, report: Report) -> None:
    mute = live_chat(deployment, type="supergroup")
    admin = deployment.chat(mute.chat.user_id)
    start = admin.send("/start")
    admin.answer_to(start)
    deployment.sandbox.post("telegram/member", chat_id=mute.chat.id, status="restricted")
    figure = mute.account.change()
    until(lambda: [each for each in admin.messages(start) if "I'm not allowed to send photos" in each["text"]])
    mute.chat.type = "supergroup"
    deployment.sandbox.post("telegram/member", chat_id=mute.chat.id, status="member")
    started = time.monotonic()
    until(lambda: mute.shows(figure))
    assert len(mute.charts()) == 1
    report("no right to write at all, and back", fresh_s=time.monotonic() - started)


@pytest.mark.parametrize("general", ["open", "closed"])
@pytest.mark.parametrize("state", ["closed", "deleted"])
def test_a_lost_topic_is_reported_and_the_bot_stays(
    deployment: Deployment, report: Report, state: str, general: str
) -> None:
    topical = live_chat(deployment, type="supergroup", thread_id=77)
    admin = deployment.chat(topical.chat.user_id)
    start = admin.send("/start")
    admin.answer_to(start)
    if general == "closed":
        topical.refuse(TEXT, 400, "Bad Request: TOPIC_CLOSED", ALWAYS)
    before = topical.chat.messages()[-1]["message_id"]
    for chart in topical.charts():
        deployment.sandbox.post("telegram/delete", chat_id=topical.chat.id, message_id=chart["message_id"])
    deployment.sandbox.post("telegram/topic", chat_id=topical.chat.id, thread_id=77, state=state)
    topical.account.change()
    messages_of = admin.messages if general == "closed" else topical.chat.messages
    where = start if general == "closed" else before
    [message] = until(lambda: [each for each in messages_of(where) if "topic" in (each["text"] or "")])
    assert message["thread_id"] is None
    topical.account.change()
    live_chat(deployment).seconds_until_fresh(FRESH_WITHIN_S)
    assert len([each for each in messages_of(where) if "topic" in (each["text"] or "")]) == 1
    assert topical.calls("leaveChat") == []
    report(f"topic {state}, General {general}", lost="nothing; it waits and says so")
    if state == "closed":
        deployment.sandbox.delete("faults")
        deployment.sandbox.post("telegram/topic", chat_id=topical.chat.id, thread_id=77, state="open")
        started = time.monotonic()
        [chart] = until(topical.charts)
        assert chart["thread_id"] == 77
        report("topic opened again", fresh_s=time.monotonic() - started)


# Messages and files


@pytest.mark.parametrize("text", ["", "MESSAGE_ID_INVALID", "message can't be edited"])
def test_a_live_message_that_is_gone_is_sent_anew_once(deployment: Deployment, report: Report, text: str) -> None:
    gone = live_chat(deployment)
    deployment.sandbox.post("telegram/delete", chat_id=gone.chat.id, message_id=gone.charts()[0]["message_id"])
    if text:
        gone.refuse(EDIT, 400, f"Bad Request: {text}")
    fresh_s = gone.seconds_until_fresh(FRESH_WITHIN_S)
    gone.seconds_until_fresh(FRESH_WITHIN_S)
    assert len(gone.charts()) == 1
    assert len(gone.calls(PHOTO)) == 1
    report(f"live message gone: {text or 'message to edit not found'}", fresh_s=fresh_s)


def test_not_modified_is_success(deployment: Deployment, report: Report) -> None:
    same = live_chat(deployment)
    same.refuse(
        EDIT,
        400,
        "Bad Request: message is not modified: specified new message content and reply markup are exactly the same "
        "as a current content and reply markup of the message",
    )
    same.account.change()
    until(lambda: [each for each in same.calls(EDIT) if each["status"] == 400])
    assert_not_called(same, 2 * TICK_S)
    report("not modified", fresh_s=same.seconds_until_fresh(FRESH_WITHIN_S))


def test_a_file_that_telegram_lost_is_uploaded_once_more(deployment: Deployment, report: Report) -> None:
    first, *others = live_chats([TrackedAccount(deployment)] * 7)
    texts = ("wrong file identifier/HTTP URL specified", "wrong remote file identifier specified: Wrong string length")
    for each, text in zip(others, itertools.cycle(texts), strict=False):
        each.refuse(EDIT, 400, f"Bad Request: {text}")
    last = deployment.sandbox.last_call()
    fresh_s = first.seconds_until_fresh(FRESH_WITHIN_S)
    figure = f"{first.account.value:,}"
    until(lambda: all(each.shows(figure) for each in others), RETRIED_WITHIN_S)
    edits = [call for each in (first, *others) for call in each.calls(EDIT, since=last)]
    taken = [call for call in edits if call["status"] == 200]
    assert len(taken) == 7
    assert len([call for call in taken if _uploads(call)]) < 5
    report("file lost at Telegram, for 6 of 7 chats", fresh_s=fresh_s)


def _uploads(call: Json) -> bool:
    return "attach://" in str(call["params"]["media"])


# Polling


def test_polling_goes_on_after_any_answer(deployment: Deployment, report: Report) -> None:
    asking = tracking_chat(deployment)
    refusals = {
        409: "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
        401: "Unauthorized",
        404: "Not Found",
        500: "Internal Server Error",
    }
    for status, text in refusals.items():
        body = {"ok": False, "error_code": status, "description": text}
        deployment.sandbox.post("faults", service="telegram", method="getUpdates", status=status, body=body)
        _assert_still_answers(asking, report, f"getUpdates: {status}")
    for name in ("502 with HTML", "connection cut"):
        fault = FAILURES[name]
        deployment.sandbox.post("faults", service="telegram", method="getUpdates", **fault)
        _assert_still_answers(asking, report, f"getUpdates: {name}")


def _assert_still_answers(asking: TrackingChat, report: Report, name: str) -> None:
    sandbox = asking.deployment.sandbox
    asking.chat.send("/id")  # ends the current poll, so that the next one gets the fault
    until(lambda: not sandbox.get("faults"))
    started = time.monotonic()
    asking.chat.ask("/id")
    report(name, fresh_s=time.monotonic() - started)


# Many chats


def test_many_failing_chats_delay_no_other_by_more_than_a_tick(deployment: Deployment, report: Report) -> None:
    """All have the same chart. The failing ones are served first; one of them even uploads it."""
    account = TrackedAccount(deployment)
    everyone = live_chats([account] * 49)
    hanging, waiting, well = everyone[:36], everyone[36:39], everyone[39:]
    calm_s = _seconds_until_all_fresh(account, well)
    for each in hanging:
        each.fault(EDIT, status=502, delay=20, times=ALWAYS, **HTML_ANSWER)
    for each in waiting:
        each.refuse(EDIT, 429, "Too Many Requests: retry after 100", retry_after=100)
    for _ in range(3):
        troubled_s = _seconds_until_all_fresh(account, well)
        assert troubled_s < calm_s + TICK_S
    report("36 chats hang, 3 must wait: the other 10", fresh_s=troubled_s)


def _seconds_until_all_fresh(account: TrackedAccount, chats: list[TrackingChat]) -> float:
    started = time.monotonic()
    figure = account.change()
    until(lambda: all(each.shows(figure) for each in chats), 90)
    return time.monotonic() - started


# Commands and buttons


ANSWERS: dict[str, dict[str, object]] = {
    **FAILURES,
    "429 for 3 s": {
        "status": 429,
        "body": {
            "ok": False,
            "error_code": 429,
            "description": "Too Many Requests: retry after 3",
            "parameters": {"retry_after": 3},
        },
    },
    "no rights": {
        "status": 400,
        "body": {"ok": False, "error_code": 400, "description": "Bad Request: not enough rights to send text messages"},
    },
}
ANSWERED_NEVERTHELESS = ("429 without a time", "500", "429 for 3 s", "accepted, answered too late")


def test_an_answer_that_failed_has_no_further_consequence(deployment: Deployment, report: Report) -> None:
    asking = dict(zip(ANSWERS, tracking_chats(TrackedAccount(deployment) for _ in ANSWERS), strict=True))
    sent = {}
    for name, each in asking.items():
        each.fault(TEXT, **ANSWERS[name])
        sent[name] = each.chat.send("/list")
    for name in ANSWERED_NEVERTHELESS:
        until(lambda name=name: asking[name].chat.messages(sent[name]))  # type: ignore[misc]
    until(lambda: len(deployment.sandbox.get("faults")) == 0, 60)
    for name, each in asking.items():
        started = time.monotonic()
        answered = each.chat.messages(sent[name])
        assert len(answered) == (1 if name in ANSWERED_NEVERTHELESS else 0), name
        each.chat.ask("/id", within_s=60)
        report(
            f"answer: {name}",
            lost="nothing" if answered else "the answer",
            fresh_s=time.monotonic() - started,
        )


@pytest.mark.parametrize("name", [name for name in ANSWERS if name != "no rights"])
def test_a_press_survives_any_failure_of_its_answer(deployment: Deployment, report: Report, name: str) -> None:
    pressing = live_chat(deployment)
    chart = pressing.charts()[0]
    number = chart["keyboard"][0][0]["callback_data"].split()[1]
    deployment.sandbox.post("faults", service="telegram", method="answerCallbackQuery", **ANSWERS[name])
    pressing.chat.press(chart, f"set {number} metric likes")
    started = time.monotonic()
    until(lambda: "Likes" in pressing.chat.message(chart["message_id"])["caption"])
    report(f"press: {name}", fresh_s=time.monotonic() - started)
    choice = pressing.chat.send("/settings")
    message = pressing.chat.answer_to(choice)
    pressing.fault("editMessageReplyMarkup", **ANSWERS[name])
    pressing.chat.press(message, "settings dark")
    until(lambda: with_store(deployment, lambda db: chats.default_spec(db, pressing.chat.id).theme) is Theme.DARK)


# Floods


def test_one_persons_flood_is_slowed_and_everyone_else_is_answered_within_a_second(
    deployment: Deployment, report: Report
) -> None:
    others = [deployment.chat(300_000 + number) for number in range(20)]
    flooding = deployment.chat(400_000)
    ends = threading.Event()
    flood = threading.Thread(target=_flood, args=(flooding.sandbox.address, flooding.id, ends))
    since = deployment.sandbox.last_call()
    flood.start()
    asked = [(each.id, time.time(), each.send("/status")) for _ in range(5) for each in _one_after_another(others)]
    until(lambda: len(_answers(deployment, others, since)) == len(asked), every_s=1)
    ends.set()
    flood.join()
    answers = _answers(deployment, others, since)
    waits = [answer["at"] - at for (_, at, _sent), answer in zip(sorted(asked), answers, strict=True)]
    assert max(waits) < 1
    texts = [message["text"] for message in flooding.messages() if message["by_bot"]]
    [warning] = [text for text in texts if "too much" in text]
    assert warning.count(".") == 1
    assert len(texts) < 30
    report(f"50 commands a second: {len(texts)} answers, the others' longest wait {max(waits):.2f} s")


def _flood(address: str, chat_id: int, ends: threading.Event) -> None:
    next_at = time.monotonic()
    with httpx.Client(base_url=f"{address}/_control") as http:
        while not ends.wait(max(0, next_at - time.monotonic())):
            next_at += 1 / 50
            http.post("/telegram/send", json={"chat_id": chat_id, "user_id": chat_id, "text": "/id"})


def _one_after_another(people: list[Chat]) -> Iterator[Chat]:
    """Each of them once, spread over 1.5 seconds."""
    next_at = time.monotonic()
    for each in people:
        until(lambda next_at=next_at: time.monotonic() >= next_at, every_s=0.01)  # type: ignore[misc]
        next_at += 1.5 / len(people)
        yield each


def _answers(deployment: Deployment, chats: list[Chat], since: int) -> list[Json]:
    """The calls for these chats, by chat and time."""
    calls = deployment.sandbox.calls("telegram", since)
    ids = {each.id for each in chats}
    mine = [call for call in calls if call["params"].get("chat_id") in ids]
    return sorted(mine, key=lambda call: (call["params"]["chat_id"], call["at"]))
