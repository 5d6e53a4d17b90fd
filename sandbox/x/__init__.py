"""The stand-in of the X API v2: the endpoints that read users and posts, with X's limits, words and prices."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from sandbox.control import BadInputError, read_fields
from sandbox.x import parameters, responses
from sandbox.x.backend import Backend, ConflictError, LoadedAccount
from sandbox.x.bill import Bill
from sandbox.x.limits import Limits
from sandbox.x.loading import LoadError, read_csv, read_json
from sandbox.x.records import METRICS, Account, Post, State
from sandbox.x.responses import Asked
from sandbox.x.timeline import select

Query = Mapping[str, Any]
MONTHLY_CAP = 3_000_000


@dataclass
class Answer:
    """What goes out, and what of it X bills."""

    body: dict[str, Any]
    posts: list[int] = field(default_factory=list)
    users: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Endpoint:
    path: str
    limit: int  # calls in 15 minutes
    readers: Mapping[str, parameters.Reader]
    required: tuple[str, ...]
    answer: Callable[[Query, datetime], Answer]


class X:
    def __init__(self, posts: Path | None = None, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._file = _read_file(posts) if posts else None
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        self._backend = Backend(invents=self._file is None).with_accounts(self._file or [])
        self._bill, self._limits = Bill(), Limits()

    def routes(self) -> list[web.RouteDef]:
        endpoints = [
            Endpoint("/users/by", 300, parameters.USERS_BY, ("usernames",), self._users_by),
            Endpoint("/users/by/username/{username}", 300, parameters.USER_BY, (), self._user_by),
            Endpoint("/users", 300, parameters.USERS, ("ids",), self._users),
            Endpoint("/users/{id}/tweets", 10_000, parameters.TIMELINE, (), self._timeline),
            Endpoint("/tweets", 3_500, parameters.POSTS, ("ids",), self._posts),
            Endpoint("/usage/tweets", 50, parameters.USAGE, (), self._usage),
        ]
        known = [web.get(f"/x/2{endpoint.path}", self._serve(endpoint)) for endpoint in endpoints]
        return [*known, web.route("*", "/x/{rest:.*}", _no_such_page)]

    def control_routes(self) -> list[web.RouteDef]:
        return [
            web.get("/_control/x/bill", self._show_bill),
            web.get("/_control/x/accounts", self._show_accounts),
            web.post("/_control/x/accounts", self._load_accounts),
            web.post("/_control/x/limit", self._agree_on_limit),
            web.post("/_control/x/posts/{id}", self._change_post),
            web.delete("/_control/x/posts/{id}", self._delete_post),
        ]

    def _serve(self, endpoint: Endpoint) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def serve(request: web.Request) -> web.Response:
            bearer = _bearer(request)
            if bearer is None:
                return _answer(401, responses.plain_problem(401, "Unauthorized"))
            now = self._clock()
            self._bill.count_request(now)
            window = self._limits.take(endpoint.path, bearer, endpoint.limit, now)
            if window.exceeded:
                return _answer(429, responses.plain_problem(429, "Too Many Requests"), window.headers())
            return _answer(*self._reply(endpoint, request, now), window.headers())

        return serve

    def _reply(self, endpoint: Endpoint, request: web.Request, now: datetime) -> tuple[int, dict[str, Any]]:
        given = [*request.match_info.items(), *request.query.items()]
        try:
            query = parameters.read(endpoint.readers, endpoint.required, given)
            answer = endpoint.answer(query, now)
        except parameters.InvalidQueryError as error:
            return 400, responses.invalid_request(error.errors)
        self._bill.charge(now, posts=answer.posts, users=answer.users)
        return 200, answer.body

    def _users_by(self, query: Query, now: datetime) -> Answer:
        found = {name: self._backend.by_username(name) for name in query["usernames"]}
        return self._many_users("usernames", found, query, now)

    def _users(self, query: Query, now: datetime) -> Answer:
        found = {str(user_id): self._backend.by_id(user_id) for user_id in query["ids"]}
        return self._many_users("ids", found, query, now)

    def _many_users(self, parameter: str, found: dict[str, Account | None], query: Query, now: datetime) -> Answer:
        refusals = {value: _lookup_refusal(account) for value, account in found.items()}
        accounts = [account for value, account in found.items() if account and not refusals[value]]
        errors = [refuse(parameter, value) for value, refuse in refusals.items() if refuse]
        data = [self._show_user(account, Asked.of(query), now) for account in accounts]
        return Answer(_drop_empty(data=data, errors=errors), users=[account.id for account in accounts])

    def _user_by(self, query: Query, now: datetime) -> Answer:
        account = self._backend.by_username(query["username"])
        refuse = _lookup_refusal(account)
        if account is None or refuse:
            return Answer({"errors": [(refuse or responses.user_not_found)("username", query["username"])]})
        return Answer({"data": self._show_user(account, Asked.of(query), now)}, users=[account.id])

    def _timeline(self, query: Query, now: datetime) -> Answer:
        account = self._backend.by_id(query["id"])
        refuse = _timeline_refusal(account)
        if account is None or refuse:
            return Answer({"errors": [(refuse or responses.user_not_found)("id", str(query["id"]))]})
        posts, meta = select(self._backend.timeline(account, now), query)
        answer = self._show_posts(posts, Asked.of(query), now)
        answer.body["meta"] = meta
        return answer

    def _posts(self, query: Query, now: datetime) -> Answer:
        found = {post_id: self._backend.post(post_id) for post_id in query["ids"]}
        refusals = {post_id: self._post_refusal(post) for post_id, post in found.items()}
        errors = [refuse("ids", str(post_id)) for post_id, refuse in refusals.items() if refuse]
        answer = self._show_posts(
            [post for post in found.values() if post and not refusals[post.id]], Asked.of(query), now
        )
        answer.body |= _drop_empty(errors=errors)
        return answer

    def _usage(self, query: Query, now: datetime) -> Answer:
        used = str(self._bill.posts_billed(now))
        daily = {"project_id": "1", "usage": [{"date": f"{now:%Y-%m-%d}T00:00:00.000Z", "usage": used}]}
        shown = {
            "cap_reset_day": 1,
            "project_cap": str(MONTHLY_CAP),
            "project_id": "1",
            "project_usage": str(sum(day["posts_billed"] for day in self._bill.statement()["by_day"].values())),
            "daily_project_usage": daily,
        }
        asked = query.get("usage.fields", {"cap_reset_day", "project_cap", "project_id", "project_usage"})
        return Answer({"data": {name: value for name, value in shown.items() if name in asked}})

    def _post_refusal(self, post: Post | None) -> responses.Refusal | None:
        author = self._backend.by_id(post.author_id) if post else None
        if author is None or author.state is State.SUSPENDED:
            return responses.post_not_found
        return responses.post_protected if author.state is State.PROTECTED else None

    def _show_posts(self, posts: list[Post], asked: Asked, now: datetime) -> Answer:
        data = [responses.show_post(post, self._backend.counts(post, now), asked) for post in posts]
        authors = self._authors(posts) if asked.with_authors else []
        includes = _drop_empty(users=[self._show_user(author, asked, now) for author in authors])
        body = _drop_empty(data=data, includes=includes)
        return Answer(body, [post.id for post in posts], [author.id for author in authors])

    def _authors(self, posts: list[Post]) -> list[Account]:
        found = (self._backend.by_id(author_id) for author_id in dict.fromkeys(post.author_id for post in posts))
        return [author for author in found if author and author.username]

    def _show_user(self, account: Account, asked: Asked, now: datetime) -> dict[str, Any]:
        return responses.show_user(account, len(self._backend.timeline(account, now)), asked)

    async def _show_bill(self, _: web.Request) -> web.Response:
        return web.json_response(self._bill.statement())

    async def _show_accounts(self, _: web.Request) -> web.Response:
        now = self._clock()
        return web.json_response(
            [
                {
                    "username": account.username,
                    "id": str(account.id),
                    "state": account.state,
                    "posts": len(self._backend.timeline(account, now)),
                }
                for account in self._backend.accounts()
            ]
        )

    async def _load_accounts(self, request: web.Request) -> web.Response:
        data = await request.read()
        try:
            loaded = _reader(request.content_type)(data)
            self._backend = self._backend.with_accounts(loaded)
        except (LoadError, ConflictError) as error:
            raise BadInputError(str(error)) from None
        return web.json_response({"accounts": len(loaded), "posts": sum(len(each.posts or ()) for each in loaded)})

    async def _agree_on_limit(self, request: web.Request) -> web.Response:
        """Lets every endpoint be asked so often in 15 minutes, counted from now."""
        agreed = await read_fields(request, required={"requests": int})
        if agreed["requests"] < 1:
            raise BadInputError("requests must be at least 1")
        self._limits = Limits(agreed["requests"])
        return web.json_response(agreed)

    async def _change_post(self, request: web.Request) -> web.Response:
        post = self._known_post(request)
        counts = read_counts(await request.read())
        self._backend.change(post.id, counts)
        return web.json_response({"id": str(post.id), **self._backend.counts(post, self._clock())})

    async def _delete_post(self, request: web.Request) -> web.Response:
        post = self._known_post(request)
        self._backend.delete(post.id)
        return web.json_response({"deleted": str(post.id)})

    def _known_post(self, request: web.Request) -> Post:
        text = request.match_info["id"]
        post = self._backend.post(int(text)) if text.isascii() and text.isdigit() else None
        if post is None:
            raise web.HTTPNotFound(text=f'{{"error": "no post has the id {text}"}}', content_type="application/json")
        return post


def read_counts(data: bytes) -> dict[str, int | None]:
    """Raises BadInputError. null says that X does not tell this count any more."""
    try:
        counts = json.loads(data)
    except ValueError:
        raise BadInputError("the body is not JSON") from None
    if not isinstance(counts, dict) or not counts or not set(counts) <= set(METRICS):
        raise BadInputError(f"the body must be an object with some of {', '.join(METRICS)}")
    for name, count in counts.items():
        if count is not None and (type(count) is not int or count < 0):
            raise BadInputError(f"{name} must be a whole number, zero or above, or null; not {count!r}")
    return counts


def _read_file(path: Path) -> list[LoadedAccount]:
    return read_csv(path.read_bytes())


def _reader(content_type: str) -> Callable[[bytes], list[LoadedAccount]]:
    try:
        return {"text/csv": read_csv, "application/json": read_json}[content_type]
    except KeyError:
        raise BadInputError(f"send text/csv or application/json, not {content_type}") from None


def _lookup_refusal(account: Account | None) -> responses.Refusal | None:
    """Protected accounts can be looked up. A recalled account without its handle cannot be."""
    if account is None or not account.username:
        return responses.user_not_found
    return responses.user_suspended if account.state is State.SUSPENDED else None


def _timeline_refusal(account: Account | None) -> responses.Refusal | None:
    if account is None:
        return responses.user_not_found
    refusals = {State.SUSPENDED: responses.user_suspended, State.PROTECTED: responses.user_protected}
    return refusals.get(account.state)


def _bearer(request: web.Request) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _drop_empty(**parts: Any) -> dict[str, Any]:
    return {name: part for name, part in parts.items() if part}


def _answer(status: int, body: dict[str, Any], headers: Mapping[str, str] | None = None) -> web.Response:
    return web.json_response(body, status=status, headers=headers)


async def _no_such_page(_: web.Request) -> web.Response:
    return _answer(404, responses.plain_problem(404, "Not Found"))
