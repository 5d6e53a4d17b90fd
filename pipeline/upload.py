"""The upload step: what changed goes to Dropbox, each file no more often than allowed, the last state always.

The only module that knows the dropbox library. It waits and retries by itself unless told not to, and answers that are
not JSON end in errors of other kinds, so all become ServiceError here.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from json import JSONDecodeError

import dropbox
import requests
from dropbox.exceptions import ApiError, AuthError, DropboxException, RateLimitError
from dropbox.files import WriteMode

from pipeline.errors import ServiceError
from pipeline.http import Rebased
from pipeline.language import text
from pipeline.settings import Settings
from pipeline.store import Store, dropbox_files

log = logging.getLogger(__name__)

SERVICE = "dropbox"
HOSTS = ("https://api.dropboxapi.com", "https://content.dropboxapi.com")
TIMEOUT_S = 30
AGAIN_AFTER = timedelta(minutes=1)
AGAIN_AFTER_PERMANENT = timedelta(minutes=15)


class Dropbox:
    """One app folder in Dropbox. One object a process: it keeps its access token and its session."""

    def __init__(self, settings: Settings) -> None:
        if settings.dropbox_refresh_token is None:
            raise ValueError("Dropbox is not set up")
        self.client = dropbox.Dropbox(
            oauth2_refresh_token=settings.dropbox_refresh_token.get_secret_value(),
            app_key=settings.dropbox_app_key,
            session=session(settings.dropbox_api_url),
            timeout=TIMEOUT_S,
            max_retries_on_error=0,
            max_retries_on_rate_limit=0,
        )

    def put(self, path: str, content: bytes) -> None:
        """Make the file hold this content. Equal content makes no new revision. Raises ServiceError."""
        try:
            self.client.files_upload(content, path, mode=WriteMode.overwrite, mute=True)
        except RateLimitError as error:
            raise ServiceError(SERVICE, text("Dropbox asks to wait"), retry_after=_backoff(error)) from None
        except AuthError:
            raise ServiceError(SERVICE, text("Dropbox refuses the refresh token"), permanent=True) from None
        except ApiError as error:
            raise _refused(error) from None
        except (DropboxException, requests.RequestException, AssertionError, JSONDecodeError, ValueError) as error:
            problem = text("Dropbox did not answer properly ({kind})", kind=type(error).__name__)
            raise ServiceError(SERVICE, problem) from None


def session(address: str | None) -> requests.Session:
    """The library's session, to another address where one is set."""
    made: requests.Session = dropbox.create_session()
    for host in HOSTS if address else ():
        made.mount(host, Rebased(host, address or "", timeout_s=TIMEOUT_S, pool=1))
    return made


def upload_due(
    store: Store, cloud: Dropbox, content_of: Callable[[str], bytes], now: datetime, at_least: timedelta
) -> int:
    """Write every file that is behind and whose turn has come; a failure waits for its own next turn.

    content_of gives the bytes that the path should hold now. Returns how many were written.
    """
    with store.reading() as db:
        paths = dropbox_files.due(db, now)
    return sum(_upload(store, cloud, path, content_of, now + at_least) for path in paths)


def _upload(store: Store, cloud: Dropbox, path: str, content_of: Callable[[str], bytes], next_at: datetime) -> bool:
    now = datetime.now(UTC)
    with store.writing() as db:
        file = dropbox_files.claim(db, path, now, max(next_at, now + timedelta(seconds=1)))
    if file is None:
        return False
    try:
        cloud.put(path, content_of(path))
    except ServiceError as error:
        log.warning("%s was not written: %s", path, error)
        wait = error.retry_after or (AGAIN_AFTER_PERMANENT if error.permanent else AGAIN_AFTER)
        with store.writing() as db:
            dropbox_files.postpone(db, path, max(next_at, now + wait), error.text)
        return False
    with store.writing() as db:
        dropbox_files.mark_uploaded(db, path, file.wanted)
    return True


def _backoff(error: RateLimitError) -> timedelta | None:
    return timedelta(seconds=error.backoff) if error.backoff else None


def _refused(error: ApiError) -> ServiceError:
    reason = error.error.get_path().reason if error.error.is_path() else None
    if reason is not None and reason.is_insufficient_space():
        return ServiceError(SERVICE, text("Dropbox is full"), permanent=True)
    if reason is not None and reason.is_too_many_write_operations():
        return ServiceError(SERVICE, text("Dropbox asks to wait"), retry_after=timedelta(seconds=5))
    return ServiceError(SERVICE, text("Dropbox refused the file"), permanent=True)
