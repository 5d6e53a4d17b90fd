from datetime import timedelta

from pipeline.store import Store, dropbox_files
from tests.integration.store.conftest import NOON

MINUTE = timedelta(minutes=1)


def want(store: Store, digest: str) -> None:
    with store.writing() as db:
        dropbox_files.want(db, "/a.csv", digest, None, NOON)


def claim(store: Store, at: timedelta) -> str | None:
    """The content that may be written now."""
    with store.writing() as db:
        file = dropbox_files.claim(db, "/a.csv", NOON + at, NOON + at + MINUTE)
        return file.wanted if file else None


def uploaded(store: Store, digest: str) -> None:
    with store.writing() as db:
        dropbox_files.mark_uploaded(db, "/a.csv", digest, NOON + MINUTE)


def test_a_file_is_written_once_a_minute_at_most_and_its_last_state_arrives(store: Store) -> None:
    want(store, "1")
    assert claim(store, timedelta(0)) == "1"
    uploaded(store, "1")
    want(store, "2")
    want(store, "3")
    assert claim(store, timedelta(seconds=59)) is None
    assert claim(store, MINUTE) == "3"


def test_equal_content_is_not_written_again(store: Store) -> None:
    want(store, "1")
    claim(store, timedelta(0))
    uploaded(store, "1")
    want(store, "1")
    assert claim(store, 5 * MINUTE) is None
    with store.reading() as db:
        assert list(dropbox_files.due(db, NOON + 5 * MINUTE)) == []


def test_two_uploaders_never_write_the_same_file_and_a_lost_one_is_followed(store: Store) -> None:
    want(store, "1")
    assert claim(store, timedelta(0)) == "1"
    assert claim(store, timedelta(seconds=1)) is None
    assert claim(store, MINUTE) == "1"
