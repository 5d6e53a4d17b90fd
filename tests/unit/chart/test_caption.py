import re
import subprocess
import sys
from dataclasses import replace
from statistics import median

import pytest

from pipeline.chart.caption import caption
from pipeline.records import BestPost, ChartData, ChartRow, Language, Metric, Normalization, View
from tests.unit.chart.made import EXTREMES, NOW, chart, crowd, lost, row

ROW = re.compile(r"`(?P<cells>[^`]+)` (?P<name>@.*)")


def accounts(text: str) -> list[re.Match[str]]:
    return [found for line in text.splitlines() if (found := ROW.fullmatch(line))]


def names(text: str) -> list[str]:
    return [found["name"] for found in accounts(text)]


def cells(text: str) -> list[list[str]]:
    return [found["cells"].split() for found in accounts(text)]


def units(text: str) -> int:
    """UTF-16 code units, as Telegram counts them; the backticks are not sent."""
    return len(text.replace("`", "").encode("utf-16-le")) // 2


def test_the_caption_tells_the_measure_each_account_and_the_time() -> None:
    data = chart(row("calm", [1, 2]), row("ToshimaKarkiDr", [37] * 84 + [317]), row("hidden", (), "protected"))
    assert caption(data).splitlines() == [
        "Retweets per post, last 100 posts, own posts only, no replies",
        "`median  best  posts`",
        "`    37   317     85` @ToshimaKarkiDr",
        "`   1.5     2      2` @calm",
        "`     –     –      0` @hidden · protected",
        "as of 23 Nov 2026 15:20 UTC",
    ]


@pytest.mark.parametrize(
    ("normalization", "first", "columns"),
    [
        (Normalization.COUNT, "Retweets in total, last 100 posts, own posts only, no replies", "`total  posts`"),
        (
            Normalization.RATE,
            "Retweets per 1,000 views, last 100 posts, own posts only, no replies",
            "`per 1k views  posts`",
        ),
        (
            Normalization.FOLLOWERS,
            "Retweets per 1,000 followers, last 100 posts, own posts only, no replies",
            "`per 1k followers  posts`",
        ),
        (Normalization.DAILY, "Retweets per day, last 100 posts, own posts only, no replies", "`per day  posts`"),
    ],
)
def test_the_race_tells_its_totals_by_their_basis(normalization: Normalization, first: str, columns: str) -> None:
    text = caption(chart(row("low", [1]), row("high", [9, 8]), view=View.RACE, normalization=normalization))
    assert text.splitlines()[:2] == [first, columns]
    assert names(text) == ["@high", "@low"]
    assert cells(text) == [["17", "2"], ["1", "1"]]


def test_growth_tells_what_was_gained_or_lost_and_where_that_is_not_known() -> None:
    gains = [row("unknown", (), "not read yet"), row("still", [0] * 9), lost("loser"), row("winner", [1, 2, 3])]
    text = caption(chart(*gains, view=View.GROWTH))
    assert text.startswith("Retweets gained, last 24 hours · last 100 posts, own posts only, no replies\n`gained`\n")
    assert names(text) == ["@winner", "@still", "@loser", "@unknown · not read yet"]
    assert cells(text) == [["+6"], ["0"], ["-7"], ["–"]]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("view", View)
@pytest.mark.parametrize("rows", EXTREMES.values(), ids=EXTREMES)
def test_columns_are_straight_and_have_a_cell_an_account(rows: list[ChartRow], view: View, language: Language) -> None:
    text = caption(chart(*rows, view=view, language=language))
    columns = text.splitlines()[1]
    assert columns.startswith("`")
    assert {len(found["cells"]) for found in accounts(text)} <= {len(columns) - 2}
    assert text.endswith("UTC")


def test_a_stale_account_keeps_its_figures_and_says_since_when() -> None:
    text = caption(chart(row("late", [3], "as of 23 Sept 14:05 UTC")))
    assert names(text) == ["@late · as of 23 Sept 14:05 UTC"]
    assert cells(text) == [["3", "3", "1"]]


@pytest.mark.parametrize("view", [View.SPREAD, View.POSTS])
def test_equal_medians_stand_in_the_order_of_their_handles_and_empty_accounts_last(view: View) -> None:
    text = caption(chart(row("empty", ()), row("b", [4]), row("Zero", [0]), row("A", [4]), view=view))
    assert names(text) == ["@A", "@b", "@Zero", "@empty · no posts"]


@pytest.mark.parametrize("values", [[1, 2], [3, 1, 2], [0, 0, 9, 9], [9_999, 10_000]])
def test_the_median_is_the_one_of_the_statistics_books(values: list[int]) -> None:
    assert cells(caption(chart(row("a", values))))[0][0] == f"{median(values):,g}"


def test_the_metric_is_named_as_people_name_it() -> None:
    assert caption(chart(metric=Metric.VIEWS)).startswith("Views per post")


def test_spanish_has_its_own_words_and_numbers() -> None:
    data = chart(row("a", [1234.5, 1234.5]), metric=Metric.LIKES)
    spanish = caption(replace(data, spec=replace(data.spec, language=Language.SPANISH)))
    assert cells(spanish) == [["1.234,5", "1.234,5", "2"]]
    assert "23 nov 2026 15:20 UTC" in spanish
    assert "own posts" not in spanish


def data_of(amount: int, view: View, language: Language) -> ChartData:
    return chart(*crowd(amount, 20), view=view, language=language)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("view", View)
@pytest.mark.parametrize("amount", [0, 10, 100])
def test_the_caption_fits_into_telegrams_limit_for_any_number_of_accounts(
    amount: int, view: View, language: Language
) -> None:
    text = caption(data_of(amount, view, language))
    told = len(accounts(text))
    assert units(text) <= 1024
    assert told == min(amount, 10)


def test_characters_beyond_the_basic_plane_count_twice() -> None:
    text = caption(chart(*[row("😀" * 60, [1])] * 30))
    assert len(text) < 1024
    assert units(text) <= 1024


def test_writing_captions_does_not_load_matplotlib() -> None:
    check = "import sys, pipeline.chart.caption; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_a_growth_links_to_the_best_new_post_of_each_account() -> None:
    best = BestPost("https://x.com/i/status/12", 1234, NOW)
    rows = (replace(row("nasa", [1]), total=5, best=best), replace(row("esa", [1]), total=2))
    assert sorted(names(caption(chart(*rows, view=View.GROWTH)))) == [
        "@esa",
        "@nasa · [best new post 1,234](https://x.com/i/status/12)",
    ]


def test_addresses_take_no_room_of_the_caption() -> None:
    best = BestPost(f"https://bsky.app/profile/did:plc:{'a' * 24}/post/{'b' * 13}", 1_234_567, NOW)
    rows = [replace(row(f"account_number_{number}", [1]), total=number, best=best) for number in range(10)]
    text = caption(chart(*rows, view=View.GROWTH))
    assert len(accounts(text)) == text.count(best.address) == 10
    assert len(text) > 1024
