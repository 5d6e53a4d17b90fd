"""Groups of accounts as people name, draw, change and end them."""

from collections.abc import Iterator
from itertools import count

import pytest
from pydantic import SecretStr

from pipeline import clock
from pipeline.records import Language, Profile, State
from pipeline.store import accounts, chats, subscriptions
from tests.conftest import NETWORK
from tests.e2e.chat import Chat
from tests.unit.bot.conftest import Bot, running

CHATS = count(71_000)
HANDLES = ("nasa", "esa", "jaxa")


@pytest.fixture(scope="module")
def bot() -> Iterator[Bot]:
    with running(x_bearer_token=SecretStr("token")) as started:
        yield started


@pytest.fixture
def chat(bot: Bot) -> Chat:
    """A chat that tracks three accounts."""
    return tracking_chat(bot, Language.ENGLISH)


def tracking_chat(bot: Bot, language: Language) -> Chat:
    chat = bot.chat(next(CHATS))
    with bot.store.write_session() as db:
        profiles = [Profile(handle, State.ACTIVE, handle) for handle in HANDLES]
        accounts.save_profiles(db, profiles, NETWORK, clock.now())
        chats.add(db, chat.id, clock.now(), language)
        rows = accounts.find_by_remote_ids(db, HANDLES, NETWORK)
        chats.track(db, chat.id, [row.id for row in rows], clock.now())
    return chat


def test_a_group_is_named_drawn_listed_changed_and_ended(bot: Bot, chat: Chat) -> None:
    assert "Group team: @esa and @nasa. Draw it: /compare team" in chat.ask("/track Team: @nasa @esa")
    assert "@esa, @jaxa and @nasa" in chat.ask("/track team:@jaxa"), "the colon may touch the first name"
    assert chat.ask("/compare team likes").startswith("Drawing likes of the last 100 posts of @esa, @jaxa and @nasa")
    assert "team: @esa, @jaxa and @nasa" in chat.ask("/list")
    chat.ask("/subscribe team")
    assert chat.ask("/untrack team: @jaxa @who") == "No longer in team, but still tracked: @jaxa\nNot in team: @who"
    with bot.store.read_session() as db:
        [subscription] = subscriptions.list_of_chat(db, chat.id)
        assert (subscription.groups, subscription.all_tracked) == (("team",), False)
    assert chat.ask("/untrack team:") == "The group team is gone. Its accounts are still tracked: @esa and @nasa"
    assert chat.ask("/untrack team:") == "This chat has no group of that name. /list shows its groups."
    assert "I don't know the word “team”" in chat.ask("/compare team").replace("`", "")


@pytest.mark.parametrize("name", ["😀team", "🚀 team 🚀", "“team”", "- Team "])
def test_emoji_and_quotes_around_the_name_are_none_of_it(chat: Chat, name: str) -> None:
    assert "Group team: @esa and @nasa." in chat.ask(f"/track {name}: @nasa @esa")


def test_groups_and_accounts_are_compared_together(chat: Chat) -> None:
    chat.ask("/track rivals: esa")
    assert "of @nasa and @esa" in chat.ask("/compare rivals @nasa")


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        ("likes: @nasa", "“likes” has a meaning of its own in commands"),
        *(
            (f"{name}: @nasa", f"“{name}” has a meaning of its own in commands")
            for name in ("gusta", "día", "with", "in", "new", "every", "live", "friday", "lunes", "weekly", "mas")
        ),
        ("per-day: @nasa", "“per-day” has a meaning of its own in commands"),
        ("NASA: @esa", "@nasa is an account that this chat tracks"),
        ("nasá: @esa", "is an account that this chat tracks"),
        (f"{'x' * 21}: @esa", "has at most 20 letters"),
    ],
)
def test_a_name_that_means_something_else_is_refused(chat: Chat, typed: str, refusal: str) -> None:
    assert refusal in chat.ask(f"/track {typed}")
    assert "Group" not in chat.ask("/list")


@pytest.mark.parametrize(("language", "ended"), [(Language.ENGLISH, "Ended"), (Language.SPANISH, "Terminado")])
def test_a_groups_name_ends_the_charts_of_the_group_alone(bot: Bot, language: Language, ended: str) -> None:
    chat = tracking_chat(bot, language)
    chat.ask("/track España: @nasa @esa")
    for words in ("", "@nasa @esa likes", "España", "España @jaxa likes", "@nasa"):
        chat.ask(f"/subscribe {words}")
    assert of_subscriptions(bot, chat) == 5
    answer = chat.ask("/unsubscribe espana jaxa")
    assert answer.startswith(ended)
    assert len(answer.splitlines()) == 2
    assert len(chat.ask("/unsubscribe ESPAÑA").splitlines()) == 3
    assert of_subscriptions(bot, chat) == 2
    assert "/list" in chat.ask("/unsubscribe españa")


def of_subscriptions(bot: Bot, chat: Chat) -> int:
    with bot.store.read_session() as db:
        return len(subscriptions.list_of_chat(db, chat.id))


def test_every_command_of_accounts_takes_a_group(chat: Chat) -> None:
    chat.ask("/track Peña: @nasa @esa")
    assert "Group peña: @esa, @jaxa and @nasa" in chat.ask("/track pena: @jaxa")
    assert chat.ask("/untrack PENA: @jaxa") == "No longer in peña, but still tracked: @jaxa"
    chat.ask("/subscribe pena")
    chat.ask("/subscribe @jaxa")
    paused = chat.ask("/pause pena")
    assert "of @nasa and @esa" in paused
    assert "@jaxa" not in paused
    assert "@jaxa" not in chat.ask("/resume peña")
    assert "@jaxa" not in chat.ask("/pin peña")
    explained = chat.ask("/budget pena")
    assert "@nasa" in explained
    assert "@jaxa" not in explained
    assert chat.ask("/export pena").endswith("/track @esa @nasa")
    gone = chat.ask("/untrack pena")
    assert "No longer tracked: @esa and @nasa" in gone
    assert "peña has no account left and is gone." in gone


def test_a_group_is_told_of_in_spanish(bot: Bot) -> None:
    chat = tracking_chat(bot, Language.SPANISH)
    assert "Grupo equipo: @esa y @nasa. Para verlo: /compare equipo" in chat.ask("/track equipo: nasa esa")
    assert "@esa y @nasa" in chat.ask("/compare equipo")
