"""`python -m bot`: the Telegram front end."""

import argparse
import os
import sys

from telegram.error import InvalidToken

from bot import app, memory
from pipeline import logs
from pipeline.messaging import servers
from pipeline.settings import BotSettings
from pipeline.startup import format_startup_errors, startup
from pipeline.store import open_store
from pipeline.user_agent import VERSION


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bot", description=__doc__)
    parser.add_argument("--version", action="version", version=f"Tallybird {VERSION}")
    parser.add_argument(
        "task", nargs="?", choices=["doctor"], help="doctor: look at every setting and service, and end"
    )
    if parser.parse_args().task:
        from bot.doctor import console  # noqa: PLC0415 the bot itself needs none of it

        console.main()
    memory.share_heap()
    with startup():
        settings = BotSettings.load()
        logs.configure("bot", settings)
        store = open_store(settings)
        servers.check(settings)
        application = app.build(settings, store)
    os.environ["PTB_TIMEDELTA"] = "true"  # Telegram's waits as timedelta; as numbers they come with a warning
    try:
        app.run(application, settings)
    except InvalidToken:
        sys.exit(
            format_startup_errors(
                ["TELEGRAM_BOT_TOKEN: Telegram refuses it. Put here the token that @BotFather shows for the bot"]
            )
        )


if __name__ == "__main__":
    main()
