"""Buttons: who may press them, presses in quick succession, and buttons of an earlier chart."""

from tests.conftest import until
from tests.e2e.chat import Chat, Json
from tests.e2e.deployment import Deployment


def button(chart: Json, name: str) -> str:
    return next(str(each["callback_data"]) for row in chart["keyboard"] for each in row if name in each["text"])


def test_a_reader_of_a_channel_cannot_change_what_its_admins_set_up(
    shared_deployment: Deployment, handles: list[str]
) -> None:
    channel = shared_deployment.chat(-1006001, type="channel")
    channel.ask(f"/track {handles[0]}")
    chart = channel.chart("/subscribe", within_s=60)
    reader = Chat(shared_deployment.sandbox, channel.id, user_id=666, type="channel")
    for data in (button(chart, "Stop"), button(chart, "Likes")):
        assert "only admins" in reader.press_and_read(chart, data)
    question = channel.answer_to(channel.send("/forget"))
    assert "only admins" in reader.press_and_read(question, "forget yes")
    for data in ("forget yes", "settings dark", "again"):
        assert "an earlier chart" in channel.press_and_read(chart, data)
    assert "an earlier chart" in channel.press_and_read(question, button(chart, "Likes"))
    assert handles[0] in channel.ask("/list", within_s=60)


def test_of_presses_in_quick_succession_the_last_one_counts(shared_deployment: Deployment, handles: list[str]) -> None:
    chat = shared_deployment.chat(6002)
    chat.ask(f"/track {handles[0]} {handles[1]}")
    chart = chat.chart("/compare")
    for name in ("Likes", "Replies", "Views", "Retweets", "Likes"):
        chat.press(chart, button(chart, name))
    until(lambda: chat.message(chart["message_id"])["caption"].startswith("Likes per post"), within_s=40)


def test_another_chats_compare_does_not_touch_a_chart_that_is_kept_fresh(
    shared_deployment: Deployment, handles: list[str]
) -> None:
    keeper, other = shared_deployment.chat(6003), shared_deployment.chat(6004)
    for chat in (keeper, other):
        chat.ask(f"/track {handles[3]} {handles[4]}")
    kept = keeper.chart("/subscribe", within_s=60)
    edits = kept["edits"]
    other.chart("/compare", within_s=60)
    other.chart("/compare", within_s=60)
    assert keeper.message(kept["message_id"])["edits"] == edits


def test_a_button_drawn_before_the_chart_changed_changes_nothing_but_what_it_names(
    shared_deployment: Deployment, handles: list[str]
) -> None:
    chat = shared_deployment.chat(6005)
    chat.ask(f"/track {handles[0]}")
    chart = chat.chart("/subscribe", within_s=60)
    chat.press(chat.answer_to(chat.send("/settings")), "settings es")
    chat.ask(f"/track {handles[1]}")
    chat.wait_for_caption(chart, f"@{handles[1]}")
    chat.press(chart, button(chart, "Likes"))
    chat.wait_for_caption(chart, "Me gusta")
    assert f"@{handles[1]}" in chat.message(chart["message_id"])["caption"]
