"""The answer to /track, for accounts of one network and of several, in every state."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from bot.track_report import CAUSES, MAX_NAMES, Found, Report
from pipeline.i18n import lazy_gettext, translator
from pipeline.records import Handle, Language, LazyString, Profile, State
from pipeline.settings import Settings
from pipeline.sources.registry import NETWORKS
from pipeline.sources.x.facts import X
from tests.toy_network.facts import FILE, TOY

ADA, NASA = "ada~example", "nasa"


@pytest.fixture(autouse=True)
def _toy() -> Iterator[None]:
    NETWORKS[TOY.key] = TOY
    yield
    del NETWORKS[TOY.key]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """X and Toy are on, and nothing else."""
    (tmp_path / FILE).write_text("{}")
    return Settings(data_dir=tmp_path, networks=frozenset({"x"}), x_bearer_token="token", _env_file=None)


def found(handle: str, state: State = State.ACTIVE, note: LazyString | None = None) -> Found:
    return Found(TOY if "~" in handle else X, Profile(handle, state, handle, note=note))


def told(  # noqa: PLR0913 the parts of a report
    settings: Settings,
    *new: Found,
    present: Sequence[Handle] = (),
    invalid: Sequence[str] = (),
    problems: Sequence[LazyString] = (),
    costs: Sequence[LazyString] = (),
    language: Language = Language.ENGLISH,
) -> list[str]:
    lines = Report(new, present, invalid, problems, costs, settings).lines()
    return [translator(language).gettext(line) for line in lines]


def test_each_account_has_its_network_where_several_are_on(settings: Settings) -> None:
    present = [Handle("x", "esa"), Handle("toy", "bob~test")]
    lines = told(settings, found(NASA), found(ADA), found("gone", State.MISSING), present=present)
    assert lines[:6] == [
        "Added: @nasa (X) and @ada~example (Toy)",
        "",
        "Already tracked: @esa (X) and @bob~test (Toy)",
        "",
        "Not added:",
        "@gone (X): no such account",
    ]


def test_the_network_of_several_accounts_is_named_once(settings: Settings) -> None:
    lines = told(settings, found(NASA), found("esa"), present=[Handle("toy", ADA), Handle("toy", "bob~test")])
    assert lines[0::2][:2] == ["Added: @nasa and @esa, on X", "Already tracked: @ada~example and @bob~test, on Toy"]
    spanish = told(settings, found(NASA), found("esa"), language=Language.SPANISH)
    assert spanish[0] == "Añadidas: @nasa y @esa, en X"


def test_a_word_that_is_no_name_is_one_on_none_of_the_networks(settings: Settings) -> None:
    assert told(settings, invalid=["x@"]) == ["Not added:", "`x@`: not an account name on X or Toy"]


def test_no_network_is_named_where_one_is_on(settings: Settings) -> None:
    (settings.data_dir / FILE).unlink()
    assert told(settings, found(NASA), found("gone", State.MISSING))[0::3] == ["Added: @nasa", "@gone: no such account"]


def test_accounts_of_the_same_letters_on_two_networks_are_two(settings: Settings) -> None:
    same = [Found(network, Profile("same", State.MISSING)) for network in (X, TOY)]
    assert told(settings, *same) == ["Not added:", "@same (X): no such account", "@same (Toy): no such account"]


@pytest.mark.parametrize("state", [state for state in State if state is not State.ACTIVE])
def test_an_account_that_is_not_added_has_its_cause_and_the_networks_own_words_first(
    settings: Settings, state: State
) -> None:
    note = lazy_gettext("{network} is switched off by the bot's owner.", network="its server")
    for language in Language:
        gettext = translator(language).gettext
        [_, plain, noted] = told(settings, found("ada", state), found("bob", state, note), language=language)
        assert plain == f"@ada (X): {gettext(CAUSES[state])}"
        assert noted == f"@bob (X): {gettext(note)}"


def test_the_cause_of_a_withheld_account_is_its_owners_wish(settings: Settings) -> None:
    assert told(settings, found("ada", State.WITHHELD))[1] == (
        "@ada (X): its owner shows it only to people who are signed in, so I don't read it"
    )


def test_what_a_person_should_know_of_an_added_account_is_said_below_it(settings: Settings) -> None:
    note = lazy_gettext("{name}: {cause}", name="moved to", cause="@ada~test")
    lines = told(settings, found(ADA, note=note), found(NASA))
    assert lines[:3] == [
        "Added: @ada~example (Toy) and @nasa (X)",
        "@ada~example: moved to: @ada~test",
        "",
    ]


def test_an_answer_about_many_accounts_stays_short(settings: Settings) -> None:
    note = lazy_gettext("protected")
    many = [found(f"name{number}", note=note) for number in range(50)]
    many += [found(f"gone{number}", State.MISSING) for number in range(50)]
    lines = told(settings, *many)
    assert lines[0].endswith("@name18 and 31 more, on X")
    assert [line for line in lines if line.startswith("and ")] == ["and 30 more", "and 30 more"]
    assert len(lines) < 3 * MAX_NAMES


def test_problems_and_costs_are_paragraphs_of_their_own(settings: Settings) -> None:
    off, free = X.why_off(settings), lazy_gettext("Reading {networks} is free.", networks=["Toy"])
    lines = told(settings, found(ADA), invalid=["a|b"], problems=[off], costs=[free])
    assert lines == [
        "Added: @ada~example (Toy)",
        "",
        "Not added:",
        "`a|b`: not an account name on X or Toy",
        "",
        translator(Language.ENGLISH).gettext(off),
        "",
        "Reading Toy is free.",
        "",
        "Next: /compare draws a chart, /subscribe keeps one up to date here.",
    ]
