from datetime import timedelta

from pipeline.store import Store, datasets, dropbox_files
from tests.integration.store.conftest import NOON

MINUTE = timedelta(minutes=1)
ACCOUNT = "an account"


def save_dataset(store: Store, digest: str, path: str = "/A.csv") -> None:
    with store.write_session() as db:
        datasets.save(db, "100 1", path, digest)


def claim(store: Store, at: timedelta, account: str = ACCOUNT) -> str | None:
    """The digest of the content that may be written now, None if none may."""
    with store.write_session() as db:
        claimed = dropbox_files.claim(db, "/a.csv", account, NOON + at, NOON + at + MINUTE)
        return claimed.digest if claimed else None


def mark_uploaded(store: Store, digest: str) -> None:
    with store.write_session() as db:
        dropbox_files.mark_uploaded(db, "/A.csv", digest, "a-revision", NOON + MINUTE)


def list_due_paths(store: Store, at: timedelta) -> list[str]:
    with store.read_session() as db:
        return list(dropbox_files.list_due(db, ACCOUNT, NOON + at))


def test_a_file_is_written_once_a_minute_at_most_and_its_last_state_arrives(store: Store) -> None:
    save_dataset(store, "1")
    assert claim(store, timedelta(0)) == "1"
    mark_uploaded(store, "1")
    save_dataset(store, "2")
    save_dataset(store, "3")
    assert claim(store, timedelta(seconds=59)) is None
    assert claim(store, MINUTE) == "3"


def test_equal_content_is_not_written_again_but_to_another_dropbox(store: Store) -> None:
    save_dataset(store, "1")
    claim(store, timedelta(0))
    mark_uploaded(store, "1")
    save_dataset(store, "1")
    assert list_due_paths(store, 5 * MINUTE) == []
    assert claim(store, 5 * MINUTE) is None
    assert claim(store, 5 * MINUTE, "another") == "1"


def test_two_uploaders_never_write_the_same_file_and_a_lost_one_is_followed(store: Store) -> None:
    save_dataset(store, "1")
    assert claim(store, timedelta(0)) == "1"
    assert claim(store, timedelta(seconds=1)) is None
    assert claim(store, MINUTE) == "1"


def test_what_no_dataset_stands_at_any_more_is_deleted_after_what_is_behind(store: Store) -> None:
    save_dataset(store, "1")
    claim(store, timedelta(0))
    mark_uploaded(store, "1")
    save_dataset(store, "1", "/B.csv")
    assert list_due_paths(store, timedelta(0)) == ["/b.csv", "/a.csv"]
    with store.write_session() as db:
        claimed = dropbox_files.claim(db, "/a.csv", ACCOUNT, NOON, NOON + MINUTE)
        assert claimed == ("/a.csv", None, None, "a-revision")
        dropbox_files.mark_deleted(db, "/a.csv")
    assert list_due_paths(store, timedelta(0)) == ["/b.csv"]


def test_a_path_that_changes_its_case_is_the_same_file(store: Store) -> None:
    save_dataset(store, "1")
    claim(store, timedelta(0))
    mark_uploaded(store, "1")
    save_dataset(store, "1", "/a.csv")
    assert list_due_paths(store, 5 * MINUTE) == []


def test_a_dataset_has_a_path_in_dropbox_once_it_was_uploaded(store: Store) -> None:
    def path() -> str | None:
        with store.read_session() as db:
            return dropbox_files.find_path(db, "100 1")

    assert path() is None
    save_dataset(store, "1")
    claim(store, timedelta(0))
    assert path() is None
    mark_uploaded(store, "1")
    save_dataset(store, "2")
    assert path() == "/A.csv", "as it is written, whatever version is there"
