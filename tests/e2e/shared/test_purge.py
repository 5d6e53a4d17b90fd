"""The bot forgets a chat that blocked it long ago, but not one that did so lately, which can return."""

from datetime import UTC, datetime, timedelta
from functools import partial

from redis import Redis
from sqlalchemy import update

from pipeline.steps.purge import DONE, KEPT
from pipeline.store import Store, chats
from pipeline.store.tables import Chat as ChatRow
from tests.conftest import until
from tests.e2e.chat import Chat
from tests.e2e.deployment import Deployment


def test_a_chat_that_blocked_the_bot_is_forgotten_when_its_time_is_over(
    shared_deployment: Deployment, handles: list[str]
) -> None:
    long_ago, lately = shared_deployment.chat(8401), shared_deployment.chat(8402)
    store = Store(shared_deployment.database)
    for chat in (long_ago, lately):
        chat.ask(f"/track {handles[0]}")
        chat.chart("/subscribe", within_s=60)
        shared_deployment.sandbox.post("telegram/member", chat_id=chat.id, status="blocked")
        until(partial(_is_set_aside, store, chat))
    with store.write_session() as db:
        since = datetime.now(UTC) - KEPT - timedelta(minutes=1)
        db.execute(update(ChatRow).where(ChatRow.id == long_ago.id).values(inactive_since=since))
    _let_a_day_pass(shared_deployment)
    until(lambda: not _is_known(store, long_ago))
    assert _is_known(store, lately)
    assert handles[0] in lately.ask("/list")
    assert not _is_set_aside(store, lately)
    assert "any accounts yet" in long_ago.ask("/list")
    store.close()


def _let_a_day_pass(deployment: Deployment) -> None:
    """Make the next tick purge, as if a day had passed since the last purge."""
    with Redis.from_url(deployment.redis) as redis:
        assert redis.delete(DONE), "a deployment purges once at its first tick"


def _is_known(store: Store, chat: Chat) -> bool:
    with store.read_session() as db:
        return chats.exists(db, chat.id)


def _is_set_aside(store: Store, chat: Chat) -> bool:
    with store.read_session() as db:
        return chats.is_inactive(db, chat.id)
