"""The colours of a chart, light and dark."""

from dataclasses import dataclass

from pipeline.records import Theme

PALETTE = 10
"""How many colours accounts have; the eleventh account has the colour of the first."""
DOT_STRENGTH = 0.8
"""The opacity of dots in an account's colour, so that medians and lines stand out."""


@dataclass(frozen=True, slots=True)
class Colours:
    """The colours of one theme, as #rrggbb.

    Text (ink, muted, accounts) has a WCAG contrast of at least 4.5 with the paper, dots at least 3. The accounts'
    colours differ in lightness as much as in hue, so that people who see fewer hues can tell them apart too.
    """

    paper: str
    ink: str
    muted: str
    grid: str
    accounts: tuple[str, ...]

    def account(self, index: int) -> str:
        """The colour of the account with this index in the comparison's own order."""
        return self.accounts[index % PALETTE]

    def dot(self, colour: str) -> str:
        return blend(colour, self.paper, DOT_STRENGTH)


def blend(colour: str, paper: str, strength: float) -> str:
    """The colour on paper, at an opacity of strength."""
    pairs = zip(bytes.fromhex(colour[1:]), bytes.fromhex(paper[1:]), strict=True)
    return "#" + bytes(round(strength * over + (1 - strength) * under) for over, under in pairs).hex()


COLOURS = {
    Theme.LIGHT: Colours(
        paper="#ffffff",
        ink="#16202a",
        muted="#5b6b7a",
        grid="#dfe5ea",
        accounts=(
            "#0070d6",
            "#cc4700",
            "#0a7a4d",
            "#a8437c",
            "#32107c",
            "#5c0a00",
            "#481838",
            "#704000",
            "#304897",
            "#5800ff",
        ),
    ),
    Theme.DARK: Colours(
        paper="#17212b",
        ink="#f2f5f8",
        muted="#a9b8c6",
        grid="#2f3f4e",
        accounts=(
            "#3d9bff",
            "#e8963c",
            "#2ee6c0",
            "#ff4f94",
            "#e1c3ff",
            "#e6ec3c",
            "#709760",
            "#30978f",
            "#c7b787",
            "#cfffb7",
        ),
    ),
}
