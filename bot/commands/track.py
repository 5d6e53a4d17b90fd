"""/track @nasa @esa: follow accounts, after asking X about each."""

from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from bot import access, parsing, phrasing
from bot.command import Command
from bot.command_context import CommandContext
from bot.comparing import follow_tracked
from bot.flood_control import Person
from bot.handles import MAX_LOOKUP_LENGTH, can_be_looked_up, handle_in, is_page_address
from pipeline import clock
from pipeline.errors import UserError
from pipeline.i18n import BLANK, lazy_gettext, lazy_ngettext
from pipeline.records import NETWORK, Language, LazyString, Profile, State
from pipeline.store import accounts, chats, ledger
from pipeline.store.tables import Account

WHICH = lazy_gettext("Which accounts? Name them after the command, for example /track @nasa @esa https://x.com/spacex")
CAUSES = {
    State.MISSING: lazy_gettext("no such account"),
    State.SUSPENDED: lazy_gettext("suspended by X"),
    State.PROTECTED: lazy_gettext("protected, so its posts cannot be read"),
}
MOST_NAMES = 20
NOBODY = 0
"""Who brought a chat in which nobody speaks in person."""


async def run(command_context: CommandContext) -> None:
    handles, bad = parsing.parse_handles(command_context.args)
    if not handles and not bad:
        raise UserError(WHICH)
    await _check_room(command_context, handles)
    known = {
        account.handle.lower(): account
        for account in await command_context.context.read(chats.list_tracked_accounts, command_context.chat_id)
    }
    unsure = [handle for handle in handles if not _is_there(known.get(handle.lower()))]
    new = [handle for handle in unsure if can_be_looked_up(handle)]
    bad += [handle for handle in unsure if not can_be_looked_up(handle) and handle.lower() not in known]
    profiles = await command_context.context.pipeline_client.look_up(new) if new else []
    ids = {account.remote_id for account in known.values()}
    others = [each for each in profiles if each.remote_id not in ids and (each.remote_id or not _in(known, each))]
    found = [profile for profile in others if profile.state is State.ACTIVE]
    if found:
        new_ids = [profile.remote_id or "" for profile in found]
        added, pointed = await command_context.context.write(
            _track, command_context, (await command_context.translator()).language, new_ids
        )
        await command_context.context.ask_for_charts(pointed, added)
    passed_on = {profile.handle.lower() for profile in others}
    there = [known[name].handle for name in map(str.lower, handles) if name in known and name not in passed_on]
    await command_context.answer(*_report(command_context, [profile.handle for profile in found], there, others, bad))


def _is_there(account: Account | None) -> bool:
    """The name of one that cannot be read may be another's by now."""
    return account is not None and account.state is State.ACTIVE


def _in(known: Mapping[str, Account], profile: Profile) -> bool:
    return profile.handle.lower() in known


async def _check_room(command_context: CommandContext, handles: Sequence[str]) -> None:
    """Refuse before anything is asked or changed where there is no room for all."""
    tracked = {
        account.handle.lower()
        for account in await command_context.context.read(chats.list_tracked_accounts, command_context.chat_id)
    }
    together = len(tracked | {handle.lower() for handle in handles})
    _check_count(command_context, together)
    if not tracked:
        await command_context.context.read(_check_place, command_context)


def _check_place(session: Session, command_context: CommandContext) -> None:
    """Refuse a chat that would be one too many, of all or of one person's."""
    most = command_context.context.settings.max_chats
    if chats.count_active(session) >= most:
        raise UserError(
            lazy_ngettext(
                "I serve {count} chat already, which is all that my owner allows.",
                "I serve {count} chats already, which is all that my owner allows.",
                count=most,
            )
        )
    share = share_of(most, command_context.person)
    if (
        not access.is_owner(command_context)
        and chats.count_added_by(session, max(command_context.person, NOBODY)) >= share
    ):
        raise UserError(
            lazy_ngettext(
                "I serve {count} chat of yours already, as many as one person may have. "
                "/forget there makes room, or ask my owner.",
                "I serve {count} chats of yours already, as many as one person may have. "
                "/forget in one of them makes room, or ask my owner.",
                count=share,
            )
        )


def share_of(most: int, person: Person) -> int:
    """How many of the chats one person may bring: a tenth, and two at least; channels and nameless admins a half."""
    return max(2, most // 10 if person > NOBODY else most // 2)


def _check_count(command_context: CommandContext, together: int) -> None:
    most = command_context.context.settings.max_accounts_per_chat
    if together > most:
        raise UserError(
            lazy_ngettext(
                "A chat may track {count} account; with these it would be {together}. "
                "Nothing was changed: name fewer, or /untrack some first.",
                "A chat may track {count} accounts; with these it would be {together}. "
                "Nothing was changed: name fewer, or /untrack some first.",
                count=most,
                together=together,
            )
        )


def _track(
    session: Session, command_context: CommandContext, language: Language, remote_ids: Sequence[str]
) -> tuple[list[int], list[int]]:
    """Returns the accounts' ids, and those of the comparisons that are to be drawn with them."""
    now = clock.now()
    chat = chats.add(session, command_context.chat_id, now, language)
    if not chats.list_tracked_accounts(session, command_context.chat_id):
        _check_place(session, command_context)
        chat.added_by = max(command_context.person, NOBODY)
    ids = [account.id for account in accounts.find_by_remote_ids(session, remote_ids, NETWORK)]
    chats.track(session, command_context.chat_id, ids, now)
    _check_count(command_context, len(chats.list_tracked_accounts(session, command_context.chat_id)))
    return ids, follow_tracked(session, command_context.chat_id)


def _report(
    command_context: CommandContext, added: list[str], there: list[str], profiles: Sequence[Profile], bad: Sequence[str]
) -> list[LazyString]:
    paragraphs = [
        [_added(added)] if added else [],
        [_already_there(there)] if there else [],
        _refused(profiles, bad),
        [_cost(command_context, len(added))] if added else [],
    ]
    return [line for paragraph in paragraphs if paragraph for line in (*paragraph, BLANK)][:-1]


def _added(handles: Sequence[str]) -> LazyString:
    names = phrasing.list_handles(handles, MOST_NAMES)
    return lazy_ngettext("Added: {names}", "Added: {names}", len(handles), names=names)


def _already_there(handles: Sequence[str]) -> LazyString:
    names = phrasing.list_handles(handles, MOST_NAMES)
    return lazy_ngettext("Already there: {names}", "Already there: {names}", len(handles), names=names)


def _refused(profiles: Sequence[Profile], bad: Sequence[str]) -> list[LazyString]:
    causes = {f"@{each.handle}": CAUSES[each.state] for each in profiles if each.state is not State.ACTIVE}
    causes |= {phrasing.quote(word): _why_not(word) for word in bad}
    lines = [lazy_gettext("{name}: {cause}", name=name, cause=cause) for name, cause in causes.items()]
    if len(lines) > MOST_NAMES:
        lines[MOST_NAMES:] = [lazy_ngettext("and {count} more", "and {count} more", count=len(lines) - MOST_NAMES)]
    return [lazy_ngettext("Not found:", "Not found:", len(causes)), *lines] if lines else []


def _why_not(word: str) -> LazyString:
    if is_page_address(word):
        return lazy_gettext("a page of X, not an account")
    if len(handle_in(word) or "") > MAX_LOOKUP_LENGTH:
        return lazy_ngettext(
            "not a name on X, where they have at most {count} letter",
            "not a name on X, where they have at most {count} letters",
            count=MAX_LOOKUP_LENGTH,
        )
    return lazy_gettext("not a name on X")


def _cost(command_context: CommandContext, count: int) -> LazyString:
    settings = command_context.context.settings
    each = ledger.post_usd(settings.posts_per_account)
    return lazy_gettext(
        "X charges up to {each:usd} a day for each account, {all:usd} for those added; my budget is {most:usd} a day. "
        "Now /compare, or /subscribe for a chart that stays fresh.",
        each=each,
        all=each * count,
        most=settings.x_daily_usd,
    )


COMMAND = Command("track", lazy_gettext("follow accounts: /track @nasa @esa"), run, changes=True)
