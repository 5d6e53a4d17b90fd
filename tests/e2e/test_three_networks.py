"""Accounts of X, Bluesky and the fediverse side by side: one /track, one chart, one dataset, on each set-up."""

import csv
from collections.abc import Iterator
from functools import partial

import pytest

from tests.conftest import until
from tests.e2e.books import read_books, wait_until_read
from tests.e2e.chat import Chat, Sandbox
from tests.e2e.deployment import Deployment, running
from tests.e2e.network_accounts import NetworkAccount, on_bluesky, on_fediverse, on_x

SERVER_PACE_S = 30
"""A server's newest pages are read each 15 to 20 seconds."""
NOT_NEEDED = ("X_BEARER_TOKEN", "DROPBOX_APP_KEY", "DROPBOX_REFRESH_TOKEN")
X_IS_OFF = "X is off: it costs money, and the bot's owner has not set X_BEARER_TOKEN."


def set_up_server(sandbox: Sandbox, host: str, kind: str) -> None:
    sandbox.post("fediverse/servers", host=host, kind=kind)


def track(deployment: Deployment, chat: Chat, *accounts: NetworkAccount) -> str:
    """Load the accounts, track them in one command, and wait until they are read; returns the answer."""
    for account in accounts:
        account.load(deployment.sandbox)
    answer = chat.ask("/track " + " ".join(account.handle for account in accounts), within_s=60)
    wait_until_read(deployment, {account.handle: len(account.own) for account in accounts})
    return answer


def is_shown(account: NetworkAccount, chat: Chat, chart: int) -> bool:
    """Whether the account's present figures are in this message."""
    return account.is_shown_in(chat.message(chart)["caption"], per_1000_of=account.followers)


@pytest.fixture(scope="module")
def accounts(deployment: Deployment) -> list[NetworkAccount]:
    """One of each network."""
    set_up_server(deployment.sandbox, "stars.social", "mastodon-4.2")
    return [on_x(), on_bluesky(), on_fediverse()]


@pytest.fixture(scope="module")
def away(deployment: Deployment) -> Chat:
    """A chat that tracks an account whose server has gone away."""
    chat = deployment.chat(9002)
    track(deployment, chat, on_fediverse("observatory@away.social"))
    set_up_server(deployment.sandbox, "away.social", "silent")
    return chat


@pytest.fixture(scope="module")
def chat(deployment: Deployment, away: Chat, accounts: list[NetworkAccount]) -> Chat:
    """A chat that tracks them."""
    assert away
    chat = deployment.chat(9001)
    answer = track(deployment, chat, *accounts)
    names = "@observatory (X), @observatory.bsky.social (Bluesky) and @observatory@stars.social (Fediverse)"
    assert answer.startswith(f"Added: {names}\n")
    assert "Reading Bluesky and the fediverse is free." in answer
    return chat


def test_a_chart_of_all_is_per_follower_and_as_counted_a_word_away(chat: Chat, accounts: list[NetworkAccount]) -> None:
    by_followers, counted = chat.chart("/compare")["caption"], chat.chart("/compare count")["caption"]
    assert by_followers.startswith("Shares per 1,000 followers")
    assert counted.startswith("Shares per post")
    for account in accounts:
        assert account.is_shown_in(by_followers, per_1000_of=account.followers), account.figures(account.followers)
        assert account.is_shown_in(counted), account.figures()
    assert "retweets" not in by_followers
    assert "audiences differ" in counted


def test_a_live_chart_follows_each_network_at_its_pace_while_a_server_is_away(
    deployment: Deployment, chat: Chat, away: Chat, accounts: list[NetworkAccount]
) -> None:
    chart = chat.chart("/subscribe")["message_id"]
    for number, account in enumerate(reversed(accounts)):
        account.change(deployment.sandbox, 7_000 + number)
        until(partial(is_shown, account, chat, chart), SERVER_PACE_S)
    until(lambda: "Reading away.social is paused until" in away.ask("/status"))


def test_the_dataset_has_what_the_networks_tell_and_no_figure_besides(
    deployment: Deployment, chat: Chat, accounts: list[NetworkAccount]
) -> None:
    assert chat.messages()
    expected = [row for account in sorted(accounts, key=lambda each: each.handle) for row in account.dataset_rows()]
    [path] = (deployment.folder / "data" / "datasets").glob("observatory-observatory-bsky-social-*-last-100-*.csv")

    def rows() -> list[dict[str, str]]:
        with path.open(encoding="utf-8", newline="") as file:
            return [{name: row[name] for name in expected[0]} for row in csv.DictReader(file)]

    until(lambda: rows() == expected)


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
