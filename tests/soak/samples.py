"""Samples of what all processes take, and of how far behind they are."""

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import httpx
import psutil
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.deployment import Deployment
from tests.soak.faults import Faults
from tests.soak.shown import Shown

MEGABYTE = 2**20
TOO_MANY = 429
Metrics = Mapping[str, Metric]


@dataclass(frozen=True)
class Sample:
    """What holds at a moment. What the bot tells by /metrics is None while it does not answer.

    pss_mb: of all processes together. lag_s: from the reading of figures until a chart showed them, the mean by the
    bot's metrics since its start. seen_lag_s, slowest_s: the median and the longest from a figure's change until a
    chart showed it, since the last sample. late_charts: live charts that lack a figure for more than three ticks and
    the time that Telegram's limits take. anew: messages that were sent beside the edited ones. refused: Telegram's
    answers with 429, those of faults too. other_files_mb: of DATA_DIR, without the database's.
    written_mb, cpu_s: by all processes that ever ran. changes: of figures.
    """

    at: float
    minute: float
    pss_mb: float
    pss_by_process: dict[str, float]
    redis_mb: float | None
    queues: dict[str, int] | None
    tick_age_s: float | None
    oldest_reading_s: float | None
    lag_s: float | None
    seen_lag_s: float | None
    slowest_s: float | None
    late_charts: int
    anew: int
    refused: int
    database_mb: float | None
    data_dir_mb: float
    other_files_mb: float
    written_mb: float
    written_by_process: dict[str, float]
    cpu_s: float
    changes: int
    faults: list[str]

    def as_json(self) -> dict[str, object]:
        return {name: round(value, 2) if isinstance(value, float) else value for name, value in asdict(self).items()}


class Sampler:
    """allowed_s: how old a figure may be that a live chart lacks."""

    def __init__(self, deployment: Deployment, shown: Shown, faults: Faults, allowed_s: float) -> None:
        self.deployment, self.shown, self.faults, self.allowed_s = deployment, shown, faults, allowed_s
        self.samples: list[Sample] = []
        self.started_at = self.last_at = time.time()
        self._used: dict[tuple[str, int, float], tuple[float, float]] = {}

    def sample(self) -> Sample:
        now = time.time()
        pss = self._pss()
        metrics = _scrape(self.deployment.environment["HEALTH_PORT"])
        lags, data_dir = self.shown.take_lags(), self.deployment.folder / "data"
        sample = Sample(
            at=now,
            minute=(now - self.started_at) / 60,
            pss_mb=sum(pss.values()),
            pss_by_process={name: round(size, 1) for name, size in pss.items()},
            redis_mb=_in_megabytes(_largest(metrics, "redis_memory_bytes")),
            queues=_by_label(metrics, "queue_messages", "queue"),
            tick_age_s=_largest(metrics, "last_tick_age_seconds"),
            oldest_reading_s=_largest(metrics, "oldest_reading_age_seconds"),
            lag_s=_mean(metrics, "delivery_lag_seconds"),
            seen_lag_s=median(lags) if lags else None,
            slowest_s=max(lags, default=None),
            late_charts=self.shown.late(self.allowed_s),
            anew=self.shown.statuses["sendPhoto", 200] + self.shown.statuses["sendMessage", 200],
            refused=sum(number for (_, status), number in self.shown.statuses.items() if status == TOO_MANY),
            database_mb=_in_megabytes(_largest(metrics, "database_size_bytes")),
            data_dir_mb=_size(data_dir.rglob("*")),
            other_files_mb=_size(path for path in data_dir.rglob("*") if not path.name.startswith("tallybird.db")),
            written_mb=sum(written for _, written in self._used.values()),
            written_by_process=self._written(),
            cpu_s=sum(cpu for cpu, _ in self._used.values()),
            changes=sum(len(each.changed_at) for each in self.faults.load.comparisons),
            faults=[each.name for each in self.faults.happened if each.started_at >= self.last_at],
        )
        self.last_at = now
        self.samples.append(sample)
        return sample

    def _pss(self) -> dict[str, float]:
        """The memory of each of the Procfile's processes with its children, of Redis and of the supervisor, in MB."""
        sizes = defaultdict[str, float](float)
        groups = {
            name: [process, *process.children(recursive=True)]
            for name, process in self.deployment.processes().items()
            if " " not in name  # the supervisor's own `cat`
        } | {"supervisor": [self.deployment.supervisor]}
        for name, processes in groups.items():
            for process in processes:
                with suppress(psutil.NoSuchProcess):
                    sizes[name] += process.memory_full_info().pss / MEGABYTE
                    times = process.cpu_times()
                    used = times.user + times.system, process.io_counters().write_bytes / MEGABYTE
                    self._used[name, process.pid, process.create_time()] = used
        return dict(sizes)

    def _written(self) -> dict[str, float]:
        """What all processes by each name have sent to the disk, in MB."""
        written = defaultdict[str, float](float)
        for (name, _, _), (_, sent) in self._used.items():
            written[name] += sent
        return {name: round(sent, 1) for name, sent in written.items()}


def _scrape(port: str) -> Metrics:
    """The bot's metrics by name; none where it does not answer."""
    try:
        text = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text
    except httpx.TransportError:
        return {}
    return {family.name: family for family in text_string_to_metric_families(text)}


def _values(metrics: Metrics, name: str, suffix: str = "") -> Iterable[float]:
    family = metrics.get(f"tallybird_{name}")
    return [each.value for each in family.samples if each.name == family.name + suffix] if family else []


def _largest(metrics: Metrics, name: str) -> float | None:
    return max(_values(metrics, name), default=None)


def _mean(metrics: Metrics, name: str) -> float | None:
    count = sum(_values(metrics, name, "_count"))
    return sum(_values(metrics, name, "_sum")) / count if count else None


def _by_label(metrics: Metrics, name: str, label: str) -> dict[str, int] | None:
    family = metrics.get(f"tallybird_{name}")
    return {each.labels[label]: int(each.value) for each in family.samples} if family else None


def _in_megabytes(size: float | None) -> float | None:
    return None if size is None else size / MEGABYTE


def _size(files: Iterable[Path]) -> float:
    """What they take of the disk, in MB."""
    total = 0
    for path in files:
        with suppress(FileNotFoundError):  # datasets are replaced
            total += path.stat().st_blocks * 512
    return total / MEGABYTE
