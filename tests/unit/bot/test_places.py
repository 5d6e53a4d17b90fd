"""One person cannot take all the places that there are for chats."""

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.orm import Session

from bot.commands.track import NOBODY, _check_place, _track, share_of
from pipeline import clock
from pipeline.errors import UserError
from pipeline.records import NETWORK, Language, Profile, State
from pipeline.store import Store, accounts, chats
from pipeline.store.migrate import migrate
from pipeline.store.tables import Chat

OWNER = 900


def call(chat_id: int, person: int) -> Any:
    """As much of a command as the places depend on."""
    settings = SimpleNamespace(max_chats=6, max_accounts_per_chat=5, admin_ids=frozenset({OWNER}))
    return SimpleNamespace(chat_id=chat_id, person=person, user_id=person, context=SimpleNamespace(settings=settings))


@pytest.fixture
def store(tmp_path: Any) -> Any:
    made = Store(f"sqlite:///{tmp_path}/tallybird.db")
    migrate(made)
    with made.write_session() as db:
        accounts.save_profiles(db, [Profile("nasa", State.ACTIVE, "11")], NETWORK, clock.now())
    yield made
    made.close()


def begin(db: Session, chat_id: int, person: int) -> None:
    _track(db, call(chat_id, person), Language.ENGLISH, ["11"])


@pytest.mark.parametrize(
    ("most", "person", "share"), [(6, 7, 2), (1000, 7, 100), (1000, -5, 500), (6, 0, 3), (1, 7, 2)]
)
def test_a_person_brings_a_tenth_and_nameless_ones_together_a_half(most: int, person: int, share: int) -> None:
    assert share_of(most, person) == share


def test_one_person_in_six_groups_leaves_room_for_others(store: Store) -> None:
    for chat_id in (-1, -2):
        with store.write_session() as db:
            begin(db, chat_id, 7)
    with pytest.raises(UserError, match="2 chats of yours"), store.write_session() as db:
        begin(db, -3, 7)
    with store.write_session() as db:
        begin(db, -1, 7)  # one that tracks already needs no place
        begin(db, -4, 8)
        for chat_id in (-5, -6, -7):
            begin(db, chat_id, OWNER)
        assert chats.count_active(db) == 6
    with pytest.raises(UserError, match="6 chats already"), store.write_session() as db:
        begin(db, -8, 9)
    with store.write_session() as db:
        chats.delete_chat(db, -1)
        begin(db, -3, 7)
        assert {each.added_by for each in db.query(Chat)} == {7, 8, OWNER}


def test_channels_and_nameless_admins_count_together(store: Store) -> None:
    with store.write_session() as db:
        for chat_id in (-1, -2, -3):
            begin(db, chat_id, chat_id)
        assert chats.count_added_by(db, NOBODY) == 3
        with pytest.raises(UserError, match="3 chats of yours"):
            _check_place(db, call(-4, -4))
        chats.migrate(db, -1, -100, clock.now())
        assert chats.count_added_by(db, NOBODY) == 3


def test_a_chat_that_only_chose_its_settings_takes_no_place_and_finds_none_by_it(store: Store) -> None:
    with store.write_session() as db:
        for chat_id in range(-20, 0):
            chats.add(db, chat_id, clock.now(), Language.SPANISH)
        assert chats.count_active(db) == 0
        for chat_id in range(-6, 0):
            begin(db, chat_id, OWNER)
        with pytest.raises(UserError, match="6 chats already"):
            begin(db, -20, 7)
