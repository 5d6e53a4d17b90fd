from pathlib import Path

from tests.conftest import free_port
from tests.e2e.house import running


def test_the_bot_answers_when_telegram_calls_it_and_works_without_dropbox(tmp_path: Path, timelines: Path) -> None:
    port = str(free_port())
    settings = {"WEBHOOK_URL": f"http://127.0.0.1:{port}", "PORT": port}
    without_dropbox = {"DROPBOX_APP_KEY": "", "DROPBOX_REFRESH_TOKEN": ""}
    with running(tmp_path, timelines, settings | without_dropbox) as house:
        since = house.sandbox.last_call()
        assert house.chat(4001).ask("/start").startswith("I keep score")
        assert "Dropbox: off" in house.chat(4001).ask("/status")
        methods = {call["method"] for call in house.sandbox.get("calls", service="telegram", since=since)}
        assert "getUpdates" not in methods
