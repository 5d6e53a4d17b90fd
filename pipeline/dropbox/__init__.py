"""Dropbox, where the datasets and backups go. What is here is apart, since importing the client takes 140 MB."""

from pydantic.dataclasses import dataclass

TIMEOUT_S = 30
"""How long a request may wait for each piece of Dropbox's answer."""
PIECE_BYTES = 8 * 2**20
"""Of a large file: so much is in memory, and sent in a request. Dropbox takes 150 MiB at most."""


@dataclass
class Upload:
    """How far a large file is: the id of Dropbox's session, None before it is begun, and how many bytes it holds."""

    session_id: str | None = None
    offset: int = 0
