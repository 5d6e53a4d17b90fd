"""The example step: a chart of made-up accounts, for people who have not tracked any yet."""

from dataclasses import replace

from pipeline.chart import render, sample
from pipeline.messaging import client
from pipeline.records import ChartSpec, Language, Theme
from pipeline.steps.resources import Resources

NAMES = ("example_bakery", "example_museum", "example_radio", "example_zoo")


def example(resources: Resources, theme: Theme, language: Language) -> client.Example:
    """Draw the example and leave its PNG where the bot finds it. Nothing is read and nothing is stored."""
    accounts = [replace(each, handle=name) for name, each in zip(NAMES, sample.make_up(), strict=False)]
    data = sample.comparison([replace(each, note=None) for each in accounts], ChartSpec(theme=theme, language=language))
    return client.Example(resources.blobs.put(render.render(render.draw(data), "png")))
