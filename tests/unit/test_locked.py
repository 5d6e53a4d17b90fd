"""What is installed is locked: each package to a version, and each file of it to a digest."""

import re
import tomllib

from tests.conftest import ROOT

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
LOCK = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def packages() -> list[dict[str, object]]:
    """All but the project itself."""
    return [package for package in LOCK["package"] if package["name"] != PROJECT["project"]["name"]]


def test_every_file_of_every_package_has_its_digest() -> None:
    for package in packages():
        source, wheels = package.get("sdist"), package.get("wheels", [])
        files = [*wheels, *([source] if source else [])]  # type: ignore[misc]
        assert files, package["name"]
        assert all(DIGEST.fullmatch(file["hash"]) for file in files), package["name"]


def test_every_package_comes_from_the_registry() -> None:
    assert {tuple(package["source"]) for package in packages()} == {("registry",)}  # type: ignore[arg-type]
    assert len({package["source"]["registry"] for package in packages()}) == 1  # type: ignore[index]


def test_everything_that_is_asked_for_is_locked() -> None:
    asked = [
        *PROJECT["project"]["dependencies"],
        *(each for group in PROJECT["dependency-groups"].values() for each in group),
    ]
    names = {re.split(r"[^A-Za-z0-9-]", each)[0] for each in asked}
    assert len(names) > 20
    assert names - {package["name"] for package in packages()} == set()


def test_what_sets_up_the_rest_is_locked_too() -> None:
    lines = [line for line in (ROOT / "uv.txt").read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert re.fullmatch(r"uv==[0-9.]+ \\", lines[0])
    assert all(DIGEST.fullmatch(line.strip(" \\").removeprefix("--hash=")) for line in lines[1:])
    assert len(lines) > 2
