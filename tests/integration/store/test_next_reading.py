"""What the button Refresh tells of the next reading."""

from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import update

from bot.network_readings import describe_next
from pipeline.i18n import lazy_gettext, translator
from pipeline.records import Language
from pipeline.settings import Settings
from pipeline.store import Store, circuit_breakers
from pipeline.store.tables import Account
from tests.conftest import NETWORK
from tests.integration.store.conftest import NOON, add_accounts


def test_the_next_reading_is_that_of_the_account_whose_turn_comes_first(store: Store, tmp_path: Path) -> None:
    settings = Settings(x_bearer_token=SecretStr("x" * 30), data_dir=tmp_path, _env_file=None)
    soon, later = add_accounts(store, "nasa", "esa")

    def plan(account_id: int, **values: object) -> str:
        with store.write_session() as db:
            db.execute(
                update(Account).where(Account.id == account_id).values(fetched_at=NOON, polled_at=NOON, **values)
            )
        with store.read_session() as db:
            return translator(Language.ENGLISH).gettext(describe_next(db, [soon, later], settings, NOON))

    plan(soon, next_at=None)
    assert "No reading is planned" in plan(later, next_at=None)
    assert "due 23 Nov 15:00 UTC" in plan(later, next_at=NOON + timedelta(hours=3))
    assert "due 23 Nov 13:30 UTC" in plan(soon, next_at=NOON + timedelta(minutes=90))
    assert "due within a minute" in plan(soon, next_at=NOON - timedelta(seconds=1))
    with store.write_session() as db:
        circuit_breakers.open(db, NETWORK, lazy_gettext("no such account"), NOON, NOON + timedelta(hours=5))
    assert "due 23 Nov 17:00 UTC" in plan(soon)
