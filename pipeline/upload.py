"""The upload step: what changed goes to Dropbox, each file no more often than allowed, the last state always.

The only module that knows the dropbox library. It waits and retries by itself unless told not to, and answers that are
not what it expects end in errors of many kinds, so all become ServiceError here.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import dropbox
import requests
from dropbox.exceptions import ApiError, AuthError, BadInputError, DropboxException
from dropbox.files import UploadError, WriteMode
from sqlalchemy.orm import Session
from stone.backends.python_rsrc.stone_validators import ValidationError

from pipeline.errors import ServiceError
from pipeline.http import Rebased, read_environment_once
from pipeline.language import text
from pipeline.records import DROPBOX
from pipeline.settings import Settings
from pipeline.store import Store, dropbox_files, notices

log = logging.getLogger(__name__)

HOSTS = ("https://api.dropboxapi.com", "https://content.dropboxapi.com")
TIMEOUT_S = 30
CLAIM = timedelta(seconds=2 * TIMEOUT_S)
"""How long a file belongs to the uploader that writes it: longer than that takes, short where the uploader is lost."""
SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=15)
REFUSED_AGAIN_AFTER = timedelta(minutes=15)
MISREAD = (
    *(requests.RequestException, ValidationError, AssertionError, RecursionError),
    *(ValueError, LookupError, TypeError, AttributeError),
)
"""What the library ends in where an answer is HTML, cut short, or JSON of another shape."""


class FileRefusedError(ServiceError):
    """Dropbox has nothing against the others."""


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

    def put(self, path: str, content: bytes) -> None:
        """Make the file hold this content. Equal content makes no new revision. Raises ServiceError."""
        try:
            self.client.files_upload(content, path, mode=WriteMode.overwrite, mute=True)
        except (AuthError, BadInputError) as error:
            raise _unauthorized(error) from None
        except ApiError as error:
            raise _refused(error) from None
        except (DropboxException, *MISREAD) as error:
            problem = text("Dropbox did not answer properly ({kind})", kind=type(error).__name__)
            raise ServiceError(DROPBOX, problem) from None


def session(address: str | None) -> requests.Session:
    """The library's session, to another address where one is set."""
    made: requests.Session = dropbox.create_session()
    read_environment_once(made, address or HOSTS[0])
    for host in HOSTS if address else ():
        made.mount(host, Rebased(host, address or "", timeout_s=TIMEOUT_S, pool=1))
    return made


def upload_due(
    store: Store, cloud: Dropbox, content_of: Callable[[str], bytes], now: datetime, at_least: timedelta
) -> None:
    """Write every file that is behind and whose turn has come, until Dropbox has trouble: then all wait.

    content_of gives the bytes that the path should hold now. at_least passes until a file is written again.
    """
    with store.reading() as db:
        paths = _due(db, now)
    for path in paths:
        if not _upload(store, cloud, path, content_of, at_least):
            return


def is_due(session: Session, now: datetime) -> bool:
    return bool(_due(session, now))


def _due(session: Session, now: datetime) -> Sequence[str]:
    return [] if notices.stopped(session, DROPBOX, now) else dropbox_files.due(session, now)


def _upload(store: Store, cloud: Dropbox, path: str, content_of: Callable[[str], bytes], at_least: timedelta) -> bool:
    """Write one file, if it is still due. False where Dropbox takes none now."""
    now = datetime.now(UTC)
    with store.writing() as db:
        file = dropbox_files.claim(db, path, now, now + CLAIM)
    if file is None:
        return True
    try:
        cloud.put(path, content_of(path))
    except FileRefusedError as error:
        log.warning("%s was not written: %s", path, error)
        with store.writing() as db:
            dropbox_files.postpone(db, path, now + REFUSED_AGAIN_AFTER, error.text)
    except ServiceError as error:
        log.warning("nothing is written for a while: %s", error)
        with store.writing() as db:
            dropbox_files.postpone(db, path, now, None)
            _pause(db, error, datetime.now(UTC))
        return False
    else:
        with store.writing() as db:
            dropbox_files.mark_uploaded(db, path, file.wanted, now + at_least)
            notices.resume(db, DROPBOX, now)
    return True


def _pause(session: Session, error: ServiceError, now: datetime) -> None:
    """Wait as long as the trouble has lasted, or as Dropbox asks; the admins hear of what only they can mend."""
    before = notices.found(session, DROPBOX)
    lasted = now - before.since if before else timedelta(0)
    wait = max(min(max(lasted, SHORTEST_PAUSE), LONGEST_PAUSE), error.retry_after or timedelta(0))
    stop = notices.stop(session, DROPBOX, error.text, now, now + wait)
    if error.permanent:
        told = text(
            "{reason}. Since {since:moment} no dataset gets there; the charts go on. It is tried again by itself, at "
            "least every 15 minutes, and by the button under /status.",
            reason=stop.reason,
            since=stop.since,
        )
        notices.tell_of_stop(session, stop, told, admins_only=True)


def _ask_to_wait(response: requests.Response, *_: object, **__: object) -> None:
    """The library waits for what the body says, or for the header, or stumbles over either."""
    if response.status_code == requests.codes.too_many_requests:
        response.close()
        header = response.headers.get("Retry-After", "")
        wait = timedelta(seconds=int(header[:6])) if header.isascii() and header.isdigit() else None
        raise ServiceError(DROPBOX, text("Dropbox asks to wait"), retry_after=wait)


def _unauthorized(error: AuthError | BadInputError) -> ServiceError:
    if isinstance(error, BadInputError):
        reason = text("Dropbox refuses the request; DROPBOX_APP_KEY may be wrong")
    elif error.error.is_missing_scope():
        reason = text("Dropbox misses the permission files.content.write: give it to the app, and log in anew")
    else:
        reason = text("Dropbox refuses the refresh token: log in anew with python -m pipeline.dropbox_login")
    return ServiceError(DROPBOX, reason, permanent=True)


def _refused(error: ApiError) -> ServiceError:
    is_path = isinstance(error.error, UploadError) and error.error.is_path()
    reason = error.error.get_path().reason if is_path else None
    if reason is not None and reason.is_insufficient_space():
        return ServiceError(DROPBOX, text("Dropbox is full"), permanent=True)
    if reason is not None and reason.is_too_many_write_operations():
        return ServiceError(DROPBOX, text("Dropbox asks to wait"))
    return FileRefusedError(DROPBOX, text("Dropbox refused the file"), permanent=True)
