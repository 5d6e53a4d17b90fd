"""Which words name accounts of the fediverse, and which of others."""

import pytest

from bot.handles import can_be_looked_up, handle_in, is_address, marked_handle
from bot.tokens import split_words
from pipeline.records import Handle
from pipeline.sources.fediverse.facts import FEDIVERSE, post_address, profile_address
from pipeline.sources.source import service_of


def named(word: str) -> str | None:
    handle = handle_in(word)
    return handle.name if handle and handle.network == FEDIVERSE.key else None


@pytest.mark.parametrize(
    ("typed", "handle"),
    [
        ("@Mastodon@mastodon.social", "Mastodon@mastodon.social"),
        ("ada@social.example", "ada@social.example"),
        ("@a.b-c_d@sub.social.example", "a.b-c_d@sub.social.example"),
        ("@ada@bücher.example", "ada@bücher.example"),
        ("@ada@xn--bcher-kva.xn--p1ai", "ada@xn--bcher-kva.xn--p1ai"),
        ("@ada@social.example-old2", "ada@social.example-old2"),
        ("https://mastodon.social/@Mastodon", "Mastodon@mastodon.social"),
        ("mastodon.social/@Mastodon/", "Mastodon@mastodon.social"),
        ("HTTPS://Mastodon.Social/@Mastodon/114/embed?x=y#z", "Mastodon@Mastodon.Social"),
        ("https://mastodon.social/@Mastodon/with_replies", "Mastodon@mastodon.social"),
        ("https://mastodon.social/users/Mastodon/statuses/1", "Mastodon@mastodon.social"),
        ("https://mastodon.social/web/@Mastodon", "Mastodon@mastodon.social"),
        ("https://mastodon.social/@ada@social.example", "ada@social.example"),
        ("https://mastodon.social/@ada@social.example/123", "ada@social.example"),
        ("https://mastodon.social:443/@Mastodon", "Mastodon@mastodon.social"),
        ("https://mastodon.social/%40Mastodon", "Mastodon@mastodon.social"),
        ("https://mastodon.social/%40ada%40social.example", "ada@social.example"),
        ("acct:ada@social.example", "ada@social.example"),
        ("ACCT:@ada@social.example", "ada@social.example"),
    ],
)
def test_a_handle_and_an_address_name_an_account(typed: str, handle: str) -> None:
    assert named(typed) == handle
    assert can_be_looked_up(Handle(FEDIVERSE.key, handle.removesuffix("-old2")))


@pytest.mark.parametrize(
    "word",
    [
        *("@nasa", "nasa", "nasa_1", "@nasa.gov", "user.bsky.social", "@@", "@", "a@b", "@a@b", "a@b@c.example", "1@2"),
        *("ada@127.0.0.1", "ada@127.1", "ada@[::1]", "ada@localhost", "ada@host.1", "ada@-a.example", "@ada@.example"),
        *(
            "ada@a..example",
            "ada@social.example:443",
            "ada@social.example/x",
            "ä@social.example",
            "@ada@soc ial.example",
        ),
        *("https://x.com/nasa", "https://x.com/@nasa", "https://twitter.com/nasa/status/1", "likes", "50", "1.5"),
        *("https://social.example", "https://social.example/", "https://social.example/about", "ftp://a.example/@ada"),
        *(
            "https://127.0.0.1/@ada",
            "https://localhost/@ada",
            "https://a:b@social.example/@ada",
            "https://a.example:8/@a",
        ),
        *("https://www.youtube.com/@nasa", "https://tiktok.com/@nasa", "https://medium.com/@ada", "https://t.me/@ada"),
        *("https://social.example/tags/@ada", "mailto:ada@social.example", "@ada@social.example's"),
        *("acct:ada", "acct:ada@social.example:8", "acct:ada@localhost", "https://social.example:8443/@ada"),
    ],
)
def test_other_words_name_no_account_of_the_fediverse(word: str) -> None:
    assert named(word) is None


def test_addresses_of_another_network_stay_its_own() -> None:
    assert handle_in("https://x.com/@nasa") == Handle("x", "nasa")
    assert is_address("https://www.youtube.com/@nasa") is False


@pytest.mark.parametrize("around", ["{}", "({})", "«{}»", "__{}__", "{}!", "{}'s", "**{}**", "{}."])
def test_the_punctuation_around_a_marked_handle_is_taken_off(around: str) -> None:
    assert marked_handle(around.format("@ada@social.example")) == "ada@social.example"


def test_several_in_one_message_are_told_apart() -> None:
    typed = "(@ada@social.example), @nasa/@bob@stars.example; https://social.example/@eve"
    words = split_words(typed)
    assert [handle_in(word) for word in words] == [
        Handle("fediverse", "ada@social.example"),
        Handle("x", "nasa"),
        Handle("fediverse", "bob@stars.example"),
        Handle("fediverse", "eve@social.example"),
    ]


def test_a_word_of_any_length_is_matched_at_once() -> None:
    for word in ("a" * 100_000, "@" * 100_000, "a." * 50_000, "a@" * 50_000, "a@" + "b." * 50_000, "-" * 100_000):
        assert named(word) is None


def test_a_post_is_shown_by_the_server_that_the_account_is_on() -> None:
    remote_id = "https://social.example.org/users/ada#109"
    assert post_address("ada@example.org", remote_id, "114") == "https://social.example.org/@ada/114"
    assert profile_address("ada@example.org") == "https://example.org/@ada"
    assert service_of(FEDIVERSE, remote_id) == "fediverse social.example.org"
