"""The notes of a chart: why figures are old or missing, and what must be known to read them."""

from collections.abc import Collection, Sequence
from datetime import datetime

from pipeline import i18n
from pipeline.i18n import STATE_NAMES, Translator, lazy_gettext
from pipeline.records import UNWEIGHTED, ChartSpec, LazyString, Metric, Normalization, Post, State
from pipeline.sources import registry
from pipeline.sources.registry import NETWORKS
from pipeline.sources.source import Network
from pipeline.steps.measurement import Measurement, compared
from pipeline.store.tables import Account

STILL_BEING_READ = lazy_gettext("still being read")
ONLY_REPLIES = lazy_gettext("only replies to others")
SHORT_STATES = {State.MISSING: lazy_gettext("gone")}
"""The state of an account that still has posts, in a note that names the day of its figures too."""


def explain(spec: ChartSpec, networks: Collection[str]) -> tuple[LazyString, ...]:
    """What must be known to read the figures of accounts of these networks, by key, in whatever order they come."""
    word, parts = registry.noun(spec.metric, networks), registry.parts(spec.metric, networks)
    found = []
    if parts != spec.metric.parts:
        words = [registry.noun(part, networks) for part in parts]
        found.append(lazy_gettext("{metric}: the sum of {parts}", metric=word, parts=words))
    telling = [key for key in NETWORKS if key in networks and any(part not in NETWORKS[key].lacks for part in parts)]
    if len(telling) > 1 and spec.normalization in UNWEIGHTED:
        nouns = _by_noun(spec.metric, telling)
        found.append(lazy_gettext("{nouns}: not counted alike, and audiences differ", nouns=nouns))
    unread = [each for key, each in NETWORKS.items() if key in networks and not each.reads_replies]
    if spec.replies and unread:
        names = registry.names(unread)
        found.append(lazy_gettext("replies to others are not read on {networks}", networks=names))
    return tuple(found)


def _by_noun(metric: Metric, networks: Sequence[str]) -> list[LazyString]:
    """The networks' own words for a metric, each after the networks that use it."""
    words = {key: registry.noun(metric, [key]) for key in networks}
    labels = {word.msgid: [registry.label(key) for key in networks if words[key] == word] for word in words.values()}
    unique = {word.msgid: word for word in words.values()}
    return [lazy_gettext("{networks} {noun}", networks=labels[msgid], noun=word) for msgid, word in unique.items()]


def why_old_or_empty(
    account: Account, posts: Sequence[Post], measurement: Measurement, counted: int, as_of: datetime
) -> str | None:
    """Why an account's figures are old, incomplete or missing; None where they are fresh.

    posts: its newest ones, also replies. counted: how many of those that are compared have a figure. as_of: when the
        newest of the chart's data were fetched.
    """
    translator = i18n.chart_translator(measurement.spec)
    if account.state is not State.ACTIVE:
        return _lost(account, translator, as_of, some=counted > 0)
    if account.fetched_at is None:
        return translator.gettext("not read yet")
    if not posts:
        return translator.gettext("no posts of its own")
    is_incomplete = incomplete(account, posts, measurement.spec)
    posts = compared(posts, measurement.spec)
    if not posts:
        return translator.gettext(STILL_BEING_READ if is_incomplete else ONLY_REPLIES)
    if not counted:
        return translator.gettext(why_unknown(NETWORKS[account.network], posts, measurement))
    known = sum(map(measurement.is_known, posts))
    notes = []
    if known < len(posts):
        counted_of = translator.ngettext(
            "{known} of {count} post counted", "{known} of {count} posts counted", len(posts), known=known
        )
        notes.append(counted_of)
    if is_incomplete:
        notes.append(translator.gettext(STILL_BEING_READ))
    if account.stale:
        notes.append(translator.gettext("as of {time}", time=translator.short_moment(account.fetched_at, as_of)))
    return " · ".join(notes) or None


def incomplete(account: Account, posts: Sequence[Post], spec: ChartSpec) -> bool:
    """Whether older posts are still to be read of those that are compared. posts: its newest ones, also replies."""
    return account.until_id is not None and len(posts) < spec.count


def why_unknown(network: Network, posts: Sequence[Post], measurement: Measurement) -> LazyString:
    """Why these posts have no figure: which count is not known of any of them, or what it cannot be divided by."""
    for metric in measurement.needed:
        if all(post.counts.total([metric]) is None for post in posts):
            return _why_not_told(network, metric, posts)
    if not any(map(measurement.is_known, posts)):
        words = [registry.noun(metric, [network.key]) for metric in measurement.needed]
        return lazy_gettext("{metric} not known", metric=words)
    if measurement.spec.normalization is Normalization.RATE:
        return lazy_gettext("no views yet")
    return lazy_gettext("followers not known") if measurement.followers is None else lazy_gettext("no followers")


def _why_not_told(network: Network, metric: Metric, posts: Sequence[Post]) -> LazyString:
    word = registry.noun(metric, [network.key])
    if metric in network.lacks:
        return lazy_gettext("{metric} not public", metric=word)
    if metric in network.varies:
        return lazy_gettext("its server does not tell {metric}", metric=word)
    return network.why_unknown(metric, posts) or lazy_gettext("{metric} not known", metric=word)


def _lost(account: Account, translator: Translator, as_of: datetime, *, some: bool) -> str:
    """The note of an account that cannot be fetched any more: its state, and the day of its last figures, if any."""
    state = STATE_NAMES[account.state]
    if account.fetched_at is None or not some:
        return translator.gettext(state)
    day = translator.short_day(account.fetched_at, as_of)
    return translator.gettext("{state}, as of {time}", state=SHORT_STATES.get(account.state, state), time=day)
