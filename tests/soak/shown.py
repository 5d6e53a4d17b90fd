"""What people see in their live charts, and when: read from the calls that the bot makes to Telegram."""

import time
from collections import Counter

from tests.e2e.chat import Json
from tests.soak.load import FIGURE, Load

IS_SHOWN = (200, 400)
"""Telegram shows the chart, or has shown it already, where its answer was lost before."""


class Shown:
    """Follows the calls. figures: the latest figure in each live chart. statuses: how many calls were answered how."""

    def __init__(self, load: Load) -> None:
        self.sandbox = load.sandbox
        self.charts = {(chart.chat.id, chart.message_id): chart for chart in load.charts}
        self.figures = {key: chart.comparison.latest for key, chart in self.charts.items()}
        self.lags: list[float] = []
        self.statuses = Counter[tuple[str, int]]()
        self._last_call = self.sandbox.last_call()

    def follow(self) -> None:
        """Read the calls since the last time."""
        for call in self.sandbox.calls("telegram", self._last_call):
            self._last_call = call["seq"]
            self.statuses[call["method"], call["status"]] += 1
            if call["method"] == "editMessageMedia" and call["status"] in IS_SHOWN:
                self._note(call)

    def take_lags(self) -> list[float]:
        """The seconds from each change of a figure to each chart that showed it, since the last time."""
        lags, self.lags = self.lags, []
        return lags

    def late(self, allowed_s: float) -> int:
        """The number of live charts that lack a figure which is older."""
        before = time.time() - allowed_s
        return sum(
            any(at < before for at in chart.comparison.changed_after(self.figures[key]))
            for key, chart in self.charts.items()
        )

    def have(self, figures: dict[int, int]) -> bool:
        """Whether each live chart shows its comparison's figure among these, by comparison, or a later one."""
        return all(self.figures[key] >= figures[chart.comparison.number] for key, chart in self.charts.items())

    def _note(self, call: Json) -> None:
        key = call["params"]["chat_id"], call["params"]["message_id"]
        chart = self.charts.get(key)
        figure = _latest(call["params"]["media"]["caption"])
        if chart is None or figure <= self.figures[key]:
            return
        comparison = chart.comparison
        missed = comparison.changed_after(self.figures[key])
        self.lags += [call["at"] - at for at in missed[: figure - self.figures[key]]]
        self.figures[key] = figure


def _latest(caption: str) -> int:
    return max((int(figure.replace(",", "")) for figure in FIGURE.findall(caption)), default=0)
