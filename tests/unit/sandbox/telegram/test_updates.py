"""How updates reach a bot."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from aiohttp import web
from telegram import Bot, Update
from telegram.error import BadRequest, Conflict, InvalidToken
from telegram.ext import Application, CommandHandler, ContextTypes

from tests.unit.sandbox.conftest import OTHER_TOKEN, TOKEN, ControlApi, eventually


async def test_get_me_names_the_bot(bot: Bot) -> None:
    assert bot.username == "TallybirdBot"


async def test_a_malformed_token_is_not_found(url: str) -> None:
    with pytest.raises(InvalidToken):
        async with Bot("12:short", base_url=f"{url}/telegram/bot"):
            pytest.fail("it got in")


async def test_a_poll_waits_until_somebody_writes(bot: Bot, control: ControlApi) -> None:
    waiting = asyncio.create_task(bot.get_updates(timeout=10))
    await eventually(control.is_ready)
    assert not waiting.done()
    control.send(7, 7, "hello")
    (update,) = await waiting
    assert update.message
    assert update.message.text == "hello"


async def test_a_poll_ends_empty_after_its_timeout(bot: Bot) -> None:
    assert await bot.get_updates(timeout=1) == ()


async def test_an_offset_confirms_what_came_before(bot: Bot, control: ControlApi) -> None:
    for text in ("one", "two"):
        control.send(7, 7, text)
    first, second = await bot.get_updates()
    assert [update.update_id for update in await bot.get_updates(offset=second.update_id)] == [second.update_id]
    assert first.update_id not in [update.update_id for update in await bot.get_updates()]


async def test_a_negative_offset_keeps_the_newest(bot: Bot, control: ControlApi) -> None:
    for text in ("one", "two", "three"):
        control.send(7, 7, text)
    (update,) = await bot.get_updates(offset=-1)
    assert update.message
    assert update.message.text == "three"


async def test_limit_is_kept(bot: Bot, control: ControlApi) -> None:
    for text in ("one", "two", "three"):
        control.send(7, 7, text)
    assert len(await bot.get_updates(limit=2)) == 2


async def test_allowed_updates_stay_in_force(bot: Bot, control: ControlApi) -> None:
    await bot.get_updates(allowed_updates=["callback_query"])
    control.send(7, 7, "not for you")
    assert await bot.get_updates() == ()
    await bot.get_updates(allowed_updates=[])
    control.send(7, 7, "for you")
    assert len(await bot.get_updates()) == 1


async def test_the_older_of_two_polls_is_terminated(url: str, bot: Bot, control: ControlApi) -> None:
    async with Bot(TOKEN, base_url=f"{url}/telegram/bot") as second:
        older = asyncio.create_task(bot.get_updates(timeout=10))
        await eventually(control.is_ready)
        newer = asyncio.create_task(second.get_updates(timeout=10))
        with pytest.raises(Conflict, match="terminated by other getUpdates request"):
            await older
        control.send(7, 7, "hello")
        assert len(await newer) == 1


async def test_bots_with_different_tokens_leave_each_other_alone(url: str, bot: Bot, control: ControlApi) -> None:
    async with Bot(OTHER_TOKEN, base_url=f"{url}/telegram/bot") as second:
        polls = [asyncio.create_task(each.get_updates(timeout=10)) for each in (bot, second)]
        await eventually(control.is_ready)
        control.send(7, 7, "hello")
        assert [len(updates) for updates in await asyncio.gather(*polls)] == [1, 1]


async def test_a_new_token_does_not_see_what_another_bot_has_dealt_with(
    url: str, bot: Bot, control: ControlApi
) -> None:
    control.send(7, 7, "dealt with")
    (update,) = await bot.get_updates()
    await bot.get_updates(offset=update.update_id + 1)
    control.send(7, 7, "open")
    async with Bot(OTHER_TOKEN, base_url=f"{url}/telegram/bot") as second:
        (seen,) = await second.get_updates()
    assert seen.message
    assert seen.message.text == "open"


async def test_update_ids_go_on_after_a_reset(bot: Bot, control: ControlApi) -> None:
    control.send(7, 7, "before")
    (before,) = await bot.get_updates()
    control.post("reset")
    control.send(7, 7, "after")
    (after,) = await bot.get_updates(offset=before.update_id + 1)
    assert after.message
    assert after.message.text == "after"


async def test_an_unpatched_application_runs_on_it(url: str, control: ControlApi) -> None:
    async def greet(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.effective_message
        await update.effective_message.reply_text("Hello!")
        greeted.set()

    greeted = asyncio.Event()
    application = Application.builder().token(TOKEN).base_url(f"{url}/telegram/bot").build()
    application.add_handler(CommandHandler("start", greet))
    async with application:
        assert application.updater
        await application.start()
        await application.updater.start_polling()
        control.send(7, 7, "/start")
        await asyncio.wait_for(greeted.wait(), 10)
        assert control.get("ready") == {"ready": True}
        await application.updater.stop()
        await application.stop()
    assert control.last(7)["text"] == "Hello!"


def test_nobody_is_ready_before_the_first_poll(url: str) -> None:
    answer = httpx.get(f"{url}/_control/ready")
    assert (answer.status_code, answer.json()) == (503, {"ready": False})


class Receiver:
    """A webhook that refuses the first requests and keeps the later ones."""

    def __init__(self, refusals: int = 0) -> None:
        self._refusals = refusals
        self.received: asyncio.Queue[tuple[dict[str, Any], str | None]] = asyncio.Queue()

    async def take(self, request: web.Request) -> web.Response:
        if self._refusals:
            self._refusals -= 1
            return web.Response(status=500)
        await self.received.put((await request.json(), request.headers.get("X-Telegram-Bot-Api-Secret-Token")))
        return web.Response()


@asynccontextmanager
async def listening(receiver: Receiver) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    await runner.cleanup()


async def test_a_webhook_gets_updates_with_its_secret(bot: Bot, control: ControlApi) -> None:
    receiver = Receiver()
    async with listening(receiver) as address:
        await bot.set_webhook(address, secret_token="s3cret")
        control.send(7, 7, "hello")
        update, secret = await asyncio.wait_for(receiver.received.get(), 5)
        assert (update["message"]["text"], secret) == ("hello", "s3cret")
        assert control.get("ready") == {"ready": True}
        assert (await bot.get_webhook_info()).url == address
        await bot.delete_webhook()


async def test_a_refused_update_is_sent_to_the_webhook_again(bot: Bot, control: ControlApi) -> None:
    receiver = Receiver(refusals=1)
    async with listening(receiver) as address:
        await bot.set_webhook(address)
        control.send(7, 7, "hello")
        update, _ = await asyncio.wait_for(receiver.received.get(), 5)
        assert update["message"]["text"] == "hello"
        assert "500" in str((await bot.get_webhook_info()).last_error_message)
        await bot.delete_webhook()


async def test_polling_is_refused_while_a_webhook_is_set(bot: Bot) -> None:
    await bot.set_webhook("https://bot.example/hook")
    with pytest.raises(Conflict, match="can't use getUpdates method while webhook is active"):
        await bot.get_updates()
    await bot.delete_webhook()
    assert await bot.get_updates() == ()


async def test_a_webhook_can_drop_what_is_pending(bot: Bot, control: ControlApi) -> None:
    control.send(7, 7, "old")
    assert (await bot.get_webhook_info()).pending_update_count == 1
    await bot.delete_webhook(drop_pending_updates=True)
    assert await bot.get_updates() == ()


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://bot.example/hook", "an https url must be provided"),
        ("https://bot.example:9000/hook", "only on ports 80, 88, 443 or 8443"),
    ],
)
async def test_webhooks_elsewhere_need_https_and_a_known_port(bot: Bot, address: str, why: str) -> None:
    with pytest.raises(BadRequest, match=why):
        await bot.set_webhook(address)


async def test_a_webhook_secret_has_its_alphabet(bot: Bot) -> None:
    with pytest.raises(BadRequest, match="Secret token contains unallowed characters"):
        await bot.set_webhook("https://bot.example/hook", secret_token="no spaces")
