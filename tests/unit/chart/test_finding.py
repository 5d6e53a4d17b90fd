"""The title says what the chart shows, and nothing that is not so."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from pipeline.chart.paint.page import WIDTH
from pipeline.chart.views import VIEWS, prepare
from pipeline.i18n import translator
from pipeline.records import ChartData, ChartRow, Language, Metric, Normalization, View
from pipeline.sources.registry import noun
from tests.unit.chart.boxes import text_box
from tests.unit.chart.made import NOW, chart, lost, row
from tests.unit.chart.test_layout import drawn, texts

HANDLES = ["W" * 15, "漢字" * 30, "عربي" * 20, "someone.very.long@mastodon.example.social", "\N{GRINNING FACE}" * 40]


def title(data: ChartData) -> str | None:
    """The sentence, without shortened names."""
    found = prepare(data).finding
    if found is None:
        return None
    says = "".join(found.says[:1])
    return translator(data.spec.language).gettext(found.sentence, **found.values, **found.names, says=says)


A, B, C = (row(handle, [value] * 9) for handle, value in (("a", 37), ("b", 12), ("c", 37)))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([B, A], "@a leads: a typical post gets 37 retweets"),
        ([A], "@a: a typical post gets 37 retweets"),
        ([A, row("hidden", (), "protected")], "@a: a typical post gets 37 retweets"),
        ([A, B, C], "@a and @c are level: a typical post gets 37 retweets"),
        ([A, C, replace(A, handle="d")], "3 accounts are level: a typical post gets 37 retweets"),
        ([row("one", [1] * 9), row("none", [0] * 9)], "@one leads in retweets"),
        ([row("one", [1] * 9)], None),
        ([row("zero", [0] * 9), row("nought", [0] * 9)], "No retweets on any of these posts"),
        ([row("rare", [0] * 8 + [500])], "A typical post gets no retweets"),
        ([replace(A, note="as of 23 Sept 14:05 UTC"), B], None),
        ([A, replace(B, note="as of 23 Sept 14:05 UTC")], "@a leads: a typical post gets 37 retweets"),
        ([row("none", ())], None),
        ([], None),
    ],
)
def test_the_title_says_what_the_medians_show(rows: list[ChartRow], said: str | None) -> None:
    assert title(chart(*rows)) == said
    assert title(chart(*rows, view=View.POSTS)) == said


@pytest.mark.parametrize(
    ("normalization", "said"),
    [
        (Normalization.COUNT, "@a leads: 333 retweets in total"),
        (Normalization.DAILY, "@a leads: 333 retweets per day"),
        (Normalization.RATE, "@a leads: 333 retweets per 1,000 views"),
        (Normalization.FOLLOWERS, "@a leads: 333 retweets per 1,000 followers"),
    ],
)
def test_a_race_says_by_what_the_first_account_leads(normalization: Normalization, said: str) -> None:
    assert title(chart(B, A, view=View.RACE, normalization=normalization)) == said


def test_no_account_leads_one_whose_figure_may_be_higher() -> None:
    within_hours = replace(B, times=tuple(NOW - timedelta(minutes=30 * ago) for ago in range(9)))
    assert title(chart(A, within_hours, view=View.RACE, normalization=Normalization.DAILY, count=9)) is None
    since = replace(B, since=NOW - timedelta(hours=3))
    assert title(chart(A, since, view=View.GROWTH)) is None


def test_accounts_of_several_networks_are_only_compared_by_their_audiences() -> None:
    rows = [replace(A, network="X"), replace(B, network="Bluesky")]
    assert title(chart(*rows)) is None
    assert title(chart(*rows, normalization=Normalization.FOLLOWERS)) is not None


def test_growth_says_what_was_gained_and_engagement_is_a_number_of_interactions() -> None:
    assert title(chart(A, B, view=View.GROWTH)) == "@a leads: +333 retweets"
    assert title(chart(lost("loser"), view=View.GROWTH)) == "No retweets gained"
    engaged = replace(chart(A, B, metric=Metric.ENGAGEMENT), noun=noun(Metric.ENGAGEMENT, ["x"]))
    assert title(engaged) == "@a leads: a typical post gets 37 interactions"


def test_the_title_is_about_all_accounts_on_every_page() -> None:
    rows = [row(f"a{number:02}", [100 + number] * 9) for number in range(12)]
    data = chart(*rows)
    second = replace(data, spec=replace(data.spec, page=2))
    assert title(second) == title(data) == "@a11 leads: a typical post gets 111 retweets"


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("view", View)
def test_every_title_has_room_whatever_the_names_and_the_figures_are(view: View, language: Language) -> None:
    for normalization in VIEWS[view].measures:
        for one, other in zip(HANDLES, reversed(HANDLES), strict=True):
            for values in ([123_456_789] * 9, [0.0123] * 9):
                rows = [row(f"{one}1", values), row(f"{other}2", values)]
                page = drawn(chart(*rows, view=view, normalization=normalization, language=language))
                head = [text for text in texts(page) if text.baseline < page.top]
                assert all(text_box(text)[0] >= 40 and text_box(text)[2] <= WIDTH - 40 for text in head)
                assert not any("…" in text.text and not text.style.bold for text in head)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("view", [View.SPREAD, View.POSTS, View.RACE])
def test_no_title_is_cut_short_and_no_usual_name_in_it(view: View, language: Language) -> None:
    for normalization, handle, value in product(VIEWS[view].measures, ("nasa", "bsky.app"), (37, 1234, 0.0123)):
        for metric in Metric:
            rows = [row(handle, [value] * 9), row("other", [value / 2] * 9)]
            data = chart(*rows, view=view, normalization=normalization, language=language, metric=metric)
            page = drawn(replace(data, noun=noun(metric, ["x"])))
            written = " ".join(text.text for text in texts(page) if text.style.bold and text.baseline < page.top)
            found = prepare(data).finding
            assert written.startswith(f"@{handle} "), written
            assert found
            assert written.split()[-1] in {each.split()[-1] for each in found.says}, written
