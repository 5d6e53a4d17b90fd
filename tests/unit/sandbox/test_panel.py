"""What the page's panel asks of the control API."""

import httpx
import pytest
from telegram import Bot
from telegram.constants import ChatMemberStatus

from tests.unit.sandbox.conftest import ControlApi

TIMELINES = {
    "x": ("nasa", "retweets"),
    "bluesky": ("nasa.gov", "reposts"),
    "fediverse": ("ada@social.example", "boosts"),
}
"""By network: an account, and the metric of its shares."""
OLD_POSTS = [
    {"post_id": 100 + number, "created_at": "2024-04-17T15:30:45Z", "retweets": 10_000, "likes": 0}
    for number in range(3)
]


@pytest.mark.parametrize("network", TIMELINES)
def test_the_newest_posts_of_an_account_can_be_listed_and_changed(control: ControlApi, network: str) -> None:
    handle, metric = TIMELINES[network]
    name = "username" if network == "x" else "handle"
    control.post(f"{network}/accounts", accounts=[{name: handle}])
    posts = control.get(f"{network}/posts", account=handle)
    assert [each["at"] for each in posts] == sorted((each["at"] for each in posts), reverse=True)
    assert len({each["id"] for each in posts}) == 5
    changed = control.post(f"{network}/posts/{posts[0]['id']}", **{metric: 123_456})
    assert changed[metric] == 123_456
    assert control.get(f"{network}/posts", account=handle)[0]["counts"][metric] == 123_456
    assert control.get(f"{network}/posts", account="nobody-has-this-name") == []


def test_posts_of_a_file_grow_only_while_they_are_told_to(control: ControlApi) -> None:
    control.post("x/accounts", accounts=[{"username": "nasa", "posts": OLD_POSTS}])
    assert control.get("x/growth") == {"growing": False, "from_file": False}

    def counts_after(hours: float) -> list[dict[str, int]]:
        control.post("clock", ahead_s=hours * 3600)
        return [each["counts"] for each in control.get("x/posts", account="nasa")]

    still = counts_after(5)
    assert {each["retweets"] for each in still} == {10_000}
    control.post("x/growth", growing=True)
    soon, later = counts_after(6), counts_after(200)
    assert all(10_000 < a["retweets"] < b["retweets"] <= 20_000 for a, b in zip(soon, later, strict=True))
    assert len({each["retweets"] for each in soon}) == 3
    assert {each["likes"] for each in later} == {0}
    assert {each["views"] for each in later} == {None}
    control.post("x/growth", growing=False)
    assert counts_after(200) == still


def test_the_bill_is_told_by_the_minute(url: str, control: ControlApi) -> None:
    assert control.get("x/bill/history") == []
    for minute, name in ((0, "nasa"), (0, "esa"), (90, "spacex")):
        control.post("clock", ahead_s=minute * 60)
        profile = f"{url}/x/2/users/by/username/{name}"
        httpx.get(profile, headers={"Authorization": "Bearer token"}).raise_for_status()
    history = control.get("x/bill/history")
    assert [each["usd"] for each in history][-2:] == [0.02, 0.03]
    assert history[-1]["at"] > history[-2]["at"]


async def test_the_faults_of_one_service_can_be_ended(bot: Bot, control: ControlApi) -> None:
    for service in ("telegram", "x", "x"):
        control.post("faults", service=service, status=503, times=1_000_000)
    assert [each["service"] for each in control.delete("faults?service=x")] == ["telegram"]
    assert control.delete("faults?service=telegram") == []
    assert await bot.get_me()


async def test_a_person_is_in_a_group_without_having_written_there(bot: Bot, control: ControlApi) -> None:
    group = -1_001_000
    control.send(group, 7, "/start", chat_type="supergroup", thread_id=3)
    control.post("telegram/person", chat_id=group, user_id=8, first_name="Noor", role="administrator")
    member = await bot.get_chat_member(group, 8)
    assert (member.status, member.user.first_name) == (ChatMemberStatus.ADMINISTRATOR, "Noor")
    (chat,) = control.get("telegram/chats")
    assert chat["topics"] == [{"thread_id": 3, "state": "open"}]
