"""Toy: accounts like ada~example, whose posts stand in a file. It costs nothing and tells no views or bookmarks."""

import re
from datetime import timedelta

from pipeline.i18n import lazy_gettext
from pipeline.records import LazyString, Metric
from pipeline.settings import Settings
from pipeline.sources.source import Limits, Network

FILE = "toy.json"
FOLLOWERS = 500
"""Of each account."""
ADDRESS = re.compile(r"(?:https://)?toy\.(?P<host>\w+)/(?:~(?P<user>\w+))?.*")


def is_address(text: str) -> bool:
    return ADDRESS.fullmatch(text) is not None


def handle_in_address(text: str) -> str | None:
    address = ADDRESS.fullmatch(text)
    return f"{address['user']}~{address['host']}" if address and address["user"] else None


def profile_address(handle: str) -> str:
    user, _, host = handle.partition("~")
    return f"https://toy.{host}/~{user}"


def post_address(handle: str, _remote_id: str, post_id: str) -> str:
    return f"{profile_address(handle)}/{post_id}"


def limits(_settings: Settings) -> Limits:
    return Limits(requests=1000, window=timedelta(minutes=5))


def is_on(settings: Settings) -> bool:
    return (settings.data_dir / FILE).exists()


def why_off(settings: Settings) -> LazyString:
    return lazy_gettext("{network} is off: there is no {file}.", network="Toy", file=str(settings.data_dir / FILE))


TOY = Network(
    key="toy",
    name="Toy",
    package=__package__,
    nouns={Metric.REPOSTS: lazy_gettext("boosts"), Metric.LIKES: lazy_gettext("favourites")},
    synonyms={"boost": Metric.REPOSTS},
    lacks=frozenset({Metric.VIEWS, Metric.BOOKMARKS}),
    handle=r"\w+~\w+",
    longest_handle=60,
    is_address=is_address,
    handle_in_address=handle_in_address,
    address_example="https://toy.example/~ada",
    profile_address=profile_address,
    post_address=post_address,
    limits=limits,
    posts_per_request=40,
    profiles_per_request=1,
    is_on=is_on,
    why_off=why_off,
)
