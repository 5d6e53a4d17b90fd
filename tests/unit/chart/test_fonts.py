"""Names in other scripts are drawn with letters, not boxes."""

import pytest
from matplotlib.font_manager import get_font

from pipeline.chart.paint import fonts

NAMES = {
    "Latin": "Zürich",
    "Greek": "Αθήνα",
    "Cyrillic": "Київ",
    "Arabic": "القاهرة",
    "Hebrew": "חיפה",
    "Devanagari": "काठमाडौं",
    "Bengali": "ঢাকা",
    "Tamil": "சென்னை",
    "Thai": "กรุงเทพ",
    "Ethiopic": "አዲስ",
    "Georgian": "თბილისი",
    "Han": "東京都",
    "Hangul": "서울",
    "Kana": "とうきょう",
    "emoji": "🐦🚀❤️",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_every_letter_has_a_font_that_has_it(name: str) -> None:
    shown = fonts.drawable(name)
    runs = fonts.runs(shown)
    assert fonts.UNKNOWN not in shown
    assert "".join(letters for _, letters in runs) == shown
    for path, letters in runs:
        font = get_font(path or fonts.FAMILY_PATH)
        assert all(font.get_char_index(ord(letter)) for letter in letters)


def test_plain_names_need_one_font() -> None:
    assert fonts.runs("@nasa · median 37") == [(None, "@nasa · median 37")]


def test_what_turns_or_hides_text_is_left_out_and_what_no_font_has_is_marked() -> None:
    assert fonts.drawable("a\u202eb\u200bc\n") == "abc"
    assert fonts.drawable("\ue000") == fonts.UNKNOWN
