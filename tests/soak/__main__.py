"""`make soak`: the whole product for an hour at 500 accounts and 300 live charts, with a fault every few minutes.

MINUTES=60 SEED=1 PLOT=soak.png. Prints a sample as JSON each half minute, and at the end a table and a verdict. Fails
where something was lost or sent twice, where charts did not recover, and where memory, queues or disk grow without end.
DATABASE_URL, REDIS_URL and BROKER_URL choose other servers than the private ones.
"""

import json
import os
import sched
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.rate_limits import REQUESTS_PER_SECOND
from tests.chaos.data_loss import take_snapshot
from tests.conftest import free_port
from tests.e2e.deployment import Deployment, running
from tests.soak import report
from tests.soak.faults import Faults
from tests.soak.load import CHART_OFFSETS, LIVE_CHARTS, Load
from tests.soak.samples import Sampler
from tests.soak.shown import Shown

TICK_S, SAMPLE_S, FOLLOW_S = 10, 27, 3
"""No sample comes at the same moment of a tick as the one before."""
ALLOWED_S = 3 * TICK_S + LIVE_CHARTS / REQUESTS_PER_SECOND
"""Three ticks, and the time in which Telegram's limits let a chart into every chat."""
LAST_FAULT_BEFORE_S = 120
"""The end: so that charts can recover from the last fault too."""
SETTINGS = {"X_DAILY_USD": "100000", "X_MONTHLY_USD": "100000"}
SERVERS = ("DATABASE_URL", "REDIS_URL", "BROKER_URL")


def main(args: Namespace) -> int:
    settings = SETTINGS | {"HEALTH_PORT": str(free_port())}
    settings |= {name: os.environ[name] for name in SERVERS if name in os.environ}
    with (
        TemporaryDirectory(prefix="tallybird-soak-") as folder,
        running(Path(folder), None, settings, tick_s=TICK_S) as deployment,
    ):
        try:
            outcome, started_at = _soak(deployment, args)
        finally:
            if args.log:
                args.log.write_bytes(deployment.log.read_bytes())
    print(*report.table(outcome.samples), "", sep="\n")
    print(*report.recoveries(outcome.faults, started_at), "", sep="\n")
    print(*report.verdict(outcome), sep="\n")
    if args.plot:
        report.plot(outcome.samples, outcome.faults, started_at, args.plot)
    return int(bool(outcome.problems))


def _soak(deployment: Deployment, args: Namespace) -> tuple[report.Outcome, float]:
    load = Load(deployment)
    before = take_snapshot(deployment)
    shown = Shown(load)
    faults = Faults(deployment, load, shown, args.seed)
    sampler = Sampler(deployment, shown, faults, ALLOWED_S)
    plan = sched.scheduler()
    length_s, kill_every_s = args.minutes * 60, args.kill_every * 60

    def hit_process() -> None:
        delay_s, end = faults.hit_process(kill_every_s / 2)
        plan.enter(delay_s, 0, end)

    def look() -> None:
        shown.follow()
        faults.look()

    def sample() -> None:
        print(json.dumps(sampler.sample().as_json()), flush=True)

    faults_end_s = length_s - LAST_FAULT_BEFORE_S
    _repeat(plan, load.change_half, TICK_S, length_s)
    _repeat(plan, look, FOLLOW_S, length_s)
    _repeat(plan, sample, SAMPLE_S, length_s)
    _repeat(plan, hit_process, kill_every_s, faults_end_s)
    _repeat(plan, faults.hit_service, kill_every_s, faults_end_s, first_s=1.6 * kill_every_s)
    plan.run()
    deployment.sandbox.delete("faults")
    fresh_s = _seconds_until_fresh(load)
    look()
    lost = take_snapshot(deployment).lost_since(before)
    return report.Outcome(sampler.samples, faults.happened, lost, _twice(load), fresh_s, ALLOWED_S), sampler.started_at


def _repeat(
    plan: sched.scheduler, action: Callable[[], None], every_s: float, until_s: float, first_s: float | None = None
) -> None:
    at_s, now = first_s or every_s, time.monotonic()
    while at_s <= until_s:
        plan.enterabs(now + at_s, 1, action)
        at_s += every_s


def _seconds_until_fresh(load: Load) -> float | None:
    """Change every chart's figures; returns the seconds until all show them, None where they take too long."""
    load.change(load.comparisons)
    changed_at = time.monotonic()
    waiting = load.charts
    while waiting := [chart for chart in waiting if not chart.is_fresh]:
        if time.monotonic() - changed_at > ALLOWED_S:
            for chart in waiting:
                print(f"not {chart.comparison.figures} in chat {chart.chat.id}:\n{chart.caption}")
            return None
        time.sleep(1)
    return time.monotonic() - changed_at


def _twice(load: Load) -> list[str]:
    """Chats with more charts than they asked for, and with a text that came more than once."""
    found = list[str]()
    for chat in load.chats:
        messages = [message for message in chat.messages() if message["by_bot"]]
        charts = [message for message in messages if message["photo"]]
        texts = [message["text"] for message in messages if message["text"]]
        if len(charts) != len(CHART_OFFSETS):
            found.append(f"{chat.id} has {len(charts)} live charts of {len(CHART_OFFSETS)}")
        found += [f"{chat.id} was told twice: {text}" for text in set(texts) if texts.count(text) > 1]
    return found


if __name__ == "__main__":
    parser = ArgumentParser(prog="python -m tests.soak")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--kill-every", type=float, default=3, help="minutes between two faults of processes")
    parser.add_argument("--seed", type=int, default=1, help="of the faults' order")
    parser.add_argument("--plot", type=Path, help="where the plot goes")
    parser.add_argument("--log", type=Path, help="where the processes' log goes")
    sys.exit(main(parser.parse_args()))
