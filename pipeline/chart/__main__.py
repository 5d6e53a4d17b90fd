"""`python -m pipeline.chart [FILE.csv] OUTDIR` draws a gallery of charts as PNG, SVG and PDF; see OUTDIR/index.html."""

from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
from itertools import product
from pathlib import Path
from typing import get_args

from pipeline.chart import sample
from pipeline.chart.caption import caption
from pipeline.chart.render import FileFormat, draw, render
from pipeline.chart.sample import Timeline
from pipeline.chart.views import VIEWS, fitted, usual_normalization
from pipeline.i18n import STATE_NAMES
from pipeline.records import (
    ChartData,
    ChartSpec,
    Counts,
    Language,
    Metric,
    Normalization,
    Post,
    Span,
    State,
    Theme,
    View,
)

SIZES = (1, 2, 5, 10, 25)
USUAL = 5
FILE_FORMATS: tuple[FileFormat, ...] = get_args(FileFormat)
SPECS = {
    "per-1000-views": [
        ChartSpec(Metric.LIKES, view, normalization=Normalization.RATE) for view in (View.SPREAD, View.POSTS, View.RACE)
    ],
    "per-1000-followers": [
        ChartSpec(view=view, normalization=Normalization.FOLLOWERS) for view in (View.SPREAD, View.POSTS, View.RACE)
    ],
    "in-total": [ChartSpec(view=View.RACE)],
    "engagement": [ChartSpec(Metric.ENGAGEMENT, view) for view in View],
    "hour": [ChartSpec(view=View.GROWTH, span=Span.HOUR)],
    "week": [ChartSpec(view=View.GROWTH, span=Span.WEEK)],
    "spanish": [ChartSpec(view=view, language=Language.SPANISH) for view in View],
}
"""Further charts of the usual number of accounts, by what is special about them."""
WIDEST, LONGEST = "W" * 15, "someone.very.long@mastodon.example.socia"
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Charts</title>
<style>
:root {{ color-scheme: light dark; font: 15px/1.4 system-ui, sans-serif; }}
body {{ margin: 1rem; background: light-dark(#dfe7ee, #0e1621); }}
section {{ display: flex; flex-wrap: wrap; gap: 1rem; align-items: start; }}
figure {{ margin: 0; width: min(330px, 100%); background: light-dark(#fff, #17212b); }}
img {{ display: block; width: 100%; height: auto; }}
figcaption {{ padding: .5rem .6rem; white-space: pre-wrap; overflow-wrap: anywhere; }}
code {{ font: 13px/1.4 ui-monospace, monospace; color: light-dark(#3a6d99, #8ec5ff); }}
</style>
{sections}
</html>
"""


@dataclass(frozen=True, slots=True)
class Picture:
    """One chart of the gallery, under its file's name."""

    name: str
    data: ChartData


def main(folder: Path, file: Path | None) -> None:
    timelines = sample.read(file) if file else sample.make_up()
    folder.mkdir(parents=True, exist_ok=True)
    parts = {
        **{f"{size} of them": list(_of_size(timelines[:size], size)) for size in SIZES},
        "Other charts": list(_other_specs(timelines[:USUAL])),
        "The second page": list(_second_pages(timelines)),
        "Several networks": list(_mixed()),
        "Extremes": list(_extremes(timelines[0])),
    }
    for picture in (picture for pictures in parts.values() for picture in pictures):
        page = draw(picture.data)
        for file_format in FILE_FORMATS:
            (folder / f"{picture.name}.{file_format}").write_bytes(render(page, file_format))
    sections = "\n".join(_section(name, pictures) for name, pictures in parts.items())
    (folder / "index.html").write_text(PAGE.format(sections=sections), encoding="utf-8")


def _of_size(timelines: Sequence[Timeline], size: int) -> Iterator[Picture]:
    networks = [each.network for each in timelines]
    for view, theme in product(View, Theme):
        spec = ChartSpec(view=view, theme=theme, normalization=usual_normalization(view, networks))
        yield Picture(f"{view}-{size}-{theme}", sample.comparison(timelines, spec))


def _other_specs(timelines: Sequence[Timeline]) -> Iterator[Picture]:
    for kind, specs in SPECS.items():
        for spec in specs:
            yield Picture(f"{kind}-{spec.view}", sample.comparison(timelines, spec))


def _second_pages(timelines: Sequence[Timeline]) -> Iterator[Picture]:
    for view in View:
        yield Picture(f"second-page-{view}", sample.comparison(timelines, ChartSpec(view=view, page=2)))


def _mixed() -> Iterator[Picture]:
    """Accounts of all networks, as counted and per 1,000 followers."""
    timelines = sample.of_each_network()
    for metric, view in product((Metric.REPOSTS, Metric.VIEWS, Metric.ENGAGEMENT), View):
        for normalization in VIEWS[view].measures:
            spec = ChartSpec(metric, view, normalization=normalization)
            yield Picture(f"mixed-{metric}-{view}-{normalization}", sample.comparison(timelines, fitted(spec)))


def _extremes(timeline: Timeline) -> Iterator[Picture]:
    """Data that seldom occur."""
    viral = _counted(timeline.posts[0], 3_000_000)
    cases = {
        "all-zero": [
            Timeline(handle, tuple(_counted(post, 0) for post in timeline.posts)) for handle in ("zero", "nought")
        ],
        "viral": [Timeline(WIDEST, (viral, *timeline.posts[1:])), replace(timeline, handle=LONGEST)],
        "one-post": [Timeline("beginner", timeline.posts[:1])],
        "stale-and-empty": [
            replace(timeline, note=sample.STALE),
            Timeline(WIDEST, (), STATE_NAMES[State.MISSING]),
        ],
        "nobody": [],
    }
    for (name, timelines), view in product(cases.items(), View):
        yield Picture(f"{name}-{view}", sample.comparison(timelines, ChartSpec(view=view)))


def _counted(post: Post, reposts: int) -> Post:
    return post._replace(counts=Counts(reposts, views=reposts * 100))


def _section(name: str, pictures: Sequence[Picture]) -> str:
    return f"<h2>{escape(name)}</h2>\n<section>\n{''.join(map(_figure, pictures))}</section>"


def _figure(picture: Picture) -> str:
    file = f"{picture.name}.png"
    image = f'<a href="{file}"><img src="{file}" alt="{picture.name}" loading="lazy"></a>'
    links = " ".join(f'<a href="{picture.name}.{each}">{each.upper()}</a>' for each in FILE_FORMATS)
    return f"<figure>{image}<figcaption>{_in_html(caption(picture.data))}\n{links}</figcaption></figure>\n"


def _in_html(text: str) -> str:
    """The caption as a chat shows it: what stands between backticks in letters of one width."""
    parts = enumerate(escape(text).split("`"))
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in parts)


if __name__ == "__main__":
    parser = ArgumentParser(description="Draw the charts of a file of timelines, or made-up ones.")
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("folder", type=Path)
    asked = parser.parse_args()
    main(asked.folder, asked.file)
