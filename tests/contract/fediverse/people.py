"""People on one server of the fediverse, what they do there, and the tallies of it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from pipeline.records import Counts, Post
from tests.conftest import ROOT
from tests.contract.fediverse.mock import HOST, TOKENS
from tests.servers import Server, traversable_folder

Fields = dict[str, Any]


class Mock(Server):
    """mastodon_mock as a process of its own, with a database in memory."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.url = f"http://127.0.0.1:{self.port}"
        self.command = [sys.executable, "-m", "tests.contract.fediverse.mock", str(self.port)]
        self.environment = os.environ | {"PYTHONPATH": str(ROOT)}

    def answers(self) -> bool:
        assert self.process.poll() is None, (self.folder / "server.log").read_text(encoding="utf-8")
        try:
            return httpx.get(f"{self.url}/api/v2/instance", trust_env=False).is_success
        except httpx.TransportError:
            return False

    def reset(self) -> None:
        """Take back all that was done, and the faults."""
        assert httpx.post(f"{self.url}/api/v1/_mock/reset", trust_env=False).is_success
        for fault in httpx.get(f"{self.url}/api/v1/_mock/faults", trust_env=False).json():
            httpx.delete(f"{self.url}/api/v1/_mock/faults/{fault['id']}", trust_env=False)


@contextmanager
def mock() -> Iterator[Mock]:
    with traversable_folder() as folder, Mock(folder).running() as server:
        yield server


@dataclass(eq=False)
class Written:
    """A post, and how often people did what is counted. Quotes are not: the mock does not tell their number."""

    id: str
    at: datetime
    boosts: int = 0
    favourites: int = 0
    replies: int = 0

    def expected(self) -> Post:
        """What is to be read of it."""
        return Post(self.id, self.at, Counts(reposts=self.boosts, likes=self.favourites, replies=self.replies))


@dataclass(frozen=True)
class Person:
    """An account, and its token."""

    id: str
    name: str
    http: httpx.Client

    @property
    def handle(self) -> str:
        return f"{self.name}@{HOST}"

    @property
    def remote_id(self) -> str:
        return f"https://{HOST}/@{self.name}#{self.id}"

    def write(self, text: str, *, answers: Written | None = None, **fields: str) -> Written:
        """fields: further ones of POST /api/v1/statuses, such as visibility."""
        if answers:
            fields["in_reply_to_id"] = answers.id
            answers.replies += 1
        made = self.call("POST", "/api/v1/statuses", status=text, **fields)
        return Written(made["id"], datetime.fromisoformat(made["created_at"]))

    def boost(self, post: Written) -> None:
        self._do(post, "reblog")
        post.boosts += 1

    def unboost(self, post: Written) -> None:
        self._do(post, "unreblog")
        post.boosts -= 1

    def favourite(self, post: Written) -> None:
        self._do(post, "favourite")
        post.favourites += 1

    def unfavourite(self, post: Written) -> None:
        self._do(post, "unfavourite")
        post.favourites -= 1

    def pin(self, post: Written) -> None:
        self._do(post, "pin")

    def delete(self, post: Written, *, answers: Written | None = None) -> None:
        """answers: what it answers, where that is so."""
        self.call("DELETE", f"/api/v1/statuses/{post.id}")
        if answers:
            answers.replies -= 1

    def follow(self, other: "Person") -> None:
        self.call("POST", f"/api/v1/accounts/{other.id}/follow")

    def suspend(self, other: "Person") -> None:
        """Only an administrator may."""
        self.call("POST", f"/api/v1/admin/accounts/{other.id}/action", type="suspend")

    def call(self, method: str, path: str, **fields: str) -> Fields:
        answer = self.http.request(method, path, data=fields or None)
        assert answer.is_success, (path, answer.status_code, answer.text)
        return dict(answer.json())

    def _do(self, post: Written, action: str) -> None:
        self.call("POST", f"/api/v1/statuses/{post.id}/{action}")


@contextmanager
def person(server: Mock, name: str) -> Iterator[Person]:
    headers = {"Authorization": f"Bearer {TOKENS[name]}"}
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False, timeout=30) as http:
        yield Person(http.get("/api/v1/accounts/verify_credentials").json()["id"], name, http)
