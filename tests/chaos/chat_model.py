"""A model of what a chat has after each command and press, and the same read from the store."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from pipeline.records import Language, Metric, Mode, Theme, View
from pipeline.store import chats, comparisons, subscriptions
from pipeline.store.tables import Chat, Subscription

MAX_SUBSCRIPTIONS = 5
"""Of a chat."""


@dataclass(frozen=True)
class ChartSpec:
    """What a person can choose of a chart, as far as the model goes."""

    metric: Metric = Metric.REPOSTS
    view: View = View.SPREAD
    theme: Theme = Theme.LIGHT
    language: Language = Language.ENGLISH


@dataclass(frozen=True)
class ExpectedSubscription:
    """A subscription. everything: it has all accounts that the chat tracks."""

    mode: Mode
    handles: frozenset[str]
    spec: ChartSpec
    everything: bool = False

    def shows_the_same_as(self, other: "ExpectedSubscription") -> bool:
        return replace(self, everything=other.everything) == other


@dataclass(frozen=True)
class ChatState:
    """What a chat has. kept: its subscriptions, sorted so that equal states compare equal."""

    known: bool = False
    tracked: frozenset[str] = frozenset()
    kept: tuple[ExpectedSubscription, ...] = ()
    theme: Theme = Theme.LIGHT
    language: Language = Language.ENGLISH

    def track(self, handles: AbstractSet[str]) -> "ChatState":
        """handles: of the accounts that X shows."""
        new = handles - self.tracked
        return replace(self, known=True, tracked=self.tracked | new)._updated() if new else self

    def untrack(self, handles: AbstractSet[str]) -> "ChatState":
        left = replace(self, tracked=self.tracked - handles)._updated()
        return left._with(each for each in left.kept if each.handles <= left.tracked)

    def subscribe(self, mode: Mode, handles: AbstractSet[str], metric: Metric) -> "ChatState":
        """handles: none for all tracked accounts."""
        if not self.tracked or not handles <= self.tracked:
            return self
        spec = ChartSpec(metric, theme=self.theme, language=self.language)
        return self._add(ExpectedSubscription(mode, frozenset(handles) or self.tracked, spec, everything=not handles))

    def unsubscribe(self, handles: AbstractSet[str]) -> "ChatState":
        return self._with(each for each in self.kept if not handles <= each.handles)

    def choose(self, theme: Theme | None = None, language: Language | None = None) -> "ChatState":
        """A choice in /settings makes the chat known, even before it tracks an account."""
        chosen = replace(self, known=True, theme=theme or self.theme, language=language or self.language)
        return chosen._with(
            replace(
                each,
                spec=replace(each.spec, theme=theme or each.spec.theme, language=language or each.spec.language),
            )
            for each in self.kept
        )

    def show(self, current: ExpectedSubscription | None, pressed: ExpectedSubscription, **choice: Any) -> "ChatState":
        """Press a button for another metric or view.

        current: the live chart of the message now. pressed: the chart for which the button was made. choice: its field
        of the spec, with the value.
        """
        if current is None or not pressed.handles <= self.tracked:
            return self
        return self._replaced(current, replace(current, spec=replace(current.spec, **choice)))

    def keep(self, current: ExpectedSubscription | None, pressed: ExpectedSubscription) -> "ChatState":
        """Press the button that makes a single chart live; it does nothing if its message has a live chart."""
        return self if current or not pressed.handles <= self.tracked else self._add(pressed)

    def stop(self, current: ExpectedSubscription | None, pressed: ExpectedSubscription) -> "ChatState":
        return self._replaced(current) if current and pressed.handles <= self.tracked else self

    def _updated(self) -> "ChatState":
        updated = (replace(each, handles=self.tracked) if each.everything else each for each in self.kept)
        return self._with(each for each in updated if each.handles)

    def _add(self, one: ExpectedSubscription) -> "ChatState":
        if len(self.kept) >= MAX_SUBSCRIPTIONS or any(one.shows_the_same_as(each) for each in self.kept):
            return self
        return self._with([*self.kept, one])

    def _replaced(self, old: ExpectedSubscription, *new: ExpectedSubscription) -> "ChatState":
        if old not in self.kept:
            return self
        kept = list(self.kept)
        kept.remove(old)
        return self._with([*kept, *new])

    def _with(self, kept: Iterable[ExpectedSubscription]) -> "ChatState":
        return replace(self, kept=in_fixed_order(kept))


def in_fixed_order(kept: Iterable[ExpectedSubscription]) -> tuple[ExpectedSubscription, ...]:
    return tuple(sorted(kept, key=lambda each: repr((each.mode, sorted(each.handles), each.spec, each.everything))))


def stored_state(session: Session, chat_id: int) -> ChatState:
    """The state of a chat in the store."""
    chat = session.get(Chat, chat_id)
    if chat is None:
        return ChatState()
    tracked = frozenset(account.handle for account in chats.list_tracked_accounts(session, chat_id))
    kept = [from_row(session, each) for each in subscriptions.list_of_chat(session, chat_id)]
    state = ChatState(known=True, tracked=tracked, theme=chat.theme, language=chat.language)
    return replace(state, kept=in_fixed_order(kept))


def from_row(session: Session, row: Subscription) -> ExpectedSubscription:
    return replace(for_comparison(session, row.comparison_id), mode=row.mode, everything=row.all_tracked)


def for_comparison(session: Session, comparison_id: int) -> ExpectedSubscription:
    """The live chart of this comparison; without handles if the comparison is gone."""
    handles = frozenset(account.handle for account in comparisons.list_accounts(session, comparison_id))
    found = comparisons.get_record(session, comparison_id)
    spec = found.spec if found else None
    chosen = ChartSpec(spec.metric, spec.view, spec.theme, spec.language) if spec else ChartSpec()
    return ExpectedSubscription(Mode.LIVE, handles, chosen)
