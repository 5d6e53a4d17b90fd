"""The texts for a change that a rule of the store refuses."""

from pipeline.i18n import lazy_gettext, lazy_ngettext
from pipeline.records import LazyString
from pipeline.store.rules import (
    AlreadySubscribedError,
    NoSubscriptionError,
    RuleError,
    TooManyAccountsError,
    TooManyChatsError,
    TooManyChatsOfPersonError,
    TooManySubscriptionsError,
    UnknownChartError,
)

OUTDATED_BUTTON = lazy_gettext("This button belongs to an earlier chart. Send /compare for a new one.")


DESCRIPTIONS: dict[type[RuleError], LazyString] = {
    AlreadySubscribedError: lazy_gettext(
        "This chat is subscribed to that chart already. /list shows it, /unsubscribe ends it."
    ),
    NoSubscriptionError: lazy_gettext("There is no such subscription in this chat. /list shows what there is."),
    UnknownChartError: OUTDATED_BUTTON,
}
"""Of the errors without figures."""


def describe(error: RuleError) -> LazyString:
    """What the person is told: which rule it is, and what to do instead. Short enough for an alert."""
    match error:
        case TooManyAccountsError():
            return _too_many_accounts(error)
        case TooManyChatsError():
            return lazy_ngettext(
                "I serve {count} chat already, which is all that my owner allows.",
                "I serve {count} chats already, which is all that my owner allows.",
                count=error.most,
            )
        case TooManyChatsOfPersonError():
            return _too_many_chats_of_person(error)
        case TooManySubscriptionsError():
            return lazy_ngettext(
                "A chat may have {count} subscription. End it with /unsubscribe first.",
                "A chat may have {count} subscriptions. End one with /unsubscribe first.",
                count=error.most,
            )
    return DESCRIPTIONS[type(error)]


def _too_many_accounts(error: TooManyAccountsError) -> LazyString:
    return lazy_ngettext(
        "A chat may track {count} account; with these it would be {together}. "
        "Nothing was changed: name fewer, or /untrack some first.",
        "A chat may track {count} accounts; with these it would be {together}. "
        "Nothing was changed: name fewer, or /untrack some first.",
        count=error.most,
        together=error.count,
    )


def _too_many_chats_of_person(error: TooManyChatsOfPersonError) -> LazyString:
    return lazy_ngettext(
        "I serve {count} chat of yours already, as many as one person may have. "
        "/forget there makes room, or ask my owner.",
        "I serve {count} chats of yours already, as many as one person may have. "
        "/forget in one of them makes room, or ask my owner.",
        count=error.most,
    )
