"""A sandbox on a free port for each test, a client of its control API, and bots."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from typing import Any, TypeVar

import httpx
import pytest
from aiohttp import web
from telegram import Bot

from sandbox.server import make_app

TOKEN = "8100000001:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
T = TypeVar("T")
OTHER_TOKEN = "8100000002:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"


@pytest.fixture(autouse=True)
def _timedelta(monkeypatch: pytest.MonkeyPatch) -> None:
    """Choose the coming type of retry_after, since python-telegram-bot warns of the current one."""
    monkeypatch.setenv("PTB_TIMEDELTA", "true")


@pytest.fixture
def url() -> Iterator[str]:
    """The URL of a sandbox that runs in a thread."""
    loop = asyncio.new_event_loop()
    ready: Future[str] = Future()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    stop = asyncio.run_coroutine_threadsafe(_start(ready), loop).result()
    yield ready.result()
    asyncio.run_coroutine_threadsafe(stop(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


async def _start(ready: Future[str]) -> Callable[[], Any]:
    runner = web.AppRunner(make_app(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    ready.set_result(f"http://127.0.0.1:{runner.addresses[0][1]}")
    return runner.cleanup


async def eventually(check: Callable[[], T], within_s: float = 5) -> T:
    """Call check until its result is true, and return it, while the test's own requests go on."""
    async with asyncio.timeout(within_s):
        while not (result := check()):  # noqa: ASYNC110 - what is checked is in another thread or process
            await asyncio.sleep(0.01)
    return result


class ControlApi:
    """A client of the control API."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=f"{url}/_control")

    def get(self, path: str, **query: Any) -> Any:
        return self._answer(self._http.get(path, params=query))

    def post(self, path: str, /, **fields: Any) -> Any:
        return self._answer(self._http.post(path, json=fields))

    def delete(self, path: str) -> Any:
        return self._answer(self._http.delete(path))

    def bytes(self, address: str) -> bytes:
        """The content at a path that the control API has returned."""
        return self._http.get(self._http.base_url.join(address)).content

    def refused(self, path: str, **fields: Any) -> str:
        answer = self._http.post(path, json=fields)
        assert answer.status_code == 400
        return str(answer.json()["error"])

    def send(self, chat_id: int, user_id: int, text: str, **more: Any) -> int:
        return int(self.post("telegram/send", chat_id=chat_id, user_id=user_id, text=text, **more)["message_id"])

    def chat(self, chat_id: int) -> list[dict[str, Any]]:
        return list(self.get(f"telegram/chats/{chat_id}"))

    def last(self, chat_id: int) -> dict[str, Any]:
        return self.chat(chat_id)[-1]

    def is_ready(self) -> bool:
        return self._http.get("ready").status_code == 200

    def close(self) -> None:
        self._http.close()

    def _answer(self, answer: httpx.Response) -> Any:
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def control(url: str) -> Iterator[ControlApi]:
    control = ControlApi(url)
    yield control
    control.close()


@pytest.fixture
async def bot(url: str) -> AsyncIterator[Bot]:
    async with Bot(TOKEN, base_url=f"{url}/telegram/bot", base_file_url=f"{url}/telegram/file/bot") as bot:
        yield bot


@pytest.fixture
def raw(url: str) -> Iterator[Callable[..., httpx.Response]]:
    """Calls the Bot API without a library, for calls that a library does not make."""
    with httpx.Client(base_url=f"{url}/telegram/bot{TOKEN}/") as http:

        def call(method: str, **parameters: Any) -> httpx.Response:
            return http.post(method, json=parameters)

        yield call
