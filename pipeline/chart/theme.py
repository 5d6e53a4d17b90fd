"""The colours of a chart, light and dark."""

from dataclasses import dataclass

from pipeline.records import Theme

PALETTE = 10
"""How many colours there are for accounts; the eleventh account has the first one's."""
DOT_STRENGTH = 0.8
"""How much of an account's colour its dots keep on the paper, so that medians and lines stand out."""


@dataclass(frozen=True, slots=True)
class Colours:
    """The colours of one theme, as #rrggbb.

    Text (ink, muted, accounts) has a WCAG contrast of at least 4.5 with the paper, dots at least 3.
    """

    paper: str
    ink: str
    muted: str
    grid: str
    accounts: tuple[str, ...]

    def account(self, index: int) -> str:
        """The colour of the account at this place in the comparison's own order."""
        return self.accounts[index % PALETTE]

    def dot(self, colour: str) -> str:
        return blend(colour, self.paper, DOT_STRENGTH)


def blend(colour: str, paper: str, strength: float) -> str:
    """The colour laid on the paper at an opacity of strength."""
    pairs = zip(bytes.fromhex(colour[1:]), bytes.fromhex(paper[1:]), strict=True)
    return "#" + bytes(round(strength * over + (1 - strength) * under) for over, under in pairs).hex()


COLOURS = {
    Theme.LIGHT: Colours(
        paper="#ffffff",
        ink="#16202a",
        muted="#5b6b7a",
        grid="#dfe5ea",
        accounts=(
            "#0072b2",
            "#b85500",
            "#007a5a",
            "#c2185b",
            "#6a3fb5",
            "#6a5205",
            "#721405",
            "#004e5d",
            "#540763",
            "#1c1c9c",
        ),
    ),
    Theme.DARK: Colours(
        paper="#17212b",
        ink="#f2f5f8",
        muted="#a9b8c6",
        grid="#2f3f4e",
        accounts=(
            "#4db2ff",
            "#ffab40",
            "#3ddc97",
            "#ff7eb0",
            "#c4a1ff",
            "#d8e45a",
            "#b9827d",
            "#5fe3e6",
            "#c05bf5",
            "#95992a",
        ),
    ),
}
