"""The faults of each service, by name, in the form that the sandbox takes."""

import time
from collections.abc import Callable, Mapping

from tests.e2e.chat import Json

TIMELINE, USERS = "GET /2/users/:id/tweets", "GET /2/users/by"
OF_ONE_CHAT = ("sendPhoto", "editMessageMedia", "sendMessage", "sendPhoto", "editMessageText", "getChatMember")
OF_ALL = ("answerCallbackQuery", "getUpdates")
HTML = {"body": "<html>502 Bad Gateway</html>", "headers": {"Content-Type": "text/html"}}
Fault = Mapping[str, object]


def _refused(status: int, description: str, **parameters: int) -> dict[str, Json]:
    body = {"ok": False, "error_code": status, "description": description}
    return {"status": status, "body": body | ({"parameters": parameters} if parameters else {})}


TELEGRAM: dict[str, Fault] = {
    "429": _refused(429, "Too Many Requests: retry after 2", retry_after=2),
    "429 without a time": _refused(429, "Too Many Requests"),
    "500": _refused(500, "Internal Server Error"),
    "502 with HTML": {"status": 502, **HTML},
    "connection cut": {"status": 0},
    "accepted, answer lost": {"status": 0, "accepted": True},
    "accepted, answered with HTML": {"status": 502, "accepted": True, **HTML},
    "accepted, answered late": {"delay": 3},
}
X: dict[str, Callable[[], Fault]] = {
    "429": lambda: {"status": 429, "body": {}, "headers": {"x-rate-limit-reset": str(int(time.time()) + 3)}},
    "503": lambda: {"status": 503, "body": {"title": "Service Unavailable"}},
    "200 with HTML": lambda: {"status": 200, **HTML},
    "connection cut": lambda: {"status": 0},
    "answered late": lambda: {"delay": 2},
}
DROPBOX: dict[str, Fault] = {
    "429": {"status": 429, "body": {"error_summary": "too_many_requests/"}, "headers": {"Retry-After": "1"}},
    "500": {"status": 500},
    "accepted, answer lost": {"status": 0, "accepted": True},
    "answered late": {"delay": 2},
}
