"""The accounts that a file names: a CSV, such as a dataset, or a JSON of handles. Nothing here has effects."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from pipeline.errors import UserError
from pipeline.i18n import lazy_gettext

MAX_BYTES = 2 * 2**20
"""More than a dataset of a hundred accounts has."""
COLUMNS = ("account", "handle", "username", "screen_name", "account_address", "cuenta", "usuario")
"""What the column of names is called: in datasets, and in lists of follows that other tools export."""
DELIMITERS = ",;\t"
GUARD = "'"
"""Datasets write it before names that a spreadsheet takes for formulas."""
NOT_READABLE = lazy_gettext(
    "That file is neither a CSV with a column “account” nor a JSON list of names. Nothing was changed."
)


def names_in(content: bytes) -> list[str]:
    """The names in the file, each once, in its order; in place of one that cannot be found, the row itself.

    Raises UserError for a file of another kind, and where it names nobody.
    """
    try:
        text = content.decode("utf-8-sig").strip()
        rows = _from_json(text) if text[:1] in {"[", "{"} else _from_csv(text)
        names = [name for each in rows if (name := each.strip().removeprefix(GUARD))]
    except (ValueError, RecursionError, csv.Error):
        raise UserError(NOT_READABLE) from None
    if not names:
        raise UserError(NOT_READABLE)
    return list(dict.fromkeys(names))


def _from_json(text: str) -> Iterator[str]:
    """A list of names, or of objects with one each; or an object with such "accounts". Raises ValueError, UserError."""
    found = json.loads(text)
    accounts = found.get("accounts") if isinstance(found, dict) else found
    if not isinstance(accounts, list):
        raise UserError(NOT_READABLE)
    return (_name_of(each) for each in accounts)


def _name_of(account: Any) -> str:
    if isinstance(account, str):
        return account
    named = [account[column] for column in COLUMNS if column in account] if isinstance(account, dict) else []
    return named[0] if named and isinstance(named[0], str) else json.dumps(account)


def _from_csv(text: str) -> Iterator[str]:
    """The column of names; the first one where no column is called so, and then the first row is a name too.

    Raises csv.Error.
    """
    first_line, _, _ = text.partition("\n")
    delimiter = max(DELIMITERS, key=first_line.count)
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True) if any(row)]
    head = [cell.strip().lower().replace(" ", "_") for cell in rows[0]] if rows else []
    column = next((head.index(name) for name in COLUMNS if name in head), None)
    body = rows if column is None else rows[1:]
    index = column or 0
    return (row[index] if index < len(row) else delimiter.join(row) for row in body)
