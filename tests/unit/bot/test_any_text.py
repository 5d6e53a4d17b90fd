"""Any text that people send is parsed or refused with a sentence; it is never an error."""

import re
import unicodedata
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as some

from bot import handles, keyboards, parsing, phrasing, timing
from bot.chart_buttons import ACTIONS, COMPARISON_ID, OWNER, chosen_spec
from bot.chart_choices import CHOICES
from bot.entities import MAX_ENTITIES, extract_entities
from bot.keywords import keywords
from pipeline.chart.views import fitted
from pipeline.errors import UserError
from pipeline.i18n import translator
from pipeline.records import ChartSpec, Handle, Language, Metric, Mode, Normalization, Span, Theme, View
from pipeline.sources.registry import NETWORKS
from pipeline.store.timing import Timing

ANY = some.text(some.characters(), max_size=80)
NAMES = some.from_regex(r"@?[A-Za-z0-9_]{1,50}(-old[0-9]*)?", fullmatch=True)
LIKELY = some.one_of(
    NAMES,
    some.sampled_from(sorted(keywords())),
    some.from_regex(rf"[0-9]{{1,6}}(?:{timing.UNIT})", fullmatch=True),
    some.from_regex(r"(https?://)?(www\.)?(x|twitter)\.com/@?\w{0,17}/?(\?.*)?"),
    some.integers().map(str),
    some.sampled_from(["@", "x.com/", "²", "٣٣", "1h1h", "0m", "9" * 400, "@a@b", "=1+1", "/track", "<b>", "\u202e"]),
    some.sampled_from(
        ["nasa.gov", "@A.B-c.de", "a@b.cd", "@a.b@c.de", "a@b.cd@e.fg", ".a.bc.", "did:web:a.bc", "a@b..cd"]
    ),
    some.from_regex(r"(https?://)?\w{1,9}\.\w{1,9}/@?\w{0,9}(@\w{1,9}\.\w{1,9})?(/\d+)?"),
)
TYPED = some.lists(LIKELY | ANY, max_size=12)
SPECS = some.builds(
    ChartSpec,
    metric=some.sampled_from(Metric),
    view=some.sampled_from(View),
    count=some.integers(5, 3200),
    normalization=some.sampled_from(Normalization),
    span=some.sampled_from(Span),
    theme=some.sampled_from(Theme),
    language=some.sampled_from(Language),
).map(fitted)


def is_plain(handle: Handle) -> bool:
    """Whether it is of its network's form, and holds nothing that could be markup or another address."""
    form = rf"(?:{NETWORKS[handle.network].handle})(?:{handles.FORMER})?"
    return re.fullmatch(form, handle.name) is not None and not set(handle.name) & set(" /\\<>&\"'`\n()[]")


@given(some.text(some.characters(), max_size=5000))
def test_a_command_is_split_into_words_without_separators_or_refused(typed: str) -> None:
    try:
        found = parsing.split_args(typed)
    except UserError:
        assert len(typed) > phrasing.MAX_MESSAGE_LENGTH
        return
    assert not [word for word in found if set(word) & set(" \t\n,;")]


@given(TYPED)
def test_handles_are_plain_and_unique_and_invalid_words_come_separately(typed: list[str]) -> None:
    good, bad = parsing.parse_handles(typed)
    assert all(map(is_plain, good))
    assert len({handle.folded for handle in good}) == len(good)
    assert all(handles.handle_in(word) is None for word in bad)
    assert {handles.handle_in(word) for word in typed if word} - {None} >= set(good)


@given(TYPED, some.lists(NAMES.map(lambda name: name.lstrip("@")), max_size=3), SPECS)
def test_a_chart_request_is_parsed_or_refused_and_gives_a_valid_spec(
    typed: list[str], tracked: list[str], usual: ChartSpec
) -> None:
    try:
        request = parsing.parse_chart_request(typed, tracked, 100)
        spec = request.spec(usual)
    except UserError as error:
        for language in Language:
            assert_harmless(translator(language).gettext(error.text))
        return
    assert all(map(is_plain, request.handles))
    assert request.count is None or 5 <= request.count <= 100
    assert fitted(spec) == fitted(fitted(spec))
    assert (spec.theme, spec.language) == (request.theme or usual.theme, usual.language)


@given(
    some.lists(some.sampled_from(["@nasa", "@esa", "likes", "posts", "dark", "50"]), unique=True),
    some.data(),
)
def test_the_order_of_arguments_makes_no_difference(typed: list[str], data: some.DataObject) -> None:
    other = parsing.parse_chart_request(data.draw(some.permutations(typed)), [], 100)
    request = parsing.parse_chart_request(typed, [], 100)
    assert sorted(other.handles) == sorted(request.handles)
    assert vars(other) | {"handles": []} == vars(request) | {"handles": []}


@given(TYPED)
def test_words_that_say_when_are_taken_out_or_refused_and_accounts_stay(typed: list[str]) -> None:
    try:
        when, rest = timing.parse(typed)
    except UserError as error:
        for language in Language:
            assert_harmless(translator(language).gettext(error.text))
        return
    assert when.interval is None or timing.MIN_INTERVAL <= when.interval <= timing.MAX_INTERVAL
    assert [word for word in rest if word.startswith("@")] == [
        word for word in " ".join(typed).split() if word.startswith("@")
    ]


@given(some.integers(1, 31 * 24 * 60))
def test_an_interval_parses_back_from_its_text(minutes: int) -> None:
    interval = timedelta(minutes=minutes)
    assert timing.parse([phrasing.interval_text(interval)]) == (Timing(interval), [])


@given(ANY)
def test_a_quote_is_short_and_has_no_invisible_characters(typed: str) -> None:
    assert_harmless(phrasing.quote(typed))
    assert len(phrasing.quote(typed)) <= phrasing.MAX_QUOTE_LENGTH + 3


def assert_harmless(text: str) -> None:
    """Assert that the text has visible characters only, and that only handles are links."""
    plain, entities = extract_entities(text)
    assert not [letter for letter in plain if unicodedata.category(letter)[0] in "CM" and letter != "\n"]
    assert all(each.type in {"text_link", "code"} for each in entities)


@given(some.text(some.characters(codec="utf-8"), max_size=300))
def test_entities_lie_within_the_text_and_link_to_profiles_only(typed: str) -> None:
    plain, entities = extract_entities(typed)
    units = plain.encode("utf-16-le")
    assert len(entities) <= MAX_ENTITIES
    for entity in entities:
        part = units[2 * entity.offset : 2 * (entity.offset + entity.length)].decode("utf-16-le")
        assert len(part.encode("utf-16-le")) == 2 * entity.length
        if entity.type == "text_link":
            handle = handles.handle_in(part)
            assert handle
            assert is_plain(handle)
            assert entity.url == NETWORKS[handle.network].profile_address(part.removeprefix("@"))


@given(some.text(some.characters(codec="utf-8")))
def test_an_answer_is_never_longer_than_a_message(text: str) -> None:
    assert len(phrasing.fit_message(text * 50)) <= phrasing.MAX_MESSAGE_LENGTH


@given(some.lists(some.sampled_from([*View, *Metric, *Normalization, *Span]) | ANY, max_size=6), SPECS)
def test_a_buttons_choices_give_a_valid_spec_or_are_refused(choices: list[str], spec: ChartSpec) -> None:
    try:
        chosen = chosen_spec(choices, spec)
    except ValueError:
        return
    assert chosen == fitted(chosen)
    assert (chosen.count, chosen.theme, chosen.language) == (spec.count, spec.theme, spec.language)


@given(ANY | some.integers().map(str) | some.sampled_from(["²", "٣", "9" * 4000, "0x1", "1_0", "-1", "+1", " 1"]))
def test_a_buttons_number_is_a_possible_id_of_a_comparison(typed: str) -> None:
    assert not COMPARISON_ID.fullmatch(typed) or (typed.isascii() and 0 <= int(typed) < 2**31)


@given(some.integers(1, 10**9 - 1), SPECS, some.sampled_from(Mode), some.integers(1, 2**52) | some.none())
def test_every_buttons_data_is_short_enough_and_parses_back(
    number: int, spec: ChartSpec, mode: Mode, owner_id: int | None
) -> None:
    chart = keyboards.ShownChart(number, spec, mode, ["x"], owner_id, max_posts=3200)
    menus = [keyboards.menu(chart, name) for name in [*CHOICES, *keyboards.MENUS, keyboards.CLOSED]]
    for button in (button for menu in menus for row in menu.inline_keyboard for button in row):
        data = str(button.callback_data)
        assert 1 <= len(data.encode()) <= 64
        kind, place, *choices = data.split()
        if owner_id is not None:
            owner = OWNER.fullmatch(choices.pop())
            assert owner
            assert int(owner[1]) == owner_id
        assert (kind in ACTIONS, int(place)) == (True, number)
        if kind == "set":
            chosen = CHOICES[choices[0]].choose(chart.subject, choices[1])
            assert (chosen == spec) == button.text.startswith("• ")
