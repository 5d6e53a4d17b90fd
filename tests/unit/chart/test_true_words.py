"""The words of a chart are true: its figures are computed again from the raw posts."""

import re
from collections.abc import Sequence
from datetime import timedelta
from math import floor
from statistics import median

import pytest

from pipeline.chart import sample
from pipeline.chart.caption import caption
from pipeline.chart.number_format import short
from pipeline.chart.sample import Timeline
from pipeline.records import ChartSpec, Language, Metric, Normalization, Post, View
from tests.unit.chart.test_layout import drawn, words

DAY = timedelta(days=1)
CASES = [
    (View.SPREAD, Normalization.COUNT),
    (View.SPREAD, Normalization.RATE),
    (View.POSTS, Normalization.RATE),
    (View.SPREAD, Normalization.FOLLOWERS),
    (View.POSTS, Normalization.FOLLOWERS),
    (View.RACE, Normalization.FOLLOWERS),
    (View.RACE, Normalization.COUNT),
    (View.RACE, Normalization.RATE),
    (View.RACE, Normalization.DAILY),
]
COLUMN = re.compile(r"`(?P<figures>[^`]*)` @(?P<handle>\w+)")


def expected(posts: Sequence[Post], spec: ChartSpec, days: float, followers: int) -> list[float]:
    """The figures of a caption's line, from nothing but the posts' counts and times, and the account's followers."""
    kept = (
        [post for post in posts[: spec.count] if post.counts.views]
        if spec.normalization is Normalization.RATE
        else posts[: spec.count]
    )
    counts, views = [post.counts.likes or 0 for post in kept], [post.counts.views or 0 for post in kept]
    if spec.view is View.RACE:
        total = {
            Normalization.RATE: 1000 * sum(counts) / sum(views),
            Normalization.DAILY: sum(counts) / max(days, 1),
            Normalization.FOLLOWERS: sum(counts) / (followers / 1000),
        }
        return [total.get(spec.normalization, sum(counts)), len(kept)]
    by_post: dict[Normalization, list[float]] = {
        Normalization.COUNT: [*counts],
        Normalization.RATE: [1000 * count / seen for count, seen in zip(counts, views, strict=True)],
        Normalization.FOLLOWERS: [count / (followers / 1000) for count in counts],
    }
    values = by_post[spec.normalization]
    return [median(values), max(values), len(values)]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("count", [5, 100])
@pytest.mark.parametrize(("view", "normalization"), CASES)
def test_each_figure_of_a_caption_is_that_of_the_posts(
    view: View, normalization: Normalization, count: int, language: Language
) -> None:
    timelines = [each for each in sample.make_up()[:11] if each.posts]
    spec = ChartSpec(Metric.LIKES, view, count, normalization, language=language)
    data = sample.comparison(timelines, spec)
    found = {match["handle"]: match["figures"].split("  ") for match in COLUMN.finditer(caption(data))}
    assert len(found) == len(timelines)
    for each in timelines:
        days = (data.as_of - each.posts[: spec.count][-1].created_at) / DAY
        *figures, amount = expected(each.posts, spec, days, each.followers or 0)
        told = [cell.strip() for cell in found[each.handle] if cell.strip()]
        rounded = [floor(figure + 0.5) if view is View.RACE and figure >= 100 else figure for figure in figures]
        assert told == [*(short(figure, language) for figure in rounded), str(int(amount))]


@pytest.mark.parametrize(
    ("totals", "lead"),
    [
        ((270, 100), "2.7 times @b"),
        ((111, 100), "1.1 times @b"),
        ((109, 100), "9 ahead of @b"),
        ((100, 100), "level with @b"),
        ((1_000_000, 1), "1M times @b"),
        ((100, 0), None),
    ],
)
def test_the_lead_is_what_the_totals_say(totals: tuple[int, int], lead: str | None) -> None:
    posts = sample.make_up()[0].posts[0]
    timelines = [
        Timeline(handle, (posts._replace(counts=posts.counts._replace(reposts=total)),))
        for handle, total in zip("ab", totals, strict=True)
    ]
    told = " · ".join(words(drawn(sample.comparison(timelines, ChartSpec(view=View.RACE, count=1)))))
    assert (lead or "@a") in told
    assert lead is not None or not re.search("times|ahead|level", told)
