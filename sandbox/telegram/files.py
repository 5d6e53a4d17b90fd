"""Uploaded files, by content; a client refers to them by file_id or path."""

import hashlib
import io
import mimetypes
from pathlib import PurePath
from typing import TypeVar

from PIL import Image, UnidentifiedImageError

from sandbox.telegram.errors import ApiError, bad_request
from sandbox.telegram.records import Document, File, Photo

# core.telegram.org/bots/api#sendphoto and #senddocument
MAX_PHOTO_BYTES = 10 * 2**20
MAX_DOCUMENT_BYTES = 50 * 2**20
MAX_DOWNLOAD_BYTES = 20 * 2**20
MAX_SIDES_SUM_PX = 10_000
MAX_SIDES_RATIO = 20
UNKNOWN_FILE = "wrong file identifier/HTTP URL specified"

AnyFile = TypeVar("AnyFile", Photo, Document)


class Files:
    def __init__(self) -> None:
        self._by_id: dict[str, File] = {}
        self._by_path: dict[str, File] = {}

    def add_photo(self, data: bytes) -> Photo:
        """The photo of these bytes; the same bytes are the same photo, as on Telegram's servers."""
        unique_id = _digest(b"photo", data)
        known = self._by_id.get(f"AgACy{unique_id}")
        return known if isinstance(known, Photo) else self._keep(_read_photo(unique_id, data))

    def add_document(self, data: bytes, file_name: str) -> Document:
        if len(data) > MAX_DOCUMENT_BYTES:
            raise ApiError(413, "Request Entity Too Large")
        if not data:
            raise bad_request("file must be non-empty")
        name = PurePath(file_name).name or "file"
        unique_id = _digest(b"document", name.encode(), data)
        content_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        path = f"documents/{unique_id}{PurePath(name).suffix}"
        return self._keep(Document(unique_id, path, name, content_type, data))

    def find(self, file_id: str) -> File:
        if file := self._by_id.get(file_id):
            return file
        raise bad_request(UNKNOWN_FILE)

    def at_path(self, path: str) -> File | None:
        return self._by_path.get(path)

    def _keep(self, file: AnyFile) -> AnyFile:
        self._by_path[file.path] = file
        self._by_id |= dict.fromkeys(file.file_ids(), file)
        return file


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:20]


def _read_photo(unique_id: str, data: bytes) -> Photo:
    if not data:
        raise bad_request("file must be non-empty")
    if len(data) > MAX_PHOTO_BYTES:
        raise bad_request(
            f"file of size {len(data)} bytes is too big for a photo; the maximum size is {MAX_PHOTO_BYTES} bytes"
        )
    width, height, kind = _measure(data)
    if width + height > MAX_SIDES_SUM_PX or max(width, height) > MAX_SIDES_RATIO * min(width, height):
        raise bad_request("PHOTO_INVALID_DIMENSIONS")
    return Photo(unique_id, f"photos/{unique_id}.{kind}", width, height, f"image/{kind}", data)


def _measure(data: bytes) -> tuple[int, int, str]:
    try:
        with Image.open(io.BytesIO(data)) as image:
            size, kind = image.size, (image.format or "").lower()
            image.verify()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise bad_request("IMAGE_PROCESS_FAILED") from error
    return *size, kind
