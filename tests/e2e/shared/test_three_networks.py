"""Accounts of X, Bluesky and the fediverse side by side: one /track, one chart, one dataset."""

import csv
from functools import partial

import pytest

from tests.conftest import until
from tests.e2e.chat import Chat
from tests.e2e.deployment import Deployment
from tests.e2e.network_accounts import (
    SERVER_PACE_S,
    NetworkAccount,
    is_shown,
    on_bluesky,
    on_fediverse,
    on_x,
    set_up_server,
    track,
)


@pytest.fixture(scope="module")
def accounts(shared_deployment: Deployment) -> list[NetworkAccount]:
    """One of each network."""
    set_up_server(shared_deployment.sandbox, "stars.social", "mastodon-4.2")
    return [on_x(), on_bluesky(), on_fediverse()]


@pytest.fixture(scope="module")
def away(shared_deployment: Deployment) -> Chat:
    """A chat that tracks an account whose server has gone away."""
    chat = shared_deployment.chat(9002)
    track(shared_deployment, chat, on_fediverse("observatory@away.social"))
    set_up_server(shared_deployment.sandbox, "away.social", "silent")
    return chat


@pytest.fixture(scope="module")
def chat(shared_deployment: Deployment, away: Chat, accounts: list[NetworkAccount]) -> Chat:
    """A chat that tracks them."""
    assert away
    chat = shared_deployment.chat(9001)
    answer = track(shared_deployment, chat, *accounts)
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
    shared_deployment: Deployment, chat: Chat, away: Chat, accounts: list[NetworkAccount]
) -> None:
    chart = chat.chart("/subscribe")["message_id"]
    for number, account in enumerate(reversed(accounts)):
        account.change(shared_deployment.sandbox, 7_000 + number)
        until(partial(is_shown, account, chat, chart), SERVER_PACE_S)
    until(lambda: "Reading away.social is paused until" in away.ask("/status"))


def test_the_dataset_has_what_the_networks_tell_and_no_figure_besides(
    shared_deployment: Deployment, chat: Chat, accounts: list[NetworkAccount]
) -> None:
    assert chat.messages()
    expected = [row for account in sorted(accounts, key=lambda each: each.handle) for row in account.dataset_rows()]
    [path] = (shared_deployment.folder / "data" / "datasets").glob(
        "observatory-observatory-bsky-social-*-last-100-*.csv"
    )

    def rows() -> list[dict[str, str]]:
        with path.open(encoding="utf-8", newline="") as file:
            return [{name: row[name] for name in expected[0]} for row in csv.DictReader(file)]

    until(lambda: rows() == expected)
