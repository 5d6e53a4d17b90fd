"""The dialogue that gets a refresh token, and whether Dropbox accepts the token."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from pipeline.dropbox.client import Dropbox
from pipeline.settings import Settings
from tests.conftest import ROOT, free_port, until


@pytest.fixture
def address() -> Iterator[str]:
    """The URL of a private sandbox."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "sandbox", "--port", str(port)], cwd=ROOT)
    until(lambda: _answers(f"http://127.0.0.1:{port}"))
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(10)


def _answers(address: str) -> bool:
    try:
        return httpx.get(address).is_success
    except httpx.TransportError:
        return False


@pytest.fixture
def login(address: str) -> Iterator["subprocess.Popen[str]"]:
    environment = os.environ | {"DROPBOX_API_URL": f"{address}/dropbox", "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "pipeline.dropbox.login"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        yield process
        process.kill()


def log_in(login: "subprocess.Popen[str]", code: str | None = None) -> str:
    """Type the app key, open the page, type its code; returns the output after that."""
    assert login.stdin is not None
    assert login.stdout is not None
    login.stdin.write("app-key\n")
    login.stdin.flush()
    page = next(found[0] for line in login.stdout if (found := re.search(r"http://127\S+", line)))
    shown = re.search(r'<code id="code">([^<]+)', httpx.get(page).text)
    assert shown is not None
    return login.communicate(f"{code or shown[1]}\n", timeout=20)[0]


def test_the_login_prints_settings_that_dropbox_accepts(login: "subprocess.Popen[str]", address: str) -> None:
    output = log_in(login)
    given = dict(re.findall(r"^(DROPBOX_\w+)=(\S+)$", output, re.MULTILINE))
    settings = Settings(
        dropbox_app_key=given["DROPBOX_APP_KEY"],
        dropbox_refresh_token=given["DROPBOX_REFRESH_TOKEN"],
        dropbox_api_url=f"{address}/dropbox",
        _env_file=None,
    )
    Dropbox(settings).put("/a.csv", b"1\r\n")
    assert httpx.get(f"{address}/_control/dropbox/files/a.csv").content == b"1\r\n"


def test_a_wrong_code_is_explained(login: "subprocess.Popen[str]") -> None:
    assert "Dropbox does not accept that code" in log_in(login, code="nonsense")
    assert login.returncode == 1
