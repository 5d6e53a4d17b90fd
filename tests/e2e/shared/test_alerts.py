"""Alerts in a chat, from a post's rising count to lines under its live chart."""

from tests.conftest import until
from tests.e2e.authors import Author
from tests.e2e.books import wait_until_read
from tests.e2e.chat import Chat
from tests.e2e.deployment import Deployment


def test_a_post_that_rises_is_told_under_the_live_chart_as_breakout_milestone_and_overtake(
    shared_deployment: Deployment,
) -> None:
    sandbox, chat = shared_deployment.sandbox, shared_deployment.chat(6301)
    riser, leader = Author(sandbox), Author(sandbox)
    riser.write(30, hours_apart=12)
    leader.write(60, hours_apart=12)
    chat.ask(f"/track @{riser.handle} @{leader.handle}", within_s=60)
    wait_until_read(shared_deployment, {riser.handle: 30, leader.handle: 60})
    chart = chat.chart("/subscribe race", within_s=60)
    assert chat.ask("/alerts on", within_s=60).startswith("Alerts are on")
    newest = leader.posts[-1]
    sandbox.post(f"x/posts/{newest}", retweets=31 if newest % 90 == 30 else 30)
    until(lambda: chat.message(chart["message_id"])["edits"] > chart["edits"], within_s=60)
    sandbox.post(f"x/posts/{riser.posts[-1]}", retweets=40_000)
    until(lambda: len(told_under(chat, chart["message_id"])) == 3, within_s=60)
    handle, address = riser.handle, f"https://x.com/i/status/{riser.posts[-1]}"
    assert sorted(line.partition(" after ")[0] for line in told_under(chat, chart["message_id"])) == [
        f"@{handle} has passed @{leader.handle} in the live chart of retweets.",
        f"A post of @{handle} has passed 10,000 retweets, the first of its last 30 posts. {address}",
        f"A post of @{handle} takes off: 40,000 retweets",
    ]


def told_under(chat: Chat, message_id: int) -> list[str]:
    """The texts that reply to a message."""
    return [str(each["text"]) for each in chat.messages() if each["reply_to"] == message_id]
