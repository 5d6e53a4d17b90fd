"""An account's name on a picture: its handle in its colour, and its network in grey where a chart is of several.

A handle's form tells its network: the network is left out where the handle would be shortened for it, and in sentences.
"""

from pipeline.chart.paint.page import Page
from pipeline.chart.paint.typesetting import Style, elide, width
from pipeline.records import ChartRow


def name_width(row: ChartRow, style: Style) -> float:
    """The width of the whole name; style is that of its handle."""
    return width(f"@{row.handle}", style) + width(_network(row))


def write_name(  # noqa: PLR0913, PLR0917 a text's place, and what it may be
    page: Page, x: float, baseline: float, row: ChartRow, style: Style, most_px: float, among: tuple[str, ...] = ()
) -> float:
    """Write the name within this width, for which its handle may be shortened; returns its right end, in px.

    among: the handles that a shortened one must not be taken for.
    """
    handle, network = elide(f"@{row.handle}", most_px, style, among), _network(row)
    end = x + width(handle, style)
    page.text(x, baseline, handle, style)
    if not network or name_width(row, style) > most_px:
        return end
    page.text(end, baseline, network, Style(page.colours.muted))
    return end + width(network)


def _network(row: ChartRow) -> str:
    return f" · {row.network}" if row.network else ""
