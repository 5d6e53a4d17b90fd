from bot.links import to_profiles


def test_names_lead_to_their_profiles_on_x_wherever_they_stand() -> None:
    text = "😀 Added: @nasa, @ESA_1.\n@x · median 2; me@example.org https://x.com/@y @toolongforaname12"
    found = [(link.url, link.offset, link.length) for link in to_profiles(text)]
    assert found == [("https://x.com/nasa", 10, 5), ("https://x.com/ESA_1", 17, 6), ("https://x.com/x", 25, 2)]
