"""A network is one folder: no other code names it, and all that is told of it comes from its facts."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.i18n import METRICS
from pipeline.records import Metric
from pipeline.settings import Settings
from pipeline.sources.registry import NETWORKS, noun
from tests.conftest import ROOT
from tests.toy_network.facts import TOY

FOLDERS = ("pipeline/sources/x/", "pipeline/sources/bluesky/", "pipeline/sources/fediverse/")
ELSEWHERE = (*FOLDERS, "pipeline/settings.py", "pipeline/store/migrations/")
"""Where networks may be named, beside the catalogues; and once in the registry, by their imports."""
NAMED = re.compile(
    r"\bX\b(?!-)|\bx\.com\b"  # X-… is the name of a header
    r"|(?i:twitter|tweet|bluesky|bsky|atproto|mastodon(?!\.example)|fediverse)"
)
KEYS = {"x", "bluesky", "fediverse"}
SETTINGS = {name for name in Settings.model_fields if name.startswith(tuple(f"{key}_" for key in KEYS))}


def code() -> list[Path]:
    files = [path for package in ("bot", "pipeline") for path in (ROOT / package).rglob("*.py")]
    return [path for path in files if not path.relative_to(ROOT).as_posix().startswith(ELSEWHERE)]


def naming(path: Path) -> Iterator[str]:
    """What of a file names a network: a string, a docstring, or a setting."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Constant(value=str(text)) if NAMED.search(text) or text in KEYS:
                yield text
            case ast.Attribute(attr=name) if name in SETTINGS:
                yield name


def test_only_its_folder_and_the_settings_name_a_network() -> None:
    found = {path.relative_to(ROOT).as_posix(): list(naming(path)) for path in code()}
    assert len(found) > 100
    assert {path: named for path, named in found.items() if named} == {}


def test_what_names_a_network_is_found() -> None:
    facts = ROOT / "pipeline/sources/x/facts.py"
    assert {"x", "X", "x_daily_usd"} <= set(naming(facts))


@pytest.fixture
def _toy() -> Iterator[None]:
    NETWORKS[TOY.key] = TOY
    yield
    del NETWORKS[TOY.key]


@pytest.mark.usefixtures("_toy")
def test_accounts_of_one_network_have_its_noun_and_those_of_several_the_common_one() -> None:
    def word(metric: Metric, *networks: str) -> str:
        return noun(metric, networks).msgid

    assert word(Metric.REPOSTS, "x") == word(Metric.REPOSTS, "x", "x") == "retweets"
    assert word(Metric.REPOSTS, "toy") == "boosts"
    assert word(Metric.REPOSTS, "x", "toy") == word(Metric.REPOSTS) == METRICS[Metric.REPOSTS].msgid
    assert [word(Metric.LIKES, *networks) for networks in (["x"], ["toy"], ["x", "toy"])] == [
        "likes",
        "favourites",
        "likes",
    ]


def test_a_network_has_no_noun_for_what_it_lacks() -> None:
    for network in NETWORKS.values():
        assert not network.lacks & network.nouns.keys()
