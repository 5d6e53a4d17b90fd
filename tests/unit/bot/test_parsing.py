from collections.abc import Sequence
from datetime import timedelta

import pytest

from bot import parsing, phrasing
from pipeline.errors import UserError
from pipeline.i18n import lazy_gettext, translator
from pipeline.records import ChartSpec, Handle, Language, Metric, Mode, Normalization, Span, Theme, View


def handles(*names: str) -> list[Handle]:
    return [Handle("x", name) for name in names]


def test_handles_come_once_whatever_their_case_and_invalid_words_separately() -> None:
    assert parsing.parse_handles(["@NASA", "nasa", "", "@esa", "<b>", "<b>"]) == (handles("NASA", "esa"), ["<b>"])


def test_commas_separate_arguments_and_the_command_is_left_out() -> None:
    assert parsing.split_args("/track@TallybirdBot @a,@b ; c\n@d") == ["@a", "@b", "c", "@d"]


def test_a_command_longer_than_a_message_is_refused() -> None:
    with pytest.raises(UserError, match="5,000 characters"):
        parsing.split_args("/track " + "a" * 4993)


def test_arguments_come_in_any_order_and_tracked_handles_need_no_at_sign() -> None:
    wish = parsing.parse_chart_request(["50", "nasa", "likes", "@ESA", "posts", "dark", "new", "2h"], ["NASA"], 100)
    assert wish.handles == handles("nasa", "ESA")
    assert (wish.metric, wish.view, wish.theme) == (Metric.LIKES, View.POSTS, Theme.DARK)
    assert (wish.count, wish.mode, wish.interval) == (50, Mode.NEW, timedelta(hours=2))


@pytest.mark.parametrize(
    ("typed", "spec"),
    [
        ([], ChartSpec(theme=Theme.DARK)),
        (["race", "daily"], ChartSpec(view=View.RACE, normalization=Normalization.DAILY, theme=Theme.DARK)),
        (["daily"], ChartSpec(view=View.RACE, normalization=Normalization.DAILY, theme=Theme.DARK)),
        (["week", "all"], ChartSpec(Metric.ENGAGEMENT, View.GROWTH, span=Span.WEEK, theme=Theme.DARK)),
        (["rate", "light", "50"], ChartSpec(normalization=Normalization.RATE, count=50)),
    ],
)
def test_a_spec_is_the_chats_default_with_the_requested_choices(typed: list[str], spec: ChartSpec) -> None:
    assert parsing.parse_chart_request(typed, [], 100).spec(ChartSpec(theme=Theme.DARK)) == spec


@pytest.mark.parametrize("typed", ["posts daily", "growth rate", "race hour", "views rate"])
def test_choices_that_exclude_each_other_are_refused(typed: str) -> None:
    with pytest.raises(UserError):
        parsing.parse_chart_request(typed.split(), [], 100).spec(ChartSpec())


@pytest.mark.parametrize("word", ["likez", "4", "101", "99999999999999999999", "٣٣", "0m", "99d", "-5", "+5", "@a/b"])
def test_an_unknown_word_or_a_figure_out_of_range_is_refused(word: str) -> None:
    with pytest.raises(UserError):
        parsing.parse_chart_request([word], [], 100)


@pytest.mark.parametrize("name", ["likes", "50", "live", "dark", "2h", "race", "all", "citas"])
def test_a_handle_that_is_a_keyword_or_a_number_needs_its_at_sign(name: str) -> None:
    skip_unless_ci, marked = (parsing.parse_chart_request([word], [name], 100) for word in (name, f"@{name}"))
    assert skip_unless_ci.handles == []
    assert skip_unless_ci != parsing.ChartRequest([])
    assert marked == parsing.ChartRequest(handles(name))
    assert parsing.parse_chart_request([f"https://x.com/{name}"], [name], 100) == marked


def test_a_number_too_high_for_a_count_is_a_handle() -> None:
    assert parsing.parse_chart_request(["2024"], ["2024"], 100) == parsing.ChartRequest(handles("2024"))


def test_a_metric_of_two_words_is_one_argument() -> None:
    assert parsing.parse_chart_request(["me", "gusta", "50"], [], 100) == parsing.ChartRequest(
        [], metric=Metric.LIKES, count=50
    )


def test_a_quote_is_short_and_without_direction_marks() -> None:
    assert phrasing.quote("a\u202eb\u200bc\x07" + "d" * 40) == "`abc" + "d" * 21 + "…`"
    assert phrasing.quote("e\u0301`\u3164\u2800x\u0336\ufe0f") == "`é'x`"


@pytest.mark.parametrize(
    ("names", "most", "said"),
    [(["a"], 10, "@a"), (["a", "b", "c"], 10, "@a, @b and @c"), ("abcdefghijkl", 3, "@a, @b and 10 more")],
)
def test_handles_are_listed_as_people_do(names: Sequence[str], most: int, said: str) -> None:
    assert (
        translator(Language.ENGLISH).gettext(lazy_gettext("{names}", names=phrasing.list_handles(names, most))) == said
    )


@pytest.mark.parametrize(
    ("typed", "spec"),
    [
        ("retuits crecimiento semana oscuro", ChartSpec(Metric.REPOSTS, View.GROWTH, span=Span.WEEK, theme=Theme.DARK)),
        ("citas carrera", ChartSpec(Metric.QUOTES, View.RACE)),
    ],
)
def test_names_of_metrics_and_views_may_be_typed_in_any_language(typed: str, spec: ChartSpec) -> None:
    assert parsing.parse_chart_request(typed.split(), [], 100).spec(ChartSpec()) == spec
