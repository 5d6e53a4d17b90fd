from pathlib import Path

from tests.conftest import free_port
from tests.e2e.house import running


def test_the_bot_answers_when_telegram_calls_it(tmp_path: Path, timelines: Path) -> None:
    port = str(free_port())
    with running(tmp_path, timelines, {"WEBHOOK_URL": f"http://127.0.0.1:{port}", "PORT": port}) as house:
        since = house.sandbox.last_call()
        assert house.chat(4001).ask("/start").startswith("I keep score")
        methods = {call["method"] for call in house.sandbox.get("calls", service="telegram", since=since)}
        assert "getUpdates" not in methods
