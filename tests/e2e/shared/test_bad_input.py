"""Wrong input is answered with one clear sentence without a traceback, and changes nothing."""

import pytest

from tests.e2e.books import wait_until_read
from tests.e2e.chat import Chat
from tests.e2e.deployment import Deployment


@pytest.fixture
def chat(shared_deployment: Deployment, handles: list[str]) -> Chat:
    chat = shared_deployment.chat(2001)
    chat.ask(f"/track {handles[0]} {handles[1]}")
    return chat


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("/track @nasa|rm", "not an account name on X"),
        ("/track ../../etc/passwd", "not an account name on X"),
        ("/track =HYPERLINK(1)", "not an account name on X"),
        ("/track <i>x@y</i>", "not an account name on X"),
        ("/track \u200b\ufeff", "Which accounts?"),
        ("/track https://x.com/search?q=nasa", "a page of X, not an account"),
        ("/track @" + "a" * 16, "at most 15 letters"),
        ("/track \u202egnp|exe", "not an account name on X"),
        ("/track " + "a" * 5000, "characters; I can read"),
        ("/track " + " ".join(f"@name{number}" for number in range(101)), "A chat can track 100 accounts"),
        ("/track", "Which accounts?"),
        ("/untrack", "Which accounts?"),
        ("/untrack @nobody", "Was not tracked: @nobody"),
        ("/compare likez", "I don't know the word “likez”"),
        ("/compare 7000", "5 to 100 posts"),
        ("/compare posts daily", "works with race only"),
        ("/compare race week", "/compare growth week"),
        ("/compare views rate", "does not work for views"),
        ("/compare @nobody", "not tracked here"),
        ("/subscribe live 1h", "/subscribe every 1h"),
        ("/subscribe new 1d 400d", "every 31 days"),
        ("/unsubscribe", "no subscription like that"),
        ("/unsubscribe $$", "is no account"),
    ],
)
def test_a_wrong_command_is_answered_with_what_is_wrong(chat: Chat, typed: str, expected: str) -> None:
    before = chat.ask("/list").split(" · ")[0]
    text = chat.ask(typed)
    assert expected in text
    assert "Traceback" not in text
    assert chat.ask("/list").split(" · ")[0] == before


def test_names_that_cannot_be_read_come_with_the_likely_cause(
    shared_deployment: Deployment, handles: list[str]
) -> None:
    states = {"zz_protected": "protected", "zz_suspended": "suspended"}
    accounts = [{"username": name, "state": state, "posts": []} for name, state in states.items()]
    shared_deployment.sandbox.post("x/accounts", accounts=accounts)
    chat = shared_deployment.chat(2002)
    chat.ask(f"/track {handles[0]}")
    text = chat.ask_without_networks(
        f"/track @zz_protected, @zz_suspended @zz_nobody {handles[0].upper()} https://x.com/{handles[1]}?s=20"
    )
    assert f"Added: @{handles[1]}" in text
    assert f"Already tracked: @{handles[0]}" in text
    assert "@zz_protected: protected" in text
    assert "@zz_suspended: suspended" in text
    assert "@zz_nobody: no such account" in text


def test_a_button_of_an_old_or_foreign_chart_says_so(
    shared_deployment: Deployment, chat: Chat, handles: list[str], post_counts: dict[str, int]
) -> None:
    stranger = shared_deployment.chat(2003)
    stranger.ask(f"/track {handles[2]}")
    wait_until_read(shared_deployment, {handles[2]: post_counts[handles[2]]})
    chart = chat.chart("/compare")
    theirs = stranger.chart("/compare")
    number = chart["keyboard"][0][0]["callback_data"].split()[1]
    for data in (
        f"show {number} spread likes count day",
        f"show {number} spread likes",
        f"live {number}",
        f"stop {number}",
        "show 99999 posts likes count day",
        f"live {'9' * 40}",
        "live 99999999999999999999",
        "stop ²",
        "show ٣ posts likes count day",
        "settings english",
        "forget maybe",
        "nonsense",
        "x" * 64,
    ):
        answer = stranger.outcome(theirs, data)
        assert answer == "This button no longer works. Send /compare for a new chart."
    assert stranger.message(theirs["message_id"])["edits"] == theirs["edits"]


def test_a_wrong_command_in_a_channel_and_in_a_topic_is_answered_there(shared_deployment: Deployment) -> None:
    channel = shared_deployment.chat(-1002004, type="channel")
    assert "Which accounts?" in channel.ask("/track")
    assert "any accounts yet" in channel.ask("/compare")
    topic = shared_deployment.chat(-1002005, user_id=7, type="supergroup", thread_id=3)
    assert "any accounts yet" in topic.ask("/compare")
    assert topic.messages()[-1]["thread_id"] == 3


def test_plain_chatter_and_other_bots_commands_are_left_alone(shared_deployment: Deployment) -> None:
    group = shared_deployment.chat(-2006, user_id=7, type="group")
    since = shared_deployment.sandbox.last_call()
    group.send("hello /track @nasa")
    group.send("/track@OtherBot @nasa")
    group.ask("/id@TallybirdBot")
    sent = [call for call in shared_deployment.sandbox.calls("telegram", since) if call["method"] == "sendMessage"]
    assert len(sent) == 1
