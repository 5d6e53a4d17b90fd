"""On each set-up of servers: from /track in a new chat to a chart that stays fresh, and Celery's own tools."""

import csv
import io
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from redis import Redis

from pipeline.messaging.queues import QUEUES
from tests.conftest import until
from tests.e2e.books import is_balanced, wait_until_read
from tests.e2e.celery_tools import wait_for_events, workers_answering
from tests.e2e.chat import Chat, Json
from tests.e2e.deployment import SECRETS, Deployment
from tests.e2e.figures import Row, own_posts
from tests.e2e.network_accounts import (
    SERVER_PACE_S,
    is_shown,
    on_bluesky,
    on_fediverse,
    on_x,
    set_up_server,
    track,
)
from tests.servers import rabbitmqctl

WORKERS = {"worker", "slow"}
CELERY_COMMANDS = [("inspect", "active"), ("inspect", "stats"), ("control", "enable_events")]


@pytest.fixture(scope="module")
def chat(deployment: Deployment, handles: list[str], timelines: Path) -> Iterator[Chat]:
    """A chat that tracks five accounts, whose posts are all read."""
    chat = deployment.chat(1001)
    answer = chat.ask("/track " + " ".join(f"@{handle}" for handle in handles))
    assert answer.startswith("Added: ")
    assert all(f"@{handle}" in answer for handle in handles)
    posts = own_posts(timelines)
    wait_until_read(deployment, {handle: len(posts[handle]) for handle in handles})
    yield chat
    log = deployment.log.read_text(errors="replace") + (deployment.folder / "sandbox.log").read_text(errors="replace")
    assert not [secret for secret in SECRETS.values() if secret in log]
    assert "Traceback" not in log


def test_compare_answers_at_once_and_the_chart_equals_the_data(chat: Chat, handles: list[str], timelines: Path) -> None:
    sent = chat.send("/compare")
    working = until(lambda: chat.messages(sent), every_s=0.02)[0]
    assert working["text"].startswith("Drawing retweets of the last 100 posts")
    chart = until(lambda: [each for each in chat.messages(sent) if each["photo"]], within_s=30)[0]
    assert chart["message_id"] == working["message_id"]
    data = own_posts(timelines)
    for handle in handles:
        row = Row(handle, [int(post["retweets"]) for post in data[handle]])
        assert row.is_shown_in(chart["caption"])
    assert (chart["photo"]["width"], chart["photo"]["bytes"] <= 90_000) == (1280, True)


def test_words_choose_accounts_metric_and_number_in_any_order(chat: Chat, handles: list[str], timelines: Path) -> None:
    chart = chat.chart(f"/compare 50 likes @{handles[1]} https://x.com/{handles[0]}")
    data = own_posts(timelines)
    for handle in handles[:2]:
        row = Row(handle, [int(post["likes"]) for post in data[handle][:50]])
        assert row.is_shown_in(chart["caption"])
    assert f"@{handles[2]}" not in chart["caption"]


def test_the_posts_view_comes_by_word_and_by_button(chat: Chat) -> None:
    by_word = chat.chart("/compare posts")
    button = next(button for row in by_word["keyboard"] for button in row if button["text"] == "All posts")
    first = by_word["photo"]["file_id"]
    chat.press(by_word, button["callback_data"])
    until(lambda: chat.message(by_word["message_id"])["photo"]["file_id"] != first, within_s=30)
    assert chat.message(by_word["message_id"])["edits"] >= 2


def test_race_comes_by_word_and_growth_by_button(chat: Chat, handles: list[str]) -> None:
    chart = chat.chart("/compare race likes daily")
    lines = chart["caption"].splitlines()
    assert lines[0] == "Likes per day, last 100 posts, own posts only, no replies"
    assert {f"@{handle}" for handle in handles} == {line.split()[-1] for line in lines[2:-1]}
    growth = next(button for row in chart["keyboard"] for button in row if button["text"] == "Growth")
    chat.press(chart, growth["callback_data"])
    chat.wait_for_caption(chart, "Likes gained, last 24 hours")


def test_a_live_chart_follows_the_counts_in_place_and_is_quiet_when_nothing_changes(
    deployment: Deployment, chat: Chat, handles: list[str], timelines: Path
) -> None:
    chart = chat.chart("/subscribe")
    posts = own_posts(timelines)[handles[0]]
    files = until(lambda: _datasets(deployment), within_s=40)
    _assert_change_is_shown(deployment, chat, chart, handles[0], posts)
    until(lambda: _datasets(deployment)[0]["revisions"] > files[0]["revisions"], within_s=30)
    _assert_dataset_equals(deployment, handles, timelines, changed=posts[0]["post_id"])
    _assert_quiet(deployment, ticks=6)


def _datasets(deployment: Deployment) -> list[Json]:
    """The five accounts' dataset in Dropbox."""
    return [file for file in deployment.sandbox.get("dropbox/files") if "and-2-more-last-100" in file["path"]]


def _assert_change_is_shown(
    deployment: Deployment, chat: Chat, chart: Json, handle: str, posts: list[dict[str, str]]
) -> None:
    """A metric that changes at X is soon in the same message."""
    values = [7_654, *(int(post["retweets"]) for post in posts[1:])]
    deployment.sandbox.post(f"x/posts/{posts[0]['post_id']}", retweets=7_654)
    row = Row(handle, values)
    until(lambda: row.is_shown_in(chat.message(chart["message_id"])["caption"]), within_s=30)


def _assert_dataset_equals(deployment: Deployment, handles: list[str], timelines: Path, changed: str) -> None:
    [file] = _datasets(deployment)
    content = deployment.sandbox.bytes(f"dropbox/files{file['path']}")
    rows = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    data = own_posts(timelines)
    expected = [post for handle in sorted(handles, key=str.lower) for post in data[handle]]
    assert [row["post_id"] for row in rows] == [post["post_id"] for post in expected]
    for row, post in zip(rows, expected, strict=True):
        count = "7654" if post["post_id"] == changed else post["retweets"]
        assert (row["account"], row["created_at"], row["reposts"]) == (post["username"], post["created_at"], count)
        assert [row[name] for name in ("likes", "views")] == [post[name] for name in ("likes", "views")]


def _assert_quiet(deployment: Deployment, ticks: int) -> None:
    """While nothing changes at X there is no upload, no chart and no call to Telegram but polling; X is still read."""
    before = deployment.sandbox.last_call()
    revisions = [file["revisions"] for file in deployment.sandbox.get("dropbox/files")]
    until(
        lambda: len({call["at"] for call in deployment.sandbox.calls("x", before)}) >= ticks * 5,
        within_s=90,
    )
    assert deployment.sandbox.calls("telegram", before) == []
    assert deployment.sandbox.calls("dropbox", before) == []
    assert [file["revisions"] for file in deployment.sandbox.get("dropbox/files")] == revisions


def test_a_growth_tells_what_was_gained_since_the_account_is_watched(
    deployment: Deployment, chat: Chat, handles: list[str], timelines: Path
) -> None:
    """Only the two retweets since /track count, not those that the posts had before."""
    handle = handles[3]
    chart = chat.chart(f"/subscribe growth @{handle}")
    newest = own_posts(timelines)[handle][0]
    deployment.sandbox.post(f"x/posts/{newest['post_id']}", retweets=int(newest["retweets"]) + 2)
    line = re.compile(rf"^ *\+2 @{handle} · since \d+ \w+ \d\d:\d\d UTC( · best new post [\d,]+)?$", re.MULTILINE)
    until(lambda: line.search(chat.message(chart["message_id"])["caption"]), within_s=60)


def test_accounts_of_all_networks_are_in_one_chart_that_follows_each(deployment: Deployment) -> None:
    chat, accounts = deployment.chat(1002), [on_x(), on_bluesky(), on_fediverse()]
    set_up_server(deployment.sandbox, "stars.social", "mastodon-4.2")
    assert track(deployment, chat, *accounts).startswith("Added: @observatory (X), ")
    chart = chat.chart("/subscribe")["message_id"]
    for number, account in enumerate(reversed(accounts)):
        until(partial(is_shown, account, chat, chart), within_s=60)
        account.change(deployment.sandbox, 7_000 + number)
        until(partial(is_shown, account, chat, chart), SERVER_PACE_S)


def test_the_ledger_equals_the_bill_of_x(deployment: Deployment) -> None:
    until(lambda: is_balanced(deployment))


def test_the_broker_has_the_queues_that_tasks_and_celerys_tools_use_and_no_other(deployment: Deployment) -> None:
    queues = {name for name in _queues(deployment) if not name.endswith(".pidbox") and "celeryev" not in name}
    assert queues == set(QUEUES)


def _queues(deployment: Deployment) -> list[str]:
    broker = deployment.environment.get("BROKER_URL")
    if broker:
        return rabbitmqctl("list_queues", "-p", broker.rpartition("/")[2], "name", "--no-table-headers").split()
    with Redis.from_url(deployment.redis, decode_responses=True) as redis:
        return [key.removeprefix("_kombu.binding.") for key in redis.keys("_kombu.binding.*")]


def test_celerys_tools_see_the_workers_and_their_tasks_and_leave_no_error_in_the_log(deployment: Deployment) -> None:
    until(lambda: workers_answering(deployment, "inspect", "ping") == WORKERS, within_s=60)
    with ThreadPoolExecutor() as pool:
        answering = list(pool.map(lambda command: workers_answering(deployment, *command), CELERY_COMMANDS))
    assert answering == [WORKERS] * len(CELERY_COMMANDS)
    wait_for_events(deployment, "task received: tick", "task succeeded")
    assert workers_answering(deployment, "control", "disable_events") == WORKERS
    log = deployment.log.read_text(errors="replace")
    assert " ERROR " not in log
    assert "Traceback" not in log
