"""The first minute with a worker and a network: the example, an unknown name, and a chart in one press."""

from collections.abc import Callable
from functools import partial

from pipeline.i18n import translator
from pipeline.records import Language
from tests.conftest import until
from tests.e2e.deployment import Deployment


def test_the_example_comes_at_once_costs_nothing_and_says_what_it_is(shared_deployment: Deployment) -> None:
    sandbox = shared_deployment.sandbox
    for chat_id, code, caption in ((9_801, "en", "An example, with made-up"), (9_802, "es", "Un ejemplo con cuentas")):
        chat = shared_deployment.chat(chat_id)
        welcome = chat.answer_to(chat.send("/start", language_code=code))
        since = sandbox.last_call()
        press = partial(chat.press_and_read, welcome, "example", 60)
        until(partial(_is_done, press), within_s=120)
        [example] = until(partial(chat.messages, welcome["message_id"]))
        assert example["caption"].startswith(caption)
        assert example["photo"]["width"] == 1280
        assert not [each for each in sandbox.calls("x", since) if "example" in str(each)]
        chat.press_and_read(welcome, "example")
        [again] = until(partial(chat.messages, example["message_id"]))
        assert again["photo"]["file_id"] == example["photo"]["file_id"], "Telegram has the picture already"


def _is_done(press: Callable[[], str]) -> bool:
    """Whether a press is answered without an alert, which comes while the workers of a new deployment still start."""
    return not press()


def test_a_name_that_nobody_has_is_answered_with_a_similar_one(
    shared_deployment: Deployment, handles: list[str]
) -> None:
    shared_deployment.chat(9_803).ask(f"/track {handles[0]}")
    told = shared_deployment.chat(9_804).ask_without_networks(f"/track {handles[0]}_")
    assert told.startswith(f"Not added:\n@{handles[0]}_: no such account. Did you mean @{handles[0]}?")


def test_a_chart_of_an_account_that_is_not_tracked_takes_one_press(
    shared_deployment: Deployment, handles: list[str]
) -> None:
    chat = shared_deployment.chat(9_805)
    offer = chat.answer_to(chat.send(f"/compare @{handles[1]} @{handles[0]} likes", language_code="es"))
    [[button]] = offer["keyboard"]
    assert button["text"] == translator(Language.SPANISH).gettext(
        "Track {names} and draw", names=[f"@{handles[1]}", f"@{handles[0]}"]
    )
    chat.press(offer, button["callback_data"])
    added, *_ = until(lambda: chat.messages(offer["message_id"]))
    assert added["text"].startswith(f"Añadidas: @{handles[1]} y @{handles[0]}"), "in the order typed"
    until(lambda: [each for each in chat.messages(offer["message_id"]) if each["photo"]], within_s=60)
