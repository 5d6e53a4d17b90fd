"""What `@bot @nasa likes` offers in any chat: charts that Telegram holds, of accounts that are tracked somewhere."""

import io
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from PIL import Image

from pipeline import clock
from pipeline.records import ChartSpec, Comparison, Language, Metric, Profile, State, View
from pipeline.store import accounts, chats, comparisons, telegram_photos
from pipeline.store.tables import Account, Tracking
from pipeline.user_agent import VERSION
from tests.conftest import until
from tests.e2e.chat import HTTP
from tests.unit.bot.conftest import OWNER, TOKEN, Bot, running

CHATS = count(81_000)
LIKES = ChartSpec(Metric.LIKES)


@pytest.fixture(autouse=True)
def _nothing_tracked(bot: Bot) -> Iterator[None]:
    bot.sandbox.post("telegram/botfather", inline=True)
    yield
    with bot.store.write_session() as db:
        for table in (Tracking, Account):
            db.query(table).delete()


def track(bot: Bot, *handles: str) -> dict[str, int]:
    """Let a chat track accounts of X; returns their ids."""
    chat_id = next(CHATS)
    with bot.store.write_session() as db:
        accounts.save_profiles(db, [Profile(each, State.ACTIVE, each) for each in handles], "x", clock.now())
        rows = accounts.find_by_remote_ids(db, handles, "x")
        chats.add(db, chat_id, clock.now())
        chats.track(db, chat_id, [row.id for row in rows], clock.now())
        return {row.handle: row.id for row in rows}


def upload(bot: Bot, brightness: int) -> str:
    """Send a picture to a chat as the bot; returns its file_id."""
    png = io.BytesIO()
    Image.new("L", (8, 8), brightness).save(png, "png")
    chat = bot.chat(next(CHATS))
    chat.send("hello")
    files, data = {"photo": ("a.png", png.getvalue())}, {"chat_id": str(chat.id)}
    answer = HTTP.post(f"{bot.sandbox.address}/telegram/bot{TOKEN}/sendPhoto", data=data, files=files)
    return str(answer.json()["result"]["photo"][-1]["file_id"])


def draw(bot: Bot, spec: ChartSpec, ids: Any, caption: str, age: timedelta = timedelta(0)) -> str:
    """Let this chart stand, so long ago; returns its file_id."""
    file_id = upload(bot, next(CHATS) % 256)
    with bot.store.write_session() as db:
        row = comparisons.get_or_create(db, Comparison(tuple(sorted(ids)), spec))
        row.chart_digest, row.caption, row.as_of = f"digest {row.id}", caption, clock.now() - age
        telegram_photos.save(db, row.chart_digest, file_id, clock.now())
    return file_id


def offers(bot: Bot, query: str, user_id: int = 5, **more: str) -> list[Any]:
    typed = bot.sandbox.post("telegram/inline", user_id=user_id, query=query, **more)["inline_query_id"]
    answer: Any = until(lambda: (told := bot.sandbox.get(f"telegram/inline/{typed}"))["answered"] and told)
    return list(answer["results"])


def test_the_chart_of_exactly_these_accounts_is_offered_from_its_file(bot: Bot) -> None:
    ids = track(bot, "nasa", "esa", "isro")
    both = draw(bot, LIKES, [ids["nasa"], ids["esa"]], "Likes per post\n`9` @nasa\nread 10:00")
    draw(bot, LIKES, ids.values(), "Likes of three")
    draw(bot, ChartSpec(), [ids["nasa"], ids["esa"]], "Retweets per post")
    [offered] = offers(bot, "@NASA @esa likes")
    assert (offered["photo_file_id"], offered["title"]) == (both, "Likes per post")
    assert offered["caption"] == "Likes per post\n9 @nasa\nread 10:00"
    assert "code" in {entity["type"] for entity in offered["caption_entities"]}
    assert {each["title"] for each in offers(bot, "@nasa @esa")} == {"Likes per post", "Retweets per post"}
    assert offers(bot, "@nasa @esa views") == []


def test_charts_in_the_persons_language_come_first_and_then_the_newest(bot: Bot) -> None:
    ids = track(bot, "nasa").values()
    draw(bot, LIKES, ids, "old", timedelta(hours=2))
    draw(bot, ChartSpec(Metric.LIKES, View.RACE), ids, "new")
    draw(bot, ChartSpec(Metric.LIKES, language=Language.SPANISH), ids, "viejo", timedelta(days=9))
    assert [each["title"] for each in offers(bot, "@nasa")] == ["new", "old", "viejo"]
    assert [each["title"] for each in offers(bot, "@nasa", language_code="es-MX")] == ["viejo", "new", "old"]


@pytest.mark.parametrize("query", ["", "@nasa @nobody", "@nasa lik", "likes", "@nasa " + "x" * 200])
def test_nothing_is_offered_of_what_is_not_known(bot: Bot, query: str) -> None:
    draw(bot, LIKES, track(bot, "nasa").values(), "chart")
    assert offers(bot, query) == []


def test_nothing_is_offered_of_accounts_that_no_chat_tracks_any_more(bot: Bot) -> None:
    draw(bot, LIKES, track(bot, "nasa").values(), "chart")
    with bot.store.write_session() as db:
        db.query(Tracking).delete()
    assert offers(bot, "@nasa likes") == []


def test_only_owners_are_told_how_to_switch_it_on(bot: Bot) -> None:
    of_owner = bot.chat(OWNER).ask("/status")
    assert "/setinline" in of_owner
    assert of_owner.endswith(f"\nTallybird {VERSION}")
    assert "nline mode" not in bot.chat(next(CHATS)).ask("/status")


def test_a_bot_for_chosen_chats_offers_nothing_to_strangers() -> None:
    with running(allowed_chats=frozenset({7})) as bot:
        bot.sandbox.post("telegram/botfather", inline=True)
        draw(bot, LIKES, track(bot, "nasa").values(), "chart")
        stranger = bot.sandbox.post("telegram/inline", user_id=8, query="@nasa")["inline_query_id"]
        assert len(offers(bot, "@nasa", user_id=7)) == 1
        assert not bot.sandbox.get(f"telegram/inline/{stranger}")["answered"]
