"""What names an account of Bluesky: handles, ids and addresses, and where its posts are."""

import re

import pytest

from bot.handles import can_be_looked_up, handle_in, is_address, marked_handle, without_page_titles
from pipeline.records import Handle, Metric
from pipeline.settings import Settings
from pipeline.sources.bluesky.facts import BLUESKY, HANDLE, is_handle, original_of
from pipeline.sources.registry import NETWORKS, noun

DID = "did:plc:4fui3kpnmzvri74htsawd63y"
LONG = ".".join(["a" * 63] * 4)


@pytest.mark.parametrize(
    "name",
    [
        "nasa.gov", "user.bsky.social", "Alice.Test", "a.co", "8.cn", "john.test", "jaymome-johnber123456.test",
        "xn--fiqa61au8b7zsevnm8ak20mc4a87e.com", "a.b.c.d.e", "user--name.example.com", "name.t--t", "4m.zone",
        DID, "did:web:ada.example.com", LONG[:253],
    ],
)  # fmt: skip
def test_a_name_with_a_dot_or_an_id_is_one_of_bluesky(name: str) -> None:
    assert is_handle(name)
    assert handle_in(name) == handle_in(f"@{name}") == Handle("bluesky", name)
    assert can_be_looked_up(Handle("bluesky", name))


@pytest.mark.parametrize(
    "name",
    [
        "", "nasa", ".nasa.gov", "nasa.gov.", "nasa..gov", "-nasa.gov", "nasa-.gov", "nasa.-gov", "nasa.g_v",
        "na_sa.gov",
        "127.0.0.1", "v1.2", "nasa.4gov", "nasá.gov", "nasa.gov\n", "nasa .gov", "ada@nasa.gov", "@@nasa.gov",
        "a" * 64 + ".gov", LONG + ".aa", "did:plc:short", "did:plc:4FUI3KPNMZVRI74HTSAWD631", "did:key:z6Mk",
        "did:web:ada",
    ],
)  # fmt: skip
def test_any_other_word_is_none(name: str) -> None:
    assert not is_handle(name)
    found = handle_in(name)
    assert found is None or found.network != "bluesky" or not can_be_looked_up(found)


@pytest.mark.parametrize(
    "end", ["local", "arpa", "invalid", "localhost", "internal", "example", "alt", "onion", "INVALID"]
)
def test_an_end_that_nobody_can_have_makes_no_handle(end: str) -> None:
    assert not is_handle(f"handle.{end}")
    assert is_handle(f"handle.{end}.org")
    assert is_handle(f"handle.{end}s")
    assert is_handle(f"handle.{end}-net")


def test_names_without_a_dot_stay_those_of_the_first_network() -> None:
    assert handle_in("@nasa") == Handle("x", "nasa")
    assert marked_handle("(@nasa.gov),") == "nasa.gov"
    assert marked_handle("@nasa.gov's.") == "nasa.gov"
    assert handle_in("https://x.com/nasa") == Handle("x", "nasa")
    assert handle_in("x.com/nasa") == Handle("x", "nasa")


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://bsky.app/profile/nasa.gov", "nasa.gov"),
        ("http://www.bsky.app/profile/NASA.gov/", "nasa.gov"),
        ("bsky.app/profile/nasa.gov", "nasa.gov"),
        ("//bsky.app/profile/@nasa.gov", "nasa.gov"),
        ("https://bsky.app:443/profile/nasa.gov/post/3n3duld4ufk2s?ref=x#top", "nasa.gov"),
        ("https://bsky.app/profile/nasa.gov/lists/abc", "nasa.gov"),
        (f"https://bsky.app/profile/{DID}/post/3n3duld4ufk2s", DID),
        (f"https://bsky.app/profile/{DID.replace(':', '%3A')}", DID),
        ("https://fxbsky.app/profile/nasa.gov/post/3n3duld4ufk2s", "nasa.gov"),
        (f"at://{DID}/app.bsky.feed.post/3n3duld4ufk2s", DID),
        ("at://nasa.gov", "nasa.gov"),
        ("https://bsky.app", None),
        ("https://bsky.app/", None),
        ("bsky.app/search?q=nasa.gov", None),
        ("https://bsky.app/profile/nasa", None),
        ("https://bsky.app/profile/handle.invalid", None),
        ("https://bsky.app/settings/profile/nasa.gov", None),
        ("https://bsky.app?profile=nasa.gov", None),
        ("at://", None),
    ],
)
def test_an_address_names_the_account_of_its_profile_or_post(address: str, name: str | None) -> None:
    assert is_address(address)
    assert BLUESKY.handle_in_address(address) == name
    assert handle_in(address) == (None if name is None else Handle("bluesky", name))


@pytest.mark.parametrize(
    "address",
    ["https://bsky.app.example.com/profile/nasa.gov", "https://example.com/profile/nasa.gov", "https://bsky.appx/profile/a.b",
     "https://notbsky.app/profile/nasa.gov", "ftp://bsky.app/profile/nasa.gov", "https://user@bsky.app/profile/nasa.gov"],
)  # fmt: skip
def test_another_sites_address_is_none_of_bluesky(address: str) -> None:
    assert not BLUESKY.is_address(address)


def test_the_sites_own_name_is_the_handle_of_an_account() -> None:
    assert handle_in("@bsky.app") == handle_in("bsky.app") == Handle("bluesky", "bsky.app")
    assert handle_in(BLUESKY.address_example) == Handle("bluesky", "bsky.app")


def test_the_title_of_a_page_is_no_name() -> None:
    assert without_page_titles("NASA (@nasa.gov) \u2014 Bluesky https://a.b").split() == [
        "NASA",
        "(@nasa.gov)",
        "https://a.b",
    ]


def test_profiles_and_posts_have_addresses() -> None:
    assert BLUESKY.profile_address("nasa.gov") == "https://bsky.app/profile/nasa.gov"
    assert BLUESKY.post_address("nasa.gov", DID, "3n3d") == f"https://bsky.app/profile/{DID}/post/3n3d"
    assert BLUESKY.handle_in_address(BLUESKY.post_address("nasa.gov", DID, "3n3d")) == DID


@pytest.mark.parametrize(
    ("handle", "original"),
    [
        ("ada.social.example.org.ap.brid.gy", "@ada@social.example.org"),
        ("Ada.Example.org.AP.brid.gy", "@ada@example.org"),
        ("ada.ap.brid.gy", None),
        ("ap.brid.gy", None),
        ("ada.bsky.social", None),
        ("ada.example.org.ap.brid.gy.example.org", None),
    ],
)
def test_the_handle_of_a_bridges_copy_tells_its_original(handle: str, original: str | None) -> None:
    assert original_of(handle) == original


def test_it_costs_nothing_needs_no_key_and_can_be_switched_off() -> None:
    assert NETWORKS["bluesky"] is BLUESKY
    assert list(NETWORKS)[:2] == ["x", "bluesky"]
    assert BLUESKY.price is None
    assert BLUESKY.is_on(Settings(_env_file=None))
    off = Settings(networks="x, fediverse", _env_file=None)
    assert not BLUESKY.is_on(off)
    assert BLUESKY.why_off(off).values == {"network": "Bluesky"}
    limits = BLUESKY.limits(off)
    assert limits.requests / limits.window.total_seconds() == 3000 / 300


def test_it_has_its_own_noun_and_no_views() -> None:
    assert noun(Metric.REPOSTS, ["bluesky"]).msgid == "reposts"
    assert BLUESKY.lacks == {Metric.VIEWS}


def test_long_words_are_matched_in_no_time() -> None:
    for word in ("a." * 5_000, "a-" * 5_000, "a." * 5_000 + "!", "did:web:" + "a." * 5_000):
        assert re.fullmatch(HANDLE, word) is None
