"""The errors of a change that breaks a rule. Each carries its figures; whoever speaks to people puts them into words.

RuleError
├── TooManyAccountsError        a chat would track more accounts than one may
├── TooManyChatsError           the bot would serve more chats than its owner allows
├── TooManyChatsOfPersonError   one person would bring more chats than one may
├── TooManyGroupsError          a chat would have more groups of accounts than one may
├── NoGroupError                there is no such group in the chat
├── TooManySubscriptionsError   a chat would have more subscriptions than one may
├── AlreadySubscribedError      the chat has an equal subscription
├── NoSubscriptionError         there is no such subscription in the chat
├── UnclearSubscriptionError    one subscription is meant, and there are several
└── UnknownChartError           the chat has no such chart, or not any more
"""

from pipeline.errors import TallybirdError


class RuleError(TallybirdError):
    """Base of the errors of a broken rule. Nothing was changed."""


class TooManyAccountsError(RuleError):
    """A chat would track `count` accounts, and `most` are allowed."""

    def __init__(self, count: int, most: int) -> None:
        self.count, self.most = count, most
        super().__init__(f"{count} accounts, {most} allowed")


class TooManyChatsError(RuleError):
    """The bot serves `most` chats already, which is all that its owner allows."""

    def __init__(self, most: int) -> None:
        self.most = most
        super().__init__(f"{most} chats allowed")


class TooManyChatsOfPersonError(RuleError):
    """The bot serves `most` chats of this person already, which is one person's share."""

    def __init__(self, most: int) -> None:
        self.most = most
        super().__init__(f"{most} chats of one person allowed")


class TooManyGroupsError(RuleError):
    """The chat has `most` groups of accounts already."""

    def __init__(self, most: int) -> None:
        self.most = most
        super().__init__(f"{most} groups allowed")


class NoGroupError(RuleError):
    """The chat has no group of this name."""


class TooManySubscriptionsError(RuleError):
    """The chat has `most` subscriptions already."""

    def __init__(self, most: int) -> None:
        self.most = most
        super().__init__(f"{most} subscriptions allowed")


class AlreadySubscribedError(RuleError):
    """The chat is subscribed to an equal comparison in the same mode."""


class NoSubscriptionError(RuleError):
    """The chat has no such subscription."""


class UnclearSubscriptionError(RuleError):
    """Several subscriptions of the chat may be meant, where one has to be."""


class UnknownChartError(RuleError):
    """The chat does not track the chart's accounts (any more), or the message shows no such chart."""
