from bot.entities import extract_entities, profile_links

LONGER = ("https://x.com/anolderandlongername", 72, 21)


def test_handles_link_to_their_profiles_wherever_they_stand() -> None:
    text = "😀 Added: @nasa, @ESA_1.\n@x · median 2; me@example.org https://x.com/@y @anolderandlongername @" + "a" * 51
    found = [(link.url, link.offset, link.length) for link in profile_links(text)]
    assert found == [("https://x.com/nasa", 10, 5), ("https://x.com/ESA_1", 17, 6), ("https://x.com/x", 25, 2), LONGER]


def test_a_captions_figures_have_a_fixed_width_and_its_handles_are_links() -> None:
    plain, entities = extract_entities("Likes 😀\n`median` \n`    37` @nasa")
    assert plain == "Likes 😀\nmedian \n    37 @nasa"
    assert [(each.type, each.offset, each.length) for each in entities] == [
        ("code", 9, 6),
        ("code", 17, 6),
        ("text_link", 24, 5),
    ]


def test_nothing_in_what_people_typed_is_a_link() -> None:
    plain, entities = extract_entities("`@nasa!x`: not a name\n@esa")
    assert plain == "@nasa!x: not a name\n@esa"
    assert [(each.type, each.offset) for each in entities] == [("code", 0), ("text_link", 20)]


def test_the_former_handle_of_an_account_is_no_link() -> None:
    assert [
        (each.type, each.offset, each.length) for each in profile_links("@nasa-old, @nasa-old2 and @nasa-older")
    ] == [
        ("code", 0, 9),
        ("code", 11, 10),
        ("text_link", 26, 5),
    ]


def test_a_caption_may_link_to_posts_and_no_other_text_does() -> None:
    text = (
        "`+3` @nasa · [best new post 7](https://x.com/i/status/12) `[no](https://a.example)`\n"
        "[más 😀](https://b.example/ñ) x"
    )
    plain, entities = extract_entities(text, is_caption=True)
    assert plain == "+3 @nasa · best new post 7 [no](https://a.example)\nmás 😀 x"
    found = [(each.type, each.offset, each.length, each.url) for each in entities]
    assert found == [
        ("code", 0, 2, None),
        ("text_link", 11, 15, "https://x.com/i/status/12"),
        ("code", 27, 23, None),
        ("text_link", 51, 6, "https://b.example/ñ"),
        ("text_link", 3, 5, "https://x.com/nasa"),
    ]
    assert "[best new post 7](https://x.com/i/status/12)" in extract_entities(text)[0]
