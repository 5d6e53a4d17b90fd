"""The commands, a file each, in the order of the menu."""

from bot.commands import (
    compare,
    forget,
    help,  # noqa: A004 a command's file is named like the command
    id,  # noqa: A004
    list,  # noqa: A004
    privacy,
    settings,
    start,
    status,
    subscribe,
    track,
    unsubscribe,
    untrack,
)

MODULES = (track, untrack, list, compare, subscribe, unsubscribe, settings, status, help, privacy, forget, id, start)
COMMANDS = [module.COMMAND for module in MODULES]
