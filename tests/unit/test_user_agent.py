"""The bot's version, as networks are told it, is the project's."""

import tomllib

from pipeline.user_agent import VERSION, user_agent
from tests.conftest import ROOT


def test_the_version_is_the_projects() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == VERSION


def test_it_names_the_version_and_how_to_reach_the_owner() -> None:
    assert user_agent("me@example.org") == f"Tallybird/{VERSION} (a bot that draws charts; me@example.org)"
    assert user_agent(None).endswith("; its owner left no address)")
