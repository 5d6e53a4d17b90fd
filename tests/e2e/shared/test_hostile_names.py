"""Input and names are plain text for the bot: never markup, a link, a path or a formula."""

import re
import unicodedata
from collections.abc import Iterable

import pytest
from sqlalchemy import select

from pipeline.store import Store
from pipeline.store.tables import Account
from tests.conftest import until
from tests.e2e.chat import Chat, Json
from tests.e2e.deployment import Deployment

HANDLE = re.compile(r"[A-Za-z0-9_]+")
HOSTILE = [
    *("<b>nasa</b>", "[nasa](tg://user?id=1)", "*nasa*", "https://evil.example/nasa", "/start@evil_bot"),
    *("@nasa\u202etxt|exe", "na\u200bsa", "e\u0335sa", "=CMD()", "+1", "-1", "../../etc/passwd", "nasa|rm", "%s{0}"),
]
NAMING = ("<b>nasa</b>", "*nasa*", "na\u200bsa")
"""Those that contain an account's name."""
OURS = ("https://x.com/", "https://bsky.app/", "https://mastodon.social/")
"""What the names of accounts may link to."""


@pytest.fixture
def chat(shared_deployment: Deployment, handles: list[str]) -> Chat:
    chat = shared_deployment.chat(2201)
    chat.ask(f"/track {handles[0]}")
    return chat


def messages_sent(chat: Chat, since: int) -> list[Json]:
    """The parameters of the messages that the bot sent to the chat."""
    calls = chat.sandbox.calls("telegram", since)
    return [call["params"] for call in calls if call["params"].get("chat_id") == chat.id and "text" in call["params"]]


def assert_plain(messages: Iterable[Json]) -> None:
    for message in messages:
        assert "parse_mode" not in message
        invisible = {each for each in message["text"] if unicodedata.category(each)[0] in "CM"}
        assert invisible <= {"\n"}
        for entity in message.get("entities") or []:
            assert entity["type"] in {"code", "text_link"}
            assert entity.get("url", OURS[0]).startswith(OURS)


def test_hostile_words_are_quoted_as_plain_text_and_track_nothing(chat: Chat, handles: list[str]) -> None:
    since = chat.sandbox.last_call()
    answer = chat.ask_without_networks("/track " + " ".join(HOSTILE))
    assert answer.count("not an account name on X") == len(HOSTILE) - len(NAMING)
    assert "@nasa: no such account" in answer
    messages = messages_sent(chat, since)
    assert messages
    assert_plain(messages)
    tracked = [line for line in chat.ask_without_networks("/list").splitlines() if line.startswith("@")]
    assert [line.split(" · ")[0] for line in tracked] == [f"@{handles[0]}"]


@pytest.mark.parametrize("command", ["/untrack", "/compare", "/subscribe", "/unsubscribe"])
def test_every_command_quotes_hostile_words_as_plain_text(chat: Chat, command: str) -> None:
    for word in ("<b>nasa</b>", "@nasa\u202etxt|exe", "[nasa](tg://user?id=1)"):
        since = chat.sandbox.last_call()
        chat.ask(f"{command} {word}")
        assert_plain(messages_sent(chat, since))


def test_a_network_that_gives_hostile_names_adds_nothing(shared_deployment: Deployment, chat: Chat) -> None:
    people = [{"id": str(number), "name": name, "username": name} for number, name in enumerate(HOSTILE, start=7)]
    problem = {
        "title": "<b>Not Found</b>",
        "detail": "\u202e[x](tg://user?id=1)",
        "value": "zz_absent",
        "type": "../resource-not-found",
    }
    shared_deployment.sandbox.post(
        "faults", service="x", method="GET /2/users/by", status=200, body={"data": people, "errors": [problem]}
    )
    since = chat.sandbox.last_call()
    assert "@zz_absent: no such account" in chat.ask_without_networks("/track zz_absent")
    assert_plain(messages_sent(chat, since))
    store = Store(shared_deployment.database)
    with store.read_session() as db:
        assert all(HANDLE.fullmatch(handle) for handle in db.scalars(select(Account.handle)))
    store.close()
    until(lambda: list((shared_deployment.folder / "data/datasets").glob("*.csv")) or chat.chart("/compare"))
    assert all(
        re.fullmatch(r"[A-Za-z0-9_-]+\.csv", path.name)
        for path in (shared_deployment.folder / "data/datasets").iterdir()
    )


def test_a_group_with_a_hostile_title_is_answered_like_any_other(shared_deployment: Deployment) -> None:
    group = shared_deployment.chat(-2202, user_id=71, type="supergroup")
    since = group.sandbox.last_call()
    group.ask("/start", title="<b>\u202eelttit</b> [x](tg://user?id=1)", first_name="*\u200b_`")
    group.ask("/list")
    assert_plain(messages_sent(group, since))
