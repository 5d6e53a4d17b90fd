"""answerCallbackQuery."""

from sandbox.telegram import parameters as p
from sandbox.telegram.backend import CALLBACK_EXPIRES_S
from sandbox.telegram.errors import bad_request
from sandbox.telegram.methods.method import Call, method
from sandbox.telegram.text import utf16_length

MAX_ANSWER = 200


@method(
    "answerCallbackQuery",
    {
        "callback_query_id": p.string,
        "text": p.string,
        "show_alert": p.boolean,
        "url": p.string,
        "cache_time": p.integer,
    },
)
async def answer_callback_query(call: Call) -> bool:
    callback = call.backend.callbacks.get(call.get("callback_query_id", ""))
    if callback is None or call.backend.now() - callback.at > CALLBACK_EXPIRES_S:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    if utf16_length(call.get("text", "")) > MAX_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    if not callback.answered:
        callback.answered = True
        callback.text, callback.url = call.get("text", ""), call.get("url", "")
        callback.show_alert = call.get("show_alert", False)
    return True
