"""Celery's own tools see the workers and their tasks, and leave no error in the log."""

import json
import subprocess
import sys

from tests.conftest import until
from tests.e2e.deployment import Deployment

WORKERS = {"worker", "uploader"}


def tool(deployment: Deployment, *words: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "celery", "-A", "pipeline", *words]
    output = subprocess.PIPE
    at_once = deployment.environment | {"PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(command, cwd=deployment.folder, env=at_once, stdout=output, stderr=output, text=True)


def told(deployment: Deployment, *words: str) -> dict[str, object]:
    """What each worker answers, by its name without the host's."""
    said, errors = tool(deployment, *words, "--timeout", "3", "--json").communicate(timeout=60)
    assert "Traceback" not in errors
    answers = json.loads(said)  # inspect tells one object for all, control one for each
    each = answers if isinstance(answers, list) else [answers]
    return {name.partition("@")[0]: answer for some in each for name, answer in some.items()}


def test_inspect_and_control_are_answered_and_events_tell_of_each_task(deployment: Deployment) -> None:
    person = deployment.chat(77)
    until(lambda: told(deployment, "inspect", "ping").keys() == WORKERS, within_s=60)
    assert told(deployment, "inspect", "active").keys() == WORKERS
    assert told(deployment, "inspect", "stats").keys() == WORKERS
    assert told(deployment, "control", "enable_events").keys() == WORKERS
    monitor = tool(deployment, "events", "--dump")
    try:
        person.send("/list")
        seen = ""
        assert monitor.stdout
        while "task succeeded" not in seen:
            line = monitor.stdout.readline()
            assert line, "the monitor ended"
            seen += line
    finally:
        monitor.terminate()
        monitor.communicate()
        told(deployment, "control", "disable_events")
    assert "task received: tick" in seen
    log = deployment.log.read_text(errors="replace")
    assert " ERROR " not in log
    assert "Traceback" not in log
