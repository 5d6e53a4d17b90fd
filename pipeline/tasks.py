"""A tick on one screen. Each task calls one step, which bears its name.

    tick ─► for each network:
            a chord of fetch ─► store ─┬─► draw, for each comparison that changed ─┬─► write its dataset
                                       ├─► rewrite, upload, backup, purge: if due  ├─► upload, which nothing waits for
                                       └─► the lock is released                    ├─► draw the chart, publish it
                                                                                   └─► alert chats of overtakes in it

A `draw` task reads a comparison's posts once, writes the dataset and draws the chart from them. They stay in its
process, so that the two cannot differ; only the finished PNG travels through Redis, where the bot fetches it. A dataset
that the disk does not take is written by a later tick, and the chart goes on. A task whose worker is killed runs again.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, cast

from celery import Celery, Signature, chord, shared_task

from pipeline import clock
from pipeline.messaging import client, processes, progress
from pipeline.messaging.celery_app import CHART_FILE, EXAMPLE, LOOK_UP, REDRAW, REQUEST_CHARTS, TICK, make_app
from pipeline.messaging.queues import ABANDONED_AFTER, CHARTS, REQUESTS, SERVERS, TICKS, UPLOADS, redeliver_unacked
from pipeline.messaging.task_request import Task
from pipeline.records import Language, Theme
from pipeline.settings import Settings
from pipeline.sources.registry import NETWORKS
from pipeline.steps import backup as backup_step
from pipeline.steps import chart_file as chart_file_step
from pipeline.steps import compare_usage as compare_usage_step
from pipeline.steps import dataset as dataset_step
from pipeline.steps import draw as draw_step
from pipeline.steps import example as example_step
from pipeline.steps import fetch as fetch_step
from pipeline.steps import follow_names as follow_names_step
from pipeline.steps import look_up as look_up_step
from pipeline.steps import overtakes as overtakes_step
from pipeline.steps import plan as plan_step
from pipeline.steps import purge as purge_step
from pipeline.steps import store as store_step
from pipeline.steps import upload as upload_step
from pipeline.steps.chunks import Chunk
from pipeline.steps.resources import Resources
from pipeline.store.comparisons import CLAIM_DURATION


def build(settings: Settings) -> Celery:
    """The worker's app: that of the queues, with the tasks below and what they work with."""
    app = make_app(settings)
    app.resources = Resources(settings)
    return app


class StepTask(Task):
    """A task that works with its app's clients."""

    @property
    def resources(self) -> Resources:
        return cast("Resources", self.app.resources)  # type: ignore[attr-defined] # `build` sets it

    @property
    def period_s(self) -> int:
        """Seconds between two ticks. A message that the next tick sends again expires then, so that none pile up."""
        return self.resources.settings.tick_seconds


@shared_task(name=TICK, base=StepTask, bind=True)
def tick(task: StepTask) -> None:
    """Sent by beat each period."""
    redeliver_unacked(task.app, ABANDONED_AFTER)
    keys = plan_step.begin(task.resources, clock.now())
    processes.note_tick(task.resources.redis, task.period_s)
    with ExitStack() as each:  # all are started, although one fails
        for key in reversed(keys):
            each.callback(start_tick, task, key)
    if task.resources.is_first("follow_names", follow_names_step.EVERY):
        for key in keys:
            follow_names.apply_async((key,), queue=queue_of(key), expires=task.period_s)


def start_tick(task: StepTask, key: str) -> None:
    """Begin a network's own tick, so that a slow network delays no other; not while its last one is under way."""
    lock = task.resources.tick_lock(key)
    token = lock.acquire()
    if token is None:
        return
    with lock.released_on_failure(token):
        chunks = plan_step.plan(task.resources, key, clock.now())
        if chunks:
            chord([fetch_later(chunk) for chunk in chunks], store.s(key, token)).apply_async()
        else:  # an empty header would run the body in its own way
            store([], key, token)


def fetch_later(chunk: Chunk) -> Signature:
    """The message that has a chunk fetched."""
    return fetch.s(*chunk).set(queue=queue_of(chunk.network))


def queue_of(key: str) -> str:
    """Where a network's requests are made: servers that anybody may name have a worker of their own."""
    return SERVERS if NETWORKS[key].has_servers else TICKS


@shared_task(name="fetch", base=StepTask, bind=True, ignore_result=False)
def fetch(task: StepTask, *chunk: Any) -> str | None:
    """Fetch a Chunk, whose fields are the arguments."""
    return fetch_step.fetch(task.resources, Chunk(*chunk), clock.now())


@shared_task(name="store", base=StepTask, bind=True)
def store(task: StepTask, digests: list[str | None], key: str, token: str) -> None:
    """Store what was fetched of a network and start what follows from it. Here its tick ends."""
    lock = task.resources.tick_lock(key)
    with lock.released_on_failure(token):
        release_claims(task)
        start_charts(task.resources, store_step.store(task.resources, key, digests, clock.now()), CHARTS)
        compare_usage_step.compare_usage(task.resources, key, clock.now())
        for dataset in dataset_step.tidy(task.resources):
            rewrite.apply_async((dataset,), expires=task.period_s)
        if upload_step.has_uploads(task.resources, clock.now()):
            upload.apply_async(expires=task.period_s)
        if backup_step.is_due(task.resources, clock.now()):
            backup.apply_async(expires=task.period_s)
        if purge_step.is_due(task.resources.redis):
            purge.delay()
        progress.note(task.resources.redis, key)
    lock.release(token)


@shared_task(name=REQUEST_CHARTS, base=StepTask, bind=True)
def request_charts(task: StepTask, comparison_ids: list[int], account_ids: list[int]) -> None:
    """A chat asks for these charts and tracks these new accounts: only they are fetched and drawn, without a tick."""
    release_claims(task)
    chunks = plan_step.plan_requested(task.resources, comparison_ids, account_ids, clock.now())
    start_charts(task.resources, draw_step.claim(task.resources, comparison_ids, clock.now()), REQUESTS)
    if chunks:
        chord([fetch_later(chunk) for chunk in chunks], store_requested.s()).apply_async()


@shared_task(name=REDRAW, base=StepTask, bind=True)
def redraw(task: StepTask, comparison_ids: list[int]) -> None:
    """A chat asks for these charts anew, from what is stored: nothing is fetched for them."""
    release_claims(task)
    start_charts(task.resources, draw_step.claim(task.resources, comparison_ids, clock.now()), REQUESTS)


@shared_task(name="store_requested", base=StepTask, bind=True)
def store_requested(task: StepTask, digests: list[str | None]) -> None:
    """Store what was fetched for the first time, and draw what waited for that."""
    release_claims(task)
    start_charts(task.resources, store_step.store_requested(task.resources, digests, clock.now()), REQUESTS)


def start_charts(resources: Resources, claimed: Sequence[tuple[int, int]], queue: str) -> None:
    """Have these comparisons drawn, each to its version. Where a message cannot be sent, all are released again."""
    with resources.noting_failure(comparison_id for comparison_id, _ in claimed):
        for comparison_id, version in claimed:
            chart = {"comparison_id": comparison_id, "version": version}
            draw.apply_async(kwargs=chart, queue=queue, expires=CLAIM_DURATION.total_seconds())


def release_claims(task: StepTask) -> None:
    """Where the task runs again, its first run may have claimed charts and have ended before it had them drawn."""
    if (task.request.delivery_info or {}).get("redelivered"):
        draw_step.release_claims(task.resources)


def release_chart(task: StepTask, *failure: Any) -> None:
    """Celery calls this where `draw` raised: the next tick draws the comparison again."""
    _error, _task_id, _args, kwargs, _traceback = failure
    task.resources.failed.add(kwargs["comparison_id"])


@shared_task(name="draw", base=StepTask, bind=True, queue=CHARTS, on_failure=release_chart)
def draw(task: StepTask, *, comparison_id: int, version: int) -> None:
    """Write the comparison's dataset and draw its chart, both from the same posts."""
    snapshot = draw_step.read(task.resources, comparison_id, clock.now())
    if dataset_step.dataset(task.resources, snapshot) and task.resources.settings.dropbox_is_on:
        upload.apply_async(expires=task.period_s)
    if draw_step.draw(task.resources, snapshot, version):
        start_charts(task.resources, draw_step.claim(task.resources, [comparison_id], clock.now()), REQUESTS)
    overtakes_step.find(task.resources, snapshot, clock.now())


def report_failure(task: StepTask, *failure: Any) -> None:
    """Celery calls this where `chart_file` raised: the chat is told."""
    _error, _task_id, (request,), _kwargs, _traceback = failure
    client.hand_over(task.resources.redis, client.ReadyFile(client.file_requests.validate_python(request)))


@shared_task(name=CHART_FILE, base=StepTask, bind=True, on_failure=report_failure)
def chart_file(task: StepTask, request: dict[str, Any]) -> None:
    """A chat asks for a chart as a file."""
    ready = chart_file_step.chart_file(task.resources, client.file_requests.validate_python(request), clock.now())
    client.hand_over(task.resources.redis, ready)


@shared_task(name="rewrite", base=StepTask, bind=True, queue=CHARTS)
def rewrite(task: StepTask, key: str) -> None:
    """Write a dataset without a chart: its file is missing, or does not hold the posts as they are now."""
    dataset_step.rewrite(task.resources, key)


@shared_task(name="upload", base=StepTask, bind=True, queue=UPLOADS)
def upload(task: StepTask) -> None:
    """Bring Dropbox up to date. Nothing waits for this task, and its queue has a worker of its own."""
    upload_step.upload(task.resources, clock.now())


@shared_task(name="backup", base=StepTask, bind=True, queue=UPLOADS)
def backup(task: StepTask) -> None:
    """Once a day, make a backup, and bring it to Dropbox piece by piece. Nothing waits for it either."""
    if backup_step.backup(task.resources, clock.now()):
        backup.apply_async(expires=task.period_s)


@shared_task(name="purge", base=StepTask, bind=True, queue=CHARTS)
def purge(task: StepTask) -> None:
    """Once a day, delete what no chat needs any more."""
    purge_step.purge(task.resources.store, clock.now())


@shared_task(name="follow_names", base=StepTask, bind=True)
def follow_names(task: StepTask, key: str) -> None:
    """Once a minute, see whether accounts of a network were renamed."""
    follow_names_step.follow_names(task.resources, key, clock.now())


@shared_task(name=LOOK_UP, base=StepTask, bind=True)
def look_up(task: StepTask, network: str, handles: list[str], reply_to: str, chat_id: int | None = None) -> None:
    """A chat asks which accounts of the network these handles name."""
    answer = look_up_step.look_up(task.resources, network, handles, chat_id, clock.now())
    client.reply(task.resources.redis, reply_to, answer)


@shared_task(name=EXAMPLE, base=StepTask, bind=True)
def example(task: StepTask, theme: str, language: str, reply_to: str) -> None:
    """A person asks what a chart looks like."""
    answer = example_step.example(task.resources, Theme(theme), Language(language))
    client.reply(task.resources.redis, reply_to, answer)
