"""Which datasets there are, what each holds, and when it gets to Dropbox or leaves it.

The steps as the tasks call them, on a database of their own; Dropbox's own library talks to the sandbox over HTTP.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dropbox
import pytest
from dropbox.files import WriteMode
from pydantic import SecretStr
from sqlalchemy import select

from pipeline import clock, restart
from pipeline.dropbox.client import session as http_session
from pipeline.i18n import translator
from pipeline.messaging.living_workers import LivingWorker, announce, withdraw
from pipeline.records import (
    ChartSpec,
    Comparison,
    Counts,
    FetchResult,
    Language,
    Metric,
    Mode,
    Post,
    Profile,
    State,
)
from pipeline.settings import Settings
from pipeline.steps.dataset import EXAMINED_A_TICK, dataset, rewrite, tidy
from pipeline.steps.draw import read
from pipeline.steps.follow_names import mark_renamed
from pipeline.steps.resources import Resources
from pipeline.steps.upload import has_uploads, upload
from pipeline.store import (
    Store,
    accounts,
    chats,
    circuit_breakers,
    comparisons,
    datasets,
    dropbox_files,
    notices,
    subscriptions,
)
from pipeline.store.migrate import migrate
from pipeline.store.tables import DropboxFile, Subscription
from tests.conftest import NETWORK
from tests.unit.sandbox.conftest import ControlApi

# The library takes naive UTC times; from Python 3.12 on that is deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
UPLOAD, DELETE = "files/upload", "files/delete_v2"
COLUMNS = "/columns.csv"
CHAT, OTHER_CHAT = 1, 2


@dataclass
class Kept:
    """A Tallybird without its processes: its database, its folder, its settings and its Dropbox."""

    folder: Path
    url: str
    control: ControlApi
    settings: dict[str, Any] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)
    started: list[Resources] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = Store(f"sqlite:///{self.folder}/tallybird.db")
        self.dropbox_on()

    def dropbox_on(self, token: str = "a-refresh-token", **more: Any) -> None:
        given = {"dropbox_app_key": "key", "dropbox_refresh_token": SecretStr(token)}
        self._start(dropbox_api_url=f"{self.url}/dropbox", **given, **more)

    def dropbox_off(self) -> None:
        self._start()

    def _start(self, **more: Any) -> None:
        """As after a start with these settings: nothing of a process before is there."""
        for former in self.started:
            former.redis.close()
        given: dict[str, Any] = {"x_bearer_token": SecretStr("t"), "data_dir": self.folder, "dropbox_min_seconds": 0}
        self.resources = Resources(Settings(**given | self.settings | more, _env_file=None))
        self.resources.store = self.store
        self.started.append(self.resources)

    def track(self, *handles: str, chat_id: int = CHAT) -> None:
        """Let the chat follow these accounts."""
        with self.store.write_session() as db:
            accounts.save_profiles(
                db, [Profile(name, State.ACTIVE, f"{id_of(name)}") for name in handles], NETWORK, NOON
            )
            self.ids |= {name: accounts.find_by_remote_ids(db, [id_of(name)], NETWORK)[0].id for name in handles}
            chats.add(db, chat_id, NOON)
            chats.track(db, chat_id, [self.ids[name] for name in handles], NOON)

    def read(self, handle: str, *reposts: int) -> None:
        """X shows these counts of the account's posts, the newest first; the newest is the account's number x 100."""
        newest = 100 * int(id_of(handle))
        posts = tuple(
            Post(str(newest - index), NOON - timedelta(hours=index), Counts(reposts=count))
            for index, count in enumerate(reposts)
        )
        with self.store.write_session() as db:
            accounts.save_fetch_results(db, [FetchResult(self.ids[handle], NOON, posts, complete=True)])

    def compare(self, *handles: str, count: int = 100, metric: Metric = Metric.REPOSTS) -> int:
        """/compare: a single chart. Returns the comparison."""
        return self._show(Mode.ONCE, CHAT, handles, ChartSpec(metric, count=count))

    def subscribe(self, *handles: str, count: int = 100, chat_id: int = CHAT, metric: Metric = Metric.REPOSTS) -> int:
        return self._show(Mode.LIVE, chat_id, handles, ChartSpec(metric, count=count))

    def _show(self, mode: Mode, chat_id: int, handles: tuple[str, ...], spec: ChartSpec) -> int:
        asked = Comparison(tuple(sorted(self.ids[name] for name in handles)), spec)
        with self.store.write_session() as db:
            row = comparisons.get_or_create(db, asked)
            subscriptions.add(
                db,
                Subscription(
                    chat_id=chat_id,
                    comparison_id=row.id,
                    all_tracked=False,
                    mode=mode,
                    min_version=comparisons.request_redraw(db, row),
                    next_at=NOON,
                ),
            )
        self.write(row.id)
        return row.id

    def write(self, comparison_id: int) -> None:
        dataset(self.resources, read(self.resources, comparison_id, NOON))

    def unsubscribe(self) -> None:
        with self.store.write_session() as db:
            for each in subscriptions.list_of_chat(db, CHAT):
                subscriptions.remove(db, each.id)

    def forget(self, chat_id: int = CHAT) -> None:
        with self.store.write_session() as db:
            chats.delete_chat(db, chat_id)

    def tick(self) -> None:
        """What each tick does for datasets."""
        for key in tidy(self.resources):
            rewrite(self.resources, key)
        if has_uploads(self.resources, clock.now()):
            upload(self.resources, clock.now())

    def start(self) -> None:
        """What each start does, and the first tick."""
        restart.worker_starts(self.store, self.resources.settings, clock.now())
        self.tick()

    def here(self) -> dict[str, bytes]:
        """The datasets on the disk."""
        files = (self.folder / "datasets").iterdir() if (self.folder / "datasets").exists() else ()
        return {f"/{file.name}": file.read_bytes() for file in files if f"/{file.name}" != COLUMNS}

    def there(self) -> dict[str, bytes]:
        """The datasets in Dropbox."""
        paths = [file["path"] for file in self.control.get("dropbox/files") if file["path"] != COLUMNS]
        return {path: self.control.bytes(f"dropbox/files{path}") for path in paths}

    def calls(self, method: str) -> int:
        return len([call for call in self.control.get("calls", service="dropbox") if call["method"] == method])

    def person(self) -> dropbox.Dropbox:
        """Somebody who works in that Dropbox."""
        client = dropbox.Dropbox(
            oauth2_refresh_token="theirs", app_key="key", session=http_session(f"{self.url}/dropbox")
        )
        client.check_user("hello")
        return client


def id_of(handle: str) -> str:
    """The account's id on X: the position of the handle's first letter in the alphabet."""
    return str(ord(handle[0].lower()) - ord("a") + 1)


def reposts(content: bytes) -> dict[str, list[int]]:
    """The posts' reposts by the account's id."""
    found: dict[str, list[int]] = {}
    for row in csv.DictReader(io.StringIO(content.decode(), newline="")):
        found.setdefault(row["account_id"], []).append(int(row["reposts"]))
    return found


def name(path: str) -> str:
    """The path without the mark of the ids."""
    return re.sub(r"-[0-9a-f]{10}\.csv$", "", path)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A database without a row."""
    path = tmp_path_factory.mktemp("empty") / "tallybird.db"
    store = Store(f"sqlite:///{path}")
    migrate(store)
    store.close()
    return path.read_bytes()


@pytest.fixture
def kept(tmp_path: Path, url: str, control: ControlApi, empty: bytes, redis_url: str) -> Iterator[Kept]:
    (tmp_path / "tallybird.db").write_bytes(empty)
    made = Kept(tmp_path, url, control, {"redis_url": redis_url})
    yield made
    made.store.close()
    made.resources.redis.flushdb()
    made.resources.redis.close()


@pytest.fixture
def followed(kept: Kept) -> Kept:
    """A chat that tracks two accounts and is subscribed to both, with its dataset in Dropbox."""
    kept.track("art", "bee")
    kept.read("art", 9_007, 3)
    kept.read("bee", 5)
    kept.subscribe("art", "bee")
    kept.tick()
    assert [reposts(content) for content in kept.there().values()] == [{"1": [9_007, 3], "2": [5]}]
    return kept


# --- what is kept


def test_the_dataset_of_all_that_is_tracked_holds_what_was_read(kept: Kept) -> None:
    kept.track("art", "bee")
    kept.read("art", 7, 3)
    kept.read("bee", 5)
    kept.compare("art", "bee")
    kept.tick()
    [(path, content)] = kept.there().items()
    assert name(path) == "/art-bee-last-100"
    assert kept.here() == {path: content}
    assert content.decode().splitlines()[1:] == [
        "x,art,1,100,2026-11-23T12:00:00Z,2026-11-23T12:00:00Z,7,,,,,,https://x.com/i/status/100,,,",
        "x,art,1,99,2026-11-23T11:00:00Z,2026-11-23T12:00:00Z,3,,,,,,https://x.com/i/status/99,,,",
        "x,bee,2,200,2026-11-23T12:00:00Z,2026-11-23T12:00:00Z,5,,,,,,https://x.com/i/status/200,,,",
    ]
    assert b"account_id,text" in kept.control.bytes(f"dropbox/files{COLUMNS}")
    assert b"account_id,text" in (kept.folder / "datasets" / "columns.csv").read_bytes()


def test_a_single_look_leaves_no_dataset(kept: Kept) -> None:
    kept.track("art", "bee", "cat")
    for handles, count in ((("art",), 100), (("art", "bee"), 100), (("art", "bee", "cat"), 50)):
        kept.compare(*handles, count=count)
        kept.tick()
        assert (kept.here(), kept.there()) == ({}, {})
    kept.compare("art", "bee", "cat", metric=Metric.LIKES)
    kept.tick()
    assert list(map(name, kept.there())) == ["/art-bee-cat-last-100"]


def test_a_chat_has_one_dataset_of_what_it_tracks_and_one_a_subscription_however_much_is_looked_at(kept: Kept) -> None:
    kept.track("art", "bee", "cat")
    for count in range(5, 45):
        kept.compare("art", "bee", "cat", count=count)
        kept.compare("art", "bee", count=count)
    kept.compare("art", "bee", "cat")
    for count in (10, 11, 12, 13, 14):
        kept.subscribe("art", "bee", count=count)
    kept.tick()
    assert (
        sorted(map(name, kept.there()))
        == [
            *(f"/art-bee-last-{count}" for count in (10, 11, 12, 13, 14)),
            "/art-bee-cat-last-100",
        ]
        or len(kept.there()) == 6
    )
    assert kept.here() == kept.there()


def test_equal_subscriptions_share_one_dataset_and_the_last_to_end_takes_it_along(kept: Kept) -> None:
    kept.track("art", "bee")
    kept.track("art", "bee", "cat", chat_id=OTHER_CHAT)
    kept.subscribe("art", "bee", count=50)
    kept.subscribe("art", "bee", count=50, chat_id=OTHER_CHAT, metric=Metric.LIKES)
    kept.tick()
    assert list(map(name, kept.there())) == ["/art-bee-last-50"]
    kept.forget()
    kept.tick()
    assert list(map(name, kept.there())) == ["/art-bee-last-50"]
    kept.forget(OTHER_CHAT)
    kept.tick()
    assert (kept.here(), kept.there()) == ({}, {})


def test_what_a_chat_tracks_otherwise_by_now_leaves_with_its_dataset(followed: Kept) -> None:
    followed.unsubscribe()
    followed.tick()
    assert list(map(name, followed.there())) == ["/art-bee-last-100"], "it is what the chat tracks"
    followed.track("cat")
    followed.tick()
    assert (followed.here(), followed.there()) == ({}, {})


def test_what_somebody_else_put_beside_the_datasets_stays(followed: Kept) -> None:
    mine = followed.folder / "datasets" / "notes-last-100.csv"
    mine.write_text("mine")
    followed.person().files_upload(b"mine", "/notes.csv")
    followed.forget()
    followed.tick()
    assert followed.there() == {"/notes.csv": b"mine"}
    assert followed.here() == {"/notes-last-100.csv": b"mine"}


def test_a_dataset_that_somebody_changed_in_dropbox_is_not_deleted_there(followed: Kept) -> None:
    [path] = followed.there()
    followed.person().files_upload(b"mine now", path, mode=WriteMode.overwrite)
    followed.forget()
    followed.tick()
    assert followed.there() == {path: b"mine now"}
    assert followed.calls(DELETE) == 1
    followed.tick()
    assert followed.calls(DELETE) == 1, "it is left alone for good"


def test_datasets_of_single_looks_from_before_are_deleted(kept: Kept) -> None:
    folder = kept.folder / "datasets"
    folder.mkdir()
    (folder / "art-bee-last-50-a1b2c3.csv").write_text("old")
    kept.tick()
    assert kept.here() == {}


# --- Dropbox off and on, another Dropbox, an empty folder


def test_what_changed_while_dropbox_was_off_gets_there_when_it_is_on_again(followed: Kept) -> None:
    followed.dropbox_off()
    followed.read("art", 9_008, 3)
    followed.compare("art", "bee")
    followed.tick()
    assert [reposts(content)["1"] for content in followed.here().values()] == [[9_008, 3]]
    assert [reposts(content)["1"] for content in followed.there().values()] == [[9_007, 3]]
    followed.dropbox_on()
    followed.start()
    assert [reposts(content)["1"] for content in followed.there().values()] == [[9_008, 3]]


def test_a_change_that_was_never_written_is_found_at_the_start(followed: Kept) -> None:
    followed.read("art", 9_008, 3)
    followed.tick()
    assert [reposts(content)["1"] for content in followed.there().values()] == [[9_007, 3]]
    followed.start()
    assert [reposts(content)["1"] for content in followed.there().values()] == [[9_008, 3]]
    assert followed.here() == followed.there()


def test_a_start_with_nothing_changed_asks_dropbox_for_nothing(followed: Kept) -> None:
    followed.tick()  # the columns
    before = followed.calls(UPLOAD)
    followed.start()
    followed.tick()
    assert followed.calls(UPLOAD) == before == 2
    assert list(tidy(followed.resources)) == []


def test_another_dropbox_gets_everything_and_the_same_one_no_new_revision(followed: Kept) -> None:
    revisions = {file["path"]: file["revisions"] for file in followed.control.get("dropbox/files")}
    followed.dropbox_on("another-log-in")
    followed.start()
    assert {file["path"]: file["revisions"] for file in followed.control.get("dropbox/files")} == revisions
    person = followed.person()
    before = followed.there()
    for path in revisions:
        person.files_delete_v2(path)
    followed.start()
    assert followed.there() == {}, "what somebody deletes there stays away until it changes"
    followed.dropbox_on("a-third-log-in")
    followed.start()
    assert followed.there() == before
    assert COLUMNS in [file["path"] for file in followed.control.get("dropbox/files")]


def test_a_dataset_deleted_in_dropbox_comes_back_with_the_next_change(followed: Kept) -> None:
    [path] = followed.there()
    followed.person().files_delete_v2(path)
    followed.read("bee", 6)
    followed.write(followed.subscribe("art", "bee"))
    followed.tick()
    assert [reposts(content)["2"] for content in followed.there().values()] == [[6]]


def test_no_log_in_stands_in_the_database(followed: Kept) -> None:
    stored = b"".join(file.read_bytes() for file in followed.folder.glob("tallybird.db*"))
    assert b"/art-bee-last-100" in stored
    assert b"a-refresh-token" not in stored


def test_a_folder_that_was_emptied_is_filled_again_by_the_next_ticks(followed: Kept) -> None:
    before = followed.here()
    for file in (followed.folder / "datasets").iterdir():
        file.unlink()
    followed.tick()
    assert followed.here() == before
    assert (followed.folder / "datasets" / "columns.csv").exists()
    (followed.folder / "datasets" / "columns.csv").unlink()
    (followed.folder / next(iter(before)).lstrip("/")).unlink(missing_ok=True)
    followed.dropbox_on(data_dir=followed.folder / "elsewhere")
    followed.tick()
    assert {f"/{file.name}" for file in (followed.folder / "elsewhere/datasets").iterdir()} == {*before, COLUMNS}


def test_machines_with_data_dirs_of_their_own_have_no_files_but_those_in_dropbox(followed: Kept) -> None:
    redis, before = followed.resources.redis, followed.here()
    here, beside, other = (LivingWorker(token, 2, token[0]) for token in ("a1", "a2", "b"))
    announce(redis, here)
    announce(redis, beside)
    followed.tick()
    assert followed.here() == before, "two workers share the folder"
    announce(redis, other)
    followed.tick()
    assert followed.here() == {}
    followed.read("bee", 8)
    followed.subscribe("art", "bee")
    followed.tick()
    assert followed.here() == {}
    assert [reposts(content) for content in followed.there().values()] == [{"1": [9_007, 3], "2": [8]}]
    withdraw(redis, other)
    followed.tick()
    assert followed.here() == followed.there()


def test_after_a_start_a_few_datasets_are_looked_at_a_tick(kept: Kept) -> None:
    kept.track("art", "bee")
    for count in range(5, 45):
        kept.subscribe("art", "bee", count=count)
    with kept.store.write_session() as db:
        datasets.mark_due(db)
    assert len(tidy(kept.resources)) == 20


def test_of_many_datasets_each_tick_examines_some_and_several_all_of_them(followed: Kept) -> None:
    kept = followed.here()
    for number in range(1, 3 * EXAMINED_A_TICK):
        path = f"/many-last-{number}-0123456789.csv"
        (followed.folder / "datasets" / path.lstrip("/")).write_text("of a chat that is gone")
        if number % 2:
            with followed.store.write_session() as db:
                datasets.save(db, f"{number} {number + 100}", path, "digest")
    tidy(followed.resources)
    assert len(followed.here()) > len(kept)
    for _ in range(6):
        tidy(followed.resources)
    assert followed.here() == kept


@pytest.mark.parametrize(("before", "after"), [(100, 50), (50, 100)])
def test_with_another_number_of_posts_read_the_dataset_goes_on_with_it(kept: Kept, before: int, after: int) -> None:
    kept.track("art")
    kept.read("art", *range(120, 0, -1))
    kept.dropbox_on(posts_per_account=before)
    kept.compare("art", count=before)
    kept.track("bee", chat_id=OTHER_CHAT)
    kept.subscribe("bee", count=20, chat_id=OTHER_CHAT)
    kept.tick()
    assert sorted(map(name, kept.there())) == [f"/art-last-{before}", "/bee-last-20"]
    kept.dropbox_on(posts_per_account=after)
    kept.start()
    kept.tick()
    assert kept.here() == kept.there()
    assert {name(path): reposts(content) for path, content in kept.there().items()} == {
        f"/art-last-{after}": {"1": list(range(120, 120 - after, -1))},
        "/bee-last-20": {},
    }


# --- names


def test_a_renamed_account_takes_its_dataset_along(followed: Kept) -> None:
    [before] = followed.there().items()
    rename(followed, zoo="1")
    followed.tick()
    followed.tick()
    [after] = followed.there().items()
    assert (name(before[0]), name(after[0])) == ("/art-bee-last-100", "/bee-zoo-last-100")
    assert reposts(after[1]) == reposts(before[1])
    assert followed.here() == dict([after])


def test_a_name_that_changes_its_case_moves_no_file_in_dropbox(followed: Kept) -> None:
    rename(followed, ART="1")
    followed.tick()
    [(path, content)] = followed.there().items()
    assert name(path) == "/art-bee-last-100", "as Dropbox spells it: as at first"
    assert content.decode().splitlines()[1].startswith("x,ART,1,")
    followed.tick()
    assert list(map(name, followed.here())) == ["/ART-bee-last-100"]
    assert followed.calls(DELETE) == 0
    assert list(followed.there()) == [path]


def test_two_accounts_that_swap_their_names_swap_no_dataset(kept: Kept) -> None:
    kept.track("art", "bee")
    kept.read("art", 7)
    kept.read("bee", 5)
    for handle in ("art", "bee"):
        kept.subscribe(handle)
    kept.tick()
    rename(kept, bee="1", art="2")
    kept.tick()
    kept.tick()
    assert {name(path): reposts(content) for path, content in kept.there().items()} == {
        "/bee-last-100": {"1": [7]},
        "/art-last-100": {"2": [5]},
    }
    assert len(kept.there()) == 2
    assert kept.here() == kept.there()


def test_two_accounts_of_one_name_have_a_dataset_each(kept: Kept) -> None:
    kept.track("art")
    kept.read("art", 7)
    kept.subscribe("art")
    with kept.store.write_session() as db:
        accounts.save_fetch_results(db, [FetchResult(kept.ids["art"], NOON, state=State.SUSPENDED)])
    kept.track("bee", chat_id=OTHER_CHAT)
    rename(kept, art="2")
    kept.read("bee", 5)
    kept.subscribe("bee", chat_id=OTHER_CHAT)
    kept.tick()
    assert {name(path): reposts(content) for path, content in kept.there().items()} == {
        "/art-old-last-100": {"1": [7]},
        "/art-last-100": {"2": [5]},
    }


def rename(kept: Kept, **remote_ids: str) -> None:
    profiles = [Profile(handle, State.ACTIVE, remote_id) for handle, remote_id in remote_ids.items()]
    with kept.store.write_session() as db:
        mark_renamed(db, accounts.update_handles(db, profiles, NETWORK, NOON))


# --- how often, and what goes wrong


def test_a_file_is_written_no_more_often_than_allowed_and_its_last_state_arrives(followed: Kept) -> None:
    followed.dropbox_on(dropbox_min_seconds=3600)
    comparison_id = followed.compare("art", "bee")
    for count in (11, 12, 13):
        followed.read("bee", count)
        followed.write(comparison_id)
        followed.tick()
        if count == 11:
            assert [reposts(content)["2"] for content in followed.there().values()] == [[11]]
    assert [reposts(content)["2"] for content in followed.there().values()] == [[11]]
    let_pass(followed, timedelta(hours=1))
    followed.tick()
    assert [reposts(content)["2"] for content in followed.there().values()] == [[13]]


def test_what_is_to_be_deleted_waits_for_no_time_between_writes(followed: Kept) -> None:
    followed.dropbox_on(dropbox_min_seconds=3600)
    followed.read("bee", 6)
    followed.write(followed.compare("art", "bee"))
    followed.tick()
    followed.forget()
    followed.tick()
    assert followed.there() == {}


def let_pass(kept: Kept, time: timedelta) -> None:
    """Make as if what waits had waited that long."""
    with kept.store.write_session() as db:
        for file in db.scalars(select(DropboxFile)):
            file.next_at -= time
            file.claimed_until = file.claimed_until and file.claimed_until - time


def lost(kept: Kept, *, accepted: Callable[[str], object]) -> None:
    """An uploader takes each file that is due, sends it, and is gone before it can note that."""
    now = clock.now()
    with kept.store.read_session() as db:
        paths = dropbox_files.list_due(db, kept.resources.settings.dropbox_account, now)
    for path in paths:
        with kept.store.write_session() as db:
            claim = dropbox_files.claim(
                db, path, kept.resources.settings.dropbox_account, now, now + timedelta(minutes=1)
            )
        assert claim is not None
        accepted(claim.path)


def test_a_lost_uploaders_file_is_written_by_the_next_one_after_a_minute(followed: Kept) -> None:
    followed.read("bee", 6)
    followed.write(followed.compare("art", "bee"))
    lost(followed, accepted=lambda _: None)
    let_pass(followed, timedelta(seconds=58))
    followed.tick()
    assert [reposts(content)["2"] for content in followed.there().values()] == [[5]]
    let_pass(followed, timedelta(seconds=2))
    followed.tick()
    assert [reposts(content)["2"] for content in followed.there().values()] == [[6]]


def test_a_file_that_a_lost_uploader_may_have_written_is_not_taken_for_what_it_was(followed: Kept) -> None:
    person, comparison_id = followed.person(), followed.compare("art", "bee")
    followed.read("bee", 6)
    followed.write(comparison_id)
    lost(followed, accepted=lambda path: person.files_upload(b"6", path, mode=WriteMode.overwrite))
    followed.read("bee", 5)
    followed.write(comparison_id)
    let_pass(followed, timedelta(minutes=1))
    followed.tick()
    assert [reposts(content)["2"] for content in followed.there().values()] == [[5]]


def test_a_file_that_a_lost_uploader_wrote_is_deleted_when_nobody_follows_it(followed: Kept) -> None:
    person = followed.person()
    followed.read("bee", 6)
    followed.write(followed.compare("art", "bee"))
    lost(followed, accepted=lambda path: person.files_upload(b"6", path, mode=WriteMode.overwrite))
    followed.forget()
    followed.tick()
    assert len(followed.there()) == 1, "it may be on its way"
    let_pass(followed, timedelta(minutes=1))
    followed.tick()
    assert followed.there() == {}


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_dropbox_that_is_away_is_asked_again_until_the_file_is_gone(followed: Kept, status: int) -> None:
    followed.control.post("faults", service="dropbox", method=DELETE, status=status, times=2)
    followed.forget()
    followed.tick()
    assert followed.here() == {}
    assert len(followed.there()) == 1
    for _ in range(2):
        lift(followed)
        followed.tick()
    assert followed.there() == {}


def lift(kept: Kept) -> None:
    with kept.store.write_session() as db:
        circuit_breakers.half_open(db, clock.now())


def test_a_file_deleted_by_somebody_before_is_done(followed: Kept) -> None:
    [path] = followed.there()
    followed.person().files_delete_v2(path)
    followed.forget()
    followed.tick()
    followed.tick()
    assert followed.calls(DELETE) == 2, "one by the person"


def refused(error: dict[str, Any]) -> dict[str, Any]:
    body = {"error_summary": "refused/..", "error": error}
    return {"status": 409, "body": body, "headers": {"Content-Type": "application/json"}}


def path_error(reason: str) -> dict[str, Any]:
    return refused({".tag": "path", "reason": {".tag": reason}, "upload_session_id": "a"})


def test_one_file_that_dropbox_refuses_stops_no_other_and_is_tried_again_after_a_quarter_of_an_hour(kept: Kept) -> None:
    kept.track("art", "bee")
    for handle in ("art", "bee"):
        kept.subscribe(handle)
    kept.control.post("faults", service="dropbox", method=UPLOAD, times=1, **path_error("disallowed_name"))
    kept.tick()
    assert len(kept.control.get("dropbox/files")) == 2
    with kept.store.read_session() as db:
        problem = dropbox_files.find_problem(db)
        assert problem is not None
        assert translator(Language.ENGLISH).gettext(problem) == "Dropbox rejected the file"
    let_pass(kept, timedelta(minutes=14, seconds=58))
    kept.tick()
    assert len(kept.control.get("dropbox/files")) == 2
    let_pass(kept, timedelta(seconds=2))
    kept.tick()
    assert len(kept.control.get("dropbox/files")) == 3
    with kept.store.read_session() as db:
        assert dropbox_files.find_problem(db) is None


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        ({"status": 503}, 5),
        ({"status": 429, "headers": {"Retry-After": "300"}}, 300),
        ({"status": 429, "headers": {"Retry-After": "1"}}, 5),
        (path_error("insufficient_space"), 5),
    ],
)
def test_trouble_lets_all_files_wait_as_long_as_dropbox_asks_or_five_seconds(
    followed: Kept, fault: dict[str, Any], seconds: int
) -> None:
    followed.subscribe("art")
    followed.subscribe("bee")
    before = followed.calls(UPLOAD)
    followed.control.post("faults", service="dropbox", method=UPLOAD, times=9, **fault)
    started = clock.now()
    followed.tick()
    ended = clock.now()
    assert followed.calls(UPLOAD) == before + 1
    with followed.store.read_session() as db:
        stop = circuit_breakers.find(db, "dropbox")
    assert stop is not None
    assert started + timedelta(seconds=seconds) <= stop.retry_at <= ended + timedelta(seconds=seconds)
    followed.tick()
    assert followed.calls(UPLOAD) == before + 1


@pytest.mark.parametrize(("lasted", "wait"), [(60, 60), (1200, 900)])
def test_trouble_that_lasts_is_asked_about_more_seldom_but_each_quarter_of_an_hour(
    followed: Kept, lasted: int, wait: int
) -> None:
    followed.subscribe("art")
    followed.control.post("faults", service="dropbox", method=UPLOAD, times=9, status=500)
    followed.tick()
    with followed.store.write_session() as db:
        stop = circuit_breakers.find(db, "dropbox")
        assert stop is not None
        db.add(stop)
        stop.opened_at, stop.retry_at = clock.now() - timedelta(seconds=lasted), clock.now()
    started = clock.now()
    followed.tick()
    with followed.store.read_session() as db:
        again = circuit_breakers.find(db, "dropbox")
    assert again is not None
    assert timedelta(0) <= again.retry_at - started - timedelta(seconds=wait) < timedelta(seconds=10)


def test_only_admins_hear_and_once_of_what_they_must_mend(followed: Kept) -> None:
    followed.subscribe("art")
    followed.control.post("faults", service="dropbox", method=UPLOAD, times=2, **path_error("insufficient_space"))
    for _ in range(2):
        followed.tick()
        lift(followed)
    with followed.store.read_session() as db:
        messages = [
            (chat_id, translator(*locale).gettext(text))
            for _, chat_id, text, locale in notices.list_unsent(db, [77], NOON)
        ]
    [(chat_id, text)] = messages
    assert chat_id == 77
    assert "no file has reached Dropbox: Dropbox is full" in text
    followed.tick()
    with followed.store.read_session() as db:
        assert circuit_breakers.find(db, "dropbox") is None
    assert len(followed.there()) == 2


def test_a_disk_without_room_keeps_no_dataset_from_dropbox_and_has_its_file_as_soon_as_there_is_room(
    kept: Kept,
) -> None:
    kept.track("art")
    kept.read("art", 7)
    (kept.folder / "datasets").write_text("no folder can be here")
    kept.subscribe("art")
    with kept.store.read_session() as db:
        assert datasets.list_due(db, 100) == ["100 1", "columns"]
    kept.tick()
    assert [reposts(content) for content in kept.there().values()] == [{"1": [7]}]
    (kept.folder / "datasets").unlink()
    kept.tick()
    assert kept.here() == kept.there()
