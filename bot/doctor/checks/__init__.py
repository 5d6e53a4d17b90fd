"""The checks, a file each, in the order of their lines."""

from bot.doctor.checks import (
    broker,
    clocks,
    database,
    disk,
    dropbox,
    fonts,
    money,
    networks,
    outages,
    processes,
    proxies,
    redis,
    telegram,
    versions,
)

CHECKS = (
    proxies.CHECK,
    telegram.CHECK,
    *networks.CHECKS,
    money.CHECK,
    dropbox.CHECK,
    outages.CHECK,
    processes.CHECK,
    redis.CHECK,
    broker.CHECK,
    database.CHECK,
    disk.CHECK,
    clocks.CHECK,
    fonts.CHECK,
    versions.CHECK,
)
