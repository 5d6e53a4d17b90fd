"""Processes are killed, stopped and frozen."""

from pathlib import Path

from tests.chaos.conftest import Tell
from tests.chaos.watch import nothing_lost, seconds_until_fresh
from tests.e2e.figures import own_posts
from tests.e2e.house import running


def test_a_killed_bot_is_started_again(tmp_path: Path, timelines: Path, tell: Tell) -> None:
    posts = own_posts(timelines)
    handle = next(iter(posts))
    with running(tmp_path, timelines) as house:
        chat = house.chat(1)
        chat.ask(f"/track {handle}")
        chart = chat.chart("/subscribe")
        with nothing_lost(house):
            house.process("bot").kill()
            fresh_s = seconds_until_fresh(chat, chart, posts[handle][0]["post_id"], 8_765, within_s=40)
        tell("bot killed", fresh_s=fresh_s)
