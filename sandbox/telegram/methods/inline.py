"""answerInlineQuery, with results that are photos which Telegram holds."""

from sandbox.telegram import parameters as p
from sandbox.telegram.errors import bad_request
from sandbox.telegram.methods.contents import read_caption
from sandbox.telegram.methods.method import Call, method
from sandbox.telegram.records import Json, Photo

MAX_RESULTS = 50
MAX_ID_BYTES, MAX_OFFSET_BYTES = 64, 64
EXPIRES_S = 30.0  # not documented; people in public issues saw answers refused after about so long
RESULT: p.Readers = {
    **p.CAPTION,
    "type": p.string,
    "id": p.string,
    "photo_file_id": p.string,
    "title": p.string,
    "description": p.string,
    "reply_markup": p.record(p.INLINE_KEYBOARD),
}
BUTTON: p.Readers = {"text": p.string, "web_app": p.record({"url": p.string}), "start_parameter": p.string}


@method(
    "answerInlineQuery",
    {
        "inline_query_id": p.string,
        "results": p.array(p.record(RESULT)),
        "cache_time": p.integer,
        "is_personal": p.boolean,
        "next_offset": p.string,
        "button": p.record(BUTTON),
    },
)
async def answer_inline_query(call: Call) -> bool:
    asked = call.backend.inline_requests.get(call.get("inline_query_id", ""))
    if asked is None or asked.answered or call.backend.now() - asked.at > EXPIRES_S:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    results = call.get("results", [])
    if len(results) > MAX_RESULTS:
        raise bad_request("RESULTS_TOO_MUCH")
    if len(call.get("next_offset", "").encode()) > MAX_OFFSET_BYTES:
        raise bad_request("NEXT_OFFSET_INVALID")
    if len({result.get("id") for result in results}) < len(results):
        raise bad_request("RESULT_ID_DUPLICATE")
    asked.results = [_read(call, result) for result in results]
    asked.answered = True
    return True


def _read(call: Call, result: Json) -> Json:
    if result.get("type") != "photo" or "photo_file_id" not in result:
        raise bad_request("can't parse inline query result: unallowed type")
    if not 1 <= len(result.get("id", "").encode()) <= MAX_ID_BYTES:
        raise bad_request("RESULT_ID_INVALID")
    photo = call.backend.files.find(result["photo_file_id"])
    if not isinstance(photo, Photo):
        raise bad_request("can't use file of type Document as Photo")
    content = read_caption(result, photo)
    shown = {name: result.get(name) for name in ("id", "title", "description", "photo_file_id")}
    return shown | {"caption": content.text, "caption_entities": content.entities}
