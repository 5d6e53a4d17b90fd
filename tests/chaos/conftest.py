"""Faults of every part, on real servers and processes. A table at the end says what each one costs."""

from collections.abc import Callable

import pytest

COLUMNS = ("fault", "what was lost", "s until the next fresh chart")

Report = Callable[..., None]


@pytest.fixture
def report(record_property: Callable[[str, object], None]) -> Report:
    """Adds a line to the table: the fault, what was lost, and the seconds until the next fresh chart."""

    def note(fault: str, *, lost: str = "nothing", fresh_s: float | None = None) -> None:
        record_property("chaos", (fault, lost, "" if fresh_s is None else f"{fresh_s:.1f}"))

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for name in ("passed", "failed") for report in terminalreporter.getreports(name)]
    rows = [row for report in reports for name, row in report.user_properties if name == "chaos"]
    if not rows:
        return
    table = [COLUMNS, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(COLUMNS))]
    terminalreporter.section("faults")
    for row in table:
        terminalreporter.write_line("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))
