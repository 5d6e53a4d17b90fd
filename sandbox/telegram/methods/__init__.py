"""The Bot API's methods; the import of a module registers its methods."""

from sandbox.telegram.methods import buttons, chats, editing, files, inline, menu, sending, updates
from sandbox.telegram.methods.method import METHODS

__all__ = ["METHODS", "buttons", "chats", "editing", "files", "inline", "menu", "sending", "updates"]
