"""Handles are found however they are decorated, and no other word is taken for one."""

import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bot import handles, parsing
from pipeline.records import Handle
from pipeline.sources.x import facts

HANDLES = some.from_regex(facts.HANDLE, fullmatch=True)
HIDDEN = "\u200b\u200c\u200d\u200e\u200f\u2060\u2066\u2067\u2068\u2069\u202a\u202c\ufeff\u00ad\u034f\ufe0f\u180e"
SIGNS = "\"'“”‘’«»„‹›()[]{}<>（）「」【】.,:;!?…‥。、，；：·•*~–—-|&+/🚀👉✨¡¿"
ADDRESSES = some.sampled_from(
    [
        "https://x.com/{}",
        "http://www.twitter.com/{}/",
        "x.com/{}",
        "X.COM/@{}",
        "//x.com/{}",
        "https://mobile.x.com/{}?lang=en",
        "m.twitter.com/{}",
        "https://x.com/{}/status/1790000000000000000",
        "https://twitter.com/{}/status/1/photo/1?s=20&t=AbC-_d",
        "x.com/{}/with_replies",
        "x.com/{}/media#top",
        "x.com/{}/likes",
        "x.com/{}/followers",
        "https://vxtwitter.com/{}/status/1",
        "https://x.com/intent/user?screen_name={}",
        "https://x.com/intent/follow?x=1&screen_name={}",
        "https://twitter.com/#!/{}",
        "https://x.com:443/%40{}",
    ]
)


def read(typed: str) -> tuple[list[str], list[str]]:
    found, bad = parsing.parse_handles(parsing.split_args(f"/track {typed}"))
    return [handle.name for handle in found], bad


@given(HANDLES, some.text(SIGNS, max_size=4), some.text(SIGNS, max_size=4), some.sampled_from(["", "'s", "’s", "’S"]))
def test_a_handle_with_an_at_sign_is_found_within_any_punctuation(
    handle: str, before: str, after: str, owner: str
) -> None:
    for mark in "@＠﹫":
        assert read(f"{before}{mark}{handle}{owner}{after}") == ([handle], [])


@given(HANDLES.filter(lambda handle: any(map(str.isalnum, handle))), some.text("\"'“”«»().,:;!?…*🚀", max_size=4))
def test_a_bare_handle_is_found_within_quotes_and_stops(handle: str, signs: str) -> None:
    assert read(f"{signs} {handle}{signs}") == ([handle], [])


@given(HANDLES, some.lists(some.tuples(some.integers(0, 60), some.sampled_from(HIDDEN)), max_size=6))
def test_invisible_characters_change_nothing(handle: str, hidden: list[tuple[int, str]]) -> None:
    typed = f"@{handle}"
    for place, mark in hidden:
        typed = typed[:place] + mark + typed[place:]
    assert read(typed) == ([handle], [])


@given(HANDLES)
def test_full_width_letters_are_the_same_letters(handle: str) -> None:
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in f"@{handle}")
    assert read(wide) == ([handle], [])
    assert read(wide[1:]) == ([handle], [])


@given(
    HANDLES.filter(lambda handle: handle.lower() not in facts.PAGES),
    ADDRESSES,
    some.text('()<>"“”.,;!…*', max_size=2),
)
def test_an_address_of_a_profile_or_a_post_names_the_account(handle: str, address: str, signs: str) -> None:
    assert read(f"{signs}{address.format(handle)}{signs.replace('(', ')')}") == ([handle], [])


@given(
    some.lists(HANDLES, min_size=2, max_size=50, unique_by=str.lower),
    some.sampled_from(
        [" and ", " y ", " & ", ", ", ",", ";", "\n", " vs ", " vs. ", " + ", "/", "、", " · ", "\n- @", "\u200b"]
    ),
)
def test_fifty_handles_are_separated_by_whatever_people_put_between(handles: list[str], between: str) -> None:
    typed = between.replace("@", "").join(f"@{handle}" for handle in handles)
    assert read(typed) == (handles, [])


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("1. @nasa\n2) @esa\n3️⃣ @spacex", ["nasa", "esa", "spacex"]),
        ("[NASA](https://x.com/nasa), [x](<https://x.com/esa>)", ["nasa", "esa"]),
        ("<b>@nasa</b><br>&lt;@esa&gt;", ["nasa", "esa"]),
        ("(@nasa)(@esa)", ["nasa", "esa"]),
        ("**@nasa** __@esa__ _@isro_ @jaxa_", ["nasa", "esa", "isro", "jaxa_"]),
        ("NASA (@nasa) / X", ["NASA"]),
        ("@nasa, @esa and also @spacex please!", ["nasa", "esa", "spacex"]),
        ("nasa, esa y spacex", ["nasa", "esa", "spacex"]),
        ("@nasa and @and", ["nasa", "and"]),
        ("and", ["and"]),
        ("@" + "a" * 50 + " @" + "b" * 51, ["a" * 50]),
    ],
)
def test_handles_are_found_in_pasted_text(typed: str, found: list[str]) -> None:
    assert read(typed)[0] == found


@pytest.mark.parametrize(
    "typed",
    [
        *(
            "x.com",
            "x.com/",
            "https://x.com/search?q=nasa",
            "x.com/home",
            "twitter.com/explore",
            "x.com/settings/account",
        ),
        *(
            "x.com/i/events/1",
            "x.com/i/user/11348282",
            "x.com/hashtag/nasa",
            "x.com/intent/user?user_id=1",
            "x.com/share",
        ),
        *("x.com/intent/post?text=@nasa", "x.com/messages/1-2", "x.com/compose/post", "x.com/notifications"),
    ],
)
def test_a_page_of_x_is_no_account(typed: str) -> None:
    assert read(typed) == ([], [typed])
    assert handles.network_of_page(typed) is facts.X


@pytest.mark.parametrize(
    "typed",
    [
        *(
            "https://example.org/nasa",
            "https://notx.com/nasa",
            "x.com.evil.org/nasa",
            "https://help.x.com/en",
        ),
        *(
            "../../etc/passwd",
            "=cmd()",
            "=HYPERLINK(1)",
            "@näsa",
            "@nasá",
            "@nasa\u0301",
            "naśa",
            "@nasa|rm",
        ),
        *(
            "#nasa",
            "$TSLA",
            "nasa²",
            "٣٣",
            "@нaса",
            "don't",
            "C:\\nasa",
            "@nasa-esa",
            "@",
            "%x%",
        ),
    ],
)
def test_a_word_that_is_no_handle_is_refused_and_never_cut_down_to_one(typed: str) -> None:
    assert read(typed)[0] == []
    assert len(read(typed)[1]) == 1


@given(some.text(some.sampled_from("@@ab_ é.,-’'s/#$=\u0301²)(\n"), max_size=30))
def test_a_handle_is_never_part_of_a_longer_word(typed: str) -> None:
    """No letter, digit or accent is next to it, but the s of a possessive; underscores may surround it."""
    for handle in read(typed)[0]:
        alone = rf"(?<![^\W_])(?<![#$=/]){handle}(?![^\W_]|\u0301)"
        assert re.search(alone, unicodedata.normalize("NFC", typed))


def test_the_longest_message_is_split_within_a_second() -> None:
    began = time.process_time()
    for sign in "_@.'[<\n(\u200b":
        parsing.split_args("/track " + sign * 4000)
    assert time.process_time() - began < 1


def test_a_former_handle_is_parsed_and_never_looked_up() -> None:
    assert read("@nasa-old, (@nasa-old2) @nasa.") == (
        ["nasa-old", "nasa-old2", "nasa"],
        [],
    )
    request = parsing.parse_chart_request(["@nasa-old", "nasa"], ["nasa-old", "nasa"], 100)
    assert [handle.name for handle in request.handles] == ["nasa-old", "nasa"]
    assert [handles.can_be_looked_up(Handle("x", name)) for name in ("nasa", "nasa-old", "n" * 15, "n" * 16)] == [
        True,
        False,
        True,
        False,
    ]
