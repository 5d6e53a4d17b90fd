"""Celery's own command-line tools, run against a deployment."""

import json
import subprocess
import sys

from tests.e2e.deployment import Deployment


def start_tool(deployment: Deployment, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "celery", "-A", "pipeline", *arguments]
    environment = deployment.environment | {"PYTHONUNBUFFERED": "1"}
    output = subprocess.PIPE
    return subprocess.Popen(command, cwd=deployment.folder, env=environment, stdout=output, stderr=output, text=True)


def workers_answering(deployment: Deployment, *arguments: str) -> set[str]:
    """The names, without their hosts, of the workers that answer `celery inspect` or `celery control` in time."""
    output, errors = start_tool(deployment, *arguments, "--timeout", "3", "--json").communicate(timeout=60)
    assert "Traceback" not in errors
    answers = json.loads(output or "[]")  # inspect prints one object for all workers, control one for each
    objects = answers if isinstance(answers, list) else [answers]
    return {name.partition("@")[0] for each in objects for name in each}


def wait_for_events(deployment: Deployment, *texts: str) -> None:
    """Read what `celery events --dump` prints, up to the line by which each of these texts was there."""
    with start_tool(deployment, "events", "--dump") as monitor:
        try:
            output = ""
            assert monitor.stdout
            while not all(text in output for text in texts):
                line = monitor.stdout.readline()
                assert line, "the monitor ended"
                output += line
        finally:
            monitor.terminate()
