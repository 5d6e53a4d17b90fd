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
    """The names, without their hosts, of the workers that answer `celery inspect` or `celery control`."""
    output, errors = start_tool(deployment, *arguments, "--timeout", "3", "--json").communicate(timeout=60)
    assert "Traceback" not in errors
    answers = json.loads(output)  # inspect prints one object for all workers, control one for each
    objects = answers if isinstance(answers, list) else [answers]
    return {name.partition("@")[0] for each in objects for name in each}


def events_until(deployment: Deployment, text: str) -> str:
    """What `celery events --dump` prints, up to the first line with this text."""
    with start_tool(deployment, "events", "--dump") as monitor:
        try:
            output = ""
            assert monitor.stdout
            while text not in output:
                line = monitor.stdout.readline()
                assert line, "the monitor ended"
                output += line
            return output
        finally:
            monitor.terminate()
