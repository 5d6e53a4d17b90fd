import re
from collections.abc import Sequence

import pytest

from bot import parsing, phrasing
from bot.keywords import keyword
from pipeline.errors import UserError
from pipeline.i18n import lazy_gettext, translator
from pipeline.records import ChartSpec, Handle, Language, Metric, Normalization, Span, Theme, View


def handles(*names: str) -> list[Handle]:
    return [Handle("x", name) for name in names]


def test_handles_come_once_whatever_their_case_and_invalid_words_separately() -> None:
    assert parsing.parse_handles(["@NASA", "nasa", "", "@esa", "<b>", "<b>"]) == (handles("NASA", "esa"), ["<b>"])


def test_commas_separate_arguments_and_the_command_is_left_out() -> None:
    assert parsing.split_args("/track@TallybirdBot @a,@b ; c\n@d") == ["@a", "@b", "c", "@d"]


def test_filler_words_are_left_out_except_with_an_at_sign_and_where_nothing_else_is_said() -> None:
    handles_of = [
        parsing.parse_handles(parsing.split_args(f"/track {typed}"))[0] for typed in ("a and b", "@and, b", "y")
    ]
    assert handles_of == [handles("a", "b"), handles("and", "b"), handles("y")]


def test_a_command_longer_than_a_message_is_refused() -> None:
    with pytest.raises(UserError, match="5,000 characters"):
        parsing.split_args("/track " + "a" * 4993)


def test_arguments_come_in_any_order_and_tracked_handles_need_no_at_sign() -> None:
    wish = parsing.parse_chart_request(["50", "nasa", "likes", "@ESA", "posts", "dark"], ["NASA"], 100)
    assert wish.handles == handles("nasa", "ESA")
    assert (wish.metric, wish.view, wish.theme) == (Metric.LIKES, View.POSTS, Theme.DARK)
    assert wish.count == 50


@pytest.mark.parametrize(
    ("typed", "spec"),
    [
        ([], ChartSpec(theme=Theme.DARK)),
        (["race", "daily"], ChartSpec(view=View.RACE, normalization=Normalization.DAILY, theme=Theme.DARK)),
        (["daily"], ChartSpec(view=View.RACE, normalization=Normalization.DAILY, theme=Theme.DARK)),
        (["race", "per", "day"], ChartSpec(view=View.RACE, normalization=Normalization.DAILY, theme=Theme.DARK)),
        (["week", "all"], ChartSpec(Metric.ENGAGEMENT, View.GROWTH, span=Span.WEEK, theme=Theme.DARK)),
        (["followers"], ChartSpec(normalization=Normalization.FOLLOWERS, theme=Theme.DARK)),
        (["rate", "light", "50"], ChartSpec(normalization=Normalization.RATE, count=50)),
        (["with", "replies", "likes"], ChartSpec(Metric.LIKES, theme=Theme.DARK, replies=True)),
        (["replies", "With-Replies"], ChartSpec(Metric.REPLIES, theme=Theme.DARK, replies=True)),
        (["respuestas", "con", "respuestas"], ChartSpec(Metric.REPLIES, theme=Theme.DARK, replies=True)),
        (["with-replies", "sin-respuestas"], ChartSpec(theme=Theme.DARK)),
    ],
)
def test_a_spec_is_the_chats_default_with_the_requested_choices(typed: list[str], spec: ChartSpec) -> None:
    assert parsing.parse_chart_request(typed, [], 100).spec(ChartSpec(theme=Theme.DARK)) == spec


@pytest.mark.parametrize(
    ("typed", "spec"),
    [
        ("with replies", ChartSpec(replies=True)),
        ("and likes, with replies", ChartSpec(Metric.LIKES, replies=True)),
        ("por favor con respuestas", ChartSpec(replies=True)),
        ("me gusta por día", ChartSpec(Metric.LIKES, View.RACE, normalization=Normalization.DAILY)),
        ("likes and replies", ChartSpec(Metric.REPLIES)),
        ("with likes", ChartSpec(Metric.LIKES)),
    ],
)
def test_a_choice_may_begin_with_a_word_that_is_left_out_elsewhere(typed: str, spec: ChartSpec) -> None:
    args = parsing.split_args(f"/compare {typed}")
    assert parsing.parse_chart_request(args, [], 100).spec(ChartSpec()) == spec


@pytest.mark.parametrize(
    ("typed", "normalization"),
    [
        ("", Normalization.FOLLOWERS),
        ("race likes", Normalization.FOLLOWERS),
        ("posts", Normalization.FOLLOWERS),
        ("growth", Normalization.COUNT),
        ("count", Normalization.COUNT),
        ("race count", Normalization.COUNT),
        ("rate", Normalization.RATE),
        ("daily", Normalization.DAILY),
    ],
)
def test_accounts_of_several_networks_are_compared_per_follower_unless_told_otherwise(
    typed: str, normalization: Normalization
) -> None:
    request = parsing.parse_chart_request(typed.split(), [], 100)
    assert request.spec(ChartSpec(), {"x", "toy"}).normalization is normalization


@pytest.mark.parametrize("typed", ["growth followers", "posts daily", "growth rate", "race hour", "views rate"])
def test_choices_that_exclude_each_other_are_refused(typed: str) -> None:
    with pytest.raises(UserError):
        parsing.parse_chart_request(typed.split(), [], 100).spec(ChartSpec())


@pytest.mark.parametrize("word", ["likez", "4", "101", "99999999999999999999", "٣٣", "0m", "99d", "-5", "+5", "@a/b"])
def test_an_unknown_word_or_a_figure_out_of_range_is_refused(word: str) -> None:
    with pytest.raises(UserError):
        parsing.parse_chart_request([word], [], 100)


@pytest.mark.parametrize("name", ["likes", "50", "dark", "race", "all", "citas"])
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


@pytest.mark.parametrize(
    ("typed", "spec"),
    [
        ("carrera diario", ChartSpec(view=View.RACE, normalization=Normalization.DAILY)),
        ("CRECIMIENTO dia Me Gusta", ChartSpec(Metric.LIKES, View.GROWTH, span=Span.DAY)),
        ("vistas puntos oscuro", ChartSpec(Metric.VIEWS, theme=Theme.DARK)),
        (
            "interaccion publicaciones seguidores",
            ChartSpec(Metric.ENGAGEMENT, View.POSTS, normalization=Normalization.FOLLOWERS),
        ),
    ],
)
def test_every_keyword_has_a_spanish_form_that_needs_no_accents(typed: str, spec: ChartSpec) -> None:
    assert parsing.parse_chart_request(typed.split(), [], 100).spec(ChartSpec()) == spec


def test_an_unknown_word_is_answered_with_the_readers_own_words() -> None:
    with pytest.raises(UserError) as error:
        parsing.parse_chart_request(["likez"], [], 100)
    told = translator(Language.SPANISH).gettext(error.value.text)
    listed = re.findall(r": ([^:.]*)\.", told)
    words = [word for each in listed for word in re.split(r", | y ", each)]
    assert len(words) == len(Metric) + len(View)
    assert None not in {keyword(word) for word in words}
    assert "likes" not in words


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
        ("citas carrera", ChartSpec(Metric.QUOTES, View.RACE, normalization=Normalization.DAILY)),
    ],
)
def test_names_of_metrics_and_views_may_be_typed_in_any_language(typed: str, spec: ChartSpec) -> None:
    assert parsing.parse_chart_request(typed.split(), [], 100).spec(ChartSpec()) == spec


@pytest.mark.parametrize("word", ["esa.int", "ada@social.example", "Bsky.App"])
def test_a_name_with_a_dot_needs_no_sign_to_be_an_account(word: str) -> None:
    assert [handle.name for handle in parsing.parse_chart_request([word, "likes"], [], 100).handles] == [word]
    with pytest.raises(UserError):
        parsing.parse_chart_request([word.partition(".")[0].partition("@")[0]], [], 100)
