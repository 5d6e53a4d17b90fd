"""The dataset step: the files in DATA_DIR/datasets follow the posts that are stored."""

import logging
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy.orm import Session

from pipeline.records import NETWORK
from pipeline.steps import dataset_file
from pipeline.steps.resources import Resources
from pipeline.store import accounts, comparisons, datasets, subscriptions

log = logging.getLogger(__name__)

REWRITTEN_A_TICK = 20
"""Datasets that are written without a chart, as after a start: they must not hold up those that somebody waits for."""


def dataset(resources: Resources, comparison_id: int) -> None:
    """Write the comparison's dataset, where somebody tracks or subscribes to what it is of. Raises OSError."""
    with resources.store.read_session() as db:
        key = datasets.key_of_comparison(db, comparison_id)
        is_wanted = subscriptions.has_subscribers(db, comparison_id) or datasets.is_needed(
            db, key, resources.settings.posts_per_account
        )
    if is_wanted:
        _write(resources, key)
        _write(resources, datasets.DATA_DICTIONARY)


def rewrite(resources: Resources, key: str) -> None:
    """Bring a dataset to what the posts say now, and its file here to what it should hold."""
    try:
        _write(resources, key)
    except OSError as error:
        log.warning("a dataset was not written: %s", error)


def _write(resources: Resources, key: str) -> None:
    """Note what the file is to hold, which the upload step goes by too, and then write it to DATA_DIR.

    In this order, so that what the disk has no room for gets to Dropbox all the same.
    """
    with resources.store.read_session() as db:
        path, content = render(db, key)
        is_noted = datasets.is_current(db, key, path, dataset_file.version(content))
    if not is_noted:
        with resources.store.write_session() as db:
            datasets.save(db, key, path, dataset_file.version(content))
    try:
        dataset_file.keep(_folder(resources), path, content)
    except OSError:
        with resources.store.write_session() as db:
            datasets.mark_due(db, [key])
        raise


def render(db: Session, key: str) -> tuple[str, bytes]:
    """The path and the bytes of a dataset, from the posts that are stored now."""
    if key == datasets.DATA_DICTIONARY:
        return dataset_file.DICTIONARY_PATH, dataset_file.dictionary()
    count, account_ids = datasets.parse_key(key)
    newest = comparisons.newest_posts_of_accounts(db, account_ids, count)
    members = accounts.get_many(db, account_ids)
    timelines = {dataset_file.Author(each.handle, each.remote_id): newest[each.id] for each in members}
    return dataset_file.path(NETWORK, timelines, count), dataset_file.render(NETWORK, timelines.items())


def tidy(resources: Resources) -> Sequence[str]:
    """Drop the datasets that nobody tracks or subscribes to any more; returns some of those to be written anew.

    Theirs are the files here that are missing, or may hold something else than they should.
    """
    here = _files(resources)  # before the database is read: a file written meanwhile is not taken for one too many
    count = resources.settings.posts_per_account
    with resources.store.read_session() as db:
        unwanted = datasets.list_unneeded(db, count)
    if unwanted:
        with resources.store.write_session() as db:
            datasets.delete_many(db, datasets.list_unneeded(db, count))
    with resources.store.read_session() as db:
        paths, due = datasets.keys_by_path(db), datasets.list_due(db)
    try:
        dataset_file.remove(_folder(resources), here - paths.keys())
    except OSError as error:
        log.warning("a dataset that nobody follows any more was not deleted: %s", error)
    missing = [paths[path] for path in sorted(paths.keys() - here)]
    return list(dict.fromkeys([*due, *missing]))[:REWRITTEN_A_TICK]


def _files(resources: Resources) -> set[str]:
    """The files in the folder of datasets. A folder that cannot be read does not end the tick."""
    try:
        return dataset_file.files(_folder(resources))
    except OSError as error:
        log.warning("the datasets here cannot be looked at: %s", error)
        return set()


def _folder(resources: Resources) -> Path:
    return resources.settings.data_dir / "datasets"
