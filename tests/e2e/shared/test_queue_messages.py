"""Messages in the queues that Tallybird did not send: none is run, and ticks go on."""

from pathlib import Path

import pytest
from kombu import Connection

from pipeline.messaging.queues import CHARTS, REQUESTS, TICKS, UPLOADS
from pipeline.settings import Settings
from tests.conftest import until
from tests.e2e.deployment import Deployment


class Harm:
    """Unpickling it creates a folder."""

    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.mkdir, (self.proof,)


@pytest.mark.parametrize("queue", [TICKS, CHARTS, REQUESTS, UPLOADS])
def test_a_pickled_message_is_refused_and_harms_nothing(
    shared_deployment: Deployment, queue: str, tmp_path: Path
) -> None:
    before = _log(shared_deployment).count("Refusing to deserialize")
    _send(shared_deployment, queue, [[Harm(tmp_path / "harm")], {}, {}], serializer="pickle")
    until(lambda: _log(shared_deployment).count("Refusing to deserialize") > before)
    _assert_ticks_go_on(shared_deployment)
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize(
    ("task", "args"), [("os.system", ["true"]), ("fetch", [[["x"]]]), ("store", [["none"], "token"]), ("draw", [0])]
)
def test_a_message_for_no_task_or_with_wrong_arguments_harms_nothing(
    shared_deployment: Deployment, task: str, args: list[object]
) -> None:
    before = len(_log(shared_deployment))
    _send(shared_deployment, CHARTS, [args, {}, {}], task=task)
    until(lambda: task in _log(shared_deployment)[before:] or "failed" in _log(shared_deployment)[before:], within_s=5)
    _assert_ticks_go_on(shared_deployment)


def _send(deployment: Deployment, queue: str, body: object, serializer: str = "json", task: str = "tick") -> None:
    settings = Settings(redis_url=deployment.redis, _env_file=None)
    with Connection(settings.redis.for_celery) as connection:
        headers = {"id": "made-up", "task": task, "lang": "py", "argsrepr": "", "kwargsrepr": ""}
        connection.Producer(serializer=serializer).publish(body, routing_key=queue, headers=headers)


def _assert_ticks_go_on(deployment: Deployment) -> None:
    before = _log(deployment).count("tick: ")
    until(lambda: _log(deployment).count("tick: ") > before + 1)


def _log(deployment: Deployment) -> str:
    return deployment.log.read_text(errors="replace")
