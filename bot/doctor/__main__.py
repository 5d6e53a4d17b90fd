"""Examines for the running bot, in a process of its own, whose libraries take 300 MB: bot/doctor/visit.py calls it.

It reads the bot's settings from its standard input, and writes the findings.
"""

import sys
from functools import partial

from bot.doctor.examination import examine, leave
from bot.doctor.finding import findings
from pipeline.settings import BotSettings


def main() -> None:
    settings = BotSettings.model_validate_json(sys.stdin.buffer.read())
    found = findings.dump_json(examine(settings))
    leave(partial(_write, found), 0)


def _write(content: bytes) -> None:
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
