"""Lists a folder in pages; a cursor goes on with the next page, or with what has changed since."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.dropbox.files import File, Files, Folder


@dataclass
class Listing:
    folder: str
    recursive: bool
    deleted: bool
    limit: int
    pending: list[File | Folder]
    seen: int
    """The number of journal entries that it covers."""


class Listings:
    def __init__(self, files: Files) -> None:
        self._files = files
        self._listings: dict[str, Listing] = {}  # by cursor

    def start(self, folder: str, arguments: Mapping[str, Any]) -> tuple[list[File | Folder], str, bool]:
        """The first page, its cursor, and whether there is another page."""
        recursive, deleted = arguments["recursive"], arguments["include_deleted"]
        entries = self._files.below(folder, recursive=recursive, deleted=deleted)
        if folder and recursive:
            entries.insert(0, Folder(folder))
        limit = arguments["limit"] or len(entries)
        return self._page(Listing(folder, recursive, deleted, limit, entries, len(self._files.journal)))

    def go_on(self, cursor: str) -> tuple[list[File | Folder], str, bool] | None:
        """The next page, as `start` returns it; None for an unknown cursor."""
        listing = self._listings.get(cursor)
        if listing is None:
            return None
        pending = listing.pending or self._changes(listing)
        seen = listing.seen if listing.pending else len(self._files.journal)
        return self._page(
            Listing(listing.folder, listing.recursive, listing.deleted, listing.limit, list(pending), seen)
        )

    def _page(self, listing: Listing) -> tuple[list[File | Folder], str, bool]:
        page, listing.pending = listing.pending[: listing.limit], listing.pending[listing.limit :]
        cursor = "AA" + secrets.token_urlsafe(60)
        self._listings[cursor] = listing
        return page, cursor, bool(listing.pending)

    def _changes(self, listing: Listing) -> list[File | Folder]:
        changed = set(self._files.journal[listing.seen :])
        entries = self._files.below(listing.folder, recursive=listing.recursive, deleted=True)
        return [entry for entry in entries if isinstance(entry, Folder) or entry.path.lower() in changed]
