"""Whatever people send is read, or refused with a sentence: it is never an error, and never more than it says."""

import re
import unicodedata
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as some

from bot import handles, keyboards, parsing, phrasing
from bot.callbacks import COMPARISON_ID, chosen_spec
from bot.entities import MAX_ENTITIES, extract_entities
from pipeline.chart.views import fitted
from pipeline.errors import UserError
from pipeline.i18n import translator
from pipeline.records import ChartSpec, Language, Metric, Mode, Normalization, Span, Theme, View

ANY = some.text(some.characters(), max_size=80)
NAMES = some.from_regex(handles.NAME, fullmatch=True)
LIKELY = some.one_of(
    NAMES,
    some.sampled_from(sorted(parsing.KEYWORDS)),
    some.from_regex(parsing.INTERVAL, fullmatch=True),
    some.from_regex(r"(https?://)?(www\.)?(x|twitter)\.com/@?\w{0,17}/?(\?.*)?"),
    some.integers().map(str),
    some.sampled_from(["@", "x.com/", "²", "٣٣", "1h1h", "0m", "9" * 400, "@a@b", "=1+1", "/track", "<b>", "\u202e"]),
)
TYPED = some.lists(LIKELY | ANY, max_size=12)
LOOKS = some.builds(
    ChartSpec,
    metric=some.sampled_from(Metric),
    view=some.sampled_from(View),
    count=some.integers(5, 3200),
    normalization=some.sampled_from(Normalization),
    span=some.sampled_from(Span),
    theme=some.sampled_from(Theme),
    language=some.sampled_from(Language),
).map(fitted)
PLAIN_NAME = re.compile(r"[A-Za-z0-9_]{1,50}(-old[0-9]*)?")


@given(some.text(some.characters(), max_size=5000))
def test_a_command_is_split_into_words_without_blanks_or_refused(typed: str) -> None:
    try:
        found = parsing.split_args(typed)
    except UserError:
        assert len(typed) > phrasing.MAX_MESSAGE_LENGTH
        return
    assert not [word for word in found if set(word) & set(" \t\n,;")]


@given(TYPED)
def test_handles_are_plain_and_each_stands_once_and_what_is_none_stands_apart(typed: list[str]) -> None:
    good, bad = parsing.parse_handles(typed)
    assert all(PLAIN_NAME.fullmatch(name) for name in good)
    assert len({name.lower() for name in good}) == len(good)
    assert all(handles.handle_in(word) is None for word in bad)
    assert {handles.handle_in(word) for word in typed if word} - {None} >= set(good)


@given(TYPED, some.lists(NAMES.map(lambda name: name.lstrip("@")), max_size=3), LOOKS)
def test_a_wish_is_read_or_refused_and_what_is_read_can_be_drawn(
    typed: list[str], tracked: list[str], usual: ChartSpec
) -> None:
    try:
        wish = parsing.parse_chart_request(typed, tracked, 100)
        spec = wish.spec(usual)
    except UserError as error:
        for language in Language:
            assert_harmless(translator(language).gettext(error.text))
        return
    assert all(PLAIN_NAME.fullmatch(name) for name in wish.handles)
    assert wish.count is None or 5 <= wish.count <= 100
    assert wish.interval is None or parsing.MIN_INTERVAL <= wish.interval <= parsing.MAX_INTERVAL
    assert fitted(spec) == fitted(fitted(spec))
    assert (spec.theme, spec.language) == (wish.theme or usual.theme, usual.language)


@given(
    some.lists(some.sampled_from(["@nasa", "@esa", "likes", "posts", "dark", "50", "new", "2h"]), unique=True),
    some.data(),
)
def test_the_order_of_words_makes_no_difference(typed: list[str], data: some.DataObject) -> None:
    other = parsing.parse_chart_request(data.draw(some.permutations(typed)), [], 100)
    wish = parsing.parse_chart_request(typed, [], 100)
    assert sorted(other.handles) == sorted(wish.handles)
    assert vars(other) | {"handles": []} == vars(wish) | {"handles": []}


@given(some.integers(1, 31 * 24 * 60))
def test_an_interval_is_read_as_it_is_spoken(minutes: int) -> None:
    interval = timedelta(minutes=minutes)
    assert parsing.parse_chart_request([phrasing.interval_text(interval)], [], 100).interval == interval


@given(ANY)
def test_what_is_repeated_is_short_and_shows_nothing_that_cannot_be_seen(typed: str) -> None:
    assert_harmless(phrasing.quote(typed))
    assert len(phrasing.quote(typed)) <= phrasing.MAX_QUOTE_LENGTH + 3


def assert_harmless(said: str) -> None:
    """As it stands in a message: letters to be seen, of which only names on X and what we say ourselves is a link."""
    plain, entities = extract_entities(said)
    assert not [letter for letter in plain if unicodedata.category(letter)[0] in "CM" and letter != "\n"]
    assert all(each.type in {"text_link", "code"} for each in entities)


@given(some.text(some.characters(codec="utf-8"), max_size=300))
def test_links_and_code_lie_within_the_text_and_lead_to_x_alone(typed: str) -> None:
    plain, entities = extract_entities(typed)
    units = plain.encode("utf-16-le")
    assert len(entities) <= MAX_ENTITIES
    for entity in entities:
        part = units[2 * entity.offset : 2 * (entity.offset + entity.length)].decode("utf-16-le")
        assert len(part.encode("utf-16-le")) == 2 * entity.length
        if entity.type == "text_link":
            assert entity.url == f"https://x.com/{part.removeprefix('@')}"
            assert PLAIN_NAME.fullmatch(part.removeprefix("@"))


@given(some.text(some.characters(codec="utf-8")))
def test_an_answer_is_never_longer_than_a_message(said: str) -> None:
    assert len(phrasing.fit_message(said * 50)) <= phrasing.MAX_MESSAGE_LENGTH


@given(some.lists(some.sampled_from([*View, *Metric, *Normalization, *Span]) | ANY, max_size=6), LOOKS)
def test_a_buttons_choices_are_read_or_refused_and_what_is_read_can_be_drawn(
    choices: list[str], spec: ChartSpec
) -> None:
    try:
        chosen = chosen_spec(choices, spec)
    except UserError:
        return
    assert chosen == fitted(chosen)
    assert (chosen.count, chosen.theme, chosen.language) == (spec.count, spec.theme, spec.language)


@given(ANY | some.integers().map(str) | some.sampled_from(["²", "٣", "9" * 4000, "0x1", "1_0", "-1", "+1", " 1"]))
def test_a_buttons_number_is_one_that_a_comparison_can_have(typed: str) -> None:
    assert not COMPARISON_ID.fullmatch(typed) or (typed.isascii() and 0 <= int(typed) < 2**31)


@given(some.integers(1, 10**9 - 1), LOOKS, some.sampled_from(Mode))
def test_every_button_is_short_enough_and_reads_back_as_what_it_says(number: int, spec: ChartSpec, mode: Mode) -> None:
    rows = keyboards.under_chart(number, spec, mode).inline_keyboard
    for button in (button for row in rows for button in row):
        data = str(button.callback_data)
        assert 1 <= len(data.encode()) <= 64
        kind, place, *choices = data.split()
        assert (kind in {"show", "live", "stop"}, int(place)) == (True, number)
        chosen = chosen_spec(choices, spec) if kind == "show" else spec
        assert (chosen == spec) == (button.text.startswith("• ") or kind != "show")
