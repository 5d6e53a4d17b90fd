"""The Dropbox stand-in's folder: files with their revisions, folders as far as files imply them."""

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
    path: str  # as it was spelled first
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
    """What an upload asks for."""

    path: str
    mode: str = "add"  # add, overwrite or update
    rev: str | None = None  # of mode update
    autorename: bool = False
    strict_conflict: bool = False
    client_modified: datetime | None = None


class WriteRefusedError(Exception):
    """A WriteError of Dropbox's: its tag, and for a conflict with what."""

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
        """By path, by `id:...` or by `rev:...`. Deleted files are not found."""
        file = self.find_ever(path)
        if file and not file.deleted_at:
            return file
        return None if file or ":" in path[:4] else self._folder(path)

    def find_ever(self, path: str) -> File | None:
        """The same, deleted files too; no folders."""
        if path.startswith("id:"):
            return next((file for file in self._files.values() if file.id == path), None)
        if path.startswith("rev:"):
            revs = ((file, revision.rev) for file in self._files.values() for revision in file.revisions)
            return next((file for file, rev in revs if f"rev:{rev}" == path), None)
        return self._files.get(path.lower())

    def present(self) -> list[File]:
        return [file for file in self._files.values() if not file.deleted_at]

    def below(self, folder: str, *, recursive: bool, deleted: bool = False) -> list[File | Folder]:
        """What is in the folder ("" is the root), each file and each folder once."""
        start = folder.lower() + "/"
        found: dict[str, File | Folder] = {}
        for path, file in self._files.items():
            if not path.startswith(start) or (file.deleted_at and not deleted):
                continue
            names = file.path[len(start) :].split("/")
            for depth in range(1, len(names)) if not file.deleted_at else ():
                parent = start + "/".join(names[:depth])
                found.setdefault(parent.lower(), Folder(file.path[: len(start)] + "/".join(names[:depth])))
            found[path] = file
        return [entry for path, entry in found.items() if recursive or "/" not in path[len(start) :]]

    def write(self, content: bytes, commit: Commit, now: datetime) -> File:
        """Raises WriteRefusedError. Content that is there already makes no revision."""
        check_path(commit.path)
        there = self.find(commit.path)
        content_hash = hash_content(content)
        if isinstance(there, File) and there.newest.content_hash == content_hash and not commit.strict_conflict:
            return there
        conflict = self._conflict(commit, there)
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

    def _conflict(self, commit: Commit, there: File | Folder | None) -> str | None:
        if any(isinstance(self.find(parent), File) for parent in _parents(commit.path)):
            return "file_ancestor"
        if isinstance(there, Folder):
            return "folder"
        if there is None or commit.mode == "overwrite":
            return None
        return None if commit.mode == "update" and commit.rev == there.newest.rev else "file"

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
