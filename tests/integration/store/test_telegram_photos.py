"""For how long it is remembered which charts Telegram holds."""

from datetime import timedelta

from sqlalchemy import select

from pipeline.records import Comparison
from pipeline.store import Store, comparisons, telegram_photos
from pipeline.store.tables import TelegramPhoto
from pipeline.store.telegram_photos import EXAMINED, RETENTION
from tests.integration.store.conftest import NOON, explain

OLD, MINUTE = NOON - RETENTION - timedelta(hours=1), timedelta(minutes=1)


def test_charts_that_no_comparison_has_any_more_are_forgotten_and_those_that_one_has_are_kept(store: Store) -> None:
    with store.write_session() as db:
        comparisons.get_or_create(db, Comparison(())).chart_digest = "current"
        db.add(TelegramPhoto(chart_digest="current", file_id="kept", added_at=OLD))
        for number in range(3 * EXAMINED):
            db.add(TelegramPhoto(chart_digest=f"{number}", file_id="replaced", added_at=OLD + number * MINUTE / 60))
        db.flush()
        for number in range(4):
            telegram_photos.save(db, f"new {number}", "new", NOON)
        kept = set(db.scalars(select(TelegramPhoto.chart_digest)))
    assert kept == {"current", "new 0", "new 1", "new 2", "new 3"}


def test_an_upload_looks_at_few_of_the_charts_that_are_known(store: Store) -> None:
    steps = explain(store, "telegram_photos", lambda db: telegram_photos.save(db, "new", "new", NOON))
    assert [line for line in steps if "ix_telegram_photos_added_at" in line]
    assert [line for line in steps if "SCAN telegram_photos" in line or "Seq Scan on telegram_photos" in line] == []
