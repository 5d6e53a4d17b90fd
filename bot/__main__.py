"""`python -m bot`: the Telegram front end."""

import os
import sys

from telegram.error import InvalidToken

from bot import app
from pipeline import logs
from pipeline.errors import ConfigError
from pipeline.settings import BotSettings, complain
from pipeline.store import open_store


def main() -> None:
    try:
        settings = BotSettings.load()
        logs.configure("bot", settings.secrets)
        store = open_store(settings)
    except ConfigError as error:
        sys.exit(complain(error.problems))
    try:
        os.environ["PTB_TIMEDELTA"] = "true"  # Telegram's waits as timedelta; as numbers they come with a warning
        app.run(app.build(settings, store), settings)
    except InvalidToken:
        sys.exit(
            complain(["TELEGRAM_BOT_TOKEN: Telegram refuses it. Put here the token that @BotFather shows for the bot"])
        )


if __name__ == "__main__":
    main()
