"""The words of a chart are true: its figures are computed again from the raw posts."""

import re
from collections.abc import Sequence
from datetime import timedelta
from statistics import median

import pytest

from pipeline.chart import caption, sample
from pipeline.chart.numbers import short
from pipeline.chart.sample import Timeline
from pipeline.records import Basis, Language, Look, Metric, Post, View
from tests.unit.chart.test_layout import drawn, words

DAY = timedelta(days=1)
CASES = [
    (View.SPREAD, Basis.COUNT),
    (View.SPREAD, Basis.RATE),
    (View.POSTS, Basis.RATE),
    (View.RACE, Basis.COUNT),
    (View.RACE, Basis.RATE),
    (View.RACE, Basis.DAILY),
]
COLUMN = re.compile(r"`(?P<figures>[^`]*)` @(?P<handle>\w+)")


def expected(posts: Sequence[Post], look: Look, days: float) -> list[float]:
    """The figures of a caption's line, from nothing but the posts' counts and times."""
    kept = (
        [post for post in posts[: look.count] if post.counts.views] if look.basis is Basis.RATE else posts[: look.count]
    )
    counts, views = [post.counts.likes or 0 for post in kept], [post.counts.views or 0 for post in kept]
    if look.view is View.RACE:
        total = {Basis.RATE: 1000 * sum(counts) / sum(views), Basis.DAILY: sum(counts) / max(days, 1)}
        return [total.get(look.basis, sum(counts)), len(kept)]
    rates = [1000 * count / seen for count, seen in zip(counts, views, strict=True)]
    values = rates if look.basis is Basis.RATE else counts
    return [median(values), max(values), len(values)]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("count", [5, 60, 100])
@pytest.mark.parametrize(("view", "basis"), CASES)
def test_each_figure_of_a_caption_is_that_of_the_posts(
    view: View, basis: Basis, count: int, language: Language
) -> None:
    timelines = [each for each in sample.make_up()[:12] if each.posts]
    look = Look(Metric.LIKES, view, count, basis, language=language)
    data = sample.comparison(timelines, look)
    found = {match["handle"]: match["figures"].split("  ") for match in COLUMN.finditer(caption(data))}
    assert len(found) == len(timelines)
    for each in timelines:
        days = (data.as_of - each.posts[: look.count][-1].created_at) / DAY
        *figures, amount = expected(each.posts, look, days)
        told = [cell.strip() for cell in found[each.handle] if cell.strip()]
        assert told == [*(short(figure, language) for figure in figures), str(int(amount))]


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
    told = " · ".join(words(drawn(sample.comparison(timelines, Look(view=View.RACE, count=1)))))
    assert (lead or "@a") in told
    assert lead is not None or not re.search("times|ahead|level", told)
