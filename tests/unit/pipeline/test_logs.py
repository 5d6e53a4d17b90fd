import errno
import json
import logging
import os
import subprocess
import sys
import time
from socket import gaierror

import pytest
from redis import ConnectionError as RedisConnectionError
from redis import DataError, OutOfMemoryError, ReadOnlyError
from sqlalchemy.exc import OperationalError

from pipeline import logs
from pipeline.settings import Settings
from pipeline.user_agent import VERSION
from tests.conftest import ROOT

SECRET = "4242:marked-telegram-token-0123456789"


def test_no_secret_shows_at_any_level_in_message_arguments_or_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before = (root.level, root.handlers[:])
    try:
        logs.configure("bot", Settings(telegram_bot_token=SECRET, _env_file=None))
        root.setLevel(logging.DEBUG)
        logging.getLogger("any").debug("GET https://api.telegram.org/bot%s/getMe", SECRET)
        logging.getLogger("any").warning("headers %s", {"Authorization": f"Bearer {SECRET}"})
        try:
            int(SECRET)
        except ValueError:
            logging.getLogger("any").exception("failed")
    finally:
        root.setLevel(before[0])
        root.handlers[:] = before[1]
    output = capsys.readouterr().out
    assert SECRET not in output
    assert output.count("[secret]") == 3


@pytest.mark.parametrize("end", ["int(secret)", "t = Thread(target=int, args=[secret]); t.start(); t.join()"])
def test_what_ends_a_process_or_a_thread_shows_no_secret(end: str) -> None:
    program = f"from threading import Thread; from pipeline import logs; secret = {SECRET!r}; "
    program += "from pipeline.settings import Settings; given = Settings(telegram_bot_token=secret); "
    program += f"logs.configure('any', given); {end}"
    ended = subprocess.run([sys.executable, "-c", program], check=False, cwd=ROOT, capture_output=True, text=True)
    output = ended.stdout + ended.stderr
    assert "invalid literal for int() with base 10: '[secret]'" in output
    assert SECRET[9:] not in output


@pytest.mark.parametrize("name", ["httpx", "tweepy", "urllib3.connectionpool", "dropbox"])
def test_libraries_that_log_addresses_and_headers_may_only_warn(name: str) -> None:
    logs.configure("bot", Settings(_env_file=None))
    assert not logging.getLogger(name).isEnabledFor(logging.INFO)


@pytest.mark.parametrize(
    "failure",
    [
        RedisConnectionError("Error 111 connecting to 127.0.0.1:6379. Connection refused."),
        OperationalError("SELECT 1", {}, Exception("connection refused\nIs the server running?")),
        OSError(errno.ENOSPC, "No space left on device"),
        ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"),
        TimeoutError("no answer in time"),
        gaierror(-2, "Name or service not known"),
        OutOfMemoryError("command not allowed when used memory > 'maxmemory'."),
        ReadOnlyError("You can't write against a read only replica."),
    ],
)
def test_a_server_away_or_a_full_disk_is_told_in_one_line(failure: Exception) -> None:
    output = _formatted("looking failed\nby and by", failure)
    assert "Traceback" not in output
    assert "\n" not in output
    assert "looking failed" in output
    assert str(failure).partition("\n")[0] in output


@pytest.mark.parametrize(
    "failure",
    [
        KeyError("posts"),
        FileNotFoundError(errno.ENOENT, "No such file or directory", "fonts/missing.ttf"),
        PermissionError(errno.EACCES, "Permission denied", "fonts/NotoSans.ttf"),
        IsADirectoryError(errno.EISDIR, "Is a directory"),
        OSError(errno.EMFILE, "Too many open files"),
        DataError("Invalid input of type: 'NoneType'"),
    ],
)
def test_a_fault_of_ours_is_told_with_its_traceback(failure: Exception) -> None:
    assert "Traceback" in _formatted("a step failed", failure)


def _formatted(message: str, failure: Exception) -> str:
    try:
        raise failure
    except type(failure):
        record = logging.LogRecord("any", logging.ERROR, "", 1, message, (), sys.exc_info())
        return logs.RedactingFormatter("bot", []).format(record)


def test_json_is_one_object_a_line_without_secrets_also_with_a_traceback() -> None:
    secret = 'a "quoted" secret'
    try:
        int(secret)
    except ValueError:
        record = logging.LogRecord("any", logging.ERROR, "", 1, "failed with %s", (secret,), sys.exc_info())
    line = logs.JsonFormatter("worker", [secret]).format(record)
    fields = json.loads(line)
    assert "\n" not in line
    assert {name: fields[name] for name in ("level", "process", "logger")} == {
        "level": "error",
        "process": "worker",
        "logger": "any",
    }
    assert fields["message"].startswith("failed with [secret]\nTraceback")
    assert "quoted" not in line


@pytest.mark.parametrize(("level", "shown"), [("debug", 3), ("WARNING", 1)])
def test_the_settings_choose_what_is_logged_and_how(level: str, shown: int) -> None:
    program = (
        "import logging; from pipeline import logs; from pipeline.settings import Settings; "
        "logs.configure('any', Settings.load()); "
        "logging.getLogger('any').debug('little'); logging.getLogger('any').warning('much')"
    )
    given = {"LOG_LEVEL": level, "LOG_FORMAT": "json", "PATH": os.environ["PATH"]}
    ended = subprocess.run(
        [sys.executable, "-c", program], env=given, cwd=ROOT, capture_output=True, text=True, check=True
    )
    lines = [json.loads(line)["message"] for line in ended.stdout.splitlines()]
    assert len(lines) == shown
    assert lines[-1] == "much"
    assert shown == 1 or lines[0] == f"Tallybird {VERSION}: any starts"


def test_the_times_of_the_log_are_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        record = logging.makeLogRecord({"msg": "written", "created": 1_700_000_000.25, "msecs": 250.0})
        assert logs.RedactingFormatter("bot", []).format(record).startswith("2023-11-14T22:13:20.250Z ")
    finally:
        monkeypatch.undo()
        time.tzset()
