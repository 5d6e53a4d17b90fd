"""Entries, accounts and errors as Dropbox returns them."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from aiohttp import web

from sandbox.dropbox.files import File, Folder, Revision, WriteRefusedError, timestamp

ACCOUNT_ID = "dbid:AASandboxOfTheDemo_0123456789abcdef"


class CallRefusedError(Exception):
    """Dropbox answers with `error` and `error_summary`: status 409 for an endpoint's errors, 401 for a token's."""

    def __init__(self, status: int, error: dict[str, Any]) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.summary = "/".join(_tags(error)) + "/.."


def _tags(error: dict[str, Any]) -> Iterator[str]:
    """The tags of nested unions, from the outside in, as in path, conflict, file."""
    if ".tag" in error:
        yield error[".tag"]
    inner = error.get(error.get(".tag", "")) or error.get("reason")
    if isinstance(inner, dict):
        yield from _tags(inner)


def lookup_refused(tag: str, reason: str) -> CallRefusedError:
    return CallRefusedError(409, {".tag": tag, tag: {".tag": reason}})


def write_refused(refused: WriteRefusedError) -> CallRefusedError:
    return CallRefusedError(409, {".tag": "path", "reason": refused.error, "upload_session_id": "AASandboxSession"})


def show(entry: File | Folder, revision: Revision | None = None) -> dict[str, Any]:
    """The metadata of a file, folder or revision. Without a revision, a deleted file has the tag "deleted"."""
    named = {
        "name": entry.path.rpartition("/")[2],
        "path_lower": entry.path.lower(),
        "path_display": entry.path,
    }
    if isinstance(entry, Folder):
        return {".tag": "folder", **named, "id": _folder_id(entry)}
    if entry.deleted_at and revision is None:
        return {".tag": "deleted", **named}
    return {".tag": "file", **named, "id": entry.id, **_show_revision(revision or entry.newest)}


def _show_revision(revision: Revision) -> dict[str, Any]:
    return {
        "client_modified": timestamp(revision.client_modified),
        "server_modified": timestamp(revision.server_modified),
        "rev": revision.rev,
        "size": len(revision.content),
        "is_downloadable": True,
        "content_hash": revision.content_hash,
    }


def _folder_id(folder: Folder) -> str:
    return "id:folder" + hashlib.blake2b(folder.path.lower().encode(), digest_size=8).hexdigest()


def show_account() -> dict[str, Any]:
    return {
        "account_id": ACCOUNT_ID,
        "name": {
            "given_name": "Demo",
            "surname": "Person",
            "familiar_name": "Demo",
            "display_name": "Demo Person",
            "abbreviated_name": "DP",
        },
        "email": "demo@example.com",
        "email_verified": True,
        "disabled": False,
        "country": "NO",
        "locale": "en",
        "referral_link": "https://www.dropbox.com/referrals/sandbox",
        "is_paired": False,
        "account_type": {".tag": "basic"},
        "root_info": {".tag": "user", "root_namespace_id": "1", "home_namespace_id": "1"},
    }


def as_json(status: int, body: Any) -> web.Response:
    """The content type has no charset, with which dropbox's Python library refuses an answer."""
    return web.Response(status=status, body=json.dumps(body).encode(), headers={"Content-Type": "application/json"})
