"""Reads the content of a message from a call: text, or a file with a caption."""

from collections.abc import Mapping
from typing import Any

from sandbox.body import Upload
from sandbox.telegram.errors import bad_request
from sandbox.telegram.files import UNKNOWN_FILE
from sandbox.telegram.methods.method import Call
from sandbox.telegram.records import Content, Document, File, Photo
from sandbox.telegram.text import check_caption, check_text, read_text


def read_message_text(call: Call) -> Content:
    text, entities = read_text(call.get("text", ""), call.get("parse_mode", ""), call.get("entities"))
    check_text(text)
    return Content(text, entities)


def read_caption(given: Mapping[str, Any], file: File | None) -> Content:
    caption, entities = read_text(given.get("caption", ""), given.get("parse_mode", ""), given.get("caption_entities"))
    check_caption(caption)
    return Content(caption, entities, file)


def read_photo(call: Call, given: Upload | str | None) -> Photo:
    if not given:
        raise bad_request("there is no photo in the request")
    if isinstance(given, Upload):
        return call.backend.files.add_photo(given.data)
    stored = _stored(call, given)
    if isinstance(stored, Upload):
        return call.backend.files.add_photo(stored.data)
    if isinstance(stored, Document):
        raise bad_request("can't use file of type Document as Photo")
    return stored


def read_document(call: Call, given: Upload | str | None) -> Document:
    if not given:
        raise bad_request("there is no document in the request")
    if isinstance(given, Upload):
        return call.backend.files.add_document(given.data, given.filename)
    stored = _stored(call, given)
    if isinstance(stored, Upload):
        return call.backend.files.add_document(stored.data, stored.filename)
    if isinstance(stored, Photo):
        raise bad_request("can't use file of type Photo as Document")
    return stored


def _stored(call: Call, reference: str) -> Upload | File:
    """The file of a file_id or an attach:// reference. A URL is refused, since the stand-in fetches nothing."""
    if not reference.startswith("attach://"):
        return call.backend.files.find(reference)
    upload = call.uploads.get(reference.removeprefix("attach://"))
    if upload is None:
        raise bad_request(UNKNOWN_FILE)
    return upload
