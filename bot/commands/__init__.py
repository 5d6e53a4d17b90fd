"""The commands, a file each, in the order of the menu."""

from bot.commands import (
    alerts,
    budget,
    compare,
    data,
    doctor,
    export,
    forget,
    help,  # noqa: A004 a command's file is named like the command
    id,  # noqa: A004
    import_accounts,  # a module cannot be called import
    list,  # noqa: A004
    pause,
    pin,
    privacy,
    quiet,
    resume,
    settings,
    start,
    status,
    subscribe,
    timezone,
    track,
    unsubscribe,
    untrack,
    version,
)

MODULES = (
    track,
    untrack,
    list,
    compare,
    subscribe,
    unsubscribe,
    pause,
    resume,
    pin,
    alerts,
    settings,
    timezone,
    quiet,
    export,
    import_accounts,
    data,
    budget,
    status,
    doctor,
    version,
    help,
    privacy,
    forget,
    id,
    start,
)
COMMANDS = [module.COMMAND for module in MODULES]
