"""A tick, from beat to "chart ready", on one screen. Tasks unpack, call one plain function and pack."""

from collections.abc import Sequence
from typing import Any

from celery import Celery, chain, chord

from pipeline import clock
from pipeline.messaging import client
from pipeline.messaging.celery_app import (
    ASKED,
    CHARTS,
    LOOK_UP,
    LOST_AFTER,
    REQUEST_CHARTS,
    TICK,
    UPLOADS,
    make_app,
    redeliver_unacked,
)
from pipeline.settings import PipelineSettings
from pipeline.steps import dataset as dataset_step
from pipeline.steps import draw as draw_step
from pipeline.steps import fetch as fetch_step
from pipeline.steps import follow_names as follow_names_step
from pipeline.steps import look_up as look_up_step
from pipeline.steps import plan as plan_step
from pipeline.steps import planner
from pipeline.steps import purge as purge_step
from pipeline.steps import store as store_step
from pipeline.steps import upload as upload_step
from pipeline.steps.resources import Resources
from pipeline.store.comparisons import CLAIM_DURATION

FOLLOW_NAMES = "follow_names"


def build(settings: PipelineSettings) -> Celery:  # noqa: C901, PLR0915 each task is one or two lines
    """The worker's app: the queues' one with the tasks. Clients are made in the process that first uses them."""
    app = make_app(settings)
    resources = Resources(settings)

    def redraw(*failure: Any) -> None:
        """A step of a chart failed, or what follows it could not be sent."""
        *_, kwargs, _traceback = failure
        resources.failed.add(kwargs["comparison_id"])

    @app.task(name=TICK)
    def tick() -> None:
        """Sent by beat each period."""
        token = resources.tick_lock.acquire()
        if token is None:
            return
        with resources.tick_lock.released_on_failure(token):
            redeliver_unacked(app, LOST_AFTER)
            chunks = plan_step.plan(resources, clock.now())
            if chunks:
                chord([fetch.s(chunk) for chunk in chunks], store.s(token)).apply_async()
            else:  # an empty header would run the body in its own way
                store([], token)
        if resources.is_first(FOLLOW_NAMES, planner.NAMES_EVERY):
            follow_names.apply_async(expires=settings.tick_seconds)

    @app.task(name=FOLLOW_NAMES)
    def follow_names() -> None:
        follow_names_step.follow_names(resources, clock.now())

    @app.task(name="fetch", ignore_result=False)
    def fetch(chunk: list[list[int | str]]) -> str | None:
        return fetch_step.fetch(resources, chunk, clock.now())

    @app.task(name="store")
    def store(digests: list[str | None], token: str) -> None:
        """Store what was fetched and start what follows from it; here the tick ends."""
        with resources.tick_lock.released_on_failure(token):
            outdated = store_step.store(resources, digests, clock.now())
            start_charts(outdated, CHARTS)
            for key in dataset_step.tidy(resources):
                rewrite.apply_async((key,), expires=settings.tick_seconds)
            if upload_step.has_uploads(resources, clock.now()):
                upload.apply_async(expires=settings.tick_seconds)
            if purge_step.is_due(resources.redis):
                purge.delay()
        resources.tick_lock.release(token)

    @app.task(name=REQUEST_CHARTS)
    def request_charts(comparison_ids: list[int], account_ids: list[int]) -> None:
        """A chat asks for these charts and tracks these new accounts. It costs just that and waits for no tick."""
        chunks = plan_step.plan_requested(resources, comparison_ids, account_ids, clock.now())
        start_charts(draw_step.claim(resources, comparison_ids, clock.now()), ASKED)
        if chunks:
            chord([fetch.s(chunk) for chunk in chunks], store_requested.s()).apply_async()

    @app.task(name="store_requested")
    def store_requested(digests: list[str | None]) -> None:
        """Store what was fetched for the first time, and draw what waited for that."""
        start_charts(store_step.store_requested(resources, digests, clock.now()), ASKED)

    def start_charts(outdated: Sequence[tuple[int, int]], queue: str) -> None:
        with resources.noting_failure(comparison_id for comparison_id, _ in outdated):
            for comparison_id, version in outdated:
                start_chart(comparison_id, version, queue)

    def start_chart(comparison_id: int, version: int, queue: str) -> None:
        """Side by side: write the dataset, if it is kept, and upload it; draw it, and tell that the chart is ready."""
        uploading = upload.si().set(expires=settings.tick_seconds)  # while Dropbox hangs, no line forms
        written = [dataset.si(comparison_id=comparison_id), *([uploading] if settings.dropbox_is_on else [])]
        drawn = [
            draw.si(comparison_id=comparison_id).set(queue=queue),
            publish.s(comparison_id=comparison_id, version=version).set(queue=queue),
        ]
        for first, *rest in (written, drawn):
            first.set(expires=CLAIM_DURATION.total_seconds())
            chain(first, *rest).apply_async()

    @app.task(name="dataset", queue=CHARTS, on_failure=redraw)
    def dataset(comparison_id: int) -> None:
        dataset_step.dataset(resources, comparison_id)

    @app.task(name="rewrite", queue=CHARTS)
    def rewrite(key: str) -> None:
        dataset_step.rewrite(resources, key)

    @app.task(name="upload", queue=UPLOADS)
    def upload() -> None:
        upload_step.upload(resources, clock.now())

    @app.task(name="draw", queue=CHARTS, on_failure=redraw)
    def draw(comparison_id: int) -> str | None:
        return draw_step.draw(resources, comparison_id, clock.now())

    @app.task(name="publish", queue=CHARTS, on_failure=redraw)
    def publish(drawing: str | None, comparison_id: int, version: int) -> None:
        if draw_step.publish(resources, drawing, comparison_id, version):
            start_charts(draw_step.claim(resources, [comparison_id], clock.now()), ASKED)

    @app.task(name="purge", queue=CHARTS)
    def purge() -> None:
        """Once a day."""
        purge_step.purge(resources.store, clock.now())

    @app.task(name=LOOK_UP)
    def look_up(handles: list[str], reply_to: str) -> None:
        """A chat asks what X says of these handles."""
        client.reply(resources.redis, reply_to, look_up_step.look_up(resources, handles, clock.now()))

    return app
