"""The answer to /track: which accounts were added, which were there, which were not added and why, and the cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bot import phrasing
from bot.handles import handle_in, network_of_page
from bot.suggestions import nearest_handle
from pipeline.i18n import BLANK, STATE_NAMES, lazy_gettext, lazy_ngettext
from pipeline.records import Handle, LazyString, Profile, State
from pipeline.settings import Settings
from pipeline.sources import registry
from pipeline.sources.registry import NETWORKS
from pipeline.sources.source import Network

CAUSES = STATE_NAMES | {
    State.MISSING: lazy_gettext("no such account"),
    State.PROTECTED: lazy_gettext("protected, so I can't read its posts"),
    State.WITHHELD: lazy_gettext("its owner shows it only to people who are signed in, so I don't read it"),
}
"""Why an account is not tracked, where its network does not say it better."""
NEXT = lazy_gettext("Next: /compare draws a chart, /subscribe keeps one up to date here.")
MAX_NAMES = 20
"""In each list of the answer."""


class Found(NamedTuple):
    """What a network says of a handle."""

    network: Network
    profile: Profile

    @property
    def handle(self) -> Handle:
        return Handle(self.network.key, self.profile.handle)

    @property
    def key(self) -> tuple[str, str | None]:
        """Which account it is."""
        return self.network.key, self.profile.remote_id


@dataclass(frozen=True)
class Report:
    """The answer to /track.

    new: what the networks say of accounts that were not tracked. present: those that were tracked already.
    invalid: words that are no handles. problems: why networks are off or say nothing. costs: of the accounts added.
    known: handles that may have been meant by names that are not there.
    """

    new: Sequence[Found]
    present: Sequence[Handle]
    invalid: Sequence[str]
    problems: Sequence[LazyString]
    costs: Sequence[LazyString]
    settings: Settings
    known: Sequence[str] = ()

    def lines(self) -> list[LazyString]:
        """Paragraphs on the accounts added, those tracked already, those not added, and the cost."""
        added = [each for each in self.new if each.profile.state is State.ACTIVE]
        paragraphs = [
            [*self._added(added), *self._notes(added)],
            self._already_there(),
            self._not_added(),
            self.problems,
            self.costs,
            [NEXT] if added else [],
        ]
        return [line for paragraph in paragraphs if paragraph for line in (*paragraph, BLANK)][:-1]

    def _listed(self, handles: Sequence[Handle]) -> phrasing.Names:
        return phrasing.list_accounts(handles, MAX_NAMES, with_networks=registry.are_several(self.settings))

    def _added(self, added: Sequence[Found]) -> list[LazyString]:
        if not added:
            return []
        names = self._listed([each.handle for each in added])
        return [lazy_ngettext("Added: {names}", "Added: {names}", len(added), names=names)]

    def _notes(self, added: Sequence[Found]) -> list[LazyString]:
        """What a person should know who tracks these accounts."""
        return _shortened(
            [_because(f"@{profile.handle}", profile.note) for _, profile in added if profile.note is not None]
        )

    def _already_there(self) -> list[LazyString]:
        if not self.present:
            return []
        names = self._listed(self.present)
        return [lazy_ngettext("Already tracked: {names}", "Already tracked: {names}", len(self.present), names=names)]

    def _not_added(self) -> list[LazyString]:
        """A line for each handle and word that is not tracked, with the cause."""
        lost = [each for each in self.new if each.profile.state is not State.ACTIVE]
        several = registry.are_several(self.settings)
        names = phrasing.name_accounts((each.handle for each in lost), with_networks=several)
        causes = dict(zip(names, (self._cause(profile) for _, profile in lost), strict=True))
        causes |= {phrasing.quote(word): _why_invalid(word, self.settings) for word in self.invalid}
        lines = _shortened([_because(name, cause) for name, cause in causes.items()])
        return [lazy_ngettext("Not added:", "Not added:", len(causes)), *lines] if lines else []

    def _cause(self, profile: Profile) -> LazyString:
        """Why the account is not tracked; of one that does not exist also which known one has a similar name."""
        cause = profile.note or CAUSES[profile.state]
        near = nearest_handle(profile.handle, self.known) if profile.state is State.MISSING else None
        return lazy_gettext("{cause}. Did you mean @{handle}?", cause=cause, handle=near) if near else cause


def _because(name: str, cause: LazyString) -> LazyString:
    return lazy_gettext("{name}: {cause}", name=name, cause=cause)


def _shortened(lines: Sequence[LazyString]) -> list[LazyString]:
    """The first lines, and how many more there are."""
    more = len(lines) - MAX_NAMES
    rest = [lazy_ngettext("and {count} more", "and {count} more", count=more)] if more > 0 else []
    return [*lines[:MAX_NAMES], *rest]


def _why_invalid(word: str, settings: Settings) -> LazyString:
    page_of, handle = network_of_page(word), handle_in(word)
    if page_of is not None:
        return lazy_gettext("a page of {network}, not an account", network=page_of.name)
    if handle is None or len(handle.name) <= NETWORKS[handle.network].longest_handle:
        return lazy_gettext("not an account name on {networks:or}", networks=registry.names(registry.usable(settings)))
    network = NETWORKS[handle.network]
    return lazy_ngettext(
        "too long: a name on {network} has at most {count} letter",
        "too long: a name on {network} has at most {count} letters",
        count=network.longest_handle,
        network=network.name,
    )
