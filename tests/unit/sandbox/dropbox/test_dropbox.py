"""The stand-in of Dropbox, used by the dropbox library."""

import re
from collections.abc import Iterator
from typing import Any

import dropbox
import pytest
import requests
from dropbox.exceptions import ApiError, AuthError, BadInputError
from dropbox.files import (
    CommitInfo,
    DeletedMetadata,
    FileMetadata,
    FolderMetadata,
    ListRevisionsMode,
    UploadSessionCursor,
    WriteMode,
)
from requests.adapters import HTTPAdapter

# The library uses datetime.utcnow, which is deprecated from Python 3.12 on.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")

BYTES = b"post,reposts\n1,2\n"


class Elsewhere(HTTPAdapter):
    """Sends requests to the sandbox instead of Dropbox."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url

    def send(self, request: requests.PreparedRequest, *rest: Any, **more: Any) -> requests.Response:
        request.url = re.sub(r"^https://[a-z]+\.(dropboxapi|dropbox)\.com", f"{self.url}/dropbox", str(request.url))
        return super().send(request, *rest, **more)


@pytest.fixture
def session(url: str) -> Iterator[requests.Session]:
    session: requests.Session = dropbox.create_session()
    session.mount("https://", Elsewhere(url))
    with session:
        yield session


@pytest.fixture
def cloud(session: requests.Session) -> dropbox.Dropbox:
    return dropbox.Dropbox(
        oauth2_refresh_token="a-refresh-token",
        app_key="key",
        session=session,
        max_retries_on_error=0,
        max_retries_on_rate_limit=0,
    )


@pytest.fixture
def token(session: requests.Session) -> str:
    fields = {"grant_type": "refresh_token", "refresh_token": "r", "client_id": "key"}
    return str(session.post("https://api.dropboxapi.com/oauth2/token", data=fields).json()["access_token"])


def control(url: str, path: str) -> Any:
    return requests.get(f"{url}/_control/dropbox/{path}", timeout=5).json()


def refusal(caught: pytest.ExceptionInfo[ApiError]) -> Any:
    return caught.value.error


def test_a_file_goes_up_and_comes_down(cloud: dropbox.Dropbox) -> None:
    written = cloud.files_upload(BYTES, "/Charts/A.csv", mode=WriteMode.overwrite, mute=True)
    assert (written.name, written.path_lower, written.size) == ("A.csv", "/charts/a.csv", len(BYTES))
    found, answer = cloud.files_download("/charts/a.CSV")
    assert answer.content == BYTES
    assert found == written
    assert cloud.files_get_metadata(written.id) == written


def test_equal_content_writes_nothing(cloud: dropbox.Dropbox, url: str) -> None:
    revs = [cloud.files_upload(content, "/a.csv", mode=WriteMode.overwrite).rev for content in (BYTES, BYTES, b"new")]
    assert revs[0] == revs[1] != revs[2]
    assert cloud.files_upload(b"new", "/a.csv").rev == revs[2]
    (file,) = control(url, "files")
    assert (file["path"], file["revisions"], file["size"]) == ("/a.csv", 2, 3)


def test_the_second_of_different_files_conflicts(cloud: dropbox.Dropbox) -> None:
    first = cloud.files_upload(b"one", "/a.csv")
    with pytest.raises(ApiError) as caught:
        cloud.files_upload(b"two", "/a.csv")
    assert refusal(caught).get_path().reason.get_conflict().is_file()
    assert caught.value.user_message_text is None
    assert cloud.files_upload(b"two", "/a.csv", autorename=True).name == "a (1).csv"
    assert cloud.files_upload(b"three", "/a.csv", mode=WriteMode.update(first.rev)).path_display == "/a.csv"
    with pytest.raises(ApiError):
        cloud.files_upload(b"four", "/a.csv", mode=WriteMode.update(first.rev))
    with pytest.raises(ApiError):
        cloud.files_upload(b"three", "/a.csv", strict_conflict=True)


def test_folders_and_files_cannot_have_the_same_path(cloud: dropbox.Dropbox) -> None:
    cloud.files_upload(b"one", "/a/b.csv")
    with pytest.raises(ApiError) as caught:
        cloud.files_upload(b"two", "/a", mode=WriteMode.overwrite)
    assert refusal(caught).get_path().reason.get_conflict().is_folder()
    with pytest.raises(ApiError) as caught:
        cloud.files_upload(b"two", "/a/b.csv/c.csv", mode=WriteMode.overwrite)
    assert refusal(caught).get_path().reason.get_conflict().is_file_ancestor()


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/a/", "malformed_path"),
        ("/a//b", "malformed_path"),
        ("/" + "x" * 256, "malformed_path"),
        ("/.dropbox", "disallowed_name"),
        ("/a/desktop.ini", "disallowed_name"),
    ],
)
def test_paths_that_no_file_can_have(cloud: dropbox.Dropbox, path: str, reason: str) -> None:
    with pytest.raises(ApiError) as caught:
        cloud.files_upload(BYTES, path)
    assert refusal(caught).get_path().reason._tag == reason


def test_a_wrong_content_hash_is_noticed(cloud: dropbox.Dropbox) -> None:
    with pytest.raises(ApiError) as caught:
        cloud.files_upload(BYTES, "/a.csv", content_hash="0" * 64)
    assert refusal(caught).is_content_hash_mismatch()


def test_folders_are_listed_in_pages(cloud: dropbox.Dropbox) -> None:
    for path in ("/a.csv", "/b.csv", "/Sub/c.csv", "/Sub/deep/d.csv"):
        cloud.files_upload(path.encode(), path)
    page = cloud.files_list_folder("", limit=2)
    rest = cloud.files_list_folder_continue(page.cursor)
    names = [entry.name for entry in page.entries + rest.entries]
    assert (page.has_more, rest.has_more, sorted(names)) == (True, False, ["Sub", "a.csv", "b.csv"])
    everything = cloud.files_list_folder("", recursive=True).entries
    assert sum(isinstance(entry, FolderMetadata) for entry in everything) == 2
    assert sum(isinstance(entry, FileMetadata) for entry in everything) == 4
    assert [entry.path_display for entry in cloud.files_list_folder("/sub").entries] == ["/Sub/c.csv", "/Sub/deep"]


def test_a_cursor_tells_what_changed_since(cloud: dropbox.Dropbox, url: str) -> None:
    cloud.files_upload(b"one", "/a.csv")
    cloud.files_upload(b"one", "/b.csv")
    cursor = cloud.files_list_folder("").cursor
    assert cloud.files_list_folder_continue(cursor).entries == []
    cloud.files_upload(b"two", "/a.csv", mode=WriteMode.overwrite)
    cloud.files_delete_v2("/b.csv")
    changed = {entry.name: type(entry) for entry in cloud.files_list_folder_continue(cursor).entries}
    assert changed == {"a.csv": FileMetadata, "b.csv": DeletedMetadata}
    requests.post(f"{url}/_control/reset", timeout=5).raise_for_status()
    with pytest.raises(ApiError) as caught:
        cloud.files_list_folder_continue(cursor)
    assert refusal(caught).is_reset()


def test_what_is_not_there_is_not_found(cloud: dropbox.Dropbox) -> None:
    cloud.files_upload(b"one", "/sub/a.csv")
    for call in (cloud.files_get_metadata, cloud.files_download, cloud.files_list_folder, cloud.files_list_revisions):
        with pytest.raises(ApiError) as caught:
            call("/b.csv")
        assert refusal(caught).get_path().is_not_found()
    with pytest.raises(ApiError) as caught:
        cloud.files_delete_v2("/b.csv")
    assert refusal(caught).get_path_lookup().is_not_found()
    with pytest.raises(ApiError) as caught:
        cloud.files_download("/sub")
    assert refusal(caught).get_path().is_not_file()
    with pytest.raises(ApiError) as caught:
        cloud.files_list_folder("/sub/a.csv")
    assert refusal(caught).get_path().is_not_folder()


def test_revisions_stay_after_deletion(cloud: dropbox.Dropbox) -> None:
    for content in (b"one", b"two", b"three"):
        last = cloud.files_upload(content, "/a.csv", mode=WriteMode.overwrite)
    assert cloud.files_delete_v2("/a.csv", parent_rev=last.rev).metadata.rev == last.rev
    history = cloud.files_list_revisions("/a.csv", mode=ListRevisionsMode.path, limit=2)
    assert history.is_deleted
    assert history.server_deleted
    assert (history.entries[0].rev, len(history.entries), history.has_more) == (last.rev, 2, True)
    assert cloud.files_download(f"rev:{history.entries[1].rev}")[1].content == b"two"
    with pytest.raises(ApiError):
        cloud.files_get_metadata("/a.csv")
    assert isinstance(cloud.files_get_metadata("/a.csv", include_deleted=True), DeletedMetadata)


def test_the_account_and_the_connection_can_be_checked(cloud: dropbox.Dropbox) -> None:
    assert cloud.users_get_current_account().name.display_name == "Demo Person"
    assert cloud.check_user("hello").result == "hello"


def test_an_expired_token_is_renewed_by_the_library(cloud: dropbox.Dropbox, url: str) -> None:
    cloud.files_upload(BYTES, "/a.csv")
    before = cloud._oauth2_access_token
    requests.post(f"{url}/_control/dropbox/expire", timeout=5).raise_for_status()
    cloud.files_upload(b"new", "/a.csv", mode=WriteMode.overwrite)
    assert cloud._oauth2_access_token != before


def test_revoked_access_ends(cloud: dropbox.Dropbox, url: str) -> None:
    cloud.files_upload(BYTES, "/a.csv")
    requests.post(f"{url}/_control/dropbox/revoke", timeout=5).raise_for_status()
    with pytest.raises(AuthError) as caught:
        cloud.files_upload(b"new", "/a.csv")
    assert caught.value.error.is_invalid_access_token()
    with pytest.raises(AuthError):
        cloud.refresh_access_token()


def test_a_token_outlives_a_reset(cloud: dropbox.Dropbox, url: str) -> None:
    cloud.files_upload(BYTES, "/a.csv")
    requests.post(f"{url}/_control/reset", timeout=5).raise_for_status()
    assert control(url, "files") == []
    assert cloud.files_upload(BYTES, "/a.csv").size == len(BYTES)


@pytest.mark.parametrize("access_token", ["nonsense", "sl.1795468000000000.0123456789abcdef.0123456789abcdef"])
def test_unknown_tokens_are_invalid(session: requests.Session, access_token: str) -> None:
    with pytest.raises(AuthError) as caught:
        dropbox.Dropbox(access_token, session=session).check_user("x")
    assert caught.value.error.is_invalid_access_token()


def test_revoked_refresh_tokens_are_refused(session: requests.Session) -> None:
    with pytest.raises(AuthError):
        dropbox.Dropbox(oauth2_refresh_token="revoked-1", app_key="key", session=session).check_user("x")


def authorize(session: requests.Session, address: str) -> str:
    page = session.get(address)
    assert page.headers["Content-Type"].startswith("text/html")
    found = re.search(r'<code id="code">([^<]+)</code>', page.text)
    assert found
    return found[1]


def test_a_person_logs_in_with_pkce(session: requests.Session, url: str) -> None:
    flow = dropbox.DropboxOAuth2FlowNoRedirect("key", use_pkce=True, token_access_type="offline")
    flow.requests_session = session
    requests.post(f"{url}/_control/dropbox/revoke", timeout=5).raise_for_status()
    code = authorize(session, flow.start())
    granted = flow.finish(code)
    cloud = dropbox.Dropbox(oauth2_refresh_token=granted.refresh_token, app_key="key", session=session)
    assert cloud.check_user("x").result == "x"
    with pytest.raises(requests.HTTPError):
        flow.finish(code)


def test_another_s_verifier_is_refused(session: requests.Session) -> None:
    flow, other = (dropbox.DropboxOAuth2FlowNoRedirect("key", use_pkce=True) for _ in range(2))
    other.requests_session = session
    with pytest.raises(requests.HTTPError) as caught:
        other.finish(authorize(session, flow.start()))
    assert caught.value.response.json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "query",
    [
        "client_id=k",
        "response_type=code",
        "response_type=code&client_id=k&foo=1",
        "response_type=code&client_id=k&token_access_type=forever",
        "response_type=code&client_id=k&code_challenge=short&code_challenge_method=S256",
        "response_type=code&client_id=k&code_challenge_method=S256",
    ],
)
def test_the_authorize_page_is_strict(session: requests.Session, query: str) -> None:
    assert session.get(f"https://www.dropbox.com/oauth2/authorize?{query}").status_code == 400


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"grant_type": "refresh_token", "refresh_token": "r"}, "invalid_request"),
        ({"grant_type": "refresh_token", "client_id": "key"}, "invalid_request"),
        ({"grant_type": "password", "client_id": "key"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "r", "client_id": "k", "foo": "1"}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "r", "client_id": "k", "scope": "all"}, "invalid_scope"),
        ({"grant_type": "authorization_code", "code": "c", "client_id": "k", "code_verifier": "v"}, "invalid_grant"),
    ],
)
def test_the_token_endpoint_is_strict(session: requests.Session, fields: dict[str, str], error: str) -> None:
    answer = session.post("https://api.dropboxapi.com/oauth2/token", data=fields)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("argument", "problem"),
    [
        ('{"path": "a.csv"}', "path: 'a.csv' did not match pattern"),
        ('{"path": "/a.csv", "colour": 1}', "unknown field 'colour'"),
        ("{}", "missing required field 'path'"),
        ('{"path": "/a.csv", "mode": "replace"}', "mode: invalid write mode 'replace'"),
        ('{"path": "/a.csv", "mute": "yes"}', "mute: expected boolean, got string"),
        ('{"path": "/a.csv", "client_modified": "today"}', "does not match format"),
        ("oops", "could not decode input as JSON"),
    ],
)
def test_a_bad_argument_is_named(session: requests.Session, token: str, argument: str, problem: str) -> None:
    headers = {
        "Authorization": f"Bearer {token}",
        "Dropbox-API-Arg": argument,
        "Content-Type": "application/octet-stream",
    }
    answer = session.post("https://content.dropboxapi.com/2/files/upload", data=BYTES, headers=headers)
    assert answer.status_code == 400
    assert answer.text.startswith('Error in call to API function "files/upload": HTTP header "Dropbox-API-Arg": ')
    assert problem in answer.text


def test_calls_that_dropbox_does_not_have_are_refused(session: requests.Session, token: str) -> None:
    api, authorized = "https://api.dropboxapi.com/2", {"Authorization": f"Bearer {token}"}
    assert (
        session.post(f"{api}/files/upload_all", headers=authorized).text == 'Unknown API function: "files/upload_all"'
    )
    assert "Content-Type" in session.post(f"{api}/files/delete_v2", data="{}", headers=authorized).text
    assert "Must provide HTTP header" in session.post(f"{api}/check/user", json={}).text
    assert session.get(f"{api}/check/user", headers=authorized).status_code == 400
    assert session.get("https://api.dropboxapi.com/1/account").status_code == 404


def test_the_root_has_its_own_rules(cloud: dropbox.Dropbox) -> None:
    with pytest.raises(BadInputError, match="root folder is unsupported"):
        cloud.files_get_metadata("/")
    with pytest.raises(BadInputError, match="empty string"):
        cloud.files_list_folder("/")


def test_people_see_files_inline(cloud: dropbox.Dropbox, url: str) -> None:
    cloud.files_upload(BYTES, "/A b/ü.csv")
    cloud.files_upload(b"\x89PNG", "/p.png")
    text = requests.get(f"{url}/_control/dropbox/files/A b/ü.csv", timeout=5)
    assert text.content == BYTES
    assert text.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert text.headers["X-Content-Type-Options"] == "nosniff"
    picture = requests.get(f"{url}/_control/dropbox/files/p.png", timeout=5)
    assert picture.headers["Content-Type"] == "application/octet-stream"
    assert requests.get(f"{url}/_control/dropbox/files/none", timeout=5).status_code == 404


def test_a_large_file_comes_in_pieces_each_at_its_offset(cloud: dropbox.Dropbox) -> None:
    session_id = cloud.files_upload_session_start(b"ab").session_id
    cloud.files_upload_session_append_v2(b"cd", UploadSessionCursor(session_id, 2))
    with pytest.raises(ApiError) as again:
        cloud.files_upload_session_append_v2(b"cd", UploadSessionCursor(session_id, 2))
    assert again.value.error.get_incorrect_offset().correct_offset == 4
    commit = CommitInfo("/large", mode=WriteMode.overwrite, mute=True)
    file = cloud.files_upload_session_finish(b"e", UploadSessionCursor(session_id, 4), commit)
    assert (file.path_display, file.size) == ("/large", 5)
    assert cloud.files_download("/large")[1].content == b"abcde"
    with pytest.raises(ApiError) as over:
        cloud.files_upload_session_finish(b"", UploadSessionCursor(session_id, 5), commit)
    assert over.value.error.get_lookup_failed().is_not_found()


def test_a_session_that_is_closed_takes_no_more_and_a_bad_path_is_refused(cloud: dropbox.Dropbox) -> None:
    session_id = cloud.files_upload_session_start(b"ab", close=True).session_id
    with pytest.raises(ApiError) as closed:
        cloud.files_upload_session_append_v2(b"c", UploadSessionCursor(session_id, 2))
    assert closed.value.error.is_closed()
    with pytest.raises(ApiError) as refused:
        cloud.files_upload_session_finish(b"", UploadSessionCursor(session_id, 2), CommitInfo("/.dropbox"))
    assert refused.value.error.get_path().is_disallowed_name()
