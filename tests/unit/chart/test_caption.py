import subprocess
import sys
from statistics import median

import pytest

from pipeline.chart import caption
from pipeline.records import ChartRow, Metric
from tests.unit.chart.made import EXTREMES, chart, crowd, row


def test_the_caption_tells_the_measure_each_account_and_the_time() -> None:
    data = chart(row("calm", [1, 2]), row("ToshimaKarkiDr", [37] * 84 + [317]), row("hidden", (), "protected"))
    assert caption(data).splitlines() == [
        "Retweets per post, last 100 posts, own posts only",
        "@ToshimaKarkiDr · median 37 · top 317 · n=85",
        "@calm · median 1.5 · top 2 · n=2",
        "@hidden · protected",
        "as of 23 Nov 2026 15:20 UTC",
    ]


def test_a_stale_account_keeps_its_figures_and_says_since_when() -> None:
    assert "@late · median 3 · top 3 · n=1 · as of 14:05 UTC" in caption(chart(row("late", [3], "as of 14:05 UTC")))


def test_equal_medians_stand_in_the_order_of_their_handles_and_empty_accounts_last() -> None:
    lines = caption(chart(row("empty", ()), row("b", [4]), row("Zero", [0]), row("A", [4]))).splitlines()
    assert [line.split(" · ")[0] for line in lines[1:-1]] == ["@A", "@b", "@Zero", "@empty"]


@pytest.mark.parametrize("values", [[1, 2], [3, 1, 2], [0, 0, 9, 9], [9_999, 10_000]])
def test_the_median_is_the_one_of_the_statistics_books(values: list[int]) -> None:
    assert f"median {median(values):,g} " in caption(chart(row("a", values)))


def test_the_metric_is_named_as_people_name_it() -> None:
    assert caption(chart(metric=Metric.VIEWS)).startswith("Views per post")


@pytest.mark.parametrize("amount", [0, 1, 10, 22, 25, 100, 1000])
def test_the_caption_fits_into_telegrams_limit_for_any_number_of_accounts(amount: int) -> None:
    text = caption(chart(*crowd(amount, 20)))
    lines = text.splitlines()
    accounts = [line for line in lines if line.startswith("@")]
    assert len(text.encode("utf-16-le")) <= 2 * 1024
    assert len(accounts) == amount or f"and {amount - len(accounts)} more" == lines[-2]
    assert lines[-1].startswith("as of ")


def test_characters_beyond_the_basic_plane_count_twice() -> None:
    text = caption(chart(*[row("😀" * 60, [1])] * 30))
    assert len(text) < 1024
    assert len(text.encode("utf-16-le")) <= 2 * 1024


@pytest.mark.parametrize("rows", EXTREMES.values(), ids=EXTREMES)
def test_extreme_data_has_a_caption(rows: list[ChartRow]) -> None:
    assert caption(chart(*rows)).endswith("UTC")


def test_writing_captions_does_not_load_matplotlib() -> None:
    check = "import sys, pipeline.chart.caption; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
