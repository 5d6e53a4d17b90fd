"""The texts for a change that a rule of the store refuses."""

from pipeline.i18n import lazy_gettext, lazy_ngettext
from pipeline.records import LazyString
from pipeline.store.rules import (
    AlreadySubscribedError,
    NoGroupError,
    NoSubscriptionError,
    RuleError,
    TooManyAccountsError,
    TooManyChatsError,
    TooManyChatsOfPersonError,
    TooManyGroupsError,
    TooManySubscriptionsError,
    UnclearSubscriptionError,
    UnknownChartError,
)

OUTDATED_BUTTON = lazy_gettext("This button no longer works. Send /compare for a new chart.")
OUTDATED_LIST = lazy_gettext("This list is not up to date any more. Send /list for a new one.")


DESCRIPTIONS: dict[type[RuleError], LazyString] = {
    AlreadySubscribedError: lazy_gettext("You already have that chart here. /list shows it; /unsubscribe ends it."),
    NoSubscriptionError: lazy_gettext("This chat has no subscription like that. /list shows them."),
    NoGroupError: lazy_gettext("This chat has no group of that name. /list shows its groups."),
    UnclearSubscriptionError: lazy_gettext(
        "Several charts are live here. Send the command as a reply to the one you mean."
    ),
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
                "I already work in {count} chat, the most that my owner allows.",
                "I already work in {count} chats, the most that my owner allows.",
                count=error.most,
            )
        case TooManyChatsOfPersonError():
            return _too_many_chats_of_person(error)
        case TooManyGroupsError():
            return lazy_ngettext(
                "A chat may have {count} group of accounts. End it first, as in /untrack team:",
                "A chat may have {count} groups of accounts. End one first, as in /untrack team:",
                count=error.most,
            )
        case TooManySubscriptionsError():
            return lazy_ngettext(
                "A chat can have {count} subscription. End it with /unsubscribe first.",
                "A chat can have {count} subscriptions. End one with /unsubscribe first.",
                count=error.most,
            )
    return DESCRIPTIONS[type(error)]


def _too_many_accounts(error: TooManyAccountsError) -> LazyString:
    return lazy_ngettext(
        "A chat can track {count} account; with these it would be {together}. Nothing was changed: send "
        "fewer names, or /untrack some first.",
        "A chat can track {count} accounts; with these it would be {together}. Nothing was changed: send "
        "fewer names, or /untrack some first.",
        count=error.most,
        together=error.count,
    )


def _too_many_chats_of_person(error: TooManyChatsOfPersonError) -> LazyString:
    return lazy_ngettext(
        "I already work in {count} chat of yours, the most that one person can have. Send /forget there "
        "to make room, or ask my owner.",
        "I already work in {count} chats of yours, the most that one person can have. Send /forget in one"
        " of them to make room, or ask my owner.",
        count=error.most,
    )
