"""A network made up for the tests plugs in by its folder and a line of the registry: from /track to its chart."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import ROOT, until
from tests.e2e.chat import Chat, Json
from tests.e2e.deployment import Deployment, running
from tests.toy_network.facts import FILE

ADA, BOB = "ada~example", "bob~test"


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory, timelines: Path) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("toy")
    (folder / "data").mkdir(mode=0o700)
    publish(folder, boosts=7)
    with running(folder, timelines, {"NETWORKS": "x"}, procfile=ROOT / "tests/toy_network/Procfile") as started:
        yield started


@pytest.fixture(scope="module")
def chat(deployment: Deployment, handles: list[str]) -> Chat:
    """A chat that tracks two accounts of Toy and one of X."""
    chat = deployment.chat(4001)
    answer = chat.ask(f"/track @{ADA} https://toy.test/~bob @{handles[0]} @nobody~example")
    assert answer.startswith("Added: ")
    assert all(f"@{handle}" in answer.splitlines()[0] for handle in (ADA, BOB, handles[0]))
    assert "@nobody~example (Toy): no such account" in answer
    assert f"@{handles[0]}: " in answer
    assert "Reading it costs $" in answer
    assert answer.count("Reading Toy is free.") == 1
    assert f"@{ADA}: about" not in answer
    return chat


def publish(folder: Path, boosts: int) -> None:
    """Give each account of Toy three posts with so many boosts, in one moment."""
    noon = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    counts = {"reposts": boosts, "likes": 2, "replies": 1, "quotes": 0}
    posts = [[f"{ago}", (noon - timedelta(hours=ago)).isoformat(), counts] for ago in range(1, 4)]
    draft = folder / "data" / f"new-{FILE}"
    draft.write_text(json.dumps({ADA: posts, BOB: posts}), encoding="utf-8")
    draft.replace(folder / "data" / FILE)


def menu(chat: Chat, chart: Json, name: str) -> set[str]:
    """What the buttons say that a menu under the chart has."""
    number = chart["keyboard"][0][0]["callback_data"].split()[1]
    chat.press(chart, f"menu {number} {name}")
    rows = until(lambda: (rows := chat.message(chart["message_id"])["keyboard"])[-1][0]["text"] == "← Back" and rows)
    return {button["text"].removeprefix("• ") for row in rows for button in row}


def links(message: Json) -> set[str]:
    return {entity["url"] for entity in message["caption_entities"] if entity["type"] == "text_link"}


def test_a_chart_of_one_network_has_its_nouns_its_links_and_the_metrics_that_it_tells(chat: Chat) -> None:
    chart = chat.chart(f"/compare @{ADA} @{BOB} boost")
    assert chart["caption"].startswith("Boosts per post")
    assert links(chart) == {"https://toy.example/~ada", "https://toy.test/~bob"}
    metrics = menu(chat, chart, "metric")
    assert {"Boosts", "Favourites", "Replies"} <= metrics
    assert not {"Retweets", "Likes", "Views", "Bookmarks"} & metrics


def test_a_chart_of_two_networks_has_the_common_nouns_and_the_links_of_both(chat: Chat, handles: list[str]) -> None:
    chart = chat.chart(f"/compare @{ADA} @{handles[0]} count")
    assert chart["caption"].startswith("Shares per post")
    assert f"@{ADA} · Toy" in chart["caption"]
    assert f"@{handles[0]} · X" in chart["caption"]
    assert "X retweets and Toy boosts: not counted alike, and audiences differ" in chart["caption"]
    assert links(chart) == {"https://toy.example/~ada", f"https://x.com/{handles[0]}"}
    assert {"Shares", "Likes", "Views"} <= menu(chat, chart, "metric")
    alone = chat.chart(f"/compare @{handles[0]}")
    assert alone["caption"].startswith("Retweets per post")


def test_accounts_of_two_networks_are_compared_per_follower_with_their_counts_a_button_away(
    chat: Chat, handles: list[str]
) -> None:
    chart = chat.chart(f"/compare @{ADA} @{handles[0]}")
    assert chart["caption"].startswith("Shares per 1,000 followers")
    [line] = [line for line in chart["caption"].splitlines() if f"@{ADA}" in line]
    assert line.split() == ["14", "14", "3", f"@{ADA}", "·", "Toy", "·", "500", "followers"]
    assert {"Raw numbers", "Per 1,000 followers"} <= menu(chat, chart, "more")


def test_a_live_chart_follows_the_network(deployment: Deployment, chat: Chat) -> None:
    chart = chat.chart(f"/subscribe @{ADA}")
    publish(deployment.folder, boosts=4321)
    until(lambda: "4,321" in chat.message(chart["message_id"])["caption"], within_s=30)


def test_what_costs_nothing_is_not_billed(chat: Chat) -> None:
    status = chat.ask("/status")
    assert "'s bill" not in status
    budget = chat.ask("/budget")
    assert "Toy today: " not in budget
    assert budget.endswith("Reading Toy is free.")
    assert "Reading Toy is free." in chat.ask(f"/budget @{ADA}")
