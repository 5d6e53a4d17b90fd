"""Networks that cost nothing, in a deployment without a token of X."""

from collections.abc import Iterator

import pytest

from tests.conftest import until
from tests.e2e.books import read_books
from tests.e2e.deployment import Deployment, running
from tests.e2e.network_accounts import on_bluesky, track

NOT_NEEDED = ("X_BEARER_TOKEN", "DROPBOX_APP_KEY", "DROPBOX_REFRESH_TOKEN")
X_IS_OFF = "X is off: it costs money, and the bot's owner has not set X_BEARER_TOKEN."


@pytest.fixture(scope="module")
def free(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Started with a token of Telegram's alone."""
    with running(tmp_path_factory.mktemp("free"), None, dict.fromkeys(NOT_NEEDED)) as started:
        yield started


def test_without_a_token_x_is_off_which_is_said_and_the_others_are_read(free: Deployment) -> None:
    chat, account = free.chat(9003), on_bluesky("free.bsky.social")
    assert chat.ask("/track @nasa") == X_IS_OFF
    account.load(free.sandbox)
    answer = chat.ask(f"/track @nasa @{account.handle}")
    assert answer.startswith(f"Added: @{account.handle} (Bluesky)\n")
    assert X_IS_OFF in answer
    shown = chat.chart("/compare")["caption"]
    assert shown.startswith("Reposts per post")
    assert [*account.figures(), f"@{account.handle}"] in [line.split() for line in shown.splitlines()]
    assert X_IS_OFF in chat.ask("/help")
    assert free.sandbox.calls("x") == []


def test_an_account_that_asks_to_be_shown_to_signed_in_people_only_is_dropped_with_its_data(free: Deployment) -> None:
    chat, shy, other = free.chat(9004), on_bluesky("shy.bsky.social"), on_bluesky("open.bsky.social")
    track(free, chat, shy, other)
    chat.chart("/subscribe")
    sent = chat.send("/id")
    free.sandbox.post("bluesky/accounts", accounts=[{"handle": shy.handle, "labels": ["!no-unauthenticated"]}])
    told = f"@{shy.handle} now asks to be shown only to people who are signed in"
    until(lambda: [text for text in chat.texts_after(sent) if text.startswith(told)])
    stored = read_books(free).stored_by_account
    assert (stored[shy.handle], stored[other.handle]) == (0, len(other.own))
    assert shy.handle not in chat.ask("/list")
    assert shy.handle not in chat.chart("/compare")["caption"]
    folder = free.folder / "data" / "datasets"
    until(lambda: not [file for file in folder.glob("*-last-*.csv") if f",{shy.handle}," in file.read_text()])


def test_what_is_left_of_an_account_is_deleted_when_a_look_up_tells_that_it_asks_so(free: Deployment) -> None:
    chat, shy = free.chat(9006), on_bluesky("left.bsky.social")
    track(free, chat, shy)
    chat.ask(f"/untrack @{shy.handle}")
    free.sandbox.post("bluesky/accounts", accounts=[{"handle": shy.handle, "labels": ["!no-unauthenticated"]}])
    assert "only to people who are signed in" in chat.ask(f"/track @{shy.handle}")
    until(lambda: read_books(free).stored_by_account[shy.handle] == 0)


def test_networks_can_be_switched_off(free: Deployment) -> None:
    chat = free.chat(9005)
    free.stop()
    free.environment["NETWORKS"] = "bluesky"
    free.start()
    refused = chat.ask("/track @nasa observatory@stars.social", within_s=60)
    assert set(refused.splitlines()) == {f"{name} is switched off by the bot's owner." for name in ("X", "Fediverse")}
    account = on_bluesky("alone.bsky.social")
    assert track(free, chat, account).startswith(f"Added: @{account.handle}\n")
    assert "Bluesky: on" in chat.ask("/status")
