"""Upload sessions: the pieces of large files, until they are committed."""

import secrets


class SessionRefusedError(Exception):
    """An UploadSessionLookupError of Dropbox. correct_offset: of incorrect_offset."""

    def __init__(self, reason: str, correct_offset: int | None = None) -> None:
        super().__init__(reason)
        self.error: dict[str, str | int] = {".tag": reason}
        if correct_offset is not None:
            self.error["correct_offset"] = correct_offset


class Sessions:
    def __init__(self) -> None:
        self._contents: dict[str, bytearray] = {}
        self._closed: set[str] = set()

    def start(self, content: bytes, *, close: bool) -> str:
        """Begin a session; returns its id."""
        session_id = f"pid_upload_session:{secrets.token_urlsafe(24)}"
        self._contents[session_id] = bytearray(content)
        if close:
            self._closed.add(session_id)
        return session_id

    def append(self, session_id: str, offset: int, content: bytes, *, close: bool) -> None:
        """Raises SessionRefusedError."""
        stored = self._find(session_id, offset)
        if session_id in self._closed:
            raise SessionRefusedError("closed")
        stored.extend(content)
        if close:
            self._closed.add(session_id)

    def finish(self, session_id: str, offset: int, content: bytes) -> bytes:
        """All that was sent. The session goes on until `end`. Raises SessionRefusedError."""
        return bytes(self._find(session_id, offset) + content)

    def end(self, session_id: str) -> None:
        del self._contents[session_id]

    def _find(self, session_id: str, offset: int) -> bytearray:
        if session_id not in self._contents:
            raise SessionRefusedError("not_found")
        stored = self._contents[session_id]
        if offset != len(stored):
            raise SessionRefusedError("incorrect_offset", len(stored))
        return stored
