import subprocess
import sys

from pipeline.sources.x.facts import PRICE, X
from pipeline.store import Store, ledger
from tests.conftest import ROOT
from tests.integration.store.conftest import NOON

ADD = """
import sys
from datetime import date
from pipeline.store import Store, ledger
store = Store(sys.argv[1])
for _ in range(50):
    with store.write_session() as db:
        ledger.add(db, "x", date(2026, 11, 23), "posts", 1)
"""


def test_processes_that_read_and_write_side_by_side_lose_nothing(store: Store, address: str) -> None:
    with store.write_session() as db:
        ledger.add(db, "x", NOON.date(), "posts", 1)
    started = [subprocess.Popen([sys.executable, "-c", ADD, address], cwd=ROOT) for _ in range(4)]
    assert [process.wait(60) for process in started] == [0] * 4
    with store.read_session() as db:
        assert ledger.spent_usd(db, X, NOON.date(), NOON.date()) == 201 * PRICE.post_usd
