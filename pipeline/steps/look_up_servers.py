"""Looking accounts up on servers that anybody may name: few new ones an hour, and none again and again."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy.orm import Session

from pipeline.errors import ServiceError
from pipeline.i18n import lazy_gettext
from pipeline.messaging.client import ANSWER_WITHIN
from pipeline.records import LazyString, Profile, State
from pipeline.sources.problems import not_in_time
from pipeline.sources.source import Network, Source
from pipeline.steps.resources import Resources
from pipeline.store import accounts, circuit_breakers
from pipeline.store.tables import lazy_strings

NEW_SERVERS_AN_HOUR = 10
"""How many servers that no tracked account is on a chat may name in an hour: the bot is no tool to probe hosts with."""
HOUR = timedelta(hours=1)
SERVERS_AT_ONCE = 20
WITHIN = ANSWER_WITHIN - timedelta(seconds=5)
"""How long servers may take together, so that the answer reaches the chat."""
ASKED_AGAIN_AFTER = timedelta(minutes=5)
"""A server that could not be read is not asked again sooner, whoever names it."""
TOO_MANY = lazy_gettext(
    "this chat has already tried {number} new servers this hour; try again later",
    number=NEW_SERVERS_AN_HOUR,
)


def look_up(  # noqa: PLR0913 who asks for what, when, and how long it may take
    resources: Resources,
    network: Network,
    handles: Sequence[str],
    chat_id: int | None,
    now: datetime,
    *,
    within: timedelta = WITHIN,
) -> list[Profile]:
    """The profile of each handle, in their order; State.UNREADABLE, with the reason, where its server is not asked."""
    servers = {handle: network.handle_server(handle) or network.key for handle in handles}
    refused = _why_not_asked(resources, network, dict.fromkeys(servers.values()), chat_id, now)
    asked = [handle for handle in handles if servers[handle] not in refused]
    found = _ask(resources.source(network), {handle: servers[handle] for handle in asked}, within)
    _remember_unreadable(resources, network, [(servers[handle], found[handle]) for handle in asked])
    unasked = {
        handle: Profile(handle, State.UNREADABLE, note=refused[servers[handle]])
        for handle in handles
        if handle not in found
    }
    return [(found | unasked)[handle] for handle in handles]


def _why_not_asked(
    resources: Resources, network: Network, servers: Iterable[str], chat_id: int | None, now: datetime
) -> dict[str, LazyString]:
    """By server, why it is not asked now; without those that are."""
    with resources.store.read_session() as db:
        stops = {
            name: stop.reason for name, stop in circuit_breakers.load(db, network.key).items() if stop.retry_at > now
        }
        known = _known_servers(db, network)
    refused = {}
    for server in servers:
        reason = stops.get(f"{network.key} {server}") or _why_unreadable(resources, network, server)
        if reason is None and server not in known and not _may_name(resources, chat_id, server):
            reason = TOO_MANY
        if reason is not None:
            refused[server] = reason
    return refused


def _known_servers(session: Session, network: Network) -> set[str | None]:
    """The servers of the accounts that are tracked, by their handles and by where they are read."""
    tracked = accounts.list_tracked(session, network.key)
    servers = ((network.handle_server(each.handle), network.server(each.remote_id)) for each in tracked)
    return {server for both in servers for server in both}


def _may_name(resources: Resources, chat_id: int | None, server: str) -> bool:
    """Whether the chat may name this server, which is new; it counts as named then. Redis forgets it after an hour."""
    key = f"tallybird:new-servers:{chat_id}"
    if resources.redis.sismember(key, server):
        return True
    if int(resources.redis.scard(key)) >= NEW_SERVERS_AN_HOUR:  # type: ignore[arg-type] # redis-py types both its clients
        return False
    resources.redis.sadd(key, server)
    if int(resources.redis.ttl(key)) < 0:  # type: ignore[arg-type]
        resources.redis.expire(key, HOUR)
    return True


def _ask(source: Source, servers: dict[str, str], within: timedelta) -> dict[str, Profile]:
    """The profiles of these handles: each server is asked for one after the other, and all side by side.

    Those whose servers are late or at fault are unreadable.
    """
    found: dict[str, Profile] = {}
    groups: dict[str, list[str]] = {}
    for handle, server in servers.items():
        groups.setdefault(server, []).append(handle)

    def read(handles: Sequence[str]) -> None:
        for handle in handles:
            try:
                [found[handle]] = source.look_up([handle])
            except ServiceError as error:
                found[handle] = Profile(handle, State.UNREADABLE, note=error.text)

    if not groups:
        return {}
    pool = ThreadPoolExecutor(min(SERVERS_AT_ONCE, len(groups)), thread_name_prefix="look-up")
    wait([pool.submit(read, handles) for handles in groups.values()], timeout=within.total_seconds())
    pool.shutdown(wait=False, cancel_futures=True)
    in_time = dict(found)
    return {
        handle: in_time.get(handle) or Profile(handle, State.UNREADABLE, note=not_in_time(server))
        for handle, server in servers.items()
    }


def _remember_unreadable(resources: Resources, network: Network, answers: Iterable[tuple[str, Profile]]) -> None:
    """Note the servers that could not be read; not one that had time for some of the handles, and not for all."""
    pairs = list(answers)
    read = {server for server, profile in pairs if profile.state is not State.UNREADABLE}
    for server, profile in pairs:
        if server not in read and profile.note is not None:
            packed = lazy_strings.dump_json(profile.note)
            resources.redis.set(_unreadable_key(network, server), packed, px=ASKED_AGAIN_AFTER)


def _why_unreadable(resources: Resources, network: Network, server: str) -> LazyString | None:
    """Why the server could not be read lately; None where it could, or was not asked."""
    packed = cast("bytes | None", resources.redis.get(_unreadable_key(network, server)))
    return None if packed is None else lazy_strings.validate_json(packed)


def _unreadable_key(network: Network, server: str) -> str:
    return f"tallybird:unreadable:{network.key} {server}"
