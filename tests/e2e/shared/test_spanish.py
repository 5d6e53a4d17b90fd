"""The bot answers a Spanish-speaking person in Spanish: all its words are in the Spanish catalogue."""

import re
from collections.abc import Iterable, Iterator
from itertools import chain

import pytest
from babel.dates import get_month_names

from bot.commands import COMMANDS
from bot.keywords import keywords
from pipeline.i18n import CATALOGUES, LANGUAGE_NAMES, LOCALES, translator
from pipeline.records import Language
from pipeline.sources import registry
from tests import catalogues
from tests.conftest import until
from tests.e2e.chat import Chat, Json, Sandbox
from tests.e2e.deployment import Deployment

SPANISH = catalogues.read(CATALOGUES / "es.po")
NAMES = re.compile(r"https?://\S+|[@/]\w[\w.@-]*")
"""URLs, accounts and commands are the same in every language."""
WORD = re.compile(r"[^\W\d_]{2,}")
ASKED = [
    *("/start", "/help", "/privacy", "/id", "/status", "/budget"),
    *("/list", "/compare", "/subscribe", "/settings", "/forget", "/unsubscribe", "/track", "/untrack @zz_nobody"),
    *("/track {0} {1} @zz_nobody @zz_protected @zz_suspended =CMD()", "/track {0}", "/track " + "a" * 5000),
    "/track " + " ".join(f"@name{number}" for number in range(101)),
    *("/budget", "/budget {0}", "/budget @zz_nobody"),
    *("/list", "/compare likez", "/compare 7000", "/compare posts daily", "/compare race week"),
    *("/compare views rate", "/compare @zz_nobody", "/compare likes rate", "/compare retuits carrera daily"),
    *("/subscribe live 1h", "/subscribe new 400d", "/subscribe", "/subscribe", "/subscribe new 2h growth week"),
    *(
        "/list",
        "/status",
        "/doctor",
        "/version",
        "/unsubscribe $$",
        "/unsubscribe {1}",
        "/unsubscribe",
        "/subscribe {0}",
        "/untrack {0} @zz_x",
    ),
    *("/timezone Madrid", "/timezone zzzz", "/quiet 22-7", "/quiet 1", "/quiet off", "/alerts on", "/alerts 1"),
    *("/subscribe diario 9:00", "/pause", "/resume", "/pin", "/list", "/export", "/import", "/data"),
    *("/untrack", "/settings", "/forget"),
]
"""What a person sends, in this order: at first the bot does not know the chat; all errors occur."""


def words(texts: Iterable[str]) -> set[str]:
    return {word.lower() for each in texts for word in WORD.findall(NAMES.sub(" ", each))}


def vocabulary() -> set[str]:
    """All allowed words: of the catalogue, of commands' arguments, of the questions, networks' names, and Babel's."""
    written = ["UTC", "CET", "US$", "España"]
    written += get_month_names("abbreviated", locale=LOCALES[Language.SPANISH]).values()
    written += map(registry.label, registry.NETWORKS)
    return words([*chain.from_iterable(SPANISH.values()), *keywords(), *ASKED, *LANGUAGE_NAMES.values(), *written])


def data_of(message: Json) -> list[str]:
    """The data of the buttons under a message."""
    return [each["callback_data"] for row in message["keyboard"] or [] for each in row]


def sent_texts(sandbox: Sandbox, chat_id: int) -> Iterator[str]:
    """All texts, captions and buttons' texts that the bot has sent to a chat, also by edits."""
    for call in sandbox.calls("telegram"):
        params = call["params"]
        if params.get("chat_id") == chat_id:
            media = params.get("media") or {}
            yield from filter(None, (params.get("text"), params.get("caption"), media.get("caption")))
            keyboard = (params.get("reply_markup") or {}).get("inline_keyboard", [])
            yield from (button["text"] for row in keyboard for button in row)


def test_each_command_answers_a_spanish_person_in_spanish(shared_deployment: Deployment, handles: list[str]) -> None:
    assert {each.split()[0] for each in ASKED} == {f"/{command.name}" for command in COMMANDS}
    states = {"zz_protected": "protected", "zz_suspended": "suspended"}
    accounts = [{"username": name, "state": state, "posts": []} for name, state in states.items()]
    shared_deployment.sandbox.post("x/accounts", accounts=accounts)
    chat = shared_deployment.chat(8001)
    for asked in ASKED:
        chat.answer_to(chat.send(asked.format(*handles), language_code="es-MX"), within_s=60)
    question = until(lambda: [each for each in chat.messages() if "forget no" in data_of(each)], within_s=60)[0]
    for data in ("nonsense", "settings de"):
        assert chat.outcome(question, data).startswith("Este botón ya no funciona.")
    chat.press(question, "forget no")
    chat.wait_for_text(question, "No se ha borrado nada.")
    chart = chat.chart("/compare {1}".format(*handles), within_s=60)
    chat.press(chart, chart["keyboard"][0][1]["callback_data"])
    until(lambda: chat.message(chart["message_id"])["edits"] > chart["edits"], within_s=60)
    question = chat.answer_to(chat.send("/forget", language_code="es-MX"))
    chat.press(question, "forget yes")
    chat.wait_for_text(question, "Hecho: se ha borrado")
    assert words(sent_texts(shared_deployment.sandbox, chat.id)) - vocabulary() == set()


def test_a_group_is_answered_in_the_language_it_chose(shared_deployment: Deployment, handles: list[str]) -> None:
    group = shared_deployment.chat(-1008002, user_id=81, type="supergroup")
    assert "Añadida" in group.ask(f"/track {handles[0]}", language_code="es"), "who added the bot speaks Spanish"
    settings = group.answer_to(group.send("/settings", language_code="en"))
    member = Chat(group.sandbox, group.id, user_id=82, type="supergroup")
    refused = "Aquí solo los administradores"
    assert member.ask("/untrack", language_code="en").startswith(refused)
    assert member.outcome(settings, "settings en").startswith(refused)
    group.press(settings, "settings en")
    group.wait_for_text(settings, "which language I speak")
    assert member.ask("/untrack", language_code="es").startswith("Only admins")


@pytest.mark.parametrize(("code", "language"), [("es-419", Language.SPANISH), ("pt-BR", Language.ENGLISH)])
def test_the_menu_comes_in_the_persons_language(shared_deployment: Deployment, code: str, language: Language) -> None:
    menu = shared_deployment.sandbox.get("telegram/commands", chat_id=8003, language_code=code)
    translations = translator(language)
    shown = [each for each in COMMANDS if not each.owners]
    assert menu == [{"command": each.name, "description": translations.gettext(each.menu)} for each in shown]
