"""A tick, from beat to "chart ready", on one screen. Tasks unpack, call one plain function and pack."""

from collections.abc import Sequence
from typing import Any

from celery import Celery, chain, chord

from pipeline import clock
from pipeline.messaging import client
from pipeline.messaging.celery_app import (
    ASKED,
    CHARTS,
    DRAW,
    LOOK_UP,
    LOST_AFTER,
    TICK,
    UPLOADS,
    make_app,
    redeliver_unacked,
)
from pipeline.settings import PipelineSettings
from pipeline.steps import planner, purge
from pipeline.steps import tick as steps
from pipeline.steps.resources import Resources
from pipeline.store.comparisons import CLAIM

FOLLOW_NAMES = "follow_names"


def build(settings: PipelineSettings) -> Celery:  # noqa: C901, PLR0915 each task is one or two lines
    """The worker's app: the queues' one with the tasks. Clients are made in the process that first uses them."""
    app = make_app(settings)
    resources = Resources(settings)

    def begin_anew(*failure: Any) -> None:
        """A step of a chart failed, or what follows it could not be sent."""
        *_, kwargs, _traceback = failure
        resources.failed.add(kwargs["comparison_id"])

    @app.task(name=TICK)
    def tick() -> None:
        """Sent by beat each period."""
        turn = resources.turn.take()
        if turn is None:
            return
        with resources.turn.held(turn):
            redeliver_unacked(app, LOST_AFTER)
            chunks = steps.plan(resources, clock.now())
            if chunks:
                chord([read.s(chunk) for chunk in chunks], conclude.s(turn)).apply_async()
            else:  # an empty header would run the body in its own way
                conclude([], turn)
        if resources.is_first(FOLLOW_NAMES, planner.NAMES_EVERY):
            follow_names.apply_async(expires=settings.tick_seconds)

    @app.task(name=FOLLOW_NAMES)
    def follow_names() -> None:
        steps.follow_names(resources, clock.now())

    @app.task(name="read", ignore_result=False)
    def read(chunk: list[list[int | str]]) -> str | None:
        return steps.read(resources, chunk, clock.now())

    @app.task(name="conclude")
    def conclude(readings: list[str | None], turn: str) -> None:
        """Store what was read and start what follows from it; here the tick ends."""
        with resources.turn.held(turn):
            outdated = steps.conclude(resources, readings, clock.now())
            start_charts(outdated, CHARTS)
            for key in steps.tidy(resources):
                write_again.apply_async((key,), expires=settings.tick_seconds)
            if steps.has_uploads(resources, clock.now()):
                upload.apply_async(expires=settings.tick_seconds)
            if purge.is_due(resources.redis):
                forget_unused.delay()
        resources.turn.end(turn)

    @app.task(name=DRAW)
    def draw(comparison_ids: list[int], account_ids: list[int]) -> None:
        """A chat asks for these charts and tracks these new accounts. It costs just that and waits for no tick."""
        chunks = steps.plan_asked(resources, comparison_ids, account_ids, clock.now())
        start_charts(steps.claim(resources, comparison_ids, clock.now()), ASKED)
        if chunks:
            chord([read.s(chunk) for chunk in chunks], conclude_asked.s()).apply_async()

    @app.task(name="conclude_asked")
    def conclude_asked(readings: list[str | None]) -> None:
        """Store what was read for the first time, and draw what waited for that."""
        start_charts(steps.conclude_asked(resources, readings, clock.now()), ASKED)

    def start_charts(outdated: Sequence[tuple[int, int]], queue: str) -> None:
        with resources.noting_failure(comparison_id for comparison_id, _ in outdated):
            for comparison_id, version in outdated:
                start_chart(comparison_id, version, queue)

    def start_chart(comparison_id: int, version: int, queue: str) -> None:
        """Side by side: write the dataset, if it is kept, and upload it; draw it, and tell that the chart is ready."""
        uploading = upload.si().set(expires=settings.tick_seconds)  # while Dropbox hangs, no line forms
        written = [write.si(comparison_id=comparison_id), *([uploading] if settings.dropbox_is_on else [])]
        drawn = [
            plot.si(comparison_id=comparison_id).set(queue=queue),
            publish.s(comparison_id=comparison_id, version=version).set(queue=queue),
        ]
        for first, *rest in (written, drawn):
            first.set(expires=CLAIM.total_seconds())
            chain(first, *rest).apply_async()

    @app.task(name="write", queue=CHARTS, on_failure=begin_anew)
    def write(comparison_id: int) -> None:
        steps.write(resources, comparison_id)

    @app.task(name="write_again", queue=CHARTS)
    def write_again(key: str) -> None:
        steps.write_again(resources, key)

    @app.task(name="upload", queue=UPLOADS)
    def upload() -> None:
        steps.upload(resources, clock.now())

    @app.task(name="plot", queue=CHARTS, on_failure=begin_anew)
    def plot(comparison_id: int) -> str | None:
        return steps.plot(resources, comparison_id, clock.now())

    @app.task(name="publish", queue=CHARTS, on_failure=begin_anew)
    def publish(drawing: str | None, comparison_id: int, version: int) -> None:
        if steps.publish(resources, drawing, comparison_id, version):
            start_charts(steps.claim(resources, [comparison_id], clock.now()), ASKED)

    @app.task(name="purge", queue=CHARTS)
    def forget_unused() -> None:
        """Once a day."""
        purge.purge(resources.store, clock.now())

    @app.task(name=LOOK_UP)
    def look_up(handles: list[str], reply_to: str) -> None:
        """A chat asks what X says of these handles."""
        client.reply(resources.redis, reply_to, steps.look_up(resources, handles, clock.now()))

    return app
