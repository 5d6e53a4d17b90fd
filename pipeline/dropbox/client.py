"""The one door to Dropbox, and the only module of the pipeline that knows its library: importing it takes 140 MB.

The library waits and retries by itself unless told not to, and answers that are not what it expects end in errors of
many kinds, so all become ServiceError here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import dropbox
import requests
from dropbox.exceptions import ApiError, AuthError, BadInputError, DropboxException
from dropbox.files import DeleteError, UploadError, WriteError, WriteMode
from stone.backends.python_rsrc.stone_validators import ValidationError

from pipeline.dropbox import TIMEOUT_S
from pipeline.errors import FileRefusedError, ServiceError
from pipeline.http import Rebased, read_environment_once
from pipeline.i18n import lazy_gettext
from pipeline.records import DROPBOX
from pipeline.settings import Settings

HOSTS = ("https://api.dropboxapi.com", "https://content.dropboxapi.com")
MISREAD = (
    *(requests.RequestException, ValidationError, AssertionError, RecursionError),
    *(ValueError, LookupError, TypeError, AttributeError),
)
"""What the library ends in where an answer is HTML, cut short, or JSON of another shape."""


class Dropbox:
    """One app folder in Dropbox. One object a process: it keeps its access token and its session."""

    def __init__(self, settings: Settings) -> None:
        if settings.dropbox_refresh_token is None:
            raise ValueError("Dropbox is not set up")
        asking = session(settings.dropbox_api_url)
        asking.hooks["response"].append(_ask_to_wait)
        self.client = dropbox.Dropbox(
            oauth2_refresh_token=settings.dropbox_refresh_token.get_secret_value(),
            app_key=settings.dropbox_app_key,
            session=asking,
            timeout=TIMEOUT_S,
            max_retries_on_error=0,
            max_retries_on_rate_limit=0,
        )

    def put(self, path: str, content: bytes) -> str:
        """Make the file hold this content; returns its revision, which equal content leaves. Raises ServiceError."""
        with _one_kind_of_error():
            return str(self.client.files_upload(content, path, mode=WriteMode.overwrite, mute=True).rev)

    def remove(self, path: str, rev: str | None) -> None:
        """Delete the file, unless it is gone or somebody else wrote it since that revision. Raises ServiceError."""
        try:
            with _one_kind_of_error():
                self.client.files_delete_v2(path, parent_rev=rev)
        except NothingToDeleteError:
            return


class NothingToDeleteError(Exception):
    """The file is not there, or is not what was put there."""


@contextmanager
def _one_kind_of_error() -> Iterator[None]:
    try:
        yield
    except (AuthError, BadInputError) as error:
        raise _unauthorized(error) from None
    except ApiError as error:
        raise _refused(error) from None
    except (DropboxException, *MISREAD) as error:
        problem = lazy_gettext("Dropbox did not answer properly ({kind})", kind=type(error).__name__)
        raise ServiceError(DROPBOX, problem) from None


def session(address: str | None) -> requests.Session:
    """The library's session, to another address where one is set."""
    made: requests.Session = dropbox.create_session()
    read_environment_once(made, address or HOSTS[0])
    for host in HOSTS if address else ():
        made.mount(host, Rebased(host, address or "", timeout_s=TIMEOUT_S, pool=1))
    return made


def _ask_to_wait(response: requests.Response, *_: object, **__: object) -> None:
    """The library waits for what the body says, or for the header, or stumbles over either."""
    if response.status_code == requests.codes.too_many_requests:
        response.close()
        header = response.headers.get("Retry-After", "")
        wait = timedelta(seconds=int(header[:6])) if header.isascii() and header.isdigit() else None
        raise ServiceError(DROPBOX, lazy_gettext("Dropbox asks to wait"), retry_after=wait)


def _unauthorized(error: AuthError | BadInputError) -> ServiceError:
    if isinstance(error, BadInputError):
        reason = lazy_gettext("Dropbox refuses the request; DROPBOX_APP_KEY may be wrong")
    elif error.error.is_missing_scope():
        reason = lazy_gettext("Dropbox misses the permission files.content.write: give it to the app, and log in anew")
    else:
        reason = lazy_gettext("Dropbox refuses the refresh token: log in anew with python -m pipeline.dropbox.login")
    return ServiceError(DROPBOX, reason, permanent=True)


def _refused(error: ApiError) -> Exception:
    reason = _reason(error.error)
    if isinstance(error.error, DeleteError) and _is_not_ours(error.error):
        return NothingToDeleteError()
    if reason is not None and reason.is_insufficient_space():
        return ServiceError(DROPBOX, lazy_gettext("Dropbox is full"), permanent=True)
    if _asks_to_wait(error.error) or (reason is not None and reason.is_too_many_write_operations()):
        return ServiceError(DROPBOX, lazy_gettext("Dropbox asks to wait"))
    return FileRefusedError(DROPBOX, lazy_gettext("Dropbox refused the file"), permanent=True)


def _reason(error: object) -> WriteError | None:
    """Why the file cannot be written or deleted."""
    if isinstance(error, UploadError) and error.is_path():
        return error.get_path().reason
    return error.get_path_write() if isinstance(error, DeleteError) and error.is_path_write() else None


def _is_not_ours(error: DeleteError) -> bool:
    """It is gone, or changed: Dropbox takes a revision that is not the newest for a conflict."""
    if error.is_path_lookup():
        return bool(error.get_path_lookup().is_not_found())
    return bool(error.is_path_write() and error.get_path_write().is_conflict())


def _asks_to_wait(error: object) -> bool:
    return isinstance(error, DeleteError) and bool(error.is_too_many_write_operations())
