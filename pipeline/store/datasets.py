"""Datasets: of which accounts and how many posts there are to be files, and what each holds."""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import String, cast, delete, func, select, update
from sqlalchemy.orm import Session

from pipeline.records import Mode
from pipeline.store.tables import Comparison, ComparisonAccount, Dataset, Subscription, Tracking

DATA_DICTIONARY = "columns"
"""The key of the file that explains the columns; it is kept whatever else is."""
COUNT = Comparison.__table__.c.count


class Contents(NamedTuple):
    """What a dataset is made of: the newest posts of each of these accounts, as many as that."""

    posts: int
    account_ids: tuple[int, ...]


def make_key(count: int, account_ids: Iterable[int]) -> str:
    return f"{count} {','.join(map(str, sorted(account_ids)))}"


def parse_key(key: str) -> Contents:
    count, _, ids = key.partition(" ")
    return Contents(int(count), tuple(map(int, filter(None, ids.split(",")))))


def is_needed(session: Session, key: str, count: int) -> bool:
    """Whether the dataset is to be kept; only what shares an account with it is looked through."""
    account_ids = parse_key(key).account_ids
    return bool(account_ids) and key in list_needed(session, count, of=account_ids[0])


def list_needed(session: Session, count: int, *, of: int | None = None) -> set[str]:
    """The keys of what is to be kept: of all that a chat tracks, with the usual count, and of each subscription.

    of: only those with this account.
    """
    chats = select(Tracking.chat_id).where(Tracking.account_id == of)
    comparisons = select(ComparisonAccount.comparison_id).where(ComparisonAccount.account_id == of)
    ids = func.aggregate_strings(cast(Tracking.account_id, String), ",")
    all_tracked = select(ids).group_by(Tracking.chat_id)
    tracked = session.scalars(all_tracked if of is None else all_tracked.where(Tracking.chat_id.in_(chats)))
    all_kept = select(Subscription.comparison_id).where(Subscription.mode != Mode.ONCE)
    kept = all_kept if of is None else all_kept.where(Subscription.comparison_id.in_(comparisons))
    subscribed = session.execute(
        select(COUNT, func.aggregate_strings(cast(ComparisonAccount.account_id, String), ","))
        .join(ComparisonAccount, ComparisonAccount.comparison_id == Comparison.id)
        .where(Comparison.id.in_(kept))
        .group_by(Comparison.id, COUNT)
    )
    return {_key(count, ids) for ids in tracked} | {_key(posts, ids) for posts, ids in subscribed}


def _key(count: int, ids: str) -> str:
    return make_key(count, map(int, ids.split(",")))


def list_unneeded(session: Session, count: int) -> set[str]:
    """The keys of the files that nobody tracks or subscribes to any more."""
    return set(session.scalars(select(Dataset.key))) - list_needed(session, count) - {DATA_DICTIONARY}


def delete_many(session: Session, keys: Collection[str]) -> None:
    """There is to be no file of these any more, here or in Dropbox."""
    for each in keys:
        session.execute(delete(Dataset).where(Dataset.key == each))


def is_current(session: Session, key: str, path: str, digest: str) -> bool:
    """Whether that is noted already."""
    file = session.get(Dataset, key)
    return file is not None and (file.path, file.digest, file.due) == (path, digest, False)


def change_post_count(session: Session, count: int) -> None:
    """Let the files of all that a chat tracks hold as many posts as are read now, where that was another number."""
    kept = list_needed(session, count) - set(session.scalars(select(Dataset.key)))
    for each in list_unneeded(session, count):
        fitted = make_key(count, parse_key(each).account_ids)
        if fitted in kept:
            kept.remove(fitted)
            session.execute(update(Dataset).where(Dataset.key == each).values(key=fitted, due=True))


def save(session: Session, key: str, path: str, digest: str) -> None:
    """The file is to hold this content, at this path; where it stood before, there is to be none."""
    file = session.get(Dataset, key)
    if file is None:
        file = Dataset(key=key)
        session.add(file)
    file.path, file.digest, file.due = path, digest, False
    session.flush()


def mark_due(session: Session, keys: Iterable[str] | None = None) -> None:
    """Have these compared with the posts, or all of them, and written where they are not the same."""
    mine = () if keys is None else (Dataset.key.in_(list(keys)),)
    session.execute(update(Dataset).where(*mine).values(due=True))


def mark_due_of_accounts(session: Session, account_ids: Collection[int]) -> None:
    """The files of these accounts bear the former names."""
    if account_ids:
        keys = session.scalars(select(Dataset.key).where(Dataset.key != DATA_DICTIONARY)).all()
        mark_due(session, [key for key in keys if not set(account_ids).isdisjoint(parse_key(key).account_ids)])


def keys_by_path(session: Session) -> dict[str, str]:
    """The key of each file by its path."""
    rows = session.execute(select(Dataset.path, Dataset.key))
    return {path: key for path, key in rows if path is not None}


def list_due(session: Session) -> Sequence[str]:
    return session.scalars(select(Dataset.key).where(Dataset.due).order_by(Dataset.key)).all()
