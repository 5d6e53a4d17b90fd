"""What a visitor of the demo page does, in a real browser."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import WITHIN_MS, OpenPage
from tests.conftest import until
from tests.e2e.deployment import Deployment

ROBIN = 1001
GROUP = -1001000000002
MOST_PRESSES = 12
PRESS_NEXT = """(pressed) => {
    const label = (key) => key.textContent.replace(/^[^\\p{L}]+|[^\\p{L}]+$/gu, "");
    const charts = [...document.querySelectorAll(".row.by-bot:has(.photo)")];
    const key = [...charts.at(-1).querySelectorAll("button.key")].find((each) => !pressed.includes(label(each)));
    key?.click();
    return key ? label(key) : null;
}"""
"""Presses a button of the newest chart that was not pressed yet, in one step, since each press may change the others;
returns its words without the mark of what is chosen."""
expect.set_options(timeout=WITHIN_MS)


def suggestion(page: Page, command: str) -> Locator:
    return page.get_by_role("group", name="Suggestions").get_by_role("button").filter(has_text=command)


def say(page: Page, text: str) -> None:
    """Send a message; returns when the bot has answered it."""
    answers = page.locator(".row.by-bot").count()
    page.get_by_role("textbox", name="Message").fill(text)
    page.keyboard.press("Enter")
    expect(page.locator(".row.by-bot").nth(answers)).to_be_visible()


def last_chart(page: Page) -> Locator:
    return page.locator(".row.by-bot:has(.photo)").last


def in_panel(page: Page, name: str) -> Locator:
    return page.locator("#panel").get_by_role("button", name=name)


def test_from_start_to_a_live_chart_that_changes_in_place(open_page: OpenPage, deployment: Deployment) -> None:
    page = open_page()
    expect(page.locator("#welcome-accounts .chip")).to_have_count(9)
    suggestion(page, "/start").click()
    expect(page.locator(".row.by-bot")).to_have_count(1)
    for handle in ("@nasa", "@nasa.gov", "@ada@social.example"):
        page.locator("#accounts").get_by_role("button", name=handle, exact=True).click()
    expect(page.get_by_role("textbox", name="Message")).to_have_value("/track @nasa @nasa.gov @ada@social.example ")
    page.keyboard.press("Enter")
    expect(page.locator(".row.by-bot").last).to_contain_text("@ada@social.example")
    suggestion(page, "/compare").click()
    expect(last_chart(page).get_by_role("img")).to_be_visible()
    charts = page.locator(".row.by-bot:has(.photo)").count()
    suggestion(page, "/subscribe").click()
    expect(page.locator(".row.by-bot:has(.photo)")).to_have_count(charts + 1)

    live = last_chart(page)
    address, live_id = live.get_by_role("img").get_attribute("src"), live.get_attribute("id")
    (before, *_) = deployment.sandbox.get("x/posts", account="nasa")
    page.locator("#viral-account").select_option("x nasa")
    page.locator("#viral-posts").get_by_role("button", name=before["text"]).first.click()
    expect(page.get_by_text("It went viral.")).to_be_visible()
    live.locator("button.key").first.focus()
    page.locator(f"#{live_id} .photo img:not([src='{address}'])").wait_for()
    expect(page.locator(".row.by-bot:has(.photo)")).to_have_count(charts + 1)
    assert page.evaluate("document.activeElement.closest('li')?.id") == live_id
    after = next(each for each in deployment.sandbox.get("x/posts", account="nasa") if each["id"] == before["id"])
    assert after["counts"]["retweets"] >= 20 * before["counts"]["retweets"] + 100
    expect(page.locator("#bill b")).to_have_text(re.compile(r"^\$\d+\.\d\d$"))
    expect(page.locator("#files a").first).to_be_visible()


def test_each_button_under_a_chart_is_answered(open_page: OpenPage, deployment: Deployment) -> None:
    page = open_page()
    page.get_by_label("Speak as").select_option("1003")  # Noor's own private chat
    say(page, "/track @esa @spacex")
    say(page, "/compare likes")
    last_chart(page).wait_for()
    pressed: list[str] = []
    while len(pressed) < MOST_PRESSES and (label := page.evaluate(PRESS_NEXT, pressed)):
        pressed.append(label)
        until(lambda: _answers(deployment) == len(pressed))
    assert len(pressed) >= 5, pressed
    expect(last_chart(page).get_by_role("img")).to_be_visible()


def _answers(deployment: Deployment) -> int:
    """How many presses the bot has answered."""
    return sum(call["method"] == "answerCallbackQuery" for call in deployment.sandbox.calls("telegram"))


def test_the_panel_changes_what_is_behind_a_group(open_page: OpenPage, deployment: Deployment) -> None:
    sandbox = deployment.sandbox
    page = open_page()
    page.get_by_role("button", name="Space watchers").click()
    page.get_by_role("main").get_by_role("button", name="Add Tallybird").click()
    until(lambda: _status(deployment, GROUP) == "member")
    page.get_by_label("Speak as").select_option("1002")
    say(page, "/track @esa")
    expect(page.locator(".row.by-bot").last).to_contain_text("admin")
    in_panel(page, "Make Mika an admin").click()
    say(page, "/track @esa")
    expect(page.locator(".row.by-bot").last).to_contain_text("@esa")

    page.locator(".row.by-bot").last.hover()
    page.locator(".row.by-bot").last.get_by_role("button", name="Reply to this message").click()
    say(page, "/list")
    expect(page.locator(".row.mine .quote").last).to_contain_text("Tallybird")
    answers = page.locator(".row.by-bot").count()
    page.locator(".row.by-bot").last.hover()
    page.locator(".row.by-bot").last.get_by_role("button", name="Delete this message").click()
    expect(page.locator(".row.by-bot")).to_have_count(answers - 1)

    in_panel(page, "New topic").click()
    say(page, "/list")
    expect(page.get_by_role("navigation", name="Topics").locator("[aria-current]")).to_have_text("Topic 1")
    assert sandbox.get(f"telegram/chats/{GROUP}")[-1]["thread_id"]

    row = page.get_by_role("group", name="Bluesky")
    row.get_by_text("Down").click()
    until(lambda: [each["service"] for each in sandbox.get("faults")] == ["bluesky"])
    row.get_by_text("Normal").click()
    until(lambda: sandbox.get("faults") == [])

    in_panel(page, "1 day forward").click()
    until(lambda: sandbox.get("clock")["ahead_s"] == 86_400)
    in_panel(page, "Back to now").click()
    until(lambda: sandbox.get("clock")["ahead_s"] == 0)

    in_panel(page, "Remove Tallybird").click()
    until(lambda: _status(deployment, GROUP) == "kicked")
    page.get_by_role("button", name="New group or channel").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Harbour news")
    dialog.get_by_text("Channel", exact=True).click()
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading", name="Harbour news")).to_be_visible()
    new = next(each for each in sandbox.get("telegram/chats") if each["title"] == "Harbour news")
    assert (new["type"], new["username"], new["bot_status"]) == ("channel", "harbournews", "administrator")


def _status(deployment: Deployment, chat_id: int) -> str:
    chats = {each["chat_id"]: each["bot_status"] for each in deployment.sandbox.get("telegram/chats")}
    return str(chats.get(chat_id, "left"))


@pytest.mark.parametrize(("width", "language"), [(390, "es-ES"), (1440, "en-GB")])
def test_everybody_can_read_and_reach_it(
    open_page: OpenPage, deployment: Deployment, width: int, language: str
) -> None:
    chat = deployment.chat(ROBIN)
    chat.ask("/track @nasa @nasa.gov")
    chat.chart("/compare")
    page = open_page(width, language)
    last_chart(page).wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    _check(page)
    page.locator("#text").press("/")
    expect(page.get_by_role("listbox")).to_be_visible()
    page.keyboard.press("ArrowDown")
    chosen = page.locator("#menu [aria-selected=true]").inner_text().split()[0]
    page.keyboard.press("Enter")
    expect(page.locator("#text")).to_have_value(f"{chosen} ")
    for motion in ("reduce", "no-preference") if width < 1000 else ():
        page.emulate_media(reduced_motion=motion)
        page.locator("#show-panel").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#hide-panel")).to_be_focused()
        if motion == "no-preference":
            _check(page)
        page.keyboard.press("Escape")
        expect(page.locator("#show-panel")).to_be_focused()
    assert page.locator("html").get_attribute("lang") == language[:2]
    words = {"es": "Detrás del chat", "en": "Behind the chat"}
    expect(page.locator("#panel h2")).to_have_text(words[language[:2]])


def _check(page: Page) -> None:
    """Ask axe-core for what a screen reader, a keyboard or a weak eye would stumble over, in both themes."""
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        found = Axe().run(page).response["violations"]
        assert [(each["id"], [node["html"][:120] for node in each["nodes"]][:3]) for each in found] == [], theme
