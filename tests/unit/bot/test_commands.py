"""Commands, help, menu and README agree."""

import re

import pytest

from bot.commands import COMMANDS, privacy
from bot.commands import help as help_command
from pipeline.i18n import translator
from pipeline.records import Language
from pipeline.settings import Settings
from pipeline.steps.purge import KEPT
from tests.conftest import ROOT

LONGEST_SCREEN = 1_450
SETTINGS = Settings(_env_file=None)


def help_text(language: Language) -> str:
    return "\n".join(map(translator(language).gettext, help_command.text(SETTINGS)))


@pytest.mark.parametrize("name", [command.name for command in COMMANDS if command.name not in {"help", "start"}])
def test_a_command_is_explained_in_help_and_readme(name: str) -> None:
    assert f"/{name}" in help_text(Language.ENGLISH)
    assert f"`/{name}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_privacy_readme_and_settings_agree_on_how_long_data_is_stored() -> None:
    days = f"{KEPT.days} days"
    assert days in privacy.text(SETTINGS).msgid
    assert days in (ROOT / "README.md").read_text(encoding="utf-8")
    assert days in (ROOT / ".env.example").read_text(encoding="utf-8")


@pytest.mark.parametrize("language", Language)
def test_the_menu_fits_telegrams_limits_and_help_fits_a_screen(language: Language) -> None:
    say = translator(language).gettext
    assert all(command.name.islower() and len(command.name) <= 32 for command in COMMANDS)
    assert all(1 <= len(say(command.menu)) <= 256 for command in COMMANDS)
    assert len(help_text(language)) < LONGEST_SCREEN


def test_help_has_the_same_lines_in_every_language() -> None:
    commands = [re.findall(r"/\w+", help_text(language)) for language in Language]
    assert all(each == commands[0] for each in commands)


def test_which_commands_are_for_admins_and_which_are_open() -> None:
    changing = {command.name for command in COMMANDS if command.changes}
    assert changing == {
        "track",
        "untrack",
        "import",
        "alerts",
        "subscribe",
        "unsubscribe",
        "pause",
        "resume",
        "pin",
        "settings",
        "timezone",
        "quiet",
        "forget",
    }
    assert {command.name for command in COMMANDS if command.open} == {"start", "help", "privacy", "id"}
