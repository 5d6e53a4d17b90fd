"""The id of a DATA_DIR, by which machines that share servers tell their folders apart."""

from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from uuid import uuid4


@lru_cache
def identify(folder: Path) -> str:
    """The id in the folder's file `id`, which is made where it is missing. Raises OSError."""
    file = folder / "id"
    if not file.exists():
        with NamedTemporaryFile("w", dir=folder) as draft, suppress(FileExistsError):
            draft.write(uuid4().hex)
            draft.flush()
            file.hardlink_to(draft.name)  # of several processes that start at once, one makes it
    return file.read_text("ascii")
