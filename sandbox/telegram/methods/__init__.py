"""The Bot API's methods; importing a module here registers what it holds."""

from sandbox.telegram.methods import buttons, chats, editing, files, menu, sending, updates
from sandbox.telegram.methods.method import METHODS

__all__ = ["METHODS", "buttons", "chats", "editing", "files", "menu", "sending", "updates"]
