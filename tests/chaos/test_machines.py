"""Three machines that share PostgreSQL, RabbitMQ and Redis: each in turn is killed, frozen and cut off."""

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from pipeline.messaging.celery_app import SLOTS
from pipeline.messaging.living_workers import EXPIRES_S
from pipeline.steps import dataset_file, upload
from tests.chaos.conftest import Report
from tests.chaos.machines import HOST, Machine, all_running, bridged
from tests.chaos.stages import delivering, drawing, fetching
from tests.chaos.subscribers import Subscribers, nothing_lost_or_repeated, pause
from tests.conftest import until
from tests.e2e.celery_tools import start_tool
from tests.e2e.chat import Chat, Json, Sandbox
from tests.e2e.deployment import UNLIMITED, make_database, running_sandbox
from tests.e2e.figures import own_posts
from tests.servers import PostgreSQL, RabbitMQ, Redis, traversable_folder

pytestmark = pytest.mark.timeout(400)
TICK_S = 5
EVERYTHING = ("worker", "slow", "beat", "bot")
PROCESSES = (EVERYTHING, EVERYTHING, ("worker",))
AHEAD = (timedelta(seconds=4), timedelta(minutes=-3), timedelta(minutes=5))
"""Of each machine's clock."""
ACCOUNTS = 8
START_S = 90
TAKEN_OVER_WITHIN_S = 15
SHARED_TICKS = 12
STAGES = {"speaks": delivering, "stands by": drawing, "draws": fetching}
"""What is under way when a machine fails, by its role: its bot's, or none's."""
FAULTS = (Machine.killed, Machine.frozen, Machine.cut_off)
Fault = Callable[[Machine], AbstractContextManager[None]]


@dataclass
class Cluster:
    machines: list[Machine]
    subscribers: Subscribers

    @property
    def sandbox(self) -> Sandbox:
        return self.subscribers.deployment.sandbox

    def with_role(self, role: str) -> Machine:
        *with_bot, without = self.machines
        speaking, waiting = sorted(with_bot, key=_stands_by)
        return dict(zip(STAGES, (speaking, waiting, without), strict=True))[role]

    def tasks(self) -> dict[str, Counter[str]]:
        """How often each worker, by its machine, has done each task since it started."""
        output, _ = start_tool(self.machines[0], "inspect", "stats", "--timeout", "3", "--json").communicate(timeout=60)
        answers = json.loads(output)
        names = {name: name.partition("@") for name in answers}
        return {host: Counter(answers[name]["total"]) for name, (kind, _, host) in names.items() if kind == "worker"}

    def in_dropbox(self) -> dict[str, str]:
        """The datasets there: their versions by their names."""
        paths = [file["path"] for file in self.sandbox.get("dropbox/files") if "-last-" in file["path"]]
        return {path[1:]: dataset_file.version(self.sandbox.bytes(f"dropbox/files{path}")) for path in paths}

    def ticks_shared(self, ticks: int) -> dict[str, Counter[str]]:
        """The tasks of each worker in so many ticks, in each of which all charts change."""
        before = self.tasks()
        for _ in range(ticks):
            self.subscribers.wait_for(self.subscribers.raise_count(), within_s=4 * TICK_S)
        return {host: tasks - before[host] for host, tasks in self.tasks().items()}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, timelines: Path) -> Iterator[Cluster]:
    def folder(name: str) -> Path:
        return tmp_path_factory.mktemp(name)

    with (
        bridged() as bridge,
        traversable_folder() as for_postgresql,
        PostgreSQL(for_postgresql, HOST).running() as postgresql,
        RabbitMQ(folder("rabbitmq"), HOST).running() as rabbitmq,
        Redis(folder("redis"), HOST).running() as redis,
        running_sandbox(folder("sandbox"), "--posts", str(timelines), host=HOST) as address,
    ):
        settings = {
            "DATABASE_URL": f"{postgresql.url}/tallybird",
            "BROKER_URL": rabbitmq.url,
            "REDIS_URL": redis.url,
            "NETWORKS": "x",
        }
        machines = [
            Machine(number, folder(f"machine{number}"), Sandbox(address), processes, settings, TICK_S, ahead)
            for number, (processes, ahead) in enumerate(zip(PROCESSES, AHEAD, strict=True), start=1)
        ]
        make_database(machines[0].folder / "data", machines[0].database)
        with all_running(machines, bridge):
            machines[0].sandbox.post("x/limits", **UNLIMITED)
            until(lambda: all(is_ready(machine) for machine in machines), START_S)
            yield Cluster(machines, subscribe(machines[0], timelines))


def subscribe(deployment: Machine, timelines: Path) -> Subscribers:
    """Chats subscribed to the same post's account, each with another one beside it."""
    posts = own_posts(timelines)
    small = [name for name, rows in posts.items() if max(int(row["retweets"]) for row in rows) < 9_000][:ACCOUNTS]
    subscribers = Subscribers(deployment, small[:2], posts[small[0]][0]["post_id"], live=1, new=1)
    for number, handle in enumerate(small[2:], start=2):
        chat = deployment.chat(number)
        chat.ask(f"/track {small[0]} {handle}", within_s=60)
        chat.chart("/subscribe", within_s=60)
        subscribers.live.append(chat)
    return subscribers


def is_ready(machine: Machine) -> bool:
    log = machine.log.read_text(errors="replace")
    ready = f"worker@{machine.name} ready" in log
    return ready and ("bot" not in machine.procfile.read_text() or "waits as its" in log or "speaks to" in log)


def _stands_by(machine: Machine) -> bool:
    said = re.findall(r"waits as its standby|speaks to Telegram", machine.log.read_text(errors="replace"))
    return "waits" in said[-1]


def answers(person: Chat, after: int) -> list[Json]:
    return [message for message in person.messages(after) if message["by_bot"]]


def seconds_until_answered(person: Chat) -> float:
    since, sent = time.monotonic(), person.send("/id")
    until(lambda: answers(person, sent), within_s=TAKEN_OVER_WITHIN_S)
    return time.monotonic() - since


def test_ticks_readings_and_charts_are_shared_by_all_workers(cluster: Cluster, report: Report) -> None:
    with nothing_lost_or_repeated(cluster.subscribers):
        shared = cluster.ticks_shared(SHARED_TICKS)
    together = sum(shared.values(), Counter[str]())
    for task in ("tick", "fetch", "draw"):
        shares = sorted(tasks[task] for tasks in shared.values())
        assert shares[0] >= together[task] / len(cluster.machines) / 4, (task, shares)
        report(f"{task}: of {together[task]} each machine did {', '.join(map(str, shares))}")
    assert together["fetch"] / together["store"] > SLOTS, together
    report(f"chunks of a tick, with {SLOTS} slots a machine: {together['fetch'] / together['store']:.1f}")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("role", STAGES)
def test_a_machine_that_fails(cluster: Cluster, role: str, fault: Fault, report: Report) -> None:
    subscribers, person = cluster.subscribers, cluster.machines[0].chat(600)
    subscribers.wait_for(subscribers.raise_count(), within_s=3 * TICK_S)
    machine, last = cluster.with_role(role), person.send("/id")
    until(lambda: answers(person, last))
    before = machine.log.stat().st_size
    with nothing_lost_or_repeated(subscribers):
        with ExitStack() as failing:
            subscribers.raise_count()
            with STAGES[role](machine):
                failing.enter_context(fault(machine))
            since, figure = time.monotonic(), subscribers.raise_count()
            answered_s = seconds_until_answered(person)
            subscribers.wait_for(figure, within_s=TAKEN_OVER_WITHIN_S + 3 * TICK_S)
            fresh_s = time.monotonic() - since
            again_s = subscribers.wait_for(figure := subscribers.raise_count(), within_s=3 * TICK_S)
            until(partial(subscribers.is_uploaded, figure), within_s=upload.CLAIM.seconds + 3 * TICK_S)
        if fault is Machine.killed or role == "speaks":
            until(lambda: is_back(machine, before), START_S)
        pause(2 * TICK_S)
        back_s = subscribers.wait_for(subscribers.raise_count(), within_s=3 * TICK_S)
        assert len(answers(person, last)) == 2, "each command is answered once"
    name = f"a machine that {role} is {fault.__name__.replace('_', ' ')}"
    report(
        f"{name}: answers after {answered_s:.1f} s, then fresh after {again_s:.1f} s, {back_s:.1f} s", fresh_s=fresh_s
    )


def is_back(machine: Machine, written: int) -> bool:
    """Whether all processes are ready that started since the log was so long, among them the bot where it has one."""
    log = machine.log.read_bytes()[written:].decode(errors="replace")
    has_bot = "bot" in machine.procfile.read_text()
    return (f"worker@{machine.name} ready" in log or "has taken over" in log) and (not has_bot or "standby" in log)


def datasets(machine: Machine) -> dict[str, str]:
    """Those in its DATA_DIR: their versions by their names."""
    paths = (machine.folder / "data/datasets").glob("*-last-*.csv")
    return {path.name: dataset_file.version(path.read_bytes()) for path in paths}


def test_datasets_are_in_dropbox_alone_until_one_data_dir_is_left(cluster: Cluster, report: Report) -> None:
    subscribers, machines = cluster.subscribers, cluster.machines
    with nothing_lost_or_repeated(subscribers):
        subscribers.wait_for(subscribers.raise_count(), within_s=3 * TICK_S)
        until(lambda: not any(map(datasets, machines)), within_s=20 * TICK_S)
        for machine in machines[1:]:
            machine.stop()
        since = time.monotonic()
        until(lambda: datasets(machines[0]) == cluster.in_dropbox(), within_s=EXPIRES_S + 5 * TICK_S)
    number, seconds = len(cluster.in_dropbox()), time.monotonic() - since
    report(f"{number} datasets, written to the only DATA_DIR left after {seconds:.0f} s")
