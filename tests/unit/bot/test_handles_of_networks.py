"""A handle's own shape picks its network: no two networks have handles or addresses in common, however typed."""

import time

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as some

from bot import handles, parsing
from bot.entities import profile_links
from pipeline.records import Handle
from pipeline.sources.registry import NETWORKS

NAME = some.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
HOST = (
    some.lists(NAME, min_size=1, max_size=3)
    .map(".".join)
    .flatmap(
        lambda host: some.sampled_from(["social", "gov", "app", "dev", "co.uk"]).map(lambda last: f"{host}.{last}")
    )
)
USER = some.from_regex(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,8}[A-Za-z0-9_])?", fullmatch=True)
OF_X = USER.filter(lambda user: not set(user) & set(".-")).map(lambda user: Handle("x", user))
OF_BLUESKY = HOST.map(lambda host: Handle("bluesky", host))
OF_FEDIVERSE = some.builds(lambda user, host: Handle("fediverse", f"{user}@{host}"), USER, HOST)
ANY = OF_X | OF_BLUESKY | OF_FEDIVERSE
DOTTED = OF_BLUESKY | OF_FEDIVERSE
HIDDEN = "\u200b\u200c\u200d\u200e\u200f\u202a\u202c\u202d\u2060\u2066\u2067\u2068\u2069\ufeff\u00ad\ufe0f"
STOPS = "\"'“”‘’«»()[]{}.,:;!?…*🚀"


def read(typed: str) -> tuple[list[Handle], list[str]]:
    return parsing.parse_handles(parsing.split_args(f"/track {typed}"))


@given(ANY)
def test_the_shape_of_a_handle_picks_its_network_with_and_without_its_sign(handle: Handle) -> None:
    assert handles.handle_in(handle.name) == handles.handle_in(f"@{handle.name}") == handle


@given(ANY)
def test_no_two_networks_accept_the_same_handle(handle: Handle) -> None:
    assert [key for key in NETWORKS if handles.can_be_looked_up(Handle(key, handle.name))] in ([handle.network], [])


@given(some.lists(ANY, min_size=1, max_size=12, unique_by=lambda handle: handle.folded))
def test_handles_of_all_networks_stand_mixed_in_one_command(several: list[Handle]) -> None:
    for between in (" ", ", ", " and ", "\n", ";", " vs. "):
        assert read(between.join(f"@{each.name}" for each in several)) == (several, [])


@given(ANY, some.text(STOPS, max_size=4), some.text(STOPS, max_size=4), some.sampled_from(["", "'s", "’s"]))
def test_a_marked_handle_is_found_within_punctuation(handle: Handle, before: str, after: str, owner: str) -> None:
    assert read(f"{before}@{handle.name}{owner}{after}") == ([handle], [])


@given(DOTTED, some.text(STOPS, max_size=4), some.text(STOPS, max_size=4))
def test_a_dotted_handle_needs_no_sign_within_punctuation(handle: Handle, before: str, after: str) -> None:
    assume(not handle.name.startswith("_"))  # _@ada.example_ is @ada.example in italics
    assert read(f"{before}{handle.name}{after}") == ([handle], [])


@example(Handle("fediverse", "ada@social.example"), [(12, "\u00ad"), (4, "\u200b")])
@given(DOTTED, some.lists(some.tuples(some.integers(0, 60), some.sampled_from(HIDDEN)), max_size=6))
def test_marks_that_cannot_be_seen_change_nothing(handle: Handle, hidden: list[tuple[int, str]]) -> None:
    typed = f"@{handle.name}"
    for place, mark in hidden:
        typed = typed[:place] + mark + typed[place:]
    assert read(typed) == ([handle], [])


@given(ANY)
def test_case_and_width_of_letters_make_no_difference(handle: Handle) -> None:
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in f"@{handle.name}")
    found, bad = read(f"{wide} @{handle.name.upper()} @{handle.name}")
    assert ([each.folded for each in found], bad) == ([handle.folded], [])


@given(ANY)
def test_every_handle_links_to_its_own_profile(handle: Handle) -> None:
    [link] = profile_links(f"Added: @{handle.name}, and more.")
    assert (link.length, link.url) == (len(handle.name) + 1, NETWORKS[handle.network].profile_address(handle.name))


def test_the_example_of_an_address_is_of_its_network_alone() -> None:
    for each in NETWORKS.values():
        assert [key for key, other in NETWORKS.items() if other.handle_in_address(each.address_example)] == [each.key]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        (
            "@nasa nasa.gov @Mastodon@mastodon.social",
            ["x nasa", "bluesky nasa.gov", "fediverse Mastodon@mastodon.social"],
        ),
        ("https://bsky.app/profile/esa.int/post/3kabc, https://x.com/esa", ["bluesky esa.int", "x esa"]),
        ("https://mastodon.social/@Mastodon/1123?a=b", ["fediverse Mastodon@mastodon.social"]),
        ("https://mastodon.social/@Mastodon@other.social", ["fediverse Mastodon@other.social"]),
        ("https://mastodon.social/users/Mastodon", ["fediverse Mastodon@mastodon.social"]),
        ("[her](https://bsky.app/profile/ada.bsky.social)", ["bluesky ada.bsky.social"]),
        ("me@mail.org", ["fediverse me@mail.org"]),
        ("@nasa\u200b@esa", ["x nasa", "x esa"]),
        ("@ada\u200b@host.social", ["fediverse ada@host.social"]),
        ("\u2068@ada.bsky.social\u2069", ["bluesky ada.bsky.social"]),
        ("1. nasa.gov\n2. @ada@host.social", ["bluesky nasa.gov", "fediverse ada@host.social"]),
        ("@nasa.gov/@nasa", ["bluesky nasa.gov", "x nasa"]),
    ],
)
def test_what_people_type_and_paste(typed: str, found: list[str]) -> None:
    assert [f"{each.network} {each.name}" for each in read(typed)[0]] == found


@pytest.mark.parametrize(
    "typed",
    [
        *("@nasa..gov", "@.nasa.gov", "nasa.gov/esa", "https://nasa.gov", "@nasa.1", "1.5", "@näsa.gov", "@nasá.gov"),
        *("me@localhost", "@a@b", "@a@b.c@d.ef", "@a@127.0.0.1", "a@[::1]", "@a@b.cd:443", "https://127.0.0.1/@a"),
        *("mailto:me@mail.org", "https://a:b@host.social/@c", "javascript:a@b.cd", "@a@b.cd|rm", "http://[::1]/@a"),
        *("did:plc:short", "did:key:z6Mk", "=nasa.gov", "#nasa.gov", "%6e.gov", "nasa.gov\\x"),
    ],
)
def test_what_is_no_handle_is_refused_and_never_cut_down_to_one(typed: str) -> None:
    found, bad = read(typed)
    assert (found, len(bad)) == ([], 1)


def test_a_word_of_any_length_is_read_at_once() -> None:
    hostile = [
        "@" + "a." * 2000,
        ("@" + "a." * 140 + "1 ") * 14,
        "a@" + "a-" * 1900,
        ".@a" * 1300,
        "a.@" * 1300,
        "_" * 4000,
    ]
    began = time.process_time()
    for typed in hostile:
        read(typed[:4080])
    assert time.process_time() - began < 2
