"""What a person is told when a command fails, and what is logged."""

import errno
import logging
import sqlite3

import pytest
from kombu.exceptions import OperationalError as BrokerError
from redis import ConnectionError as RedisConnectionError
from redis import DataError
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from bot.command import problem_of

PIPELINE, MEMORY, FAULT = "draws charts is not answering", "reach my database", "Something went wrong"


async def failing(failure: Exception) -> None:
    raise failure


def locked() -> Exception:
    return OperationalError("SELECT 1", {}, sqlite3.OperationalError("database is locked"))


def misspelt() -> Exception:
    try:
        with create_engine("sqlite://").connect() as connection:
            connection.execute(text("SELECT * FROM no_such_table"))
    except OperationalError as error:
        return error
    raise AssertionError


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "pipeline/locale/es.po"), FAULT),
        (PermissionError(errno.EACCES, "Permission denied"), FAULT),
        (NotADirectoryError(errno.ENOTDIR, "Not a directory"), FAULT),
        (OSError(errno.EMFILE, "Too many open files"), FAULT),
        (DataError("Invalid input of type: 'NoneType'"), FAULT),
        (misspelt(), FAULT),
        (locked(), MEMORY),
        (RedisConnectionError("Error 111"), PIPELINE),
        (BrokerError("[Errno 111] Connection refused"), PIPELINE),
        (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), PIPELINE),
        (TimeoutError("no answer in time"), PIPELINE),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Exception) else each.split()[0],
)
async def test_only_a_server_that_is_away_is_described_as_that(
    failure: Exception, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    problem = await problem_of(failing(failure))
    assert problem is not None
    assert told in str(problem)
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info
    assert record.exc_info[1] is failure
