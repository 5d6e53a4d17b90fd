"""What a chat tracks, and that no person takes all the chats that the bot may serve."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.records import Comparison, Handle, Language, Mode, Profile, State
from pipeline.store import Store, accounts, chat_charts, chats, subscriptions, tracking
from pipeline.store.chat_charts import Destination
from pipeline.store.rules import TooManyAccountsError, TooManyChatsError, TooManyChatsOfPersonError
from pipeline.store.tables import Chat
from pipeline.store.timing import LIVE
from pipeline.store.tracking import Limits, Person, Tracked
from tests.conftest import NETWORK
from tests.integration.store.conftest import NOON

LIMITS = Limits(max_chats=6, max_accounts=3)
ANA, BO = Person(7), Person(8)
OWNER = Person(900, is_owner=True)
HANDLES = ("nasa", "esa", "spacex", "jaxa")


@pytest.fixture(autouse=True)
def _accounts(store: Store) -> None:
    with store.write_session() as db:
        profiles = [Profile(handle, State.ACTIVE, f"id-{handle}") for handle in HANDLES]
        accounts.save_profiles(db, profiles, NETWORK, NOON)


def track(db: Session, chat_id: int, person: Person, *handles: str) -> Tracked:
    remote_ids = {NETWORK: [f"id-{handle}" for handle in handles or ("nasa",)]}
    language = Language.ENGLISH
    return tracking.track(db, chat_id, remote_ids, person=person, limits=LIMITS, language=language, now=NOON)


def named(*names: str) -> list[Handle]:
    return [Handle(NETWORK, name) for name in names]


def tracked_by(db: Session, chat_id: int) -> list[str]:
    return [account.handle for account in chats.list_tracked_accounts(db, chat_id)]


def test_a_new_chat_has_the_language_that_it_is_given_and_keeps_it(store: Store) -> None:
    for language in (Language.SPANISH, Language.ENGLISH):
        with store.write_session() as db:
            remote_ids = {NETWORK: ["id-nasa"]}
            tracking.track(db, 1, remote_ids, person=ANA, limits=LIMITS, language=language, now=NOON)
            assert db.scalars(select(Chat.language)).all() == [Language.SPANISH]


@pytest.mark.parametrize(
    ("most", "person_id", "share"), [(6, 7, 2), (1000, 7, 100), (1000, -5, 500), (6, 0, 3), (1, 7, 2)]
)
def test_a_person_brings_a_tenth_and_chats_that_act_themselves_together_a_half(
    most: int, person_id: int, share: int
) -> None:
    assert tracking.share_of(most, Person(person_id)) == share


def test_one_person_in_six_groups_leaves_room_for_others(store: Store) -> None:
    for chat_id in (-1, -2):
        with store.write_session() as db:
            track(db, chat_id, ANA)
    with pytest.raises(TooManyChatsOfPersonError) as refusal, store.write_session() as db:
        track(db, -3, ANA)
    assert refusal.value.most == 2
    with store.write_session() as db:
        track(db, -1, ANA, "esa")  # a chat that tracks something counts already
        track(db, -4, BO)
        for chat_id in (-5, -6, -7):
            track(db, chat_id, OWNER)
        assert chats.count_active(db) == 6
    with pytest.raises(TooManyChatsError), store.write_session() as db:
        track(db, -8, Person(9))
    with store.write_session() as db:
        chats.delete_chat(db, -1)
        track(db, -3, ANA)
        assert set(db.scalars(select(Chat.added_by))) == {ANA.id, BO.id, OWNER.id}


def test_channels_and_anonymous_admins_count_together(store: Store) -> None:
    with store.write_session() as db:
        for chat_id in (-1, -2, -3):
            track(db, chat_id, Person(chat_id))
        with pytest.raises(TooManyChatsOfPersonError) as refusal:
            tracking.check_room(db, -4, named("nasa"), Person(-4), LIMITS)
        assert refusal.value.most == 3
        chats.migrate(db, -1, -100, NOON)
        assert chats.count_added_by(db, tracking.NOBODY) == 3


def test_a_chat_that_only_chose_its_settings_does_not_count_and_has_no_claim_to_room(store: Store) -> None:
    with store.write_session() as db:
        for chat_id in range(-20, 0):
            chats.add(db, chat_id, NOON, Language.SPANISH)
        assert chats.count_active(db) == 0
        for chat_id in range(-6, 0):
            track(db, chat_id, OWNER)
        with pytest.raises(TooManyChatsError):
            track(db, -20, ANA)


def test_a_chat_tracks_no_more_accounts_than_one_may_and_a_refusal_adds_none(store: Store) -> None:
    with store.write_session() as db:
        track(db, -1, ANA, "nasa", "esa")
        tracking.check_room(
            db, -1, named("NASA", "Esa", "jaxa"), ANA, LIMITS
        )  # those tracked already take no more room
        with pytest.raises(TooManyAccountsError) as refusal:
            tracking.check_room(db, -1, named("jaxa", "spacex"), ANA, LIMITS)
        assert (refusal.value.count, refusal.value.most) == (4, 3)
    with pytest.raises(TooManyAccountsError), store.write_session() as db:
        track(db, -1, ANA, "spacex", "jaxa")
    with store.read_session() as db:
        assert tracked_by(db, -1) == ["esa", "nasa"]


def test_subscriptions_to_all_tracked_accounts_follow_and_those_to_chosen_ones_end(store: Store) -> None:
    with store.write_session() as db:
        nasa, esa = sorted(track(db, -1, ANA, "nasa", "esa").account_ids)
        here = Destination(-1, None)
        for comparison, all_tracked in ((Comparison((nasa, esa)), True), (Comparison((nasa,)), False)):
            chat_charts.subscribe(db, here, comparison, timing=LIVE, all_tracked=all_tracked, now=NOON)
    with store.write_session() as db:
        change = tracking.untrack(db, -1, [nasa])
        assert change.ended == 1
        [following] = subscriptions.list_of_chat(db, -1)
        assert chat_charts.comparison_of(db, following).accounts == (esa,)
        assert change.comparison_ids == [following.comparison_id]
    with store.write_session() as db:
        added = track(db, -1, ANA, "nasa")
        [following] = subscriptions.list_of_chat(db, -1)
        assert chat_charts.comparison_of(db, following).accounts == tuple(sorted((nasa, esa)))
        assert (following.mode, added.comparison_ids) == (Mode.LIVE, [following.comparison_id])
    with store.write_session() as db:
        assert tracking.untrack(db, -1, [nasa, esa]) == (0, [])
        assert subscriptions.list_of_chat(db, -1) == []
