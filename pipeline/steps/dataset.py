"""The dataset step: the files in DATA_DIR/datasets follow the posts that are stored.

Where living workers write to several DATA_DIRs, each would keep what its own draw. Then there are no files but those in
Dropbox, which are made of what the database holds.
"""

import logging
from collections.abc import Sequence
from math import ceil
from pathlib import Path

from sqlalchemy.orm import Session

from pipeline.messaging import living_workers
from pipeline.steps import dataset_file
from pipeline.steps.chart_data import Timelines
from pipeline.steps.resources import Resources
from pipeline.steps.snapshot import Snapshot
from pipeline.store import accounts, datasets, posts, subscriptions
from pipeline.store.tables import Account

log = logging.getLogger(__name__)

REWRITTEN_A_TICK = 20
"""How many datasets are rewritten after a tick, as many are after a start: charts must not wait for them."""
EXAMINED_A_TICK = 100
"""How many datasets, and how many files, are examined after a tick: all of them in turn."""


def dataset(resources: Resources, source: Snapshot) -> bool:
    """Write the comparison's dataset, where a chat tracks or subscribes to what it is of.

    Returns whether what the file should hold is new, so that Dropbox is behind. A file that the disk does not take is
    no error: the chart does not need it, and the next ticks write it again.
    """
    count = source.data.spec.count
    key = datasets.make_key(count, [account.id for account, _ in source.timelines])
    with resources.store.read_session() as db:
        is_kept = subscriptions.has_subscribers(db, source.comparison_id) or datasets.is_needed(
            db, key, resources.settings.posts_per_account
        )
    if not is_kept:
        return False
    is_new = _write(resources, key, *to_file(source.timelines, count))
    return _write(resources, datasets.DATA_DICTIONARY, *_dictionary()) or is_new


def rewrite(resources: Resources, key: str) -> None:
    """Write a dataset from the posts as they are now."""
    with resources.store.read_session() as db:
        path, content = render(db, key)
    _write(resources, key, path, content)


def render(db: Session, key: str) -> tuple[str, bytes]:
    """The path and the bytes of a dataset, from the posts that are stored now."""
    if key == datasets.DATA_DICTIONARY:
        return _dictionary()
    count, account_ids = datasets.parse_key(key)
    newest = posts.list_newest(db, account_ids, count)
    return to_file([(account, newest[account.id]) for account in accounts.get_many(db, account_ids)], count)


def _dictionary() -> tuple[str, bytes]:
    return dataset_file.DICTIONARY_PATH, dataset_file.dictionary()


def to_file(timelines: Timelines, count: int) -> tuple[str, bytes]:
    """The path and the bytes of the dataset of these posts."""
    authors = [(_author(account), posts) for account, posts in timelines]
    return dataset_file.path([author for author, _ in authors], count), dataset_file.render(authors)


def _author(account: Account) -> dataset_file.Author:
    return dataset_file.Author(
        account.network,
        account.handle,
        account.remote_id,
        account.fetched_at,
        account.followers,
        account.followers_at,
    )


def _write(resources: Resources, key: str, path: str, content: bytes) -> bool:
    """Note what the file should hold, then write it to DATA_DIR; returns whether that is new.

    In this order, since the upload step goes by the note: what the disk has no room for gets to Dropbox all the same.
    """
    digest = dataset_file.version(content)
    with resources.store.read_session() as db:
        is_new = not datasets.is_current(db, key, path, digest)
    if is_new:
        with resources.store.write_session() as db:
            datasets.save(db, key, path, digest)
    if not _has_files(resources):
        return is_new
    try:
        dataset_file.keep(_folder(resources), path, content)
    except OSError as error:
        log.warning("a dataset was not written: %s", error)
        with resources.store.write_session() as db:
            datasets.mark_due(db, [key])
    return is_new


def tidy(resources: Resources) -> Sequence[str]:
    """Examine a portion of the datasets: delete those that no chat tracks or subscribes to any more.

    Returns the keys of some to rewrite: their file is missing here, or may not hold the posts as they are now. Where
    workers have several DATA_DIRs, all files here are deleted instead.
    """
    here = _files(resources)  # before the database is read: a file written meanwhile is not taken for one too many
    number, count = resources.count_up("tidied"), resources.settings.posts_per_account
    portions = max(1, ceil(len(here) / EXAMINED_A_TICK))
    files = sorted(here)[number % portions :: portions]
    with resources.store.read_session() as db:
        portion = datasets.list_portion(db, number, EXAMINED_A_TICK)
        unneeded = datasets.list_unneeded(db, count, portion)
    if unneeded:
        with resources.store.write_session() as db:
            unneeded = datasets.list_unneeded(db, count, unneeded)
            datasets.delete_many(db, unneeded)
    gone = {path for key in unneeded if (path := portion.pop(key)) is not None}
    with resources.store.read_session() as db:
        unknown = set(files) - datasets.list_paths(db, files)
        due = datasets.list_due(db, REWRITTEN_A_TICK)
    has_files = _has_files(resources)
    if not has_files and here - {dataset_file.DICTIONARY_PATH}:
        log.warning("workers have several DATA_DIRs, so that datasets are in none of them, but in Dropbox")
    try:
        dataset_file.remove(_folder(resources), unknown | gone if has_files else here)
    except OSError as error:
        log.warning("a dataset that is not kept here any more was not deleted: %s", error)
    missing = [key for key, path in portion.items() if has_files and path is not None and path not in here]
    return list(dict.fromkeys([*due, *missing]))[:REWRITTEN_A_TICK]


def _has_files(resources: Resources) -> bool:
    """Whether datasets are written to DATA_DIR: all living workers have the same."""
    return living_workers.share_data_dir(resources.redis)


def _files(resources: Resources) -> set[str]:
    """The files in the folder of datasets. A folder that cannot be read does not end the tick."""
    try:
        return dataset_file.files(_folder(resources))
    except OSError as error:
        log.warning("the folder of datasets cannot be read: %s", error)
        return set()


def _folder(resources: Resources) -> Path:
    return resources.settings.data_dir / "datasets"
