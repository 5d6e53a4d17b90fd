"""Prints as JSON how long the bot's handlers take for each command and press in a fleet, and the memory of the process.

Telegram answers from memory, so that the wire is not measured. What the bot sends to the pipeline goes to a real Redis.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import quantiles
from typing import Any
from unittest.mock import patch

from telegram import InlineKeyboardMarkup, Update

from bot import app, keyboards, memory
from bot.telegram_request import TelegramRequest
from pipeline.records import Mode
from pipeline.settings import BotSettings
from pipeline.store import Store
from tests.bench import fleet

ROUNDS, PACE_S = 40, 0.05
"""Updates of a kind; and how long after one the next one follows: so that nobody waits for the rate limits."""
OWNERS = range(fleet.CHATS + 1, fleet.CHATS + 6)
"""In private chats that track nothing."""
COMMANDS: dict[str, Callable[[int], str]] = {
    "start": lambda _: "/start",
    "help": lambda _: "/help",
    "status": lambda _: "/status",
    "budget": lambda _: "/budget",
    "budget of an account": lambda chat_id: f"/budget @{_on_x(chat_id)}",
    "list": lambda _: "/list",
    "compare": lambda _: "/compare",
    "track of a tracked account": lambda chat_id: f"/track @{_on_x(chat_id)}",
    "settings": lambda _: "/settings",
    "unsubscribe": lambda _: "/unsubscribe",
    "subscribe": lambda _: "/subscribe",
}
OF_OWNERS = ("/status", "/budget", "/budget @account1", "/doctor")
PRESSES = {
    "another metric": "set {id} metric views",
    "a menu": "menu {id} more",
    "refresh": "refresh {id}",
    "a file": "file {id} png",
    "stop": "stop {id}",
}
FAILED = "Something went wrong"
"""The answer where a handler raised an error."""
MEGABYTE = 1e6
Json = dict[str, Any]


class FromMemory(TelegramRequest):
    """Telegram's answers, as short as the library reads them."""

    async def do_request(self, url: str, *_: Any, **kwargs: Any) -> tuple[int, bytes]:
        sent = kwargs["request_data"].parameters if kwargs.get("request_data") else {}
        assert FAILED not in sent.get("text", ""), sent
        return 200, json.dumps({"ok": True, "result": _result(url.rpartition("/")[2], sent)}).encode()


def _result(method: str, sent: Json) -> Any:
    if method == "getMe":
        return {"id": 4242, "is_bot": True, "first_name": "Tallybird", "username": "tallybird_bot"}
    if method.startswith(("send", "edit")) and "chat_id" in sent:
        return {"message_id": 2000, "date": 0, "chat": {"id": sent["chat_id"], "type": "private"}}
    return True


def _on_x(chat_id: int) -> str:
    return next(fleet.handle(each) for each in fleet.account_ids(chat_id) if fleet.network(each) == "x")


def updates_of_chats() -> Iterator[tuple[str, list[Json]]]:
    """What people do, and the updates: each in another chat, which tracks accounts of all networks."""
    chat_ids = iter(range(1, fleet.CHATS, fleet.CHATS // (ROUNDS * (len(COMMANDS) + len(PRESSES)))))
    subscribing: list[int] = []
    for name, text in COMMANDS.items():
        chosen = subscribing if name == "subscribe" else [next(chat_ids) for _ in range(ROUNDS)]
        subscribing = chosen
        yield name, [_message(chat_id, text(chat_id)) for chat_id in chosen]
    for name, data in PRESSES.items():
        yield f"press of {name}", [_press(next(chat_ids), data) for _ in range(ROUNDS)]


def updates_of_owners() -> Iterator[tuple[str, list[Json]]]:
    for text in OF_OWNERS:
        yield f"{text.strip('/')} of an owner", [_message(chat_id, text) for chat_id in OWNERS]


def _message(chat_id: int, text: str) -> Json:
    command = {"type": "bot_command", "offset": 0, "length": len(text.split(maxsplit=1)[0])}
    return {"message": _in_chat(chat_id, 1) | {"from": _person(chat_id), "text": text, "entities": [command]}}


def _press(chat_id: int, data: str) -> Json:
    """A press under the chart of the chat's first subscription."""
    own = fleet.comparison_id(chat_id, 0)
    networks = {fleet.network(each) for each in fleet.account_ids(chat_id)}
    under: InlineKeyboardMarkup = keyboards.under_chart(own, fleet.spec(0), Mode.LIVE, networks)
    message = _in_chat(chat_id, fleet.message_id(0)) | {"reply_markup": under.to_dict()}
    pressed = {"id": "1", "from": _person(chat_id), "chat_instance": "1", "data": data.format(id=own)}
    return {"callback_query": pressed | {"message": message}}


def _in_chat(chat_id: int, message_id: int) -> Json:
    return {"message_id": message_id, "date": 1, "chat": {"id": chat_id, "type": "private", "first_name": "A"}}


def _person(chat_id: int) -> Json:
    return {"id": chat_id, "is_bot": False, "first_name": "A", "language_code": "en"}


async def ask(settings: BotSettings) -> Json:
    """The milliseconds that handlers take, by what people do, and the memory in MB before and after it."""
    memory.share_heap()
    store = Store(settings.database_address)
    with patch.object(app, "TelegramRequest", FromMemory):
        application = app.build(settings, store)
    await application.initialize()
    assert application.post_init
    assert application.post_stop
    await application.post_init(application)
    await asyncio.sleep(1)
    took, weight = dict[str, dict[str, float]](), {"at the start": memory_mb()}
    for whose, updates in (("chats", updates_of_chats()), ("owners", updates_of_owners())):
        took |= {name: await _times_ms(application, of_kind) for name, of_kind in updates}
        weight[f"after what {whose} ask"] = memory_mb()
    await application.post_stop(application)
    await application.shutdown()
    assert application.post_shutdown
    await application.post_shutdown(application)
    store.close()
    return {"took": took, "memory": weight}


async def _times_ms(application: app.BotApplication, of_kind: list[Json]) -> dict[str, float]:
    times = []
    for number, content in enumerate(of_kind):
        update = Update.de_json({"update_id": number, **content}, application.bot)
        began = time.monotonic()
        await application.process_update(update)
        times.append(1000 * (time.monotonic() - began))
        await asyncio.sleep(PACE_S)
    twentieths = quantiles(times, n=20)
    return {"median": round(twentieths[9], 1), "95th percentile": round(twentieths[18], 1)}


def memory_mb() -> dict[str, float]:
    """What the process holds in memory, and its proportional part of what it shares with others."""
    lines = (line.split() for line in Path("/proc/self/smaps_rollup").read_text().splitlines()[1:])
    kilobytes = {words[0]: int(words[1]) for words in lines}
    named = {"resident": "Rss:", "proportional": "Pss:"}
    return {name: round(kilobytes[field] * 1024 / MEGABYTE, 1) for name, field in named.items()}


if __name__ == "__main__":
    os.environ["PTB_TIMEDELTA"] = "true"
    given = json.loads(sys.argv[1])
    print(json.dumps(asyncio.run(ask(BotSettings.model_validate(given | {"admin_ids": list(OWNERS)})))))
