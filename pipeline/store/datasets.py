"""Datasets: for which accounts and how many posts there are CSV files, and what each file holds."""

from collections.abc import Collection, Iterable, Sequence
from math import ceil
from typing import NamedTuple

from sqlalchemy import String, cast, delete, func, select, update
from sqlalchemy.orm import Session

from pipeline.records import Mode
from pipeline.store.tables import Comparison, ComparisonAccount, Dataset, Subscription, Tracking

DATA_DICTIONARY = "columns"
"""The key of the file that explains the columns. It always exists."""


class Contents(NamedTuple):
    """What a dataset holds: the newest posts of each of these accounts, at most post_count of each."""

    post_count: int
    account_ids: tuple[int, ...]


def make_key(post_count: int, account_ids: Iterable[int]) -> str:
    """The primary key of a dataset: its Contents as text."""
    return f"{post_count} {','.join(map(str, sorted(account_ids)))}"


def parse_key(key: str) -> Contents:
    """Raises ValueError for the data dictionary, which holds no posts."""
    post_count, _, ids = key.partition(" ")
    return Contents(int(post_count), tuple(map(int, filter(None, ids.split(",")))))


def is_needed(session: Session, key: str, post_count: int) -> bool:
    """Whether the key is in list_needed. Faster: only what has an account of the dataset is examined."""
    return bool(parse_key(key).account_ids) and not list_unneeded(session, post_count, [key])


def list_needed(session: Session, post_count: int) -> set[str]:
    """The keys of the datasets that must exist: one for each subscription, and one for all that each chat tracks.

    post_count: how many posts of an account the latter hold.
    """
    return _of_trackings(session, post_count) | _of_subscriptions(session)


def _of_trackings(session: Session, post_count: int, of: Collection[int] | None = None) -> set[str]:
    """of: only of chats that track one of these accounts."""
    ids = func.aggregate_strings(cast(Tracking.account_id, String), ",")
    query = select(ids).group_by(Tracking.chat_id)
    if of is not None:
        query = query.where(Tracking.chat_id.in_(select(Tracking.chat_id).where(Tracking.account_id.in_(of))))
    return {_join_key(post_count, ids) for ids in session.scalars(query)}


def _of_subscriptions(session: Session, of: Collection[int] | None = None) -> set[str]:
    """of: only those to one of these accounts."""
    subscribed = select(Subscription.comparison_id).where(Subscription.mode != Mode.ONCE)
    if of is not None:
        with_account = select(ComparisonAccount.comparison_id).where(ComparisonAccount.account_id.in_(of))
        subscribed = subscribed.where(Subscription.comparison_id.in_(with_account))
    count = Comparison.__table__.c.count
    rows = session.execute(
        select(count, func.aggregate_strings(cast(ComparisonAccount.account_id, String), ","))
        .join(ComparisonAccount, ComparisonAccount.comparison_id == Comparison.id)
        .where(Comparison.id.in_(subscribed))
        .group_by(Comparison.id, count)
    )
    return {_join_key(post_count, ids) for post_count, ids in rows}


def _join_key(post_count: int, ids: str) -> str:
    return make_key(post_count, map(int, ids.split(",")))


def list_unneeded(session: Session, post_count: int, keys: Iterable[str]) -> set[str]:
    """Those of these keys that are of no dataset that must exist. Only what has their first accounts is examined."""
    examined = {key for key in keys if key != DATA_DICTIONARY}
    unneeded = examined - _of_trackings(session, post_count, _first_accounts(examined))
    return unneeded - _of_subscriptions(session, _first_accounts(unneeded)) if unneeded else unneeded


def _first_accounts(keys: Iterable[str]) -> set[int]:
    return {account_id for key in keys for account_id in parse_key(key).account_ids[:1]}


def delete_many(session: Session, keys: Collection[str]) -> None:
    """Their files are to be deleted, here and in Dropbox."""
    for key in keys:
        session.execute(delete(Dataset).where(Dataset.key == key))


def is_current(session: Session, key: str, path: str, digest: str) -> bool:
    """Whether the dataset is saved with this path and digest, and is not due."""
    dataset = session.get(Dataset, key)
    return dataset is not None and (dataset.path, dataset.digest, dataset.due) == (path, digest, False)


def change_post_count(session: Session, post_count: int) -> None:
    """Let the datasets of all that a chat tracks hold this many posts of an account, whatever they held before."""
    needed, stored = list_needed(session, post_count), set(session.scalars(select(Dataset.key)))
    missing = needed - stored
    for key in stored - needed - {DATA_DICTIONARY}:
        changed = make_key(post_count, parse_key(key).account_ids)
        if changed in missing:
            missing.remove(changed)
            session.execute(update(Dataset).where(Dataset.key == key).values(key=changed, due=True))


def save(session: Session, key: str, path: str, digest: str) -> None:
    """The dataset's file has this path and content. A file at its former path is to be deleted."""
    dataset = session.get(Dataset, key)
    if dataset is None:
        dataset = Dataset(key=key)
        session.add(dataset)
    dataset.path, dataset.digest, dataset.due = path, digest, False
    session.flush()


def mark_due(session: Session, keys: Iterable[str] | None = None) -> None:
    """Have these datasets, or all, compared with the posts, and written where they differ."""
    which = () if keys is None else (Dataset.key.in_(list(keys)),)
    session.execute(update(Dataset).where(*which).values(due=True))


def mark_due_of_accounts(session: Session, account_ids: Collection[int]) -> None:
    """Mark the datasets due that have one of these accounts, as after a change of their handles."""
    if account_ids:
        keys = session.scalars(select(Dataset.key).where(Dataset.key != DATA_DICTIONARY)).all()
        mark_due(session, [key for key in keys if not set(account_ids).isdisjoint(parse_key(key).account_ids)])


def list_portion(session: Session, number: int, size: int) -> dict[str, str | None]:
    """The path of each dataset of a portion, by its key. The numbers go round: each size of them sees all datasets.

    None before a dataset is written.
    """
    count = session.scalar(select(func.count()).select_from(Dataset)) or 0
    first = size * (number % max(1, ceil(count / size)))
    rows = session.execute(select(Dataset.key, Dataset.path).order_by(Dataset.key).offset(first).limit(size))
    return {row[0]: row[1] for row in rows}


def list_paths(session: Session, paths: Collection[str]) -> set[str]:
    """Those of these paths that are of datasets."""
    return set(session.scalars(select(Dataset.path).where(Dataset.path.in_(paths))))


def list_due(session: Session, most: int) -> Sequence[str]:
    return session.scalars(select(Dataset.key).where(Dataset.due).order_by(Dataset.key).limit(most)).all()
