"""CONTRIBUTING.md is true: who follows it is told by the tests what is still missing, and then what was added works."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from tests.conftest import ROOT

GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
COPIED = ("bot", "pipeline", "sandbox", "tests", ".env.example", "README.md", "pyproject.toml")
NAMED = re.compile(r"`([\w./]+[./]\w*)`")
SLOW = ("postgresql", "type_checker", "many_processes", "any_surroundings")
"""Tests that say nothing more of what is added here."""
MAX_LINES, MAX_COLUMNS = 60, 120


@dataclass
class Copy:
    """A copy of the project, to which something is added as one entry of the guide says."""

    root: Path
    named: frozenset[str]
    """The files, and the folders, which end in a slash, that the entry names."""

    def write(self, path: str, text: str) -> None:
        """Write a file that the entry names, or a new one in a folder or of the copy's own tests."""
        new = [each for each in self.named if each.endswith("/") and path.startswith(each)]
        assert path in self.named or new or "/test_added_" in path, path
        (self.root / path).write_text(text, encoding="utf-8")

    def insert(self, path: str, before: str, text: str) -> None:
        """Put the text before the first such words of a file."""
        whole = (self.root / path).read_text(encoding="utf-8")
        assert before in whole, (path, before)
        self.write(path, whole.replace(before, text + before, 1))

    def append(self, path: str, text: str) -> None:
        self.write(path, (self.root / path).read_text(encoding="utf-8") + text)


Walk = Callable[[Copy], Iterator[set[str]]]
"""Adds something in two parts; between them it yields the tests that fail, since the second part is missing."""
WALKS: dict[str, Walk] = {}


def adding(entry: str) -> Callable[[Walk], Walk]:
    def note(walk: Walk) -> Walk:
        WALKS[entry] = walk
        return walk

    return note


def entries() -> dict[str, str]:
    """What the guide says of adding each thing."""
    return dict(re.findall(r"^- \*\*(A.*?)\*\*(.*?)(?=^- |^\s*$)", GUIDE, re.MULTILINE | re.DOTALL))


def run(root: Path, *command: str) -> str:
    """Python in a copy, without the settings of the pytest that this runs in; returns what it wrote."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run([sys.executable, *command], cwd=root, env=env, check=False, capture_output=True, text=True)
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    return done.stdout


def failures(root: Path) -> set[str]:
    """The tests that fail, of those that the guide's entries name and of the copy's own."""
    named = {path for entry in entries().values() for path in NAMED.findall(entry) if path.startswith("tests/")}
    own = {path.relative_to(root).as_posix() for path in root.glob("tests/**/test_added_*.py")}
    quick = " and ".join(f"not {slow}" for slow in SLOW)
    options = ["-q", "-rfE", "-p", "no:cacheprovider", "-k", quick]
    output = run(root, "-m", "pytest", *options, *sorted(named | own))
    print(output)  # pytest shows it where the walk fails
    return set(re.findall(r"^(?:FAILED|ERROR) \S+::(\w+)", output, re.MULTILINE))


def test_the_guide_is_one_screen_and_names_what_is_there() -> None:
    lines = GUIDE.splitlines()
    assert len(lines) <= MAX_LINES
    assert max(map(len, lines)) <= MAX_COLUMNS
    named = [path for path in NAMED.findall(GUIDE) if "/" in path]
    assert len(named) > 20
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.timeout(300)  # three runs of Python, on a machine that has other things to do
def test_what_is_added_by_the_guide_is_checked_until_it_is_whole_and_then_works(tmp_path: Path) -> None:
    assert list(WALKS) == list(entries())
    for each in COPIED:
        copied = shutil.copytree if (ROOT / each).is_dir() else shutil.copy
        copied(ROOT / each, tmp_path / each)
    begun = [WALKS[name](Copy(tmp_path, frozenset(NAMED.findall(entry)))) for name, entry in entries().items()]
    missing = set().union(*(next(walk) for walk in begun))
    assert failures(tmp_path) == missing
    assert [next(walk, None) for walk in begun] == [None] * len(begun)
    assert failures(tmp_path) == set()
    run(tmp_path, "-m", "ruff", "format", "--no-cache")
    assert "All checks passed!" in run(tmp_path, "-m", "ruff", "check", "--no-cache")
    shutil.rmtree(tmp_path)


PING = '''"""/ping: whether the bot is there."""

from bot.command import Command
from bot.command_context import CommandContext
from pipeline.i18n import lazy_gettext


async def run(command_context: CommandContext) -> None:
    await command_context.answer(lazy_gettext("Here I am."))


COMMAND = Command("ping", lazy_gettext("is anybody there"), run)
'''
PING_ANSWERS = """
from tests.unit.bot.conftest import Bot


def test_ping_answers_in_both_languages(bot: Bot) -> None:
    assert bot.chat(3001).ask("/ping") == "Here I am."
    assert bot.chat(3002).ask("/ping", language_code="es") == "Aquí estoy."
"""


@adding("A command")
def a_command(copy: Copy) -> Iterator[set[str]]:
    copy.write("bot/commands/ping.py", PING)
    copy.insert("bot/commands/__init__.py", "    privacy,\n", "    ping,\n")
    copy.insert("bot/commands/__init__.py", "    privacy,\n    forget,\n    id,", "    ping,\n")
    yield {
        "test_a_command_is_explained_in_help_and_readme",
        "test_a_catalogue_has_every_text_with_its_fields_and_no_other",
    }
    status = '        lazy_gettext("/status – is everything working here; the owner: /doctor, /version"),\n'
    copy.insert("bot/commands/help.py", status, '        lazy_gettext("/ping – is anybody there"),\n')
    copy.insert("README.md", "| `/id` |", "| `/ping` | is anybody there |\n")
    spanish = "pipeline/locale/es.po"
    copy.append(spanish, '\nmsgid "/ping – is anybody there"\nmsgstr "/ping – si hay alguien"\n')
    copy.append(spanish, '\nmsgid "Here I am."\nmsgstr "Aquí estoy."\n')
    copy.append(spanish, '\nmsgid "is anybody there"\nmsgstr "si hay alguien"\n')
    copy.write("tests/unit/bot/test_added_command.py", PING_ANSWERS)


POLISH: dict[str, str | tuple[str, ...]] = {
    "Nothing about this chat is stored.": "Nic o tym czacie nie jest zapisane.",
    "last post": ("ostatni post", "ostatnie {count:number} posty", "ostatnich {count:number} postów"),
    "{number}k": "{number} tys.",
}
POLISH_ANSWERS = """
from pipeline.chart.number_format import short
from pipeline.i18n import translator
from pipeline.records import Language
from tests.unit.bot.conftest import Bot


def test_counts_take_each_of_three_forms_and_figures_are_polish() -> None:
    posts = [translator(Language.POLISH).ngettext("last post", "last {count:number} posts", n) for n in (1, 22, 12)]
    assert posts == ["ostatni post", "ostatnie 22 posty", "ostatnich 12 postów"]
    assert short(12_345, Language.POLISH) == "12,3 tys."


def test_a_polish_person_is_answered_in_polish_and_any_chat_may_choose_it(bot: Bot) -> None:
    assert bot.chat(3003).ask("/forget", language_code="pl").startswith("Nic o tym")
    chat = bot.chat(3004)
    question = chat.answer_to(chat.send("/settings"))
    assert "Polski" in [button["text"] for row in question["keyboard"] for button in row]
    assert chat.press_and_read(question, "settings pl") == ""
    assert chat.ask("/list").startswith("This chat does not track any accounts yet.")
"""


def polish(spanish: Path) -> str:
    """A Polish catalogue: the rule for plurals is Babel's, and most texts stay English."""
    catalogue = Catalog(locale="pl", charset="utf-8")
    with spanish.open("rb") as file:
        texts = [message.id for message in read_po(file) if message.id]
    for text in texts:
        if isinstance(text, str):
            catalogue.add(text, POLISH.get(text, text))
        else:
            catalogue.add(text, POLISH.get(text[0], [text[-1]] * catalogue.num_plurals))
    written = BytesIO()
    write_po(written, catalogue)
    return written.getvalue().decode()


NETWORK_IS_READ = """
import json
from pathlib import Path
from types import SimpleNamespace

from bot.handles import handle_in
from pipeline import clock
from pipeline.i18n import translator
from pipeline.records import Due, Language, Metric
from pipeline.sources.registry import NETWORKS, noun
from pipeline.sources.source import StopFlag, connect


def test_accounts_of_the_network_are_recognized_and_have_its_nouns() -> None:
    assert [handle_in(word).network for word in ("@ada~example", "https://toy.example/~ada")] == ["toy", "toy"]
    assert translator(Language.SPANISH).gettext(noun(Metric.REPOSTS, ["toy"])) == "impulsos"


def test_its_client_reads_posts(tmp_path: Path) -> None:
    posts = [["1", "2026-11-23T12:00:00+00:00", {"reposts": 3}]]
    (tmp_path / "toy.json").write_text(json.dumps({"ada~example": posts}), encoding="utf-8")
    client = connect(NETWORKS["toy"], SimpleNamespace(data_dir=tmp_path))
    [profile] = client.look_up(["Ada~example"])
    due = Due(1, profile.remote_id, 10)
    assert [post.counts.reposts for post in client.fetch(due, clock.now(), StopFlag()).posts] == [3]
"""


@adding("A network")
def a_network(copy: Copy) -> Iterator[set[str]]:
    """As the one that tests have, without what runs it there."""
    toy = "pipeline/sources/toy/"
    (copy.root / toy).mkdir()
    for path in (copy.root / "tests/toy_network").glob("[!r]*.py"):
        text = path.read_text(encoding="utf-8").replace("tests.toy_network", "pipeline.sources.toy")
        copy.write(f"{toy}{path.name}", text)
    copy.insert(
        "pipeline/sources/registry.py", "from pipeline.sources.x", "from pipeline.sources.toy.facts import TOY\n"
    )
    copy.insert("pipeline/sources/registry.py", "        X,\n", "        TOY,\n")
    yield {"test_a_catalogue_has_every_text_with_its_fields_and_no_other"}
    text, spanish = "{network} is off: there is no {file}.", "{network} está apagada: no hay {file}."
    copy.append("pipeline/locale/es.po", f'\nmsgid "{text}"\nmsgstr "{spanish}"\n')
    copy.write("tests/unit/test_added_network.py", NETWORK_IS_READ)


VIEW_IS_DRAWN = """
from bot.keyboards import under_chart
from pipeline.chart.caption import caption
from pipeline.chart.render import draw, render
from pipeline.records import Mode, View
from tests.unit.chart.made import chart, row


def test_the_view_has_a_title_a_caption_a_picture_and_a_button() -> None:
    data = chart(row("low", [1, 2]), row("high", [5, 4]), view=View.TALLY)
    lines = caption(data).splitlines()
    assert lines[0].startswith("Retweets in total, last 100 posts")
    assert [line.split()[-1] for line in lines[2:4]] == ["@high", "@low"]
    assert render(draw(data), "png").startswith(b"\\x89PNG")
    buttons = [button.text for line in under_chart(1, data.spec, Mode.ONCE, ["x"]).inline_keyboard for button in line]
    assert "• Tally" in buttons
"""


@adding("A view")
def a_view(copy: Copy) -> Iterator[set[str]]:
    """As a copy of the race."""
    views = "pipeline/chart/views/"
    (copy.root / views / "tally").mkdir()
    for path in (copy.root / views / "race").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        text = text.replace('"Race"', '"Tally"').replace('"Total"', '"Tally"').replace("RACE", "TALLY")
        copy.write(f"{views}tally/{path.name}", text.replace("views.race", "views.tally"))
    copy.insert("pipeline/records.py", '    RACE = "race"\n', '    TALLY = "tally"\n')
    yield {"test_each_view_is_registered", "test_a_catalogue_has_every_text_with_its_fields_and_no_other"}
    copy.insert(f"{views}__init__.py", "from pipeline.records", "from pipeline.chart.views.tally import TALLY\n")
    copy.insert(f"{views}__init__.py", "    View.RACE: RACE,\n", "    View.TALLY: TALLY,\n")
    copy.append("pipeline/locale/es.po", '\nmsgid "Tally"\nmsgstr "Recuento"\n')
    copy.write("tests/unit/chart/test_added_view.py", VIEW_IS_DRAWN)


@adding("A language")
def a_language(copy: Copy) -> Iterator[set[str]]:
    copy.insert("pipeline/records.py", '    SPANISH = "es"\n', '    POLISH = "pl"\n')
    copy.insert("pipeline/i18n.py", 'Language.SPANISH: "es"', 'Language.POLISH: "pl", ')
    copy.write("pipeline/locale/pl.po", polish(copy.root / "pipeline/locale/es.po").replace("postów", "{amount}"))
    yield {"test_a_catalogue_has_every_text_with_its_fields_and_no_other"}
    copy.write("pipeline/locale/pl.po", polish(copy.root / "pipeline/locale/es.po"))
    copy.write("tests/unit/bot/test_added_language.py", POLISH_ANSWERS)


SETTING_IS_READ = """
import pytest

from pipeline.settings import Settings


def test_the_setting_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().snack_seconds == 5
    monkeypatch.setenv("SNACK_SECONDS", "7")
    assert Settings().snack_seconds == 7
"""


@adding("A setting")
def a_setting(copy: Copy) -> Iterator[set[str]]:
    copy.insert("pipeline/settings.py", "    tick_seconds: ", "    snack_seconds: int = Field(5, ge=1)\n")
    yield {"test_every_setting_is_in_the_example_and_nothing_else_is"}
    copy.append(".env.example", "\n# How long a snack takes.\n#SNACK_SECONDS=5\n")
    copy.write("tests/unit/test_added_setting.py", SETTING_IS_READ)


TABLE = '''

class Snack(Base):
    """What a chat eats."""

    __tablename__ = "snacks"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
'''
MIGRATION = '''"""Snacks."""

import sqlalchemy as sa
from alembic import op

revision: str = "{number:04}"
down_revision: str | None = "{before:04}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "snacks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snacks")),
    )
'''


@adding("A table")
def a_table(copy: Copy) -> Iterator[set[str]]:
    copy.append("pipeline/store/tables.py", TABLE)
    yield {"test_the_migrations_make_what_the_tables_say"}
    versions = "pipeline/store/migrations/versions/"
    before = max(int(path.name[:4]) for path in (copy.root / versions).glob("*.py"))
    number = before + 1
    copy.write(f"{versions}{number:04}_snacks.py", MIGRATION.format(number=number, before=before))
