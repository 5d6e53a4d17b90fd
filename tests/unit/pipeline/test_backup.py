"""With BACKUP_TO_DROPBOX a backup of each day gets to Dropbox, whatever fails on the way, and the last seven stay.

The step as the task calls it, on a database of its own; Dropbox's own library talks to the sandbox over HTTP.
"""

import gzip
import io
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from pipeline import restart
from pipeline.dropbox import PIECE_BYTES
from pipeline.settings import Settings
from pipeline.steps.backup import backup, is_due
from pipeline.steps.resources import Resources
from pipeline.steps.upload import has_uploads, upload
from pipeline.store import Store, circuit_breakers, dropbox_files
from pipeline.store import backup as backups
from pipeline.store.tables import Account, Gain
from tests.databases import migrate
from tests.integration.store.conftest import add_accounts
from tests.unit.sandbox.conftest import ControlApi

# The library takes naive UTC times; from Python 3.12 on that is deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)
START, APPEND, FINISH = (f"files/upload_session/{name}" for name in ("start", "append_v2", "finish"))


@pytest.fixture
def settings(tmp_path: Path, url: str) -> Settings:
    return Settings(
        dropbox_app_key="key",
        dropbox_refresh_token=SecretStr("a-refresh-token"),
        dropbox_api_url=f"{url}/dropbox",
        backup_to_dropbox="daily",
        data_dir=tmp_path,
        _env_file=None,
    )


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    store = Store(settings.database_address)
    migrate(store)
    yield store
    store.close()


@pytest.fixture
def resources(settings: Settings, store: Store) -> Resources:
    """Of a process that has just started."""
    return started(settings, store)


def started(settings: Settings, store: Store) -> Resources:
    resources = Resources(settings)
    resources.store = store
    return resources


def fill(store: Store, pieces: float) -> None:
    """Let a backup be as large as this many pieces, of bytes that cannot be packed."""
    [account_id] = add_accounts(store, "art")
    chance = random.Random(1)
    with store.write_session() as db:
        for hour in range(20):
            at, packed = NOON + timedelta(hours=hour), chance.randbytes(int(pieces * PIECE_BYTES / 20))
            db.add(Gain(account_id=account_id, grain_s=1, start_at=at, end_at=at, late=False, packed=packed))


def there(control: ControlApi) -> dict[str, int]:
    """The sizes of the files in Dropbox by their paths."""
    return {file["path"]: file["size"] for file in control.get("dropbox/files")}


def called(control: ControlApi) -> list[str]:
    """The uploading methods that Dropbox was asked for."""
    calls = control.get("calls", service="dropbox")
    return [call["method"].rpartition("/")[2] for call in calls if "upload" in call["method"]]


def test_a_backup_a_day_is_there_and_restores(
    resources: Resources, store: Store, control: ControlApi, tmp_path: Path
) -> None:
    add_accounts(store, "art")
    assert is_due(resources, NOON)
    assert not backup(resources, NOON)
    assert not is_due(resources, NOON + DAY / 4)
    path = "/backups/tallybird-2026-11-23.backup"
    assert there(control).keys() == {path}
    content = control.bytes(f"dropbox/files{path}")
    backups.load(lambda: Store(f"sqlite:///{tmp_path}/restored.db"), io.BytesIO(content), replace=False)
    restored = Store(f"sqlite:///{tmp_path}/restored.db")
    with restored.read_session() as db:
        assert [account.handle for account in db.scalars(select(Account))] == ["art"]
    restored.close()
    assert list((tmp_path / "backups").iterdir()) == []


def test_the_last_seven_stay_also_where_days_were_missed(resources: Resources, control: ControlApi) -> None:
    days = [0, 1, 2, 3, 7, 8, 9, 10, 20]
    for day in days:
        backup(resources, NOON + day * DAY)
        if has_uploads(resources, NOON + day * DAY):
            upload(resources, NOON + day * DAY)
    expected = [f"/backups/tallybird-{NOON + day * DAY:%Y-%m-%d}.backup" for day in days[-7:]]
    assert sorted(there(control)) == expected


def test_a_large_backup_goes_piece_by_piece_and_goes_on_after_failures_and_restarts(
    settings: Settings, resources: Resources, store: Store, control: ControlApi
) -> None:
    fill(store, pieces=2.2)  # base64 that is packed again takes little more
    assert backup(resources, NOON)
    control.post("faults", service="dropbox", method=APPEND, status=503, times=1, accepted=True)
    assert not backup(resources, NOON)
    with store.read_session() as db:
        assert circuit_breakers.find_open(db, "dropbox", NOON) is not None
    assert not is_due(resources, NOON)
    new = started(settings, store)
    restart.slow_starts(store, NOON)
    assert is_due(new, NOON)
    while backup(new, NOON):
        assert there(control) == {}
    [(path, size)] = there(control).items()
    assert 2 * PIECE_BYTES < size < 3 * PIECE_BYTES
    assert gzip.decompress(control.bytes(f"dropbox/files{path}")).endswith(b'{"rows":24}\n')
    assert called(control) == ["start", "append_v2", "append_v2", "finish"]


def test_a_session_that_dropbox_forgot_is_begun_anew(resources: Resources, store: Store, control: ControlApi) -> None:
    fill(store, pieces=1.2)
    assert backup(resources, NOON)
    forgotten = {
        "error_summary": "lookup_failed/not_found/.",
        "error": {".tag": "lookup_failed", "lookup_failed": {".tag": "not_found"}},
    }
    control.post("faults", service="dropbox", method=FINISH, status=409, body=forgotten, times=1)
    while backup(resources, NOON):
        pass
    assert len(there(control)) == 1
    assert called(control) == ["start", "finish", "start", "finish"]


def test_a_full_disk_is_told_and_tried_again(resources: Resources, store: Store, tmp_path: Path) -> None:
    (tmp_path / "backups").write_text("no folder")
    assert not backup(resources, NOON)
    with store.read_session() as db:
        assert "does not fit" in str(dropbox_files.find_problem(db))
    (tmp_path / "backups").unlink()
    assert not is_due(resources, NOON)
    assert not backup(resources, NOON + timedelta(minutes=20))
    with store.read_session() as db:
        assert dropbox_files.find_problem(db) is None
