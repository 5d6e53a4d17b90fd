"""/alerts on, /alerts off, /alerts milestones: lines about what is remarkable, beside the charts. Off by default."""

from collections.abc import Collection, Iterable, Sequence

from bot import phrasing
from bot.chart_requests import nothing_tracked
from bot.command import Command
from bot.command_context import CommandContext
from bot.tokens import without_fillers
from pipeline.errors import UserError
from pipeline.i18n import ALERT_NAMES, lazy_gettext, lazy_ngettext, translator
from pipeline.records import AlertKind, Language, LazyString
from pipeline.store import alerts, chats
from pipeline.store.alerts import MOST_A_DAY

ON, OFF = {"on", "sí", "si"}, {"off", "no"}
MEANINGS = {
    AlertKind.BREAKOUT: lazy_gettext("a post takes off, far beyond what is usual for its account"),
    AlertKind.OVERTAKE: lazy_gettext("an account passes another in a live chart"),
    AlertKind.MILESTONE: lazy_gettext("a post passes 1,000, 10,000, 100,000…, the first of its account's to do so"),
}
WORDS = {translator(language).gettext(name): kind for language in Language for kind, name in ALERT_NAMES.items()} | {
    kind.value: kind for kind in AlertKind
}
"""The kinds by their names in every language."""


async def run(command_context: CommandContext) -> None:
    context, chat_id = command_context.context, command_context.chat_id
    if not await context.read(chats.exists, chat_id):
        raise nothing_tracked(context.settings)
    if command_context.args:
        await context.write(alerts.set_kinds, chat_id, _chosen(without_fillers(command_context.args)))
    await command_context.answer(*_describe(await context.read(alerts.kinds, chat_id)))


def _chosen(args: Sequence[str]) -> set[AlertKind]:
    """The kinds in the arguments: all, none, or those named. Raises UserError for another word."""
    words = {word.lower() for word in args}
    if words <= ON:
        return set(AlertKind)
    if words <= OFF:
        return set()
    unknown = [word for word in args if word.lower() not in WORDS]
    if unknown:
        raise UserError(
            lazy_gettext(
                "I don't know the word “{word}”. /alerts on, /alerts off, or the kinds that you want: {names:or}.",
                word=phrasing.quote(unknown[0]),
                names=ALERT_NAMES.values(),
            )
        )
    return {WORDS[word] for word in words}


def _describe(kinds: Collection[AlertKind]) -> list[LazyString]:
    """Which alerts are on, and how to change that."""
    if not kinds:
        return [lazy_gettext("Alerts are off. /alerts on turns them on."), *_lines(AlertKind)]
    return [
        lazy_ngettext(
            "Alerts are on, at most {count} a day. /alerts off turns them off. You are told when:",
            "Alerts are on, at most {count} a day. /alerts off turns them off. You are told when:",
            MOST_A_DAY,
        ),
        *_lines(kinds),
    ]


def _lines(kinds: Iterable[AlertKind]) -> list[LazyString]:
    return [lazy_gettext("{name} – {meaning}", name=ALERT_NAMES[kind], meaning=MEANINGS[kind]) for kind in kinds]


COMMAND = Command("alerts", lazy_gettext("a line when something remarkable happens"), run, changes=True)
