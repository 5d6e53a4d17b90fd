"""Buttons: who may press them, presses in quick succession, and buttons of an earlier chart."""

import csv
from functools import partial
from io import BytesIO, StringIO
from pathlib import Path
from xml.etree import ElementTree as ET

from PIL import Image

from tests.conftest import until
from tests.e2e.books import wait_until_read
from tests.e2e.chat import HTTP, Chat, Json
from tests.e2e.deployment import Deployment


def button(chart: Json, name: str) -> str:
    return next(str(each["callback_data"]) for row in chart["keyboard"] for each in row if name in each["text"])


def choice(chart: Json, field: str, value: object) -> str:
    """The data of the button in a menu that chooses this."""
    return f"set {button(chart, 'Growth').split()[1]} {field} {value}"


def labels(chat: Chat, chart: Json) -> list[str]:
    """What the buttons under the chart say now."""
    return [each["text"] for row in chat.message(chart["message_id"])["keyboard"] for each in row]


def test_a_reader_of_a_channel_cannot_change_what_its_admins_set_up(
    shared_deployment: Deployment, handles: list[str]
) -> None:
    channel = shared_deployment.chat(-1006001, type="channel")
    channel.ask(f"/track {handles[0]}")
    chart = channel.chart("/subscribe", within_s=60)
    reader = Chat(shared_deployment.sandbox, channel.id, user_id=666, type="channel")
    for data in (button(chart, "Stop"), button(chart, "Total"), button(chart, "⋯")):
        assert "Only admins" in reader.outcome(chart, data)
    question = channel.answer_to(channel.send("/forget"))
    assert "Only admins" in reader.outcome(question, "forget yes")
    for data in ("forget yes", "settings dark", "again"):
        assert "no longer works" in channel.outcome(chart, data)
    assert "no longer works" in channel.outcome(question, button(chart, "Total"))
    assert handles[0] in channel.ask("/list", within_s=60)


def test_of_presses_in_quick_succession_the_last_one_counts(shared_deployment: Deployment, handles: list[str]) -> None:
    chat = shared_deployment.chat(6002)
    chat.ask(f"/track {handles[0]} {handles[1]}")
    chart = chat.chart("/compare")
    for name in ("likes", "replies", "views", "reposts", "likes"):
        chat.press(chart, choice(chart, "metric", name))
    until(lambda: chat.message(chart["message_id"])["caption"].startswith("Likes per post"), within_s=40)


def test_another_chats_compare_does_not_touch_a_chart_that_is_kept_fresh(
    shared_deployment: Deployment, handles: list[str], post_counts: dict[str, int]
) -> None:
    keeper, other = shared_deployment.chat(6003), shared_deployment.chat(6004)
    for chat in (keeper, other):
        chat.ask(f"/track {handles[3]} {handles[4]}")
    wait_until_read(shared_deployment, {handle: post_counts[handle] for handle in handles[3:5]})
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
    number = button(chart, "Growth").split()[1]
    chat.press(chart, f"show {number} spread likes count day")  # as buttons were before there were menus
    chat.wait_for_caption(chart, "Me gusta")
    assert f"@{handles[1]}" in chat.message(chart["message_id"])["caption"]


def test_menus_open_and_close_in_the_message_and_files_come_as_replies(
    shared_deployment: Deployment, handles: list[str], post_counts: dict[str, int]
) -> None:
    chat = shared_deployment.chat(6006)
    chat.ask(f"/track {handles[2]}")
    wait_until_read(shared_deployment, {handles[2]: post_counts[handles[2]]})
    chart = chat.chart("/compare 20", within_s=60)
    shown = labels(chat, chart)
    assert "20 posts ▾" in shown
    for name, expected in (("⋯", "As file ▾"), ("As file", "PDF"), ("← Back", "⋯")):
        chat.press(chart, button(chat.message(chart["message_id"]), name))
        until(partial(_says, chat, chart, expected))
    assert labels(chat, chart) == shown
    photo = chat.message(chart["message_id"])["photo"]
    number = button(chart, "Growth").split()[1]
    assert "next reading is due" in chat.outcome(chart, f"refresh {number}")
    for file_format in ("png", "svg", "pdf", "csv"):
        chat.press(chart, f"file {number} {file_format}")
    until(lambda: len(_documents(chat, chart)) == 4, within_s=60)
    files = _documents(chat, chart)
    contents = {Path(each["file_name"]).suffix: _content(chat, each) for each in files}
    assert Image.open(BytesIO(contents[".png"])).width == 2 * photo["width"]
    assert ET.fromstring(contents[".svg"]).tag.endswith("svg")
    assert contents[".pdf"].startswith(b"%PDF")
    rows = list(csv.DictReader(StringIO(contents[".csv"].decode())))
    assert [row["account"] for row in rows] == [handles[2]] * min(20, post_counts[handles[2]])


def _says(chat: Chat, chart: Json, text: str) -> bool:
    return text in labels(chat, chart)


def _documents(chat: Chat, chart: Json) -> list[Json]:
    """The files that answer the chart."""
    messages = chat.messages(chart["message_id"])
    return [each["document"] for each in messages if each["document"] and each["reply_to"] == chart["message_id"]]


def _content(chat: Chat, document: Json) -> bytes:
    answer = HTTP.get(f"{chat.sandbox.address}{document['url']}")
    answer.raise_for_status()
    return answer.content


def test_a_members_tap_in_a_group_opens_a_copy_and_leaves_the_shared_chart_alone(
    shared_deployment: Deployment, handles: list[str]
) -> None:
    group = shared_deployment.chat(-1006007, user_id=71, type="supergroup")
    group.ask(f"/track {handles[0]}")
    shared = group.chart("/subscribe", within_s=60)
    member, other = (Chat(group.sandbox, group.id, user_id=user_id, type="supergroup") for user_id in (72, 73))
    member.press(shared, choice(shared, "metric", "likes"))
    copy = until(lambda: [each for each in group.messages(shared["message_id"]) if each["photo"]])[0]
    assert copy["reply_to"] == shared["message_id"]
    group.wait_for_caption(copy, "Likes per post")
    copy = group.message(copy["message_id"])
    member.press(copy, button(copy, "⋯"))
    until(lambda: "← Back" in labels(group, copy))
    other.press(copy, choice(copy, "metric", "views"))
    until(lambda: any("Views per post" in (each["caption"] or "") for each in group.messages(copy["message_id"])))
    assert group.message(copy["message_id"])["caption"].startswith("Likes per post")
    assert "Only admins" in other.outcome(copy, button(copy, "Keep updating"))
    assert group.message(shared["message_id"])["caption"].startswith("Retweets per post")


def test_new_messages_are_stopped_by_their_button(shared_deployment: Deployment, handles: list[str]) -> None:
    chat = shared_deployment.chat(6008)
    chat.ask(f"/track {handles[1]}")
    sent = chat.send("/subscribe new 1h")
    chart = until(lambda: [each for each in chat.messages(sent) if each["photo"]], within_s=60)[0]
    chat.press(chart, button(chart, "Stop these"))
    until(lambda: "Keep updating" in labels(chat, chart))
    assert "New every" not in chat.ask("/list")
