"""Remembers which messages were answered, so that an edited command runs once for each of its wordings."""

from collections import OrderedDict

from telegram import Message

MAX_REMEMBERED = 10_000


class AnsweredMessages:
    """The wordings answered last, in memory: a restart forgets them."""

    def __init__(self) -> None:
        self.wordings: OrderedDict[tuple[object, ...], None] = OrderedDict()

    def has_any_of(self, chat_id: int) -> bool:
        """Whether a message of the chat is remembered."""
        return any(wording[0] == chat_id for wording in self.wordings)

    def is_new(self, message: Message) -> bool:
        """Remember the message with its present text. False for an edit that did not change the text.

        A message that was never edited is always new: a group that is created anew counts its messages from 1 again.
        """
        wording = (message.chat.id, message.message_id, message.date, message.text)
        is_new = message.edit_date is None or wording not in self.wordings
        self.wordings[wording] = None
        if len(self.wordings) > MAX_REMEMBERED:
            self.wordings.popitem(last=False)
        return is_new
