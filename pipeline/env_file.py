"""Reads .env: its values by name, or an error with every line that cannot be read, by number and with the fix."""

import codecs
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import Binding, parse_stream

from pipeline.errors import ConfigError

LARGEST_BYTES = 1_000_000
"""A larger file is no .env; a device by that name would be read for ever."""
MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
"""The encodings that the first bytes of a file may name; editors and shells of Windows write all three."""
SAVE_AS = "Save the file as UTF-8 text"


def read(path: Path) -> dict[str, str]:
    """The values by their names, in the spelling of the file; empty if there is no file.

    Raises ConfigError with every line that cannot be read, by number only: a line's text may be a secret.
    """
    text = _text(path)
    problems = [f"{path}: {problem}" for binding in parse_stream(StringIO(text)) for problem in _problems(binding)]
    if problems:
        raise ConfigError(problems)
    return {name: value for name, value in dotenv_values(stream=StringIO(text)).items() if value is not None}


def _text(path: Path) -> str:
    """The file's text. Bytes that are not UTF-8 become surrogates, which are harmless in a comment."""
    content = _content(path)
    encoding = next((encoding for mark, encoding in MARKS.items() if content.startswith(mark)), None)
    try:
        text = content.decode(encoding) if encoding else content.decode("utf-8", "surrogateescape")
    except UnicodeDecodeError:
        raise ConfigError([f"{path}: is cut off, or not the {encoding} that it begins as. {SAVE_AS}"]) from None
    if "\0" in text:
        raise ConfigError([f"{path}: line {_line(text, text.index(chr(0)))} has zero bytes. {SAVE_AS}"])
    return text


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except FileNotFoundError:
        return b""
    except OSError as error:
        fix = "Make it a text file that this user may read, or remove it"
        raise ConfigError([f"{path}: cannot be read: {error.strerror}. {fix}"]) from None
    if len(content) > LARGEST_BYTES:
        raise ConfigError([f"{path}: is larger than a megabyte. Keep there nothing but lines like NAME=value"])
    return content


def _problems(binding: Binding) -> Iterator[str]:
    written = binding.original.string
    line = binding.original.line + _line(written, len(written) - len(written.lstrip())) - 1
    if binding.error:
        yield f"line {line} cannot be read. Write it as NAME=value, and close each quote that is opened"
    elif binding.key and binding.value is None:
        yield f"line {line} has no =. Write it as NAME=value, or with a # before it"
    elif not _is_text(f"{binding.key}{binding.value}"):
        yield f"line {line} has letters that are not UTF-8. {SAVE_AS}"


def _line(text: str, position: int) -> int:
    """The number, from 1, of the line at this position."""
    return len(f"{text[:position]}.".splitlines())


def _is_text(value: str) -> bool:
    return not any("\udc80" <= letter <= "\udcff" for letter in value)
