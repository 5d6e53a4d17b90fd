"""Files in DATA_DIR and in Dropbox: datasets, through commands, renamed accounts and changed settings; backups."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import psycopg
import pytest
from sqlalchemy import select

from pipeline.store import Store, chats
from pipeline.store.tables import Chat as ChatRow
from tests.conftest import until
from tests.e2e.chat import Chat
from tests.e2e.deployment import Deployment, running

YOUNG = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
"""Young posts are read most often."""
POST = {"created_at": YOUNG, "likes": 1, "replies": 0, "quotes": 0, "bookmarks": 0, "views": 9}
IDS = {"art": 501, "bee": 502}
DROPBOX = ("DROPBOX_APP_KEY", "DROPBOX_REFRESH_TOKEN")


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with running(tmp_path_factory.mktemp("datasets"), None) as deployment:
        yield deployment


@pytest.fixture
def deployment(started: Deployment) -> Iterator[Deployment]:
    """One deployment for all tests; after each, its chats are forgotten and their datasets are gone."""
    load(started, **{handle: {} for handle in IDS})
    yield started
    store = Store(started.database)
    with store.write_session() as db:
        for chat_id in db.scalars(select(ChatRow.id)).all():
            chats.delete_chat(db, chat_id)
    store.close()
    until(lambda: not in_dropbox(started) and not in_data_dir(started), within_s=30)


def load(deployment: Deployment, **accounts: dict[str, Any]) -> None:
    """Load accounts with one post each, whose id is 1000 times the account's."""
    rows = []
    for username, more in accounts.items():
        number = int(more.get("id") or IDS[username])
        posts = [{"post_id": 1000 * number, "retweets": number, **POST}]
        rows.append({"username": username, "id": number, "posts": posts, **more})
    deployment.sandbox.post("x/accounts", accounts=rows)


def in_dropbox(deployment: Deployment) -> dict[str, dict[str, str]]:
    """The reposts by post id of each dataset, by its name; with its hash where several have the name."""
    files = [file["path"] for file in deployment.sandbox.get("dropbox/files")]
    paths = [path for path in files if path != "/columns.csv" and not path.startswith("/backups/")]
    contents = {path: text for path in paths if (text := _content(deployment, path)) is not None}
    names = [path.rpartition("-")[0] for path in contents]
    return {
        name if names.count(name) == 1 else path: by_post(text)
        for name, (path, text) in zip(names, contents.items(), strict=True)
    }


def _content(deployment: Deployment, path: str) -> str | None:
    """None for a file that was deleted since it was listed."""
    try:
        return deployment.sandbox.bytes(f"dropbox/files{path}").decode()
    except httpx.HTTPStatusError:
        return None


def in_data_dir(deployment: Deployment) -> dict[str, dict[str, str]]:
    folder = deployment.folder / "data" / "datasets"
    return {f"/{file.stem.rpartition('-')[0]}": by_post(file.read_text()) for file in folder.glob("*-last-*.csv")}


def by_post(content: str) -> dict[str, str]:
    return {row["post_id"]: row["reposts"] for row in csv.DictReader(io.StringIO(content, newline=""))}


def restart(deployment: Deployment, **changed: str | None) -> None:
    """Restart with changed settings; None removes one."""
    deployment.stop()
    for name, value in changed.items():
        deployment.environment.pop(name, None)
        if value is not None:
            deployment.environment[name] = value
    deployment.start()


def tracking(deployment: Deployment, chat_id: int) -> Chat:
    chat = deployment.chat(chat_id)
    assert chat.ask_without_networks("/track @art @bee").startswith("Added: @art and @bee")
    return chat


def test_single_charts_leave_no_dataset_and_forget_removes_the_others(deployment: Deployment) -> None:
    chat, other = tracking(deployment, 7301), tracking(deployment, 7302)
    for arguments in ("@art", "@bee 50", "50", "@bee likes"):
        chat.chart(f"/compare {arguments}", within_s=40)
    chat.chart("/compare")
    until(lambda: in_dropbox(deployment).keys() == {"/art-bee-last-100"}, within_s=30)
    chat.chart("/subscribe @bee 20", within_s=40)
    until(lambda: in_dropbox(deployment).keys() == {"/art-bee-last-100", "/bee-last-20"}, within_s=30)
    assert in_data_dir(deployment) == in_dropbox(deployment)
    question = chat.answer_to(chat.send("/forget"))
    chat.press(question, question["keyboard"][0][0]["callback_data"])
    until(lambda: in_dropbox(deployment).keys() == {"/art-bee-last-100"}, within_s=30)
    other.ask("/untrack @art @bee")
    until(lambda: in_dropbox(deployment) == {}, within_s=30)
    until(lambda: in_data_dir(deployment) == {})


def test_dropbox_gets_what_changed_while_it_was_off(
    deployment: Deployment,
) -> None:
    chat = tracking(deployment, 7303)
    chat.chart("/subscribe", within_s=40)
    deployment.sandbox.post("x/posts/501000", retweets=9_007)
    until(lambda: in_dropbox(deployment) == {"/art-bee-last-100": {"501000": "9007", "502000": "502"}}, within_s=40)
    log_in = deployment.environment["DROPBOX_REFRESH_TOKEN"]
    restart(deployment, **dict.fromkeys(DROPBOX))
    deployment.sandbox.post("x/posts/501000", retweets=9_008)
    until(lambda: in_data_dir(deployment)["/art-bee-last-100"]["501000"] == "9008", within_s=60)
    assert in_dropbox(deployment)["/art-bee-last-100"]["501000"] == "9007"
    restart(deployment, DROPBOX_APP_KEY="key", DROPBOX_REFRESH_TOKEN=log_in)
    until(lambda: in_dropbox(deployment)["/art-bee-last-100"]["501000"] == "9008", within_s=60)


def test_a_backup_moves_all_to_another_database_where_the_live_message_goes_on(
    deployment: Deployment, postgres_url: str
) -> None:
    chat = tracking(deployment, 7307)
    chart = chat.chart("/subscribe", within_s=40)
    assert deployment.run("pipeline", "backup", "all.backup").returncode == 0
    assert "Tallybird is running" in deployment.run("pipeline", "restore", "all.backup", "--replace").stderr
    deployment.stop()
    billed, asked = deployment.sandbox.get("x/bill")["posts_billed"], deployment.sandbox.last_call()
    (deployment.folder / "data").rename(deployment.folder / "data of the former machine")
    with psycopg.connect(f"{postgres_url}/postgres", autocommit=True) as server:
        server.execute("CREATE DATABASE tallybird_moved")
    deployment.environment |= {"DATABASE_URL": f"{postgres_url}/tallybird_moved", "BACKUP_TO_DROPBOX": "daily"}
    deployment.database = f"{postgres_url}/tallybird_moved".replace("postgresql://", "postgresql+psycopg://")
    assert deployment.run("pipeline", "restore", "all.backup").returncode == 0
    assert "is in use" in deployment.run("pipeline", "restore", "all.backup").stderr
    deployment.sandbox.post("x/posts/501000", retweets=9_011)
    deployment.start()
    until(lambda: "9,011" in chat.message(chart["message_id"])["caption"], within_s=60)
    until(lambda: in_dropbox(deployment)["/art-bee-last-100"]["501000"] == "9011", within_s=60)
    until(lambda: [file for file in deployment.sandbox.get("dropbox/files") if "/backups/" in file["path"]])
    sent = {call["method"] for call in deployment.sandbox.calls("telegram", asked)}
    assert {"sendPhoto", "sendMessage"}.isdisjoint(sent)
    assert deployment.sandbox.get("x/bill")["posts_billed"] == billed


def test_two_accounts_that_had_the_same_name_in_turn_get_different_names(
    deployment: Deployment,
) -> None:
    chat, other = tracking(deployment, 7305), deployment.chat(7306)
    chat.chart("/subscribe @art", within_s=40)
    until(lambda: in_dropbox(deployment) == {"/art-last-100": {"501000": "501"}}, within_s=30)
    load(deployment, gone={"id": 501, "state": "suspended"})
    until(lambda: "suspended" in chat.ask("/list"), within_s=60)
    load(deployment, art={"id": 777})
    assert other.ask("/track @art").startswith("Added: @art")
    other.chart("/compare", within_s=40)
    expected = {"/art-old-last-100": {"501000": "501"}, "/art-last-100": {"777000": "777"}}
    until(lambda: in_dropbox(deployment) == expected, within_s=60)
    assert in_data_dir(deployment) == expected
    assert chat.ask("/track @art").startswith("Added: @art")
    listed = chat.ask_without_networks("/list")
    assert "@art-old · suspended" in listed
    assert "@art · read" in listed or "@art · not read yet" in listed
    both = chat.chart("/compare @art @art-old", within_s=40)["caption"]
    assert "777" in both
    assert "@art-old · suspended" in both
    assert chat.ask("/untrack @art-old").startswith("No longer tracked: @art-old")
    assert "@art · read" in chat.ask_without_networks("/list")
