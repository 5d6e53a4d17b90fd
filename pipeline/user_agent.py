"""How Tallybird calls itself to networks that ask for no account."""

VERSION = "0.1.0"


def user_agent(contact: str | None) -> str:
    """The value of a User-Agent header. contact: where the bot's owner can be reached, None where that is not set."""
    return f"Tallybird/{VERSION} (a bot that draws charts; {contact or 'its owner left no address'})"
