import codecs
from pathlib import Path

import pytest

from pipeline import env_file
from pipeline.errors import ConfigError

TEXT = "# Önce\nX_BEARER_TOKEN=abc\n\nDATA_DIR=/srv/é ;%\n"
VALUES = {"X_BEARER_TOKEN": "abc", "DATA_DIR": "/srv/é ;%"}


def read(folder: Path, content: bytes) -> dict[str, str]:
    path = folder / ".env"
    path.write_bytes(content)
    return env_file.read(path)


def problems(folder: Path, content: bytes) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(folder, content)
    return [problem.removeprefix(str(folder / ".env")) for problem in caught.value.problems]


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.encode().replace("Ö".encode(), b"\xd6"),
        TEXT.replace("abc", "abc # Ö").encode().replace("Ö".encode(), b"\xd6"),
        TEXT.replace("X_", "export X_").replace("abc", "'abc'").encode(),
        b"X_BEARER_TOKEN=old\n" + TEXT.encode(),
    ],
    ids=["utf-8", "bom", "utf-16-le", "utf-16-be", "crlf", "latin-1 comment", "latin-1 beside", "export", "twice"],
)
def test_it_is_read_however_an_editor_or_a_shell_saved_it(tmp_path: Path, content: bytes) -> None:
    assert read(tmp_path, content) == VALUES


def test_no_file_is_no_values(tmp_path: Path) -> None:
    assert env_file.read(tmp_path / ".env") == {}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\n\nDATA_DIR=caf\xe9\n", ": line 3 has letters that are not UTF-8. Save"),
        (TEXT.encode("utf-16-le"), ": line 1 has zero bytes. Save"),
        (TEXT.encode("utf-32"), ": line 1 has zero bytes. Save"),
        (b"A=1\nB=2\0\n", ": line 2 has zero bytes. Save"),
        (codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le")[:-1], ": is cut off"),
        (b"#\n#\nTICK_SECONDS: 5\n", ": line 3 cannot be read. Write it as NAME=value"),
        (b"\n\n \nX_BEARER_TOKEN='abc\n", ": line 4 cannot be read. Write it as NAME=value"),
        (b"A=1\nTICK_SECONDS\n", ": line 2 has no =. Write it as NAME=value"),
        (b"#" * 1_000_001, ": is larger than a megabyte."),
    ],
)
def test_what_cannot_be_read_is_reported_with_its_line_and_the_fix(
    tmp_path: Path, content: bytes, message: str
) -> None:
    [problem] = problems(tmp_path, content)
    assert problem.startswith(message)


def test_every_line_that_cannot_be_read_is_told_and_none_is_shown(tmp_path: Path) -> None:
    found = problems(tmp_path, b'A="marked\nB=1\nmarked\nmarked: marked\nC=marked\xff\n')
    assert [problem.split()[2] for problem in found] == ["1", "3", "4", "5"]
    assert "marked" not in str(found)
