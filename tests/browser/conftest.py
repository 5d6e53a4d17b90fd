"""Debian's Chromium, a deployment, and pages of its demo as a person has them open."""

import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from tests.conftest import skip_unless_ci
from tests.e2e.deployment import Deployment, running

WITHIN_MS = 30_000
"""How long a page may take to show something that the bot has drawn."""
OpenPage = Callable[..., Page]


# Not for the session: while it runs, Playwright's event loop is the process's, and no asynchronous test could run.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        skip_unless_ci("no Chromium. Debian: apt install chromium")
    # Root may not use Chromium's sandbox.
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=path, args=["--no-sandbox"]) as browser,
    ):
        yield browser


@pytest.fixture(scope="module")
def deployment(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:  # noqa: ARG001 without Chromium nothing is started
    with running(tmp_path_factory.mktemp("browser"), None) as started:
        yield started


@pytest.fixture
def open_page(chromium: Browser, deployment: Deployment) -> Iterator[OpenPage]:
    """Opens the demo page in a window of this width; no page may tell an error on its console."""
    errors: list[str] = []
    contexts = []

    def open_page(width: int = 1440, language: str = "en-GB") -> Page:
        window: ViewportSize = {"width": width, "height": 900}
        context = chromium.new_context(viewport=window, locale=language)
        context.set_default_timeout(WITHIN_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(deployment.sandbox.address)
        page.locator("#accounts .chip").first.wait_for(state="attached")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []
