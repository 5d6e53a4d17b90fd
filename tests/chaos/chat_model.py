"""A simple model of what a chat has after what was said in it, and the same as the store holds it."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from pipeline.records import Language, Metric, Mode, Theme, View
from pipeline.store import chats, comparisons, subscriptions
from pipeline.store.tables import Chat, Subscription

MAX_SUBSCRIPTIONS = 5
"""As many subscriptions as a chat may have."""


@dataclass(frozen=True)
class ChartSpec:
    """What of a chart a person chose."""

    metric: Metric = Metric.REPOSTS
    view: View = View.SPREAD
    theme: Theme = Theme.LIGHT
    language: Language = Language.ENGLISH


@dataclass(frozen=True)
class ExpectedSubscription:
    """A subscription. everything: it follows whatever the chat tracks."""

    mode: Mode
    handles: frozenset[str]
    spec: ChartSpec
    everything: bool = False

    def shows_like(self, other: "ExpectedSubscription") -> bool:
        return replace(self, everything=other.everything) == other


@dataclass(frozen=True)
class ChatState:
    """What a chat has. kept: the subscriptions in an order that says nothing."""

    known: bool = False
    tracked: frozenset[str] = frozenset()
    kept: tuple[ExpectedSubscription, ...] = ()
    theme: Theme = Theme.LIGHT
    language: Language = Language.ENGLISH

    def track(self, handles: AbstractSet[str]) -> "ChatState":
        """handles: those that X lets be followed."""
        new = handles - self.tracked
        return replace(self, known=True, tracked=self.tracked | new)._following() if new else self

    def untrack(self, handles: AbstractSet[str]) -> "ChatState":
        left = replace(self, tracked=self.tracked - handles)._following()
        return left._with(each for each in left.kept if each.handles <= left.tracked)

    def subscribe(self, mode: Mode, handles: AbstractSet[str], metric: Metric) -> "ChatState":
        """handles: none for everything that is tracked."""
        if not self.tracked or not handles <= self.tracked:
            return self
        spec = ChartSpec(metric, theme=self.theme, language=self.language)
        return self._add(ExpectedSubscription(mode, frozenset(handles) or self.tracked, spec, everything=not handles))

    def unsubscribe(self, handles: AbstractSet[str]) -> "ChatState":
        return self._with(each for each in self.kept if not handles <= each.handles)

    def choose(self, theme: Theme | None = None, language: Language | None = None) -> "ChatState":
        if not self.known:
            return self
        chosen = replace(self, theme=theme or self.theme, language=language or self.language)
        return chosen._with(
            replace(
                each,
                spec=replace(each.spec, theme=theme or each.spec.theme, language=language or each.spec.language),
            )
            for each in self.kept
        )

    def show(
        self, current: ExpectedSubscription | None, pressed: ExpectedSubscription, metric: Metric, view: View
    ) -> "ChatState":
        """A button under a live chart changes it, whatever that chart has become since the button was drawn."""
        if current is None or not pressed.handles <= self.tracked:
            return self
        return self._instead(current, replace(current, spec=replace(current.spec, metric=metric, view=view)))

    def keep(self, current: ExpectedSubscription | None, pressed: ExpectedSubscription) -> "ChatState":
        """The chart that the button was drawn for stays fresh from now on, unless its message is kept fresh already."""
        return self if current or not pressed.handles <= self.tracked else self._add(pressed)

    def stop(self, current: ExpectedSubscription | None, pressed: ExpectedSubscription) -> "ChatState":
        return self._instead(current) if current and pressed.handles <= self.tracked else self

    def _following(self) -> "ChatState":
        following = (replace(each, handles=self.tracked) if each.everything else each for each in self.kept)
        return self._with(each for each in following if each.handles)

    def _add(self, one: ExpectedSubscription) -> "ChatState":
        if len(self.kept) >= MAX_SUBSCRIPTIONS or any(one.shows_like(each) for each in self.kept):
            return self
        return self._with([*self.kept, one])

    def _instead(self, old: ExpectedSubscription, *new: ExpectedSubscription) -> "ChatState":
        if old not in self.kept:
            return self
        kept = list(self.kept)
        kept.remove(old)
        return self._with([*kept, *new])

    def _with(self, kept: Iterable[ExpectedSubscription]) -> "ChatState":
        return replace(self, kept=in_order(kept))


def in_order(kept: Iterable[ExpectedSubscription]) -> tuple[ExpectedSubscription, ...]:
    return tuple(sorted(kept, key=lambda each: repr((each.mode, sorted(each.handles), each.spec, each.everything))))


def stored_state(session: Session, chat_id: int) -> ChatState:
    """What the store holds of a chat."""
    chat = session.get(Chat, chat_id)
    if chat is None:
        return ChatState()
    tracked = frozenset(account.handle for account in chats.list_tracked_accounts(session, chat_id))
    kept = [from_row(session, each) for each in subscriptions.list_of_chat(session, chat_id)]
    had = ChatState(known=True, tracked=tracked, theme=chat.theme, language=chat.language)
    return replace(had, kept=in_order(kept))


def from_row(session: Session, row: Subscription) -> ExpectedSubscription:
    return replace(for_comparison(session, row.comparison_id), mode=row.mode, everything=row.all_tracked)


def for_comparison(session: Session, comparison_id: int) -> ExpectedSubscription:
    """What keeping this comparison fresh would be; with no handles where there is none."""
    handles = frozenset(account.handle for account in comparisons.list_accounts(session, comparison_id))
    found = comparisons.get_record(session, comparison_id)
    spec = found.spec if found else None
    chosen = ChartSpec(spec.metric, spec.view, spec.theme, spec.language) if spec else ChartSpec()
    return ExpectedSubscription(Mode.LIVE, handles, chosen)
