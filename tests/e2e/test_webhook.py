"""A bot with a webhook: it accepts updates from Telegram only."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from pipeline.store import Store, chats
from tests.conftest import free_port, until
from tests.e2e.chat import HTTP
from tests.e2e.deployment import SECRETS, Deployment, running

SECRET = "X-Telegram-Bot-Api-Secret-Token"
VICTIM = 4100


@dataclass
class Webhook:
    deployment: Deployment
    address: str

    @property
    def url(self) -> str:
        """The secret URL that the bot has given to Telegram."""
        bot = f"{self.deployment.sandbox.address}/telegram/bot{SECRETS['TELEGRAM_BOT_TOKEN']}"
        return str(HTTP.get(f"{bot}/getWebhookInfo").json()["result"]["url"])


@pytest.fixture(scope="module")
def webhook(tmp_path_factory: pytest.TempPathFactory, timelines: Path) -> Iterator[Webhook]:
    port = str(free_port())
    settings = {"WEBHOOK_URL": f"http://127.0.0.1:{port}", "PORT": port}
    without_dropbox = {"DROPBOX_APP_KEY": "", "DROPBOX_REFRESH_TOKEN": ""}
    with running(tmp_path_factory.mktemp("webhook"), timelines, settings | without_dropbox) as deployment:
        yield Webhook(deployment, settings["WEBHOOK_URL"])


def test_the_bot_answers_when_telegram_calls_it_and_works_without_dropbox(webhook: Webhook) -> None:
    deployment = webhook.deployment
    since = deployment.sandbox.last_call()
    assert deployment.chat(4001).ask("/start").startswith("I compare accounts")
    assert "Dropbox: off" in deployment.chat(4001).ask("/status")
    methods = {call["method"] for call in deployment.sandbox.get("calls", service="telegram", since=since)}
    assert "getUpdates" not in methods


def forged(text: str) -> dict[str, object]:
    """An update as Telegram would send it, with this text from the victim."""
    person = {"id": VICTIM, "is_bot": False, "first_name": "Victim"}
    entities = [{"type": "bot_command", "offset": 0, "length": len(text.split(maxsplit=1)[0])}]
    chat = {"id": VICTIM, "type": "private", "first_name": "Victim"}
    said = {"message_id": 1, "date": 1_795_000_000, "chat": chat, "from": person, "text": text, "entities": entities}
    return {"update_id": 1_000_000_000, "message": said}


@pytest.mark.parametrize("headers", [{}, {SECRET: ""}, {SECRET: "x"}, {SECRET: "a" * 64}])
@pytest.mark.parametrize("text", ["/forget", "/track @nasa"])
def test_a_request_without_the_secret_is_refused_and_changes_nothing(
    webhook: Webhook, handles: list[str], headers: dict[str, str], text: str
) -> None:
    webhook.deployment.chat(VICTIM).ask(f"/track {handles[0]}")
    before = _tracked(webhook.deployment)
    since = webhook.deployment.sandbox.last_call()
    assert HTTP.post(webhook.url, json=forged(text), headers=headers).status_code == httpx.codes.FORBIDDEN
    assert webhook.deployment.chat(4002).ask("/id").startswith("Chat: 4002")
    assert _tracked(webhook.deployment) == before
    calls = webhook.deployment.sandbox.calls("telegram", since)
    answered = {call["params"]["chat_id"] for call in calls if call["method"] != "getWebhookInfo"}
    assert answered == {4002}


@pytest.mark.parametrize("path", ["", "/", "/webhook", f"/{SECRETS['TELEGRAM_BOT_TOKEN']}", "/../", "/%2e%2e/"])
def test_no_other_path_leads_anywhere(webhook: Webhook, path: str) -> None:
    answer = HTTP.post(f"{webhook.address}{path}", json=forged("/start"), headers={SECRET: "x"})
    assert answer.status_code == httpx.codes.NOT_FOUND


def test_the_path_contains_no_secret_and_cannot_be_guessed(webhook: Webhook) -> None:
    path = webhook.url.removeprefix(webhook.address)
    assert len(path) > 24
    assert not [part for part in SECRETS["TELEGRAM_BOT_TOKEN"].split(":") if part in path]


def test_a_standby_leaves_the_webhook_to_the_other_bot_until_it_takes_over(webhook: Webhook) -> None:
    deployment, url = webhook.deployment, webhook.url
    with deployment.extra_process("bot"):
        until(lambda: "waits as its standby" in deployment.log.read_text())
        assert deployment.chat(4003).ask("/id").startswith("Chat: 4003")
        assert webhook.url == url
        deployment.process("bot").kill()
        until(lambda: webhook.url != url)
        assert deployment.chat(4003).ask("/id").startswith("Chat: 4003")


def _tracked(deployment: Deployment) -> list[str]:
    store = Store(deployment.database)
    with store.read_session() as db:
        tracked = [account.handle for account in chats.list_tracked_accounts(db, VICTIM)]
    store.close()
    return tracked
