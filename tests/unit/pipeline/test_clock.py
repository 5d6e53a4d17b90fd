"""The clock of all processes, against a server that tells the time as Redis does."""

import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from pipeline import clock
from tests.time_server import TimeServer


@pytest.fixture
def server() -> Iterator[TimeServer]:
    with TimeServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test follows, the next one follows nothing."""
    monkeypatch.setattr(clock, "_clock", clock._clock)


def distance_s() -> float:
    """How far the clock of all is ahead of this machine's."""
    return (clock.now() - datetime.now(UTC)).total_seconds()


def test_as_long_as_no_redis_is_followed_the_machines_own_clock_counts() -> None:
    assert distance_s() == pytest.approx(0, abs=0.1)
    assert clock.now().tzinfo is UTC


@pytest.mark.parametrize("ahead_s", [600, -30, 86_400])
def test_redis_clock_counts_however_far_the_machines_own_is_off(server: TimeServer, ahead_s: int) -> None:
    server.ahead = timedelta(seconds=ahead_s)
    clock.follow(server.url)
    assert distance_s() == pytest.approx(ahead_s, abs=0.3)


def test_a_jump_of_redis_clock_is_seen_at_the_next_measurement(server: TimeServer) -> None:
    clock.follow(server.url, automatic=False)
    server.ahead = -timedelta(hours=1)
    assert distance_s() == pytest.approx(0, abs=0.3)
    clock.measure()
    assert distance_s() == pytest.approx(-3600, abs=0.3)


def test_now_asks_again_by_itself_but_not_each_time(server: TimeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    clock.follow(server.url)
    for _ in range(1000):
        clock.now()
    assert server.asked <= 2
    monkeypatch.setattr(clock, "MEASURE_EVERY_S", -1)
    clock.now()
    assert server.asked >= 2


def test_while_redis_is_away_its_last_word_goes_on(server: TimeServer) -> None:
    server.ahead = timedelta(minutes=10)
    clock.follow(server.url)
    server.shutdown()
    server.server_close()
    clock._clock.attempted_at -= clock.MEASURE_EVERY_S + 1
    first, second = clock.now(), clock.now()
    assert distance_s() == pytest.approx(600, abs=0.5)
    assert first <= second


def test_an_answer_that_took_long_moves_nothing(server: TimeServer) -> None:
    clock.follow(server.url, automatic=False)
    server.ahead, server.late_s = timedelta(minutes=10), clock.SLOW_ANSWER_S + 0.1
    clock.measure()
    assert distance_s() == pytest.approx(0, abs=0.3)


def test_a_machine_whose_clock_is_off_says_so_once_and_once_when_it_goes_right(
    server: TimeServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    server.ahead = timedelta(seconds=2)
    clock.follow(server.url, automatic=False)
    assert caplog.messages == []
    for ahead_s in (600, 601, 600, 0, 1):
        server.ahead = timedelta(seconds=ahead_s)
        clock.measure()
    assert caplog.messages == [
        "this machine's clock is 600 s behind Redis', by which Tallybird goes: set it",
        "this machine's clock goes with Redis' again",
    ]
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
