"""The theme and language that each chat chooses for its charts."""

from tests.conftest import until
from tests.e2e.deployment import Deployment


def test_a_private_chat_has_the_persons_language_and_settings_change_what_is_kept_fresh(
    shared_deployment: Deployment, handles: list[str]
) -> None:
    chat = shared_deployment.chat(7001)
    chat.ask(f"/track {handles[0]} {handles[1]}", language_code="es-MX")
    chart = chat.chart("/subscribe", within_s=60)
    assert chart["caption"].startswith("Retuits por publicación, últimas 100 publicaciones")
    settings = chat.answer_to(chat.send("/settings"))
    chat.press(settings, "settings en")
    chat.wait_for_caption(chart, "Retweets per post")
    until(lambda: "• English" in str(chat.message(settings["message_id"])["keyboard"]))
    light = chat.message(chart["message_id"])["photo"]["file_id"]
    chat.press(settings, "settings dark")
    until(lambda: chat.message(chart["message_id"])["photo"]["file_id"] != light, within_s=30)
