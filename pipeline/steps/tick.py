"""What each task does, as plain functions that know no Celery."""

import logging
from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from operator import itemgetter
from pathlib import Path

from sqlalchemy.orm import Session

from pipeline.chart import caption, draw, layout
from pipeline.errors import AWAY, ServiceError
from pipeline.i18n import lazy_gettext
from pipeline.messaging import client
from pipeline.messaging.celery_app import SLOTS, TASK_LIMIT_S
from pipeline.records import NETWORK, Due, FetchResult, LazyString, Profile
from pipeline.steps import dataset, fetch, planner
from pipeline.steps.chart_data import Drawing, chart_data, drawings, inputs, layouts
from pipeline.steps.resources import Resources
from pipeline.steps.upload import Uploader, is_due
from pipeline.store import accounts, allowances, bill, clock, comparisons, datasets, notices, subscriptions
from pipeline.store.tables import Comparison

log = logging.getLogger(__name__)

TELL_STOPS_LONGER_THAN = timedelta(minutes=5)
PERIODS = {"day": lazy_gettext("a day"), "month": lazy_gettext("a month")}
WITHIN = 0.8
"""The part of a tick that reading may take: an account that hangs must not cost the others their next tick."""
LONGEST = timedelta(seconds=TASK_LIMIT_S / 2)
"""Longer ticks leave no more: what a task does that is ended is lost."""
TURNS_A_SECOND = 60
"""Twice as many charts as Telegram lets a bot show: the line must not run out before the next tick."""
WRITTEN_AGAIN_A_TICK = 20
"""Datasets that are written without a chart, as after a start: they must not hold up those that somebody waits for."""


def plan(resources: Resources, now: datetime) -> list[list[tuple[int, str, int]]]:
    """The due accounts in chunks that a message can carry: (account id, id on the network, depth)."""
    _make_again_what_was_lost(resources)
    _begin_anew_what_failed(resources)
    with resources.store.write_session() as db:
        set_back = clock.follow(db, now)
        planned = planner.plan(db, resources.settings, now)
        accounts.mark_tried(db, [due.account_id for due in planned.due], now)
        if planned.short is not None:
            _tell_of_budget(db, planned.short)
    if set_back:
        log.warning("the clock was set back by %s; what waited for a moment waits as long as before", set_back)
    return _packed_chunks(planned.due)


def plan_asked(
    resources: Resources, comparison_ids: Collection[int], account_ids: Collection[int], now: datetime
) -> list[list[tuple[int, str, int]]]:
    """Those of these accounts and of these comparisons' that nobody has tried to read, in chunks as `plan` has them."""
    with resources.store.read_session() as db:
        wanted = accounts.untried(db, comparison_ids, account_ids)
    if not wanted:
        return []
    with resources.store.write_session() as db:
        due = planner.plan_first(db, resources.settings, accounts.untried(db, comparison_ids, account_ids), now)
        accounts.mark_tried(db, [each.account_id for each in due], now)
    return _packed_chunks(due)


def claim(resources: Resources, comparison_ids: Collection[int], now: datetime) -> Sequence[tuple[int, int]]:
    """Those of these comparisons that are to be drawn now, as (id, version)."""
    if not comparison_ids:
        return []
    with resources.store.write_session() as db:
        return comparisons.claim(db, comparison_ids, now)


def _packed_chunks(due: Sequence[Due]) -> list[list[tuple[int, str, int]]]:
    return [[_packed(each) for each in chunk] for chunk in fetch.chunks(due, SLOTS)]


def _make_again_what_was_lost(resources: Resources) -> None:
    if resources.redis_is_new:
        with resources.store.write_session() as db:
            comparisons.want_all(db)
        resources.know_redis()


def _begin_anew_what_failed(resources: Resources) -> None:
    """A chart that failed in this process is free to be made by this tick, and not only when its claim has run out."""
    if resources.failed:
        with resources.store.write_session() as db:
            for comparison_id in resources.failed:
                comparisons.release(db, comparison_id)
        resources.failed.clear()


def _packed(due: Due) -> tuple[int, str, int]:
    return due.account_id, due.remote_id, due.depth


def _tell_of_budget(db: Session, budget: bill.Budget) -> None:
    told = lazy_gettext(
        "The bot's budget for X is used up: {limit:usd} {period}. "
        "The charts keep what was read last, with its time. Reading goes on {until:moment}.",
        limit=budget.limit,
        period=PERIODS[budget.period],
        until=budget.until,
    )
    notices.tell(
        db, f"{notices.BUDGET}{budget.period} until {budget.until:%Y-%m-%d} of {budget.limit}", told, budget.until
    )


def read(resources: Resources, chunk: Sequence[Sequence[int | str]], now: datetime) -> str | None:
    """Read the chunk's accounts; returns the digest of their readings, or None where they could not be kept."""
    try:
        return _read(resources, chunk, now)
    except AWAY as error:  # whoever raises here ends the whole tick
        log.warning("%d accounts were not read: %s", len(chunk), error)
        return None


def _read(resources: Resources, chunk: Sequence[Sequence[int | str]], now: datetime) -> str:
    _begin_anew_what_failed(resources)
    due = [Due(int(account_id), str(remote_id), int(depth)) for account_id, remote_id, depth in chunk]
    with resources.store.read_session() as db:
        stop = notices.stopped(db, NETWORK, now)
    if stop is not None:  # another chunk of this tick heard of it first
        return _kept(
            [FetchResult(each.account_id, now, problem=stop.reason, had_turn=False) for each in due], resources
        )
    found = fetch.fetch(resources.x, due, now, min(WITHIN * resources.settings.tick, LONGEST))
    stops = [(each.stopped_until, each.problem) for each in found if each.stopped_until and each.problem]
    if stops:
        until, reason = max(stops, key=itemgetter(0))
        with resources.store.write_session() as db:
            _note_stop(db, reason, now, until)
    return _kept(found, resources)


def _kept(found: Sequence[FetchResult], resources: Resources) -> str:
    return resources.blobs.put(fetch.readings.dump_json(list(found)))


def conclude(resources: Resources, kept: Sequence[str | None], now: datetime) -> Sequence[tuple[int, int]]:
    """Store the readings; returns the comparisons to draw now, as (id, version)."""
    _begin_anew_what_failed(resources)
    digests, found = _unpacked(resources, kept)
    with resources.store.write_session() as db:
        late = planner.conclude(db, resources.settings, sum(reading.requests for reading in found), now)
        changed = accounts.save(db, found) | accounts.mark_stale(db, late)
        comparisons.mark_changed(db, changed)
        comparisons.mark_faded(db, now)
        if any(reading.posts is not None or reading.state for reading in found):
            notices.resume(db, NETWORK, now)
        outdated = comparisons.claim_outdated(db, now, TURNS_A_SECOND * resources.settings.tick_seconds)
    resources.blobs.drop(digests)
    failed = sum(reading.posts is None for reading in found)
    log.info(
        "tick: %d read, %d failed, %d changed, %d to draw", len(found) - failed, failed, len(changed), len(outdated)
    )
    return outdated


def conclude_asked(resources: Resources, kept: Sequence[str | None], now: datetime) -> Sequence[tuple[int, int]]:
    """Store first readings; returns the comparisons that waited for them, as (id, version)."""
    digests, found = _unpacked(resources, kept)
    with resources.store.write_session() as db:
        allowances.take(db, NETWORK, sum(reading.requests for reading in found))
        comparisons.mark_changed(db, accounts.save(db, found))
        outdated = comparisons.claim_of(db, [reading.account_id for reading in found], now)
    resources.blobs.drop(digests)
    log.info("asked: %d read for the first time, %d to draw", len(found), len(outdated))
    return outdated


def _unpacked(resources: Resources, kept: Sequence[str | None]) -> tuple[list[str], list[FetchResult]]:
    """The digests of kept readings, and the readings of those that are still there."""
    digests = [digest for digest in kept if digest is not None]
    packed = [content for digest in digests if (content := resources.blobs.get(digest)) is not None]
    return digests, [reading for content in packed for reading in fetch.readings.validate_json(content)]


def _note_stop(db: Session, reason: LazyString, now: datetime, until: datetime) -> None:
    """The network asked for no more. A short stop is no news."""
    stop = notices.stop(db, NETWORK, reason, now, until)
    if until - now > TELL_STOPS_LONGER_THAN:
        told = lazy_gettext(
            "{reason}. Since {since:moment} nothing is read; the charts keep what was read last, with its time. "
            "The next try is {until:moment}; the bot's owner can try earlier by /status.",
            reason=stop.reason,
            since=stop.since,
            until=stop.until,
        )
        notices.tell_of_stop(db, stop, told)


def write(resources: Resources, comparison_id: int) -> None:
    """Write the comparison's dataset, where somebody tracks or subscribes to what it is of. Raises OSError."""
    with resources.store.read_session() as db:
        key = datasets.of_comparison(db, comparison_id)
        is_wanted = subscriptions.is_kept(db, comparison_id) or datasets.is_wanted(db, key, _usual_count(resources))
    if is_wanted:
        _write(resources, key)
        _write(resources, datasets.DICTIONARY)


def write_again(resources: Resources, key: str) -> None:
    """Bring a dataset to what the posts say now, and its file here to what it should hold."""
    try:
        _write(resources, key)
    except OSError as error:
        log.warning("a dataset was not written: %s", error)


def _write(resources: Resources, key: str) -> None:
    """Note what the file is to hold, for whoever uploads it too, and then write it to DATA_DIR.

    In this order, so that what the disk has no room for gets to Dropbox all the same.
    """
    with resources.store.read_session() as db:
        path, content = _file(db, key)
        is_noted = datasets.holds(db, key, path, dataset.version(content))
    if not is_noted:
        with resources.store.write_session() as db:
            datasets.put(db, key, path, dataset.version(content))
    try:
        dataset.keep(_datasets(resources), path, content)
    except OSError:
        with resources.store.write_session() as db:
            datasets.mark_due(db, [key])
        raise


def _file(db: Session, key: str) -> tuple[str, bytes]:
    """The path and the bytes of a dataset, from the posts that are stored now."""
    if key == datasets.DICTIONARY:
        return dataset.DICTIONARY_PATH, dataset.dictionary()
    count, account_ids = datasets.contents(key)
    newest = comparisons.newest_posts_of(db, account_ids, count)
    members = accounts.of(db, account_ids)
    timelines = {dataset.Author(each.handle, each.remote_id): newest[each.id] for each in members}
    return dataset.path(NETWORK, timelines, count), dataset.render(NETWORK, timelines.items())


def tidy(resources: Resources) -> Sequence[str]:
    """Drop the datasets that nobody tracks or subscribes to any more; returns some of those to be written anew.

    Theirs are the files here that are missing, or may hold something else than they should.
    """
    here = _here(resources)  # before the database is read: what is written meanwhile is not taken for a file too many
    with resources.store.read_session() as db:
        unwanted = datasets.unwanted(db, _usual_count(resources))
    if unwanted:
        with resources.store.write_session() as db:
            datasets.drop(db, datasets.unwanted(db, _usual_count(resources)))
    with resources.store.read_session() as db:
        paths, due = datasets.paths(db), datasets.due(db)
    try:
        dataset.remove(_datasets(resources), here - paths.keys())
    except OSError as error:
        log.warning("a dataset that nobody follows any more was not deleted: %s", error)
    missing = [paths[path] for path in sorted(paths.keys() - here)]
    return list(dict.fromkeys([*due, *missing]))[:WRITTEN_AGAIN_A_TICK]


def _here(resources: Resources) -> set[str]:
    """The files in the folder of datasets. One that cannot be read costs nobody the tick."""
    try:
        return dataset.files(_datasets(resources))
    except OSError as error:
        log.warning("the datasets here cannot be looked at: %s", error)
        return set()


def _datasets(resources: Resources) -> Path:
    return resources.settings.data_dir / "datasets"


def _usual_count(resources: Resources) -> int:
    return resources.settings.posts_per_account


def upload(resources: Resources, now: datetime) -> None:
    """Bring Dropbox up to date, as far as it is allowed now."""
    at_least = timedelta(seconds=resources.settings.dropbox_min_seconds)
    account = resources.settings.dropbox_account
    Uploader(resources.store, resources.dropbox, account, lambda key: _content(resources, key), at_least).upload_due(
        now
    )


def has_uploads(resources: Resources, now: datetime) -> bool:
    if not resources.settings.dropbox_is_on:
        return False
    with resources.store.read_session() as db:
        return is_due(db, resources.settings.dropbox_account, now)


def _content(resources: Resources, key: str) -> bytes:
    with resources.store.read_session() as db:
        return _file(db, key)[1]


def plot(resources: Resources, comparison_id: int, now: datetime) -> str | None:
    """Draw the comparison; returns the digest of the drawing, or None where the chart would show the same as before."""
    with resources.store.read_session() as db:
        comparison = db.get_one(Comparison, comparison_id)
        data = chart_data(db, comparison, now)
    if comparison.inputs == inputs(data):
        with resources.store.write_session() as db:
            comparisons.note_unchanged(db, comparison_id, inputs(data), data.as_of)
        return None
    packed_layout = layouts.dump_json(layout(data)).decode()
    drawn = resources.blobs.put(draw(data))
    drawing = Drawing(drawn, caption(data), inputs(data), packed_layout, data.as_of, data.fades_at)
    return resources.blobs.put(drawings.dump_json(drawing))


def publish(resources: Resources, digest: str | None, comparison_id: int, version: int) -> bool:
    """Note the chart as the comparison's newest, and tell that it is ready. True where a later one was asked for."""
    packed = resources.blobs.get(digest) if digest else None
    if digest and packed is None:
        with resources.store.write_session() as db:
            comparisons.release(db, comparison_id)
        return True
    with resources.store.write_session() as db:
        if packed is not None:
            drawing = drawings.validate_json(packed)
            comparison = db.get_one(Comparison, comparison_id)
            if comparison.drawn <= version and comparison.inputs != drawing.inputs:  # the same may be drawn twice
                resources.blobs.replace(comparison.chart, drawing.chart)
                for name, value in asdict(drawing).items():
                    setattr(comparison, name, value)
                comparison.checked_at = drawing.as_of
        behind = comparisons.finish(db, comparison_id, version)
    resources.blobs.retire(digest)
    client.announce(resources.redis, comparison_id)
    return behind


def look_up(resources: Resources, handles: list[str], now: datetime) -> client.Answer:
    """What X says of the handles, kept as accounts; or why it cannot be asked."""
    with resources.store.read_session() as db:
        stop = notices.stopped(db, NETWORK, now)
        money = bill.budget(db, resources.settings.x_daily_usd, resources.settings.x_monthly_usd, now)
        short = planner.plan(db, resources.settings, now).short
    if stop is not None:
        return client.Answer(
            problem=lazy_gettext("{reason}. The next try is {until:moment}.", reason=stop.reason, until=stop.until)
        )
    if short or money.left < bill.user_usd(len(handles)):
        return client.Answer(
            problem=lazy_gettext("The bot's budget for X is used up until {until:moment}.", until=money.until)
        )
    try:
        profiles: list[Profile] = resources.x.look_up(handles)
    except ServiceError as error:
        _note_hard_stop(resources, error, now)
        return client.Answer(problem=lazy_gettext("{reason}.", reason=error.text))
    with resources.store.write_session() as db:
        _rename(db, accounts.save_profiles(db, profiles, NETWORK, now))
    return client.Answer(profiles=profiles)


def follow_names(resources: Resources, now: datetime) -> None:
    """Look whether accounts were renamed: their timelines do not tell. The next tick draws and writes those anew."""
    with resources.store.read_session() as db:
        remote_ids = planner.names(db, resources.settings, now)
    if not remote_ids:
        return
    try:
        profiles = resources.x.names(remote_ids)
    except ServiceError as error:
        log.warning("names were not looked at: %s", error)
        _note_hard_stop(resources, error, now)
        return
    with resources.store.write_session() as db:
        _rename(db, accounts.save_names(db, profiles, NETWORK, now))


def _rename(db: Session, account_ids: Collection[int]) -> None:
    """Have what bears the accounts' former names drawn and written anew."""
    comparisons.mark_changed(db, account_ids)
    datasets.mark_renamed(db, account_ids)


def _note_hard_stop(resources: Resources, error: ServiceError, now: datetime) -> None:
    """Looking at profiles has a rate limit of its own, which stops nothing else; the bill is one."""
    if error.permanent and error.retry_after:
        with resources.store.write_session() as db:
            _note_stop(db, error.text, now, now + error.retry_after)
