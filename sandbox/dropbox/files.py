"""The files of the app folder with their revisions. A folder exists while a file is in it."""

import hashlib
import itertools
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

BLOCK = 4 * 2**20
LONGEST_NAME = 255
DISALLOWED_NAMES = {".dropbox", ".dropbox.attr", ".dropbox.cache", ".ds_store", "desktop.ini", "thumbs.db", "icon\r"}
FIRST_REVISION = 0x015F2A9C00000000000


@dataclass(frozen=True)
class Revision:
    rev: str
    content: bytes
    content_hash: str
    client_modified: datetime
    server_modified: datetime


@dataclass
class File:
    id: str
    path: str  # in its first spelling
    revisions: list[Revision] = field(default_factory=list)  # oldest first
    deleted_at: datetime | None = None

    @property
    def newest(self) -> Revision:
        return self.revisions[-1]


@dataclass(frozen=True)
class Folder:
    path: str


@dataclass(frozen=True)
class Commit:
    """What an upload asks for: the target, and what to do where it exists.

    mode: add, overwrite or update. rev: of mode update, the revision to replace.
    """

    path: str
    mode: str = "add"
    rev: str | None = None
    autorename: bool = False
    strict_conflict: bool = False
    client_modified: datetime | None = None


class WriteRefusedError(Exception):
    """A WriteError of Dropbox. conflict: what is at the path already: file, folder or file_ancestor."""

    def __init__(self, reason: str, conflict: str | None = None) -> None:
        super().__init__(reason)
        self.error: dict[str, Any] = {".tag": reason}
        if conflict:
            self.error["conflict"] = {".tag": conflict}


class Files:
    def __init__(self) -> None:
        self._files: dict[str, File] = {}  # by path in lower case, deleted ones too
        self._numbers = itertools.count(1)
        self.journal: list[str] = []  # the paths in lower case, in the order in which they changed

    def find(self, path: str) -> File | Folder | None:
        """The entry with this path, `id:...` or `rev:...`; None for a deleted file."""
        file = self.find_ever(path)
        if file and not file.deleted_at:
            return file
        return None if file or ":" in path[:4] else self._folder(path)

    def find_ever(self, path: str) -> File | None:
        """The file with this path, `id:...` or `rev:...`, even if it is deleted."""
        if path.startswith("id:"):
            return next((file for file in self._files.values() if file.id == path), None)
        if path.startswith("rev:"):
            revs = ((file, revision.rev) for file in self._files.values() for revision in file.revisions)
            return next((file for file, rev in revs if f"rev:{rev}" == path), None)
        return self._files.get(path.lower())

    def present(self) -> list[File]:
        return [file for file in self._files.values() if not file.deleted_at]

    def below(self, folder: str, *, recursive: bool, deleted: bool = False) -> list[File | Folder]:
        """The entries of a folder, each once. folder: "" for the root. deleted: with deleted files."""
        start = folder.lower() + "/"
        entries: dict[str, File | Folder] = {}
        for path, file in self._files.items():
            if not path.startswith(start) or (file.deleted_at and not deleted):
                continue
            names = file.path[len(start) :].split("/")
            for depth in range(1, len(names)) if not file.deleted_at else ():
                parent = start + "/".join(names[:depth])
                entries.setdefault(parent.lower(), Folder(file.path[: len(start)] + "/".join(names[:depth])))
            entries[path] = file
        return [entry for path, entry in entries.items() if recursive or "/" not in path[len(start) :]]

    def write(self, content: bytes, commit: Commit, now: datetime) -> File:
        """Add a revision, unless the file has this content already. Raises WriteRefusedError."""
        check_path(commit.path)
        existing = self.find(commit.path)
        content_hash = hash_content(content)
        if isinstance(existing, File) and existing.newest.content_hash == content_hash and not commit.strict_conflict:
            return existing
        conflict = self._conflict(commit, existing)
        if conflict == "file_ancestor" or (conflict and not commit.autorename):
            raise WriteRefusedError("conflict", conflict)
        path = self._free_path(commit) if conflict else commit.path
        now = now.replace(microsecond=0)
        revision = Revision(self._next_rev(), content, content_hash, commit.client_modified or now, now)
        return self._append(path, revision)

    def delete(self, entry: File | Folder, now: datetime) -> None:
        files = [entry] if isinstance(entry, File) else self.below(entry.path, recursive=True)
        for file in files:
            if isinstance(file, File):
                file.deleted_at = now.replace(microsecond=0)
                self.journal.append(file.path.lower())

    def _append(self, path: str, revision: Revision) -> File:
        file = self._files.get(path.lower())
        if file is None:
            file = self._files[path.lower()] = File(f"id:sandbox{next(self._numbers):015}", path)
        file.revisions.append(revision)
        file.deleted_at = None
        self.journal.append(path.lower())
        return file

    def _folder(self, path: str) -> Folder | None:
        start = path.lower() + "/"
        inside = next((file for file in self.present() if file.path.lower().startswith(start)), None)
        return Folder(inside.path[: len(path)]) if inside else None

    def _conflict(self, commit: Commit, existing: File | Folder | None) -> str | None:
        if any(isinstance(self.find(parent), File) for parent in _parents(commit.path)):
            return "file_ancestor"
        if isinstance(existing, Folder):
            return "folder"
        if existing is None or commit.mode == "overwrite":
            return None
        return None if commit.mode == "update" and commit.rev == existing.newest.rev else "file"

    def _free_path(self, commit: Commit) -> str:
        folder, _, name = commit.path.rpartition("/")
        stem, dot, ending = name.rpartition(".")
        stem, ending = (stem, dot + ending) if stem else (name, "")
        label = "conflicted copy " if commit.mode == "update" else ""
        paths = (f"{folder}/{stem} ({label}{number}){ending}" for number in itertools.count(1))
        return next(path for path in paths if self.find(path) is None)

    def _next_rev(self) -> str:
        return f"{FIRST_REVISION + next(self._numbers):019x}"


def check_path(path: str) -> None:
    """Raises WriteRefusedError for a path that no file can have."""
    names = path.split("/")[1:]
    if any(not name or len(name) > LONGEST_NAME or re.search(r"[\\\0]", name) for name in names):
        raise WriteRefusedError("malformed_path")
    if any(name in {".", ".."} or name.lower() in DISALLOWED_NAMES or name.startswith("~$") for name in names):
        raise WriteRefusedError("disallowed_name")


def hash_content(content: bytes) -> str:
    """Dropbox's content hash: SHA-256 over the SHA-256 of each block of 4 MiB."""
    blocks = (content[start : start + BLOCK] for start in range(0, len(content), BLOCK))
    return hashlib.sha256(b"".join(hashlib.sha256(block).digest() for block in blocks)).hexdigest()


def timestamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _parents(path: str) -> list[str]:
    names = path.split("/")
    return ["/".join(names[:depth]) for depth in range(2, len(names))]
