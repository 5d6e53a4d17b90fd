"""mastodon_mock, another implementation of Mastodon's API, as one server: python -m tests.contract.fediverse.mock PORT.

Its WebFinger alone is not its own: that names an address of its machine, which no guarded client asks, and another
address of the account than its API.
"""

import sys

import uvicorn
from mastodon_mock.app import create_app
from mastodon_mock.config import MastodonMockConfig, SeedAccount, SeedConfig
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

HOST = "social.example"
"""The server's name; whoever asks for it is led to this machine by FEDIVERSE_API_URL."""
TOKENS = {"ada": "token-of-ada", "ben": "token-of-ben", "eve": "token-of-eve", "admin": "token-of-admin"}
"""By the names of the accounts that it has from the start."""


def finger(request: Request) -> Response:
    """What RFC 7033 asks for. The actor's address is that which the API tells of the account."""
    resource = request.query_params.get("resource", "")
    user, _, host = resource.removeprefix("acct:").partition("@")
    if user not in TOKENS or host != HOST:
        return Response(status_code=404)
    link = {"rel": "self", "type": "application/activity+json", "href": f"https://{HOST}/@{user}"}
    return JSONResponse({"subject": f"acct:{user}@{HOST}", "links": [link]}, media_type="application/jrd+json")


def main(port: int) -> None:
    accounts = [
        SeedAccount(username=name, access_token=token, role="admin" if name == "admin" else "user")
        for name, token in TOKENS.items()
    ]
    app = create_app(MastodonMockConfig(domain=HOST, seed=SeedConfig(accounts=accounts)))
    app.router.routes.insert(0, Route("/.well-known/webfinger", finger))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main(int(sys.argv[1]))
