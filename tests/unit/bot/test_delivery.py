"""Delivery against a Telegram that refuses: no chart is lost or sent twice, and nobody waits without being told."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import time, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import select, update

from bot.pins import MAY_NOT_PIN
from pipeline import clock
from pipeline.i18n import lazy_gettext
from pipeline.messaging.blobs import Blobs
from pipeline.messaging.client import wake_bot
from pipeline.records import ChartSpec, Comparison, Language, Mode, Profile, QuietHours, State
from pipeline.settings import Settings
from pipeline.store import accounts, chats, comparisons, notices, subscriptions
from pipeline.store.tables import Comparison as ComparisonRow
from pipeline.store.tables import Subscription
from pipeline.store.timing import Schedule
from tests.conftest import NETWORK, ROOT, until
from tests.e2e.chat import Chat, Json
from tests.unit.bot.conftest import Bot, running

PICTURES = [path.read_bytes() for path in sorted((ROOT / "docs").glob("*.png"))]
EDIT, PHOTO, TEXT = "editMessageMedia", "sendPhoto", "sendMessage"
ALWAYS = 1_000_000
NUMBERS = count(1)
INVENTED = (
    (400, "Bad Request: IMAGE_PROCESS_FAILED"),
    (400, "Bad Request: there is no media in the message to edit"),
    (400, "Bad Request: PHOTO_INVALID_DIMENSIONS"),
    (400, "Bad Request: the stars are not in favour of it"),
    (403, "Forbidden: the moon forbids it"),
    (404, "Not Found"),
    (418, "I'm a teapot"),
    (200, "Bad Request: all is well, and nothing is"),
)


@pytest.fixture(scope="module")
def bot() -> Iterator[Bot]:
    with running() as started:
        yield started


@dataclass
class Follower:
    """A chat with a subscription, and what the pipeline does for it."""

    bot: Bot
    mode: Mode
    where: dict[str, Any] = field(default_factory=dict)
    number: int = field(default_factory=lambda: next(NUMBERS))

    def __post_init__(self) -> None:
        sign = -1 if self.where else 1
        self.chat: Chat = self.bot.chat(sign * (1000 + self.number), user_id=1000 + self.number, **self.where)
        self.chat.ask("/id")
        with self.bot.store.write_session() as db:
            profile = Profile(f"name_{self.number}", State.ACTIVE, f"id-{self.number}")
            accounts.save_profiles(db, [profile], NETWORK, clock.now())
            [account] = accounts.find_by_remote_ids(db, [f"id-{self.number}"], NETWORK)
            chats.add(db, self.chat.id, clock.now())
            chats.track(db, self.chat.id, [account.id], clock.now())
            row = comparisons.get_or_create(db, Comparison((account.id,), ChartSpec(count=5 + self.number)))
            version = comparisons.request_redraw(db, row)
            kept = Subscription(
                chat_id=self.chat.id, comparison_id=row.id, all_tracked=False, mode=self.mode, next_at=clock.now(),
                min_version=version, interval_s=3600 if self.mode is Mode.NEW else None,
            )  # fmt: skip
            self.id, self.comparison_id = subscriptions.add(db, kept).id, row.id
        self.since = self.bot.sandbox.last_call()

    @property
    def redis(self) -> Redis:
        folder = Path(self.bot.store.engine.url.database or "").parent
        return Redis.from_url(Settings(data_dir=folder, _env_file=None).redis_address)

    def draw(self, picture: int = 0, note: str = "") -> None:
        """Store a new chart and announce it, as the pipeline does. note: below its figures."""
        with self.redis as redis:
            digest = Blobs(redis).put(PICTURES[picture] + str(self.number).encode())
            with self.bot.store.write_session() as db:
                row = db.get_one(ComparisonRow, self.comparison_id)
                comparisons.request_redraw(db, row)
                row.chart_digest, row.caption = digest, f"chart {picture} of @name_{self.number}{note}"
                db.flush()
                comparisons.mark_rendered(db, row.id, row.requested_version)
            wake_bot(redis)

    def wait_over(self, *, since: timedelta = timedelta(0)) -> None:
        """End the present wait. since: how long the request and the failures shall have lasted already."""
        with self.bot.store.write_session() as db:
            subscriptions.retry_problems(db, self.chat.id, clock.now())
            begun = update(Subscription).where(Subscription.id == self.id)
            if since:
                db.execute(begun.where(Subscription.requested_at.is_not(None)).values(requested_at=clock.now() - since))
                db.execute(
                    begun.where(Subscription.failing_since.is_not(None)).values(failing_since=clock.now() - since)
                )
        with self.redis as redis:
            wake_bot(redis)

    @property
    def kept(self) -> Subscription | None:
        with self.bot.store.read_session() as db:
            return db.get(Subscription, self.id)

    @property
    def failures(self) -> int:
        return self.kept.failures if self.kept else 0

    def charts(self) -> list[Json]:
        return [message for message in self.chat.messages() if message["photo"]]

    def texts(self) -> list[str]:
        """The bot's texts in the chat, but its answer to /id."""
        said = [message["text"] for message in self.chat.messages() if message["by_bot"] and message["text"]]
        return [each for each in said if not each.startswith("Chat: ")]

    def calls(self, *methods: str) -> list[Json]:
        calls = self.bot.sandbox.calls("telegram", self.since)
        return [call for call in calls if call["method"] in methods and call["params"].get("chat_id") == self.chat.id]

    def shows(self, picture: int) -> bool:
        return any(f"chart {picture}" in message["caption"] for message in self.charts())

    def refuse(self, method: str, status: int, description: str, times: int = ALWAYS) -> None:
        told = {"ok": False, "error_code": max(status, 400), "description": description}
        self.fault(method, status=status, body=told, times=times)

    def fault(self, method: str, **more: Any) -> None:
        params = {"chat_id": self.chat.id}
        self.bot.sandbox.post("faults", service="telegram", method=method, params=params, **more)

    def fail(self, times: int, *, since: timedelta = timedelta(0)) -> None:
        """Let deliveries fail so many times, without the waits in between."""
        until(lambda: self.failures >= 1)
        for failures in range(1, times):
            self.wait_over(since=since)
            until(lambda failures=failures: self.failures > failures)  # type: ignore[misc]


@pytest.fixture(autouse=True)
def _no_faults(bot: Bot) -> Iterator[None]:
    yield
    bot.sandbox.delete("faults")


def live(bot: Bot, **where: Any) -> Follower:
    """A chat whose live chart has been delivered."""
    made = Follower(bot, Mode.LIVE, where)
    made.draw()
    until(lambda: made.shows(0))
    until(lambda: made.kept and made.kept.message_id)
    made.since = bot.sandbox.last_call()
    return made


def test_after_an_unknown_refusal_the_chart_is_tried_again_within_seconds(bot: Bot) -> None:
    refused = [live(bot) for _ in INVENTED]
    for chat, (status, description) in zip(refused, INVENTED, strict=True):
        chat.refuse(EDIT, status, description, times=1)
        chat.draw(1)
    for chat in refused:
        until(lambda chat=chat: chat.shows(1), within_s=40)  # type: ignore[misc]
        assert len(chat.charts()) == 1
        assert chat.texts() == []
        until(lambda chat=chat: not chat.failures)  # type: ignore[misc]
        assert chat.kept
        assert (chat.kept.problem, chat.kept.failing_since) == (None, None)


def test_after_three_refused_edits_the_chart_is_sent_in_a_new_message(bot: Bot) -> None:
    refused = [live(bot) for _ in INVENTED[:6]]
    for chat, (status, description) in zip(refused, INVENTED, strict=False):
        chat.refuse(EDIT, status, description)
        chat.draw(1)
    for chat in refused:
        chat.fail(3)
        assert chat.calls(PHOTO) == []
        chat.wait_over()
    for chat in refused:
        until(lambda chat=chat: chat.shows(1))  # type: ignore[misc]
        assert [len(chat.charts()), len(chat.calls(PHOTO))] == [2, 1]
        until(lambda chat=chat: not chat.failures)  # type: ignore[misc]
    bot.sandbox.delete("faults")
    for chat in refused:
        chat.draw(2)
        until(lambda chat=chat: chat.shows(2))  # type: ignore[misc]
        assert len(chat.charts()) == 2, "the new message is the live one now"


def test_a_chart_is_sent_without_links_and_keyboard_where_those_are_refused(bot: Bot) -> None:
    chat = live(bot)
    chat.refuse(EDIT, 400, "Bad Request: can't parse entities", times=3)
    chat.draw(1)
    chat.fail(1)
    chat.wait_over()
    until(lambda: chat.shows(1))
    [*_, usual, uploaded, plain] = [call["params"] for call in chat.calls(EDIT)]
    assert ["attach://" in str(each["media"]) for each in (uploaded, plain)] == [True, True]
    assert ["reply_markup" in each for each in (usual, uploaded, plain)] == [True, True, False]
    assert ["caption_entities" in str(each) for each in (usual, uploaded, plain)] == [True, True, False]


def test_a_chat_is_told_once_of_lasting_refusals_and_its_chart_comes_when_they_end(bot: Bot) -> None:
    chat = live(bot)
    for method in (EDIT, PHOTO):
        chat.refuse(method, 400, "Bad Request: IMAGE_PROCESS_FAILED")
    chat.draw(1)
    chat.fail(3)
    assert chat.texts() == [], "it may pass"
    assert "IMAGE_PROCESS_FAILED" in chat.chat.ask("/list").replace("Image_process_failed", "IMAGE_PROCESS_FAILED")
    chat.fail(6, since=timedelta(minutes=5))
    [told] = until(lambda: [each for each in chat.texts() if "Telegram refuses this chart" in each])
    assert "mage_process_failed" in told
    assert f"@name_{chat.number}" in told
    assert told.endswith(f"\n\nchart 1 of @name_{chat.number}"), "the figures come as text"
    assert "Charts that do not arrive: 1" in chat.chat.ask("/status")
    chat.wait_over()
    bot.sandbox.delete("faults")
    chat.wait_over()
    until(lambda: chat.shows(1), within_s=30)
    until(lambda: not chat.failures)
    assert "not arriving" not in chat.chat.ask("/list")
    assert "do not arrive" not in chat.chat.ask("/status")
    assert len([each for each in chat.texts() if "refuses this chart" in each]) == 1


def test_a_chat_that_forbids_charts_for_an_unknown_reason_is_gone_after_a_day(bot: Bot) -> None:
    chat = live(bot)
    chat.refuse(EDIT, 403, "Forbidden: the moon forbids it")
    chat.refuse(PHOTO, 403, "Forbidden: the moon forbids it")
    chat.draw(1)
    chat.fail(4)
    with bot.store.read_session() as db:
        assert not chats.is_inactive(db, chat.chat.id)
    chat.wait_over(since=timedelta(days=1, minutes=1))
    until(lambda: _is_set_aside(chat))


def _is_set_aside(chat: Follower) -> bool:
    with chat.bot.store.read_session() as db:
        return chats.is_inactive(db, chat.chat.id)


def test_a_chat_that_blocked_the_bot_is_deactivated_at_once(bot: Bot) -> None:
    chat = live(bot)
    chat.refuse(EDIT, 403, "Forbidden: bot was blocked by the user")
    chat.draw(1)
    until(lambda: _is_set_aside(chat))
    assert len(chat.calls(EDIT)) == 1


@pytest.mark.parametrize("mode", [Mode.LIVE, Mode.NEW, Mode.ONCE])
def test_a_new_message_that_may_have_arrived_is_not_sent_again(bot: Bot, mode: Mode) -> None:
    chat = Follower(bot, mode)
    chat.fault(PHOTO, status=502, body="<html>", headers={"Content-Type": "text/html"}, accepted=True)
    chat.draw()
    until(lambda: chat.calls(PHOTO))
    until(lambda: mode is not Mode.ONCE or chat.kept is None)
    for _ in range(3):
        chat.wait_over()
        other = live(bot)
        assert other.charts()
    assert len(chat.calls(PHOTO)) == 1
    assert len(chat.charts()) == 1


def _all_day_but_one_minute() -> QuietHours:
    """Quiet hours that last now and for hours to come."""
    begun = clock.now() - timedelta(hours=1)
    return QuietHours(begun.time(), (begun - timedelta(minutes=1)).time())


@pytest.mark.parametrize("mode", [Mode.NEW, Mode.LIVE])
def test_in_quiet_hours_a_message_is_edited_and_none_is_sent(bot: Bot, mode: Mode) -> None:
    chat = live(bot) if mode is Mode.LIVE else Follower(bot, mode)
    with bot.store.write_session() as db:
        quiet = _all_day_but_one_minute()
        chats.set_quiet_hours(db, chat.chat.id, quiet, language=Language.ENGLISH, now=clock.now())
    chat.draw(1)
    if mode is Mode.LIVE:
        until(lambda: chat.shows(1))
        assert chat.calls(PHOTO, TEXT) == []
        chat.refuse(EDIT, 400, "Bad Request: message to edit not found", times=1)
        chat.draw(0)
    until(lambda: chat.kept and chat.kept.problem == subscriptions.QUIET_HOURS)
    assert chat.calls(PHOTO, TEXT) == []
    assert chat.chat.ask("/quiet off").startswith("No quiet hours")
    until(lambda: len(chat.calls(PHOTO)) == 1)


@pytest.mark.parametrize("mode", [Mode.NEW, Mode.LIVE, Mode.ONCE])
def test_in_a_silent_chat_only_what_somebody_just_asked_for_makes_a_sound(bot: Bot, mode: Mode) -> None:
    chat = Follower(bot, mode)
    settings = chat.chat.answer_to(chat.chat.send("/settings"))
    chat.chat.press_and_read(settings, "settings silent")
    shown = str(chat.chat.message(settings["message_id"])["keyboard"])
    assert ("• Silent" in shown, "• With sound" in shown) == (True, False)
    is_requested = mode is Mode.ONCE
    with bot.store.write_session() as db:
        db.get_one(Subscription, chat.id).requested_at = clock.now() if is_requested else None
        notice = lazy_gettext("{network} is back", network="X")
        notices.publish(db, f"back {chat.id}", notice, clock.now() + timedelta(hours=1), chat_id=chat.chat.id)
    chat.draw()
    [chart] = until(lambda: chat.calls(PHOTO))
    assert chart["params"].get("disable_notification", False) is not is_requested
    [told] = until(lambda: [each for each in chat.calls(TEXT) if each["params"]["text"] == "X is back"])
    assert told["params"]["disable_notification"] is True
    chat.chat.press_and_read(settings, "settings sound")
    assert "• With sound" in str(chat.chat.message(settings["message_id"])["keyboard"])
    assert not [each for each in chat.calls(TEXT) if each != told and each["params"].get("disable_notification")]


def test_a_delivered_chart_is_not_delivered_again(bot: Bot) -> None:
    chat = live(bot)
    for _ in range(2):
        chat.wait_over()
        assert live(bot).charts()
    assert chat.calls(EDIT, PHOTO) == []


@pytest.mark.parametrize(("command", "mode"), [("/compare", Mode.ONCE), ("/subscribe", Mode.LIVE)])
def test_a_requested_chart_that_takes_long_is_reported(bot: Bot, command: str, mode: Mode) -> None:
    """No worker runs in these tests, so no chart is drawn."""
    chat = Follower(bot, Mode.NEW)
    with bot.store.write_session() as db:
        subscriptions.remove(db, chat.id)
    place = chat.chat.answer_to(chat.chat.send(command))
    assert place["text"].startswith("Drawing")
    chat.id = _id_of(chat, mode)
    chat.wait_over(since=timedelta(seconds=46))
    said = until(lambda: (now := chat.chat.message(place["message_id"])["text"]) != place["text"] and now, within_s=70)
    assert "is taking longer" in said
    assert f"@name_{chat.number}" in said
    assert chat.texts() == [said]


def test_where_photos_are_not_allowed_each_chart_that_somebody_asks_for_comes_as_text(bot: Bot) -> None:
    chat = live(bot, type="supergroup")
    for method in (EDIT, PHOTO):
        chat.refuse(method, 400, "Bad Request: not enough rights to send photos to the chat")
    chat.draw(1, note="\n[best new post 5](https://x.com/nasa/status/1)")
    figures = f"\n\nchart 1 of @name_{chat.number}"
    [explained] = until(chat.texts)
    assert explained.startswith("I'm not allowed to send photos here.")
    assert explained.endswith(f"{figures}\nbest new post 5"), "its address is in a link"
    for _ in range(2):
        place = chat.chat.answer_to(chat.chat.send("/compare"))
        assert place["text"].startswith("Drawing")
        chat.id = _id_of(chat, Mode.ONCE)
        chat.comparison_id = chat.kept.comparison_id if chat.kept else 0
        chat.draw(1)
        until(lambda place=place: chat.chat.message(place["message_id"])["text"].endswith(figures))  # type: ignore[misc]
    chat.wait_over()
    live(bot)
    assert len(chat.texts()) == 3, "none is told twice"
    bot.sandbox.delete("faults")
    chat.wait_over()
    until(lambda: chat.chat.message(place["message_id"])["photo"], within_s=30)


def _id_of(chat: Follower, mode: Mode) -> int:
    """The id of the chat's subscription, once it has its message."""

    def found() -> int | None:
        with chat.bot.store.read_session() as db:
            mine = select(Subscription.id).where(Subscription.chat_id == chat.chat.id, Subscription.mode == mode)
            return db.scalar(mine.where(Subscription.message_id.is_not(None)))

    return until(found) or 0


def test_a_requested_chart_whose_edit_is_refused_comes_in_a_new_message_within_half_a_minute(bot: Bot) -> None:
    chat = Follower(bot, Mode.NEW)
    with bot.store.write_session() as db:
        subscriptions.remove(db, chat.id)
    chat.refuse(EDIT, 400, "Bad Request: there is no media in the message to edit")
    place = chat.chat.answer_to(chat.chat.send("/compare"))
    chat.id = _id_of(chat, Mode.ONCE)
    assert chat.kept
    chat.comparison_id = chat.kept.comparison_id
    chat.draw()
    until(lambda: chat.shows(0), within_s=40)
    until(lambda: "below" in chat.chat.message(place["message_id"])["text"])
    assert len(chat.charts()) == 1
    until(lambda: chat.kept is None)


def test_an_answer_that_is_refused_for_an_unknown_reason_is_sent_more_plainly(bot: Bot) -> None:
    chat = Follower(bot, Mode.LIVE)
    chat.refuse(TEXT, 400, "Bad Request: reply markup is out of fashion", times=3)
    assert "name_" in chat.chat.ask("/list", within_s=20)
    calls = [call["params"] for call in chat.calls(TEXT)]
    assert ["entities" in each for each in calls] == [True, True, False, False]


@pytest.mark.parametrize(("status", "times"), [(502, 1), (400, 2)])
def test_a_notice_is_sent_once_whatever_telegram_answers(bot: Bot, status: int, times: int) -> None:
    """A notice that was surely refused is sent again; one that may have arrived is not."""
    chat = live(bot)
    said = f"notice {chat.number}"
    told = {"ok": False, "error_code": 400, "description": "Bad Request: not today"}
    body: dict[str, Any] = {"body": "<html>", "accepted": True} if status == 502 else {"body": told}
    chat.fault(TEXT, status=status, times=1, **body)
    with bot.store.write_session() as db:
        notices.publish(db, said, lazy_gettext(said), clock.now() + timedelta(minutes=5))
    until(lambda: said in chat.texts(), within_s=30)
    other = live(bot)
    until(lambda: said in other.texts(), within_s=30)
    assert chat.texts().count(said) == 1
    assert len([call for call in chat.calls(TEXT) if call["params"]["text"] == said]) == times
    with bot.store.write_session() as db:
        notices.publish(db, said, lazy_gettext(said), clock.now())


def test_a_scheduled_chart_comes_though_nothing_changed_and_late_only_as_long_as_it_is_the_nearest(bot: Bot) -> None:
    on_time, late, too_late = followers = [Follower(bot, Mode.NEW) for _ in range(3)]
    for chat in followers:
        chat.draw()
    until(lambda: all(chat.charts() for chat in followers))
    now = clock.now()
    with bot.store.write_session() as db:
        for chat, hours in ((on_time, 0), (late, 11), (too_late, 23)):
            due = now - timedelta(hours=hours)
            values = {"interval_s": None, "schedule": Schedule((time(due.hour, due.minute),)), "next_at": due}
            db.execute(update(Subscription).where(Subscription.id == chat.id).values(values))
    until(lambda: len(on_time.charts()) == len(late.charts()) == 2)
    until(lambda: all(chat.kept and chat.kept.next_at > now for chat in followers))
    assert [len(chat.charts()) for chat in followers] == [2, 2, 1]


def test_a_live_chart_that_was_pinned_is_pinned_again_in_the_message_that_takes_its_place(bot: Bot) -> None:
    allowed, refused = live(bot, type="supergroup"), live(bot, type="supergroup")
    bot.sandbox.post("telegram/member", chat_id=allowed.chat.id, status="administrator")
    for chat in (allowed, refused):
        [chart] = chat.charts()
        with bot.store.write_session() as db:
            subscriptions.set_pinned_message(db, chat.id, chart["message_id"])
        bot.sandbox.post("telegram/delete", chat_id=chat.chat.id, message_id=chart["message_id"])
        chat.draw(1)
    until(lambda: [each["pinned"] for each in allowed.charts()] == [True], within_s=40)
    until(lambda: len(refused.texts()) == 1, within_s=40)
    assert refused.texts() == [MAY_NOT_PIN.msgid]
    assert refused.kept
    assert not refused.kept.pinned
    [call] = allowed.calls("pinChatMessage")
    assert call["params"]["disable_notification"] is True
