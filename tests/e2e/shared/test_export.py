"""What one chat exports another imports: the figures that X counted, and the accounts, which are tracked there."""

import csv
import io
from pathlib import Path

from tests.conftest import until
from tests.e2e.chat import Chat, Json
from tests.e2e.deployment import Deployment
from tests.e2e.figures import own_posts


def test_a_chats_figures_and_accounts_go_to_another_chat(
    shared_deployment: Deployment, handles: list[str], timelines: Path
) -> None:
    chat, other = shared_deployment.chat(8501), shared_deployment.chat(8502)
    chat.ask(f"/track {handles[0]} {handles[1]}")
    chart = chat.chart("/compare likes 20", within_s=60)
    sent = chat.send("/export", reply_to=chart["message_id"])
    file = until(lambda: _documents(chat, sent), within_s=60)[0]
    content = shared_deployment.sandbox.bytes(
        f"telegram/files/{file['document']['url'].split('/files/', 1)[1]}"
    ).decode()
    lines = list(csv.DictReader(io.StringIO(content)))
    for handle in handles[:2]:
        likes = [post["likes"] for post in own_posts(timelines)[handle][:20]]
        assert [line["likes"] for line in lines if line["account"] == handle] == likes
    assert f"/track @{min(handles[:2], key=str.lower)}" in chat.answer_to(sent)["text"]
    answer = other.ask("/import", document={"name": file["document"]["file_name"], "content": content})
    assert answer.startswith("Added: ")
    assert all(f"@{handle}" in other.ask("/list") for handle in handles[:2])


def _documents(chat: Chat, after: int) -> list[Json]:
    return [each for each in chat.messages(after) if each["document"]]
