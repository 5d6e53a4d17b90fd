"""A digest: what accounts gained, with a link to the best new post of each, computed again from what X has."""

from tests.conftest import until
from tests.e2e.authors import Author
from tests.e2e.books import wait_until_read
from tests.e2e.chat import Chat, Json
from tests.e2e.deployment import Deployment


def links(chat: Chat, chart: Json) -> dict[str, str]:
    """The words of the caption that link to posts, and where."""
    message = chat.message(chart["message_id"])
    caption = message["caption"].encode("utf-16-le")
    linked = [each for each in message["caption_entities"] if each["type"] == "text_link"]
    words = [caption[2 * each["offset"] : 2 * (each["offset"] + each["length"])].decode("utf-16-le") for each in linked]
    return {word: each["url"] for word, each in zip(words, linked, strict=True) if "/status/" in each["url"]}


def test_a_digest_names_who_grew_and_links_to_the_best_new_posts(shared_deployment: Deployment) -> None:
    sandbox, chat = shared_deployment.sandbox, shared_deployment.chat(6401)
    busy, quiet = Author(sandbox), Author(sandbox)
    busy.write(10, hours_apart=10)
    quiet.write(4, hours_apart=40)
    chat.ask(f"/track @{busy.handle} @{quiet.handle}", within_s=60)
    wait_until_read(shared_deployment, {busy.handle: 10, quiet.handle: 4})
    answer = chat.ask("/subscribe digest weekly fri 8:00")
    assert "(Growth, last 7 days)" in answer
    assert "Friday at 08:00" in answer
    best = {handle: max(posts, key=lambda post: post % 90) for handle, posts in _new_posts(busy, quiet).items()}
    chart = chat.chart("/compare digest")
    assert chart["caption"].startswith("Retweets gained, last 24 hours")
    assert links(chat, chart) == {f"best new post {post % 90}": _address(post) for post in best.values()}
    riser, unchanged = busy.posts[-1], best[quiet.handle]
    sandbox.post(f"x/posts/{riser}", retweets=4321)
    expected = {"best new post 4,321": _address(riser), f"best new post {unchanged % 90}": _address(unchanged)}
    until(lambda: links(chat, chat.chart("/compare digest")) == expected, within_s=60, every_s=2)


def _address(post: int) -> str:
    return f"https://x.com/i/status/{post}"


def _new_posts(busy: Author, quiet: Author) -> dict[str, list[int]]:
    """Those made within a day, by handle: they are 10 hours apart, and 40."""
    return {busy.handle: busy.posts[-3:], quiet.handle: quiet.posts[-1:]}
