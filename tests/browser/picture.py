"""Takes the README's picture of a chat, from a demo that has just been started: python -m tests.browser.picture."""

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import ViewportSize, sync_playwright

from tests.conftest import ROOT

SIZE: ViewportSize = {"width": 580, "height": 1110}
MESSAGES = ("/track @nasa @nasa.gov @ada@social.example", "/subscribe reposts")
WITHIN_MS = 120_000


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.browser.picture", description=__doc__)
    parser.add_argument("--demo", default="http://127.0.0.1:8765")
    parser.add_argument("--file", type=Path, default=ROOT / "docs" / "chat.png")
    options = parser.parse_args()
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"]) as browser,
    ):
        page = browser.new_page(viewport=SIZE, locale="en-GB")
        page.set_default_timeout(WITHIN_MS)
        page.goto(options.demo)
        for number, text in enumerate(MESSAGES, start=1):
            page.locator("#text").fill(text)
            page.keyboard.press("Enter")
            page.locator(".row.by-bot").nth(number - 1).wait_for()
        page.locator(".row.by-bot .photo img").wait_for()
        page.screenshot(path=options.file)


if __name__ == "__main__":
    main()
