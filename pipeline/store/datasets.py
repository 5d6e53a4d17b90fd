"""Datasets: of which accounts and how many posts there are to be files, and what each holds."""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import String, cast, delete, func, select, update
from sqlalchemy.orm import Session

from pipeline.records import Mode
from pipeline.store.tables import Comparison, ComparisonAccount, Dataset, Subscription, Tracking

DICTIONARY = "columns"
"""The key of the file that explains the columns; it is kept whatever else is."""
COUNT = Comparison.__table__.c.count


class Contents(NamedTuple):
    """What a dataset is made of: the newest posts of each of these accounts, as many as that."""

    posts: int
    account_ids: tuple[int, ...]


def key(count: int, account_ids: Iterable[int]) -> str:
    return f"{count} {','.join(map(str, sorted(account_ids)))}"


def contents(key: str) -> Contents:
    count, _, ids = key.partition(" ")
    return Contents(int(count), tuple(map(int, filter(None, ids.split(",")))))


def of_comparison(session: Session, comparison_id: int) -> str:
    """The key of the dataset that the comparison is drawn from."""
    comparison = session.get_one(Comparison, comparison_id)
    accounts = select(ComparisonAccount.account_id).where(ComparisonAccount.comparison_id == comparison_id)
    return key(comparison.spec.count, session.scalars(accounts))


def is_wanted(session: Session, key: str, count: int) -> bool:
    """Whether the dataset is to be kept; only what shares an account with it is looked through."""
    account_ids = contents(key).account_ids
    return bool(account_ids) and key in wanted(session, count, of=account_ids[0])


def wanted(session: Session, count: int, *, of: int | None = None) -> set[str]:
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
    return key(count, map(int, ids.split(",")))


def unwanted(session: Session, count: int) -> set[str]:
    """The keys of the files that nobody tracks or subscribes to any more."""
    return set(session.scalars(select(Dataset.key))) - wanted(session, count) - {DICTIONARY}


def drop(session: Session, keys: Collection[str]) -> None:
    """There is to be no file of these any more, here or in Dropbox."""
    for each in keys:
        session.execute(delete(Dataset).where(Dataset.key == each))


def holds(session: Session, key: str, path: str, digest: str) -> bool:
    """Whether that is noted already."""
    file = session.get(Dataset, key)
    return file is not None and (file.path, file.digest, file.due) == (path, digest, False)


def fit_count(session: Session, count: int) -> None:
    """Let the files of all that a chat tracks hold as many posts as are read now, where that was another number."""
    kept = wanted(session, count) - set(session.scalars(select(Dataset.key)))
    for each in unwanted(session, count):
        fitted = key(count, contents(each).account_ids)
        if fitted in kept:
            kept.remove(fitted)
            session.execute(update(Dataset).where(Dataset.key == each).values(key=fitted, due=True))


def put(session: Session, key: str, path: str, digest: str) -> None:
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


def mark_renamed(session: Session, account_ids: Collection[int]) -> None:
    """The files of these accounts bear the former names."""
    if account_ids:
        keys = session.scalars(select(Dataset.key).where(Dataset.key != DICTIONARY)).all()
        mark_due(session, [key for key in keys if not set(account_ids).isdisjoint(contents(key).account_ids)])


def paths(session: Session) -> dict[str, str]:
    """The key of each file by its path."""
    rows = session.execute(select(Dataset.path, Dataset.key))
    return {path: key for path, key in rows if path is not None}


def due(session: Session) -> Sequence[str]:
    return session.scalars(select(Dataset.key).where(Dataset.due).order_by(Dataset.key)).all()
