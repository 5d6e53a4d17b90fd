"""Who may do what, for every command that changes something, by role and kind of chat."""

import pytest

from tests.conftest import until
from tests.e2e.chat import Chat
from tests.e2e.house import House

REFUSED = "only admins may change"
ANONYMOUS_ADMIN = 1087968824
OWNER = 900
CHANGES = ["/track {0}", "/untrack {0}", "/subscribe", "/unsubscribe", "/settings", "/forget"]
READS = ["/list", "/compare", "/status", "/help", "/privacy", "/id", "/start"]


@pytest.fixture(scope="module")
def group(plain_house: House, handles: list[str]) -> Chat:
    """A group whose creator, person 71, tracks an account."""
    group = plain_house.chat(-1005001, user_id=71, type="supergroup")
    group.ask(f"/track {handles[0]}")
    return group


@pytest.mark.parametrize("command", CHANGES)
def test_a_plain_member_changes_nothing(group: Chat, handles: list[str], command: str) -> None:
    assert REFUSED in group.ask(command.format(handles[0]), user_id=72)


@pytest.mark.parametrize("command", READS)
def test_a_plain_member_may_read(group: Chat, command: str) -> None:
    assert REFUSED not in group.ask(command, user_id=72, within_s=40)


@pytest.mark.parametrize(
    "person",
    [{"user_id": 73, "role": "administrator"}, {"user_id": ANONYMOUS_ADMIN}, {"user_id": OWNER, "role": "member"}],
)
def test_admins_anonymous_ones_and_the_bots_owner_may_change(
    group: Chat, handles: list[str], person: dict[str, object]
) -> None:
    assert "Already there" in group.ask(f"/track {handles[0]}", within_s=60, **person)


def test_a_plain_member_cannot_keep_a_chart_fresh_by_its_button(plain_house: House, handles: list[str]) -> None:
    group = plain_house.chat(-1005002, user_id=71, type="supergroup")
    group.ask(f"/track {handles[0]}")
    chart = group.chart("/compare")
    data = next(button["callback_data"] for row in chart["keyboard"] for button in row if "fresh" in button["text"])
    member = Chat(group.sandbox, group.id, user_id=72, type="supergroup")
    pressed = member.press(chart, data)
    answer = until(lambda: (seen := group.sandbox.get(f"telegram/callbacks/{pressed}"))["answered"] and seen)
    assert REFUSED in answer["text"]


def test_forgetting_asks_first_and_then_leaves_nothing(plain_house: House, handles: list[str]) -> None:
    chat = plain_house.chat(5002)
    chat.ask(f"/track {handles[0]}")
    sent = chat.send("/forget")
    question = chat.answer_to(sent)
    chat.press(question, "forget no")
    chat.wait_for_text(question, "Nothing was deleted.")
    assert handles[0] in chat.ask("/list")
    question = chat.answer_to(chat.send("/forget"))
    chat.press(question, "forget yes")
    chat.wait_for_text(question, "Forgotten")
    assert "no account yet" in chat.ask("/list")
    assert "Nothing of this chat is stored" in chat.ask("/forget")
