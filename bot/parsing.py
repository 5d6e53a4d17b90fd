"""Parsing a command's arguments: handles, addresses, metrics, views, numbers. Nothing here has effects."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import time

from bot import timing
from bot.handles import handle_in
from bot.keywords import NORMALIZATION_WORDS, PREPOSITIONS, SPAN_WORDS, folded, keyword, keywords
from bot.phrasing import MAX_MESSAGE_LENGTH, quote
from bot.tokens import FILLER_WORDS, split_words, visible, without_fillers
from pipeline.chart.views import VIEWS, usual_normalization
from pipeline.errors import UserError
from pipeline.i18n import lazy_gettext, lazy_ngettext
from pipeline.records import (
    ChartSpec,
    Handle,
    LazyString,
    Metric,
    Normalization,
    QuietHours,
    Span,
    Theme,
    View,
)
from pipeline.sources.registry import NETWORKS, noun

MIN_POSTS = 5

VIEWS_WITH_SPAN = [view for view, each in VIEWS.items() if each.takes_span]
COMMAND = re.compile(r"\s*/\w+(?:@\w+)?")
CLOCK_TIME = re.compile(r"\b(\d{1,2})(?:[:.h](\d{2}))?\s*(?:(am|pm)\b|h\b|(?![\d:.]))", re.IGNORECASE)
NO_QUIET_HOURS = {"off", "no", "none", "never", "nunca", "ninguna", "desactivar", "quitar"}
GROUP = re.compile(r"[^\w@:/.]*([^\W\d_][\w-]{0,63})[^\w@:/.]*:(?=[\s@]|$)")
"""The name of a group of accounts and its colon, before the accounts, as in /track team: @nasa @esa. Emoji and quotes
around the name are none of it."""
LONGEST_GROUP_NAME = 20


@dataclass
class ChartRequest:
    """The arguments of a /compare or /subscribe; None for each choice that they leave to the chat's defaults."""

    handles: list[Handle]
    metric: Metric | None = None
    view: View | None = None
    normalization: Normalization | None = None
    span: Span | None = None
    theme: Theme | None = None
    replies: bool | None = None
    count: int | None = None
    groups: list[str] = field(default_factory=list)

    def spec(self, default: ChartSpec, networks: Collection[str] = ()) -> ChartSpec:
        """The default spec with the choices of this request, for accounts of these networks, by key.

        Raises UserError where two choices exclude each other.
        """
        view = self.view or self._implied_view or default.view
        if self.normalization and view not in self._views_with_normalization:
            raise _works_only_with(NORMALIZATION_WORDS[self.normalization], self._views_with_normalization)
        if self.span and view not in VIEWS_WITH_SPAN:
            raise _works_only_with(SPAN_WORDS[self.span], VIEWS_WITH_SPAN)
        if self.normalization is Normalization.RATE and self.metric is Metric.VIEWS:
            raise UserError(
                lazy_gettext(
                    "“{word}” means per 1,000 views, so it does not work for views. Choose another metric.",
                    word=NORMALIZATION_WORDS[self.normalization],
                )
            )
        return replace(
            default,
            view=view,
            metric=self.metric or default.metric,
            count=self.count or default.count,
            normalization=self.normalization or usual_normalization(view, networks),
            span=self.span or default.span,
            theme=self.theme or default.theme,
            replies=default.replies if self.replies is None else self.replies,
        )

    @property
    def _implied_view(self) -> View | None:
        """The view of a keyword that only one view has."""
        possible = [VIEWS_WITH_SPAN] if self.span else []
        possible += [self._views_with_normalization] if self.normalization else []
        return next((views[0] for views in possible if len(views) == 1), None)

    @property
    def _views_with_normalization(self) -> list[View]:
        """The views that can be measured by the requested normalization."""
        return [view for view, each in VIEWS.items() if self.normalization in each.measures]


def _works_only_with(word: LazyString, views: Sequence[View]) -> UserError:
    names = [VIEWS[view].keyword for view in views]
    return UserError(
        lazy_gettext(
            "“{word}” works with {views:or} only, for example /compare {view} {word}",
            word=word,
            views=names,
            view=names[0],
        )
    )


def split_args(typed: str, *, takes_group: bool = False) -> list[str]:
    """The words after the command; see tokens.split_words. Raises UserError for a command longer than a message.

    takes_group: a name with a colon that stands before all other words keeps its colon.
    """
    if len(typed) > MAX_MESSAGE_LENGTH:
        raise UserError(
            lazy_gettext(
                "That command has {length:number} characters; I can read {most:number} at most. Send it in parts.",
                length=len(typed),
                most=MAX_MESSAGE_LENGTH,
            )
        )
    rest = visible(COMMAND.sub("", typed, count=1))
    group = GROUP.match(rest) if takes_group else None
    return [f"{group[1]}:", *split_words(rest[group.end() :])] if group else split_words(rest)


def split_group(args: Sequence[str]) -> tuple[str | None, Sequence[str]]:
    """The group's name that the arguments begin with, in lower case, and the arguments after it; None without one."""
    if args and args[0].endswith(":"):
        return args[0][:-1].lower(), args[1:]
    return None, args


def find_group(word: str, names: Collection[str]) -> str | None:
    """The group that the word names, whatever its case and accents. Of two names that these alone tell apart, its own.

    names: in lower case.
    """
    if word.lower() in names:
        return word.lower()
    return next((name for name in names if folded(name) == folded(word)), None)


def check_group_name(name: str, tracked: Iterable[str]) -> None:
    """Raises UserError for a name that would mean something else in a command, or is too long.

    name: in lower case. tracked: the handles of tracked accounts, which need no @ there.
    """
    if len(name) > LONGEST_GROUP_NAME:
        raise UserError(
            lazy_gettext(
                "The name of a group has at most {most} letters. Choose a shorter one.", most=LONGEST_GROUP_NAME
            )
        )
    if folded(name) in map(folded, tracked):
        raise UserError(
            lazy_gettext(
                "@{name} is an account that this chat tracks. Choose another name for the group, such as {name}s",
                name=name,
            )
        )
    if _has_meaning(name):
        raise UserError(
            lazy_gettext("“{name}” has a meaning of its own in commands. Choose another name for the group.", name=name)
        )


def _has_meaning(name: str) -> bool:
    """Whether commands take the word for something else than a name, or for a part of that."""
    taken = {*map(folded, FILLER_WORDS), *PREPOSITIONS, *keywords()}
    taken |= {word for phrase in keywords() for word in phrase.split()}
    return folded(name) in taken or timing.is_taken(name) or timing.is_taken(folded(name))


def parse_handles(args: Iterable[str]) -> tuple[list[Handle], list[str]]:
    """The handles among the arguments, each once whatever its case, and the arguments that name no account."""
    handles: list[Handle] = []
    invalid: dict[str, None] = {}
    for word in filter(None, without_fillers(args)):
        handle = handle_in(word)
        if handle is None:
            invalid.setdefault(word)
        else:
            handles.append(handle)
    return _unique(handles), list(invalid)


def _unique(handles: Iterable[Handle]) -> list[Handle]:
    """Each handle once, in the case in which it comes first."""
    unique: dict[tuple[str, str], Handle] = {}
    for handle in handles:
        unique.setdefault(handle.folded, handle)
    return list(unique.values())


def parse_chart_request(
    args: Sequence[str], tracked: Iterable[str], max_posts: int, groups: Collection[str] = ()
) -> ChartRequest:
    """Parse the arguments of /compare or /subscribe, in any order.

    tracked: handles that need no @, unless they are keywords or numbers; those with a dot never need one.
    max_posts: the highest count of posts. groups: the names of the chat's groups of accounts.
    Raises UserError for an unknown word and for a figure out of range.
    """
    request = ChartRequest([])
    tracked_names = {handle.lower() for handle in tracked}
    for word in without_fillers(_join_keywords(args)):
        if (group := find_group(word, groups)) and keyword(word) is None:
            request.groups += [] if group in request.groups else [group]
        else:
            _add_argument(request, word, tracked_names, max_posts)
    request.handles = _unique(request.handles)
    return request


def _join_keywords(args: Sequence[str]) -> Iterator[str]:
    """The arguments; the two words of a keyword like "me gusta" or "with replies" as one, also of a filler word."""
    pairs = iter(zip(args, [*args[1:], ""], strict=False))
    for word, following in pairs:
        both = f"{word} {following}"
        if keyword(both):
            next(pairs)
        yield both if keyword(both) else word


def _add_argument(request: ChartRequest, word: str, tracked_names: Collection[str], max_posts: int) -> None:
    is_number = word.isascii() and word.isdigit()
    if choice := keyword(word):
        setattr(request, *choice)
    elif is_number and _is_count(word, max_posts):
        request.count = int(word)
    elif (handle := handle_in(word)) and (_is_marked_or_dotted(word, handle) or word.lower() in tracked_names):
        request.handles.append(handle)
    elif is_number:
        raise _count_error(word, max_posts)
    elif timing.says_when(word):
        raise UserError(
            lazy_gettext("“{word}” says when new charts come: /subscribe takes it, /compare does not.", word=word)
        )
    else:
        raise UserError(
            lazy_gettext(
                "I don't know the word “{word}”. Type accounts as @name. Metrics: {metrics}. Views: {views}. "
                "/help has examples.",
                word=quote(word),
                metrics=[noun(metric, NETWORKS) for metric in Metric],
                views=[view.keyword for view in VIEWS.values()],
            )
        )


def _is_marked_or_dotted(word: str, handle: Handle) -> bool:
    """Whether the word is surely meant as an account: @name, an address, an id, nasa.gov or ada@social.example."""
    return word.lower() != handle.name.lower() or "." in word or ":" in word


def _is_count(word: str, max_posts: int) -> bool:
    return MIN_POSTS <= int(word[:7]) <= max_posts


def _count_error(word: str, max_posts: int) -> UserError:
    return UserError(
        lazy_ngettext(
            "I can compare only {count} post per account, not {asked}.",
            "I can compare {fewest} to {count:number} posts per account, not {asked}.",
            count=max_posts,
            fewest=MIN_POSTS,
            asked=quote(word),
        )
    )


def parse_quiet_hours(typed: str) -> QuietHours | None:
    """The quiet hours in 22-7, 22:30 to 7:00, de 22 a 7 or 10pm-7am; None for off. Raises UserError."""
    if typed.lower() in NO_QUIET_HOURS:
        return None
    times = [_clock_time(match) for match in CLOCK_TIME.finditer(typed)]
    match times:
        case [time() as start, time() as end] if start != end:
            return QuietHours(start, end)
    raise UserError(
        lazy_gettext("From when until when? For example /quiet 22-7 or /quiet 22:30-7:00. /quiet off ends them.")
    )


def _clock_time(match: re.Match[str]) -> time | None:
    """The time of day; None where there is no such time."""
    hour, minute, half = int(match[1]), int(match[2] or 0), (match[3] or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0) if 1 <= hour <= 12 else 24  # noqa: PLR2004 a clock's hours
    if hour == 24 and minute == 0 and not half:  # noqa: PLR2004 people write midnight so
        hour = 0
    return time(hour, minute) if hour < 24 and minute < 60 else None  # noqa: PLR2004
