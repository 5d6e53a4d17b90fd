"""The inline keyboards under charts and questions. bot.callbacks and bot.chart_buttons parse their buttons' data."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Message
from telegram.constants import InlineKeyboardButtonLimit

from bot.chart_choices import CHOICES, FURTHER_CHOICES, PAGE, VIEW, Choice, Subject, main_choices
from pipeline.i18n import LANGUAGE_NAMES, THEME_NAMES, lazy_gettext, translator
from pipeline.records import ChartSpec, DocumentFormat, LazyString, Mode

Row = list[InlineKeyboardButton]
Gettext = Callable[[str | LazyString], str]
"""A Translator's method of that name."""


class Sound(StrEnum):
    """How messages come that nobody just asked for."""

    ON = "sound"
    SILENT = "silent"


SOUND_NAMES = {Sound.ON: lazy_gettext("With sound"), Sound.SILENT: lazy_gettext("Silent")}
MORE, FILES, CLOSED = "more", "files", "chart"
"""The menus that are no choice, and the one whose button closes the others."""


@dataclass(frozen=True, slots=True)
class ShownChart:
    """A chart as its buttons need to know it.

    networks: those of the accounts, by key. owner_id: the only person in a group who may press its buttons, beside
    admins; None for a chart that all share. max_posts: how many posts of an account are read. accounts: how many there
    are; those of more pages than one have buttons that turn them.
    """

    comparison_id: int
    spec: ChartSpec
    mode: Mode
    networks: Collection[str]
    owner_id: int | None = None
    max_posts: int = 0
    accounts: int = 1

    @property
    def subject(self) -> Subject:
        return Subject(self.spec, self.networks, self.max_posts, self.accounts)

    @property
    def gettext(self) -> Gettext:
        return translator(self.spec.language).gettext

    def button(self, text: str, action: str, *args: object) -> InlineKeyboardButton:
        """Its data: the action, the comparison's id, the arguments, and the owner as @id."""
        owner = [f"@{self.owner_id}"] if self.owner_id is not None else []
        data = " ".join(map(str, [action, self.comparison_id, *args, *owner]))
        return InlineKeyboardButton(text, callback_data=data)


def under_chart(  # noqa: PLR0913 what the buttons depend on
    comparison_id: int,
    spec: ChartSpec,
    mode: Mode,
    networks: Collection[str],
    *,
    accounts: int = 1,
    owner_id: int | None = None,
) -> InlineKeyboardMarkup:
    """Two rows: the views, of which the present one is marked; and what opens the other choices.

    Above them stands what turns the pages, where there are several.
    """
    return closed(ShownChart(comparison_id, spec, mode, networks, owner_id, accounts=accounts))


def closed(chart: ShownChart) -> InlineKeyboardMarkup:
    """The keyboard of under_chart."""
    openers = [
        chart.button(f"{_capitalized(chart.gettext(each.current(chart.subject)))} ▾", "menu", each.field)
        for each in main_choices(chart.spec)
    ]
    more = chart.button("⋯", "menu", MORE)
    rows = [_pages(chart), *_choice_rows(chart, VIEW), [*openers, more, _updates_button(chart)]]
    return InlineKeyboardMarkup([row for row in rows if row])


def _pages(chart: ShownChart) -> Row:
    """Buttons to the page before and the page after; none where the page is the only one."""
    pages = PAGE.labels(chart.subject)
    page = min(chart.spec.page, len(pages))
    turned = {f"← {page - 1}": page - 1, f"{page + 1} →": page + 1}
    return [chart.button(name, "set", PAGE.field, other) for name, other in turned.items() if other in pages]


def menu(chart: ShownChart, name: str) -> InlineKeyboardMarkup:
    """The buttons of a menu. name: the field of a choice, or one of MENUS. Raises KeyError for any other."""
    if name == CLOSED:
        return closed(chart)
    rows = MENUS[name](chart) if name in MENUS else _choice_rows(chart, CHOICES[name])
    return InlineKeyboardMarkup([*rows, [chart.button(chart.gettext("← Back"), "menu", CLOSED)]])


def _further_rows(chart: ShownChart) -> list[Row]:
    further = [each for each in FURTHER_CHOICES if each not in main_choices(chart.spec)]
    actions = [
        chart.button(f"{chart.gettext('As file')} ▾", "menu", FILES),
        chart.button(chart.gettext("Refresh"), "refresh"),
    ]
    return [*(row for each in further for row in _choice_rows(chart, each)), actions]


def _file_rows(chart: ShownChart) -> list[Row]:
    return [[chart.button(each.upper(), "file", each) for each in DocumentFormat]]


MENUS: dict[str, Callable[[ShownChart], list[Row]]] = {MORE: _further_rows, FILES: _file_rows}


def _choice_rows(chart: ShownChart, choice: Choice) -> list[Row]:
    """A button for each value, the present one marked; none where there is nothing to choose."""
    labels = choice.labels(chart.subject)
    if len(labels) < 2:  # noqa: PLR2004
        return []
    current = getattr(chart.spec, choice.field)
    buttons = [
        chart.button(_marked(_capitalized(chart.gettext(label)), value == current), "set", choice.field, value)
        for value, label in labels.items()
    ]
    return [buttons[start : start + choice.per_row] for start in range(0, len(buttons), choice.per_row)]


def _updates_button(chart: ShownChart) -> InlineKeyboardButton:
    match chart.mode:
        case Mode.ONCE:
            return chart.button(chart.gettext("Keep updating"), "live")
        case Mode.LIVE:
            return chart.button(chart.gettext("Stop updating"), "stop")
        case Mode.NEW:
            return chart.button(chart.gettext("Stop these"), "stop")


def _capitalized(text: str) -> str:
    return text[:1].upper() + text[1:]


def button_data(message: Message) -> list[str]:
    """The data of the buttons that are under the message now."""
    rows = message.reply_markup.inline_keyboard if message.reply_markup else ()
    return [str(button.callback_data) for row in rows for button in row]


def chat_settings(spec: ChartSpec, *, silent: bool) -> InlineKeyboardMarkup:
    """The theme of the chat's charts, its language, and whether what nobody just asked for comes without a sound."""
    gettext = translator(spec.language).gettext
    themes = {theme: gettext(name) for theme, name in THEME_NAMES.items()}
    sounds = {sound: gettext(name) for sound, name in SOUND_NAMES.items()}
    return InlineKeyboardMarkup(
        [
            _preferences(themes, spec.theme),
            _preferences(LANGUAGE_NAMES, spec.language),
            _preferences(sounds, Sound.SILENT if silent else Sound.ON),
        ]
    )


def _preferences(names: dict[Any, str], current: StrEnum) -> Row:
    return [
        InlineKeyboardButton(_marked(name, value is current), callback_data=f"settings {value}")
        for value, name in names.items()
    ]


def confirm_forget(gettext: Gettext) -> InlineKeyboardMarkup:
    yes = InlineKeyboardButton(gettext("Yes, forget this chat"), callback_data="forget yes")
    return InlineKeyboardMarkup([[yes, InlineKeyboardButton(gettext("Keep everything"), callback_data="forget no")]])


def retry_services(gettext: Gettext) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton(gettext("Try again now"), callback_data="again")]])


def first_steps(gettext: Gettext) -> InlineKeyboardMarkup:
    """Under /start, and where the bot introduces itself."""
    example = InlineKeyboardButton(gettext("See an example"), callback_data="example")
    return InlineKeyboardMarkup([[example, InlineKeyboardButton(gettext("Track accounts"), callback_data="names")]])


def track_and_draw(gettext: Gettext, handles: Sequence[str], args: Sequence[str]) -> InlineKeyboardMarkup | None:
    """Track these accounts, then /compare with these arguments; None where they do not fit into a button's data."""
    data = " ".join(["draw", *args])
    if len(data.encode()) > InlineKeyboardButtonLimit.MAX_CALLBACK_DATA:
        return None
    label = gettext(lazy_gettext("Track {names} and draw", names=[f"@{handle}" for handle in handles]))
    return InlineKeyboardMarkup([[InlineKeyboardButton(label, callback_data=data)]])


def _marked(name: str, is_current: bool) -> str:  # noqa: FBT001
    return f"• {name}" if is_current else name
