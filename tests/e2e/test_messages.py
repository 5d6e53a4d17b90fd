"""Messages that no process of ours sent: nothing of them is run, and the ticks go on."""

from pathlib import Path

import pytest
from kombu import Connection

from pipeline.messaging.celery_app import ASKED, CHARTS, TICKS, UPLOADS
from pipeline.settings import Settings
from tests.conftest import until
from tests.e2e.house import House


class Harm:
    """Unpickling it makes a folder."""

    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.mkdir, (self.proof,)


@pytest.mark.parametrize("queue", [TICKS, CHARTS, ASKED, UPLOADS])
def test_a_pickled_message_is_refused_and_harms_nothing(plain_house: House, queue: str, tmp_path: Path) -> None:
    before = _log(plain_house).count("Refusing to deserialize")
    _send(plain_house, queue, [[Harm(tmp_path / "harm")], {}, {}], serializer="pickle")
    until(lambda: _log(plain_house).count("Refusing to deserialize") > before)
    _assert_ticks_go_on(plain_house)
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize(
    ("task", "args"), [("os.system", ["true"]), ("read", [[["x"]]]), ("conclude", [["none"], "turn"]), ("plot", [0])]
)
def test_a_message_for_no_task_or_with_wrong_arguments_harms_nothing(
    plain_house: House, task: str, args: list[object]
) -> None:
    before = len(_log(plain_house))
    _send(plain_house, CHARTS, [args, {}, {}], task=task)
    until(lambda: task in _log(plain_house)[before:] or "failed" in _log(plain_house)[before:], within_s=5)
    _assert_ticks_go_on(plain_house)


def _send(house: House, queue: str, body: object, serializer: str = "json", task: str = "tick") -> None:
    settings = Settings(data_dir=house.folder / "data", _env_file=None)
    with Connection(settings.redis.for_celery) as connection:
        headers = {"id": "made-up", "task": task, "lang": "py", "argsrepr": "", "kwargsrepr": ""}
        connection.Producer(serializer=serializer).publish(body, routing_key=queue, headers=headers)


def _assert_ticks_go_on(house: House) -> None:
    before = _log(house).count("tick: ")
    until(lambda: _log(house).count("tick: ") > before + 1)


def _log(house: House) -> str:
    return house.log.read_text(errors="replace")
