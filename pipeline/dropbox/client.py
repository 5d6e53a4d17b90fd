"""The client of Dropbox. Importing it takes 140 MB, so only the process that uploads does.

By default the library waits and retries by itself, and it raises errors of many kinds for answers that it does not
expect. Here all of them become ServiceError (see docs/upstream.md).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import BinaryIO

import dropbox
import requests
from dropbox.exceptions import ApiError, AuthError, BadInputError, DropboxException
from dropbox.files import (
    CommitInfo,
    DeleteError,
    UploadError,
    UploadSessionAppendError,
    UploadSessionCursor,
    UploadSessionFinishError,
    UploadSessionLookupError,
    WriteError,
    WriteMode,
)
from stone.backends.python_rsrc.stone_validators import ValidationError

from pipeline.dropbox import PIECE_BYTES, TIMEOUT_S, Upload
from pipeline.errors import FileRefusedError, ServiceError
from pipeline.http import HostOverrideAdapter, read_environment_once
from pipeline.i18n import lazy_gettext
from pipeline.records import DROPBOX
from pipeline.settings import Settings

HOSTS = ("https://api.dropboxapi.com", "https://content.dropboxapi.com")
MISREAD_ERRORS = (
    *(requests.RequestException, ValidationError, AssertionError, RecursionError),
    *(ValueError, LookupError, TypeError, AttributeError),
)
"""What the library raises where an answer is HTML, cut short, or JSON of another shape."""


class Dropbox:
    """One app folder in Dropbox. A process needs only one such object, which keeps its access token and its session."""

    def __init__(self, settings: Settings) -> None:
        if settings.dropbox_refresh_token is None:
            raise ValueError("Dropbox is not set up")
        http = session(settings.dropbox_api_url)
        http.hooks["response"].append(_raise_rate_limit)
        self.client = dropbox.Dropbox(
            oauth2_refresh_token=settings.dropbox_refresh_token.get_secret_value(),
            app_key=settings.dropbox_app_key,
            session=http,
            timeout=TIMEOUT_S,
            max_retries_on_error=0,
            max_retries_on_rate_limit=0,
        )

    def put(self, path: str, content: bytes) -> str:
        """Write the file; returns its revision, which is the same for equal content. Raises ServiceError."""
        with _as_service_errors():
            return str(self.client.files_upload(content, path, mode=WriteMode.overwrite, mute=True).rev)

    def remove(self, path: str, rev: str | None) -> None:
        """Delete the file, unless it is gone or was changed since that revision. Raises ServiceError."""
        try:
            with _as_service_errors():
                self.client.files_delete_v2(path, parent_rev=rev)
        except NothingToDeleteError:
            return

    def put_piece(self, path: str, file: BinaryIO, upload: Upload) -> str | None:
        """Send the next piece of a file of any size; returns the file's revision once it is whole. Raises ServiceError.

        upload: how far that is; it is changed, also where Dropbox holds more, less or nothing of what was sent.
        """
        size = file.seek(0, os.SEEK_END)
        file.seek(upload.offset)
        piece = file.read(PIECE_BYTES)
        if size <= PIECE_BYTES:
            return self.put(path, piece)
        with _as_service_errors():
            try:
                return self._put_in_session(path, piece, upload, is_last=upload.offset + len(piece) == size)
            except ApiError as error:
                if not _resume(upload, error.error):
                    raise
        return None

    def _put_in_session(self, path: str, piece: bytes, upload: Upload, *, is_last: bool) -> str | None:
        if upload.session_id is None:
            upload.session_id = str(self.client.files_upload_session_start(piece).session_id)
        elif is_last:
            commit = CommitInfo(path, mode=WriteMode.overwrite, mute=True)
            return str(self.client.files_upload_session_finish(piece, _cursor(upload), commit).rev)
        else:
            self.client.files_upload_session_append_v2(piece, _cursor(upload))
        upload.offset += len(piece)
        return None


def _cursor(upload: Upload) -> UploadSessionCursor:
    return UploadSessionCursor(upload.session_id, upload.offset)


def _resume(upload: Upload, error: object) -> bool:
    """Go on from where Dropbox is, or from the start where it has forgotten the session. False for another error."""
    if isinstance(error, UploadSessionFinishError) and error.is_lookup_failed():
        error = error.get_lookup_failed()
    if not isinstance(error, UploadSessionAppendError | UploadSessionLookupError):
        return False
    if error.is_incorrect_offset():
        upload.offset = int(error.get_incorrect_offset().correct_offset)
    elif error.is_not_found() or error.is_closed():
        upload.session_id, upload.offset = None, 0
    else:
        return False
    return True


class NothingToDeleteError(Exception):
    """The file is not there, or holds something else than was uploaded."""


@contextmanager
def _as_service_errors() -> Iterator[None]:
    try:
        yield
    except (AuthError, BadInputError) as error:
        raise _unauthorized(error) from None
    except ApiError as error:
        raise _refused(error) from None
    except (DropboxException, *MISREAD_ERRORS) as error:
        problem = lazy_gettext("Dropbox sent an answer that I can't read ({kind})", kind=type(error).__name__)
        raise ServiceError(DROPBOX, problem) from None


def session(address: str | None) -> requests.Session:
    """The library's HTTP session, which sends to this address if there is one."""
    made: requests.Session = dropbox.create_session()
    read_environment_once(made, address or HOSTS[0])
    for host in HOSTS if address else ():
        made.mount(host, HostOverrideAdapter(host, address or "", timeout_s=TIMEOUT_S, pool=1))
    return made


def _raise_rate_limit(response: requests.Response, *_: object, **__: object) -> None:
    """Raise ServiceError for a 429. The library would sleep for as long as it says, or fail to read for how long."""
    if response.status_code == requests.codes.too_many_requests:
        response.close()
        header = response.headers.get("Retry-After", "")
        wait = timedelta(seconds=int(header[:6])) if header.isascii() and header.isdigit() else None
        raise ServiceError(DROPBOX, lazy_gettext("Dropbox asks the bot to slow down"), retry_after=wait)


def _unauthorized(error: AuthError | BadInputError) -> ServiceError:
    if isinstance(error, BadInputError):
        reason = lazy_gettext("Dropbox rejects the request; DROPBOX_APP_KEY may be wrong")
    elif error.error.is_missing_scope():
        reason = lazy_gettext("the Dropbox app lacks the permission files.content.write: add it, then log in again")
    else:
        reason = lazy_gettext("Dropbox rejects the refresh token: log in again with python -m pipeline.dropbox.login")
    return ServiceError(DROPBOX, reason, permanent=True)


def _refused(error: ApiError) -> Exception:
    reason = _reason(error.error)
    if isinstance(error.error, DeleteError) and _is_not_ours(error.error):
        return NothingToDeleteError()
    if reason is not None and reason.is_insufficient_space():
        return ServiceError(DROPBOX, lazy_gettext("Dropbox is full"), permanent=True)
    if _asks_to_wait(error.error) or (reason is not None and reason.is_too_many_write_operations()):
        return ServiceError(DROPBOX, lazy_gettext("Dropbox asks the bot to slow down"))
    return FileRefusedError(DROPBOX, lazy_gettext("Dropbox rejected the file"), permanent=True)


def _reason(error: object) -> WriteError | None:
    """Why the file cannot be written or deleted, if the error has a reason."""
    if isinstance(error, UploadError) and error.is_path():
        return error.get_path().reason
    if isinstance(error, UploadSessionFinishError) and error.is_path():
        return error.get_path()
    return error.get_path_write() if isinstance(error, DeleteError) and error.is_path_write() else None


def _is_not_ours(error: DeleteError) -> bool:
    """The file is gone or was changed: Dropbox reports a revision that is not the newest as a conflict."""
    if error.is_path_lookup():
        return bool(error.get_path_lookup().is_not_found())
    return bool(error.is_path_write() and error.get_path_write().is_conflict())


def _asks_to_wait(error: object) -> bool:
    return isinstance(error, DeleteError | UploadSessionFinishError) and bool(error.is_too_many_write_operations())
