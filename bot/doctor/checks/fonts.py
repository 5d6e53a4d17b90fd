"""The fonts of charts: whether names in several scripts can be drawn."""

import os
import tempfile
from collections.abc import Iterator

from bot.doctor.finding import Check, Finding, well, wrong
from pipeline.i18n import lazy_gettext
from pipeline.settings import BotSettings

SAMPLE = "aЖ日한ไ😀"
"""A letter of several scripts, and an emoji."""


def run(settings: BotSettings) -> Iterator[Finding]:
    """The list of fonts is Tallybird's own where it has made one; a folder made by another user would harm it."""
    with tempfile.TemporaryDirectory() as folder:
        own = settings.data_dir.absolute() / "matplotlib"
        os.environ.setdefault("MPLCONFIGDIR", str(own if os.access(own, os.W_OK) else folder))
        yield _try_to_draw()


def _try_to_draw() -> Finding:
    try:
        from pipeline.chart.paint.fonts import drawable  # noqa: PLC0415 matplotlib needs its folder first
    except (ImportError, OSError) as error:
        return wrong(
            lazy_gettext("Fonts: {problem}. Install the packages again: make setup", problem=type(error).__name__)
        )
    missing = [letter for letter in SAMPLE if drawable(letter) != letter]
    if missing:
        return wrong(lazy_gettext("Fonts: none has {letters}. Install the packages again: make setup", letters=missing))
    return well(lazy_gettext("Fonts: all there"))


CHECK = Check(lazy_gettext("Fonts"), run)
