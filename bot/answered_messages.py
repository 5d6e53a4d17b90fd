"""Which messages were answered with which words, so that an edited command is carried out once for each wording."""

from collections import OrderedDict

from telegram import Message

MOST = 10_000


class AnsweredMessages:
    """The last messages that were answered. A restart forgets them."""

    def __init__(self) -> None:
        self.seen: OrderedDict[tuple[object, ...], None] = OrderedDict()

    def is_new(self, message: Message) -> bool:
        """Note the message as it is worded now. An edit that changes no word, as of a link's preview, is not new.

        Only edits can be old: a chat that begins anew may count its messages from 1 again.
        """
        wording = (message.chat.id, message.message_id, message.date, message.text)
        is_new = message.edit_date is None or wording not in self.seen
        self.seen[wording] = None
        if len(self.seen) > MOST:
            self.seen.popitem(last=False)
        return is_new
