"""What hostile servers and names try: a request ends in a fixed sentence, in time, and near no private host."""

import gzip
import json
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count, repeat

import pytest

from pipeline.errors import ServiceError
from pipeline.settings import EACH_SERVER
from pipeline.sources.fediverse.connection import Answer, Connection
from pipeline.sources.fediverse.refusals import NotAskedError
from tests.unit.sources.fediverse.conftest import HOST, PUBLIC, Host, Internet, Serve, reply, zipped

NO_ANSWER = "{server} is not answering"
NO_MASTODON = "{server} is not a Mastodon server that I can read"
NO_GUESTS = "{server} shows nothing to people who are not signed in"
NOT_ALLOWED = "{server} is not an address that I may read"
TOO_MANY = "{server} accepts no more requests for now"
METADATA = "169.254.169.254"
OTHER = "other.ours.org"
OTHER_PUBLIC = "93.184.216.35"


def refusal(connection: Connection, host: str = HOST, target: str = "/x") -> str:
    """The sentence that a request ends in. It names the host alone, and stops further requests."""
    with pytest.raises(ServiceError) as raised:
        connection.get(host, target)
    assert raised.value.text.values == {"server": host}
    stop = connection.servers.stop_of(host)
    assert stop is not None
    assert stop.reason == raised.value.text
    return raised.value.text.msgid


def redirected(connection: Connection) -> Answer:
    return connection.get_redirected(HOST, "/.well-known/webfinger?resource=acct:a@social.ours.org")


def test_an_honest_answer_is_read(connection: Connection, serve: Serve) -> None:
    host = serve(lambda _: zipped(b'{"a": ["\xc3\xa4", 1.5]}'))
    answer = connection.get(HOST, "/api/v1/accounts/lookup?acct=a%40b")
    assert answer.body == {"a": ["ä", 1.5]}
    [head] = host.heads
    assert head.splitlines() == [
        "GET /api/v1/accounts/lookup?acct=a%40b HTTP/1.1",
        "Host: social.ours.org",
        "User-Agent: Tallybird (+ours)",
        "Accept: application/json, application/jrd+json",
        "Accept-Encoding: gzip",
        "",
    ]


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["::1"],
        [METADATA],
        ["64:ff9b::7f00:1"],
        ["2002:7f00:1::"],
        ["::ffff:127.0.0.1"],
        ["2001:0:4136:e378:8000:63bf:80ff:fffe"],
        [PUBLIC, "127.0.0.1"],
        ["10.0.0.1", PUBLIC],
        [],
    ],
)
def test_a_name_with_any_private_address_is_not_dialled(
    connection: Connection, internet: Internet, serve: Serve, addresses: list[str]
) -> None:
    host = serve(lambda _: reply({}))
    internet.names[HOST] = [addresses]
    internet.ports |= dict.fromkeys(addresses, host.port)
    assert refusal(connection) == NOT_ALLOWED
    assert internet.dialled == []
    assert host.heads == []


def test_the_address_that_was_tested_is_dialled_though_the_name_changes_at_once(
    connection: Connection, internet: Internet, serve: Serve
) -> None:
    serve(lambda _: reply({}))
    internet.names[HOST] = [[PUBLIC], ["127.0.0.1"]]
    assert connection.get(HOST, "/x").status == 200
    assert internet.asked == [HOST]
    assert internet.dialled == [(PUBLIC, 443)]
    assert refusal(connection) == NOT_ALLOWED
    assert internet.dialled == [(PUBLIC, 443)]


def test_the_next_address_is_tried_where_the_first_is_silent(
    connection: Connection, internet: Internet, serve: Serve
) -> None:
    serve(lambda _: reply({}))
    internet.names[HOST] = [["2606:4700::1111", PUBLIC]]
    assert connection.get(HOST, "/x").status == 200
    assert internet.dialled == [("2606:4700::1111", 443), (PUBLIC, 443)]


def test_no_more_than_a_few_addresses_are_tried(connection: Connection, internet: Internet) -> None:
    internet.names[HOST] = [[f"93.184.216.{number}" for number in range(100)]]
    assert refusal(connection) == NO_ANSWER
    assert len(internet.dialled) == 4


def test_a_name_that_does_not_exist_does_not_answer(connection: Connection, internet: Internet) -> None:
    assert refusal(connection) == NO_ANSWER
    assert internet.dialled == []


def test_a_certificate_of_another_name_is_refused(connection: Connection, serve: Serve) -> None:
    host = serve(lambda _: reply({}), "social.theirs.org")
    assert refusal(connection, "social.theirs.org") == NO_ANSWER
    assert host.heads == []


def test_a_certificate_that_nobody_vouches_for_is_refused(internet: Internet, serve: Serve) -> None:
    host = serve(lambda _: reply({}))
    connection = Connection(EACH_SERVER, "Tallybird", resolver=internet.resolve, network=internet)
    assert refusal(connection) == NO_ANSWER
    assert host.heads == []


@pytest.mark.parametrize(
    "place",
    [
        "http://social.ours.org/x",
        "http://127.0.0.1/x",
        "https://127.0.0.1/x",
        "https://0x7f.1/x",
        "https://[::1]/x",
        "https://social.ours.org:8443/x",
        "https://a:b@social.ours.org/x",
        "https://@social.ours.org/x",
        "https://host.internal/x",
        "https://social.ours.org:99999/x",
        "https://[/x",
        "//127.0.0.1/x",
        "ftp://social.ours.org/x",
        "javascript:alert(1)",
        "https://social.ours.org/\xe4",
        "https://social.ours.org/a b",
    ],
)
def test_a_redirect_to_a_place_that_may_not_be_asked_is_not_followed(
    connection: Connection, internet: Internet, serve: Serve, place: str
) -> None:
    host = serve(lambda _: reply({}, status=302, location=place).replace("ä".encode(), b"\xe4"))
    with pytest.raises(ServiceError) as raised:
        redirected(connection)
    assert raised.value.text.msgid == NOT_ALLOWED
    assert len(host.heads) == 1
    assert internet.dialled == [(PUBLIC, 443)]


def test_a_redirect_to_a_name_with_a_private_address_is_not_dialled(
    connection: Connection, internet: Internet, serve: Serve
) -> None:
    serve(lambda _: reply({}, status=301, location=f"https://{OTHER}/x"))
    internet.names[OTHER] = [[METADATA]]
    with pytest.raises(ServiceError) as raised:
        redirected(connection)
    assert raised.value.text.msgid == NOT_ALLOWED
    assert internet.dialled == [(PUBLIC, 443)]
    assert connection.servers.stop_of(HOST) is not None
    assert connection.servers.stop_of(OTHER) is None, "whom a redirect names is not to blame for it"


def test_redirects_without_an_end_are_followed_three_times(connection: Connection, serve: Serve) -> None:
    turns = count()
    host = serve(lambda _: reply({}, status=302, location=f"/{next(turns)}"))
    with pytest.raises(ServiceError) as raised:
        redirected(connection)
    assert raised.value.text.msgid == NO_GUESTS
    assert [head.split()[1] for head in host.heads[1:]] == ["/0", "/1", "/2"]


def test_a_redirect_to_another_host_is_followed(connection: Connection, serve: Serve) -> None:
    serve(lambda _: reply({}, status=301, location=f"https://{OTHER}/jrd?a=b"))
    other = serve(lambda _: reply({"subject": "x"}), OTHER, OTHER_PUBLIC)
    answer = redirected(connection)
    assert (answer.host, answer.body) == (OTHER, {"subject": "x"})
    assert other.heads[0].startswith("GET /jrd?a=b HTTP/1.1\r\nHost: other.ours.org\r\n")


def test_the_api_is_not_redirected(connection: Connection, serve: Serve) -> None:
    host = serve(lambda _: reply({}, status=302, location=f"https://{HOST}/login"))
    assert refusal(connection) == NO_GUESTS
    assert len(host.heads) == 1


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (reply({}, status=401), NO_GUESTS),
        (reply({}, status=422), NO_GUESTS),
        (reply(raw=b"<html>", status=403, content_type="text/html"), NO_GUESTS),
        (reply(raw=b"<html>", content_type="text/html"), NO_MASTODON),
        (reply({}, content_type="text/json"), NO_MASTODON),
        (reply({}, content_type="application/json-seq"), NO_MASTODON),
        (reply({}, status=405), NO_MASTODON),
        (reply({}, status=500), NO_ANSWER),
        (reply({}, status=503), NO_ANSWER),
        (reply({}, age="86400"), NO_ANSWER),
        (reply({"error": "Too many requests"}, status=429), TOO_MANY),
    ],
)
def test_a_server_that_cannot_be_read_says_why_in_a_fixed_sentence(
    connection: Connection, serve: Serve, answer: bytes, sentence: str
) -> None:
    serve(lambda _: answer)
    assert refusal(connection) == sentence


def bomb(size: int) -> bytes:
    return b'{"a": "' + bytes(size) + b'"}'


def zipped_twice(body: bytes) -> bytes:
    return reply(raw=gzip.compress(gzip.compress(body)), content_encoding="gzip, gzip")


def nothing_for_ever() -> Iterator[bytes]:
    """A compressed body that grows on the wire and holds nothing."""
    packer = zlib.compressobj(wbits=31)
    yield b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\n\r\n"
    yield packer.compress(b"")
    while True:
        yield packer.flush(zlib.Z_FULL_FLUSH) or b"\x00\x00\x00\xff\xff" * 10_000


def chunk_extensions() -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    yield from repeat(b"1;" + b"x" * 60_000 + b"\r\n[\r\n")


def headers_for_ever() -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\n"
    yield from (f"x-{number}: {'y' * 1000}\r\n".encode() for number in count())


def informational_for_ever() -> Iterator[bytes]:
    yield from repeat(b"HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\n" * 1000)


@pytest.mark.parametrize(
    "answer",
    [
        reply(raw=zlib.compress(b"{}"), content_encoding="deflate"),
        reply(raw=b"\x1b\x03\x00", content_encoding="br"),
        reply(raw=gzip.compress(b"{}" * 100)[:-5], content_encoding="gzip"),
        reply(raw=b"{}", content_encoding="gzip"),
        reply(raw=b"[" * 1_900_000),
        reply(raw=b'{"a":' * 300_000 + b"1" + b"}" * 300_000),
        reply(raw=b"[NaN]"),
        reply(raw=b"[-Infinity]"),
        reply(raw=b"[" + b"9" * 5000 + b"]"),
        reply(raw=b"\xff\xfe{\x00}\x00"),
        reply(raw=b'["\xff"]'),
        reply(raw=b""),
        reply(raw=b"{} {}"),
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000 + b"\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
    ],
    ids=range(17),
)
def test_an_answer_that_is_no_bounded_json_is_not_read(connection: Connection, serve: Serve, answer: bytes) -> None:
    serve(lambda _: answer)
    assert refusal(connection) == NO_MASTODON


@pytest.mark.parametrize(
    ("pack", "size"),
    [(zipped, 30_000_000), (zipped, 2_000_000), (zipped_twice, 30_000_000), (lambda body: reply(raw=body), 3_000_000)],
)
def test_an_answer_larger_than_any_that_is_read_is_cut_off(
    connection: Connection, serve: Serve, pack: Callable[[bytes], bytes], size: int
) -> None:
    answer = pack(bomb(size))
    serve(lambda _: answer)
    assert refusal(connection) == NO_MASTODON


@pytest.mark.parametrize("make", [nothing_for_ever, chunk_extensions, headers_for_ever, informational_for_ever])
def test_an_answer_without_an_end_is_cut_off_by_its_size(
    connection: Connection, serve: Serve, make: Callable[[], Iterator[bytes]]
) -> None:
    serve(lambda _: make())
    assert refusal(connection) == NO_MASTODON, "its time would have been over"


def test_drips_and_silence_end_in_time_and_hold_up_no_other_host(
    connection: Connection, internet: Internet, serve: Serve
) -> None:
    """Each byte comes sooner than the time limit of a read, so that only the limit of a whole answer ends it."""
    hosts: dict[str, Host] = {}
    answer = reply({"a": "b" * 100})

    def drips(name: str) -> Iterator[bytes]:
        return hosts[name].drip((answer[at : at + 1] for at in range(len(answer))), 1)

    def late(name: str) -> Iterator[bytes]:
        head, _, body = answer.partition(b"\r\n\r\n")
        yield head + b"\r\n\r\n"
        yield from hosts[name].drip((body[at : at + 1] for at in range(len(body))), 1)

    def silent(name: str) -> Iterator[bytes]:
        hosts[name].stopped.wait(30)
        yield b""

    for index, behave in enumerate((drips, late, silent)):
        name = f"{behave.__name__}.ours.org"
        hosts[name] = serve(lambda _, behave=behave, name=name: behave(name), name, f"93.184.217.{index}")
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # takes connections, and never says a word of TLS
        internet.names["deaf.ours.org"], internet.ports["93.184.217.9"] = [["93.184.217.9"]], deaf.getsockname()[1]
        serve(lambda _: reply({}), OTHER, OTHER_PUBLIC)
        began = time.monotonic()
        with ThreadPoolExecutor(4) as pool:
            waiting = [pool.submit(refusal, connection, name) for name in (*hosts, "deaf.ours.org")]
            assert connection.get(OTHER, "/x").status == 200
            assert time.monotonic() - began < 2, "a slow host must not hold up another"
            assert [each.result() for each in waiting] == [NO_ANSWER] * 4
    assert time.monotonic() - began < 12


def test_a_resolver_that_hangs_holds_up_nobody_for_long(internet: Internet) -> None:
    released = threading.Event()

    def hang(_host: str) -> list[str]:
        released.wait(30)
        return [PUBLIC]

    slow = Connection(EACH_SERVER, "Tallybird", resolver=hang, network=internet)
    began = time.monotonic()
    assert refusal(slow) == NO_ANSWER
    assert time.monotonic() - began < 4
    released.set()


def test_a_request_ends_with_the_tick_and_blames_no_server_that_had_little_time(
    connection: Connection, serve: Serve
) -> None:
    hosts: list[Host] = []
    hosts.append(serve(lambda _: hosts[0].drip(repeat(b"H"), 0.1)))
    began = time.monotonic()
    with pytest.raises(NotAskedError):
        connection.get(HOST, "/x", ends_at=began + 0.5)
    assert time.monotonic() - began < 1
    assert connection.servers.stop_of(HOST) is None


def test_a_host_that_closes_the_connection_does_not_answer(connection: Connection, serve: Serve) -> None:
    host = serve(lambda _: b"")
    assert refusal(connection) == NO_ANSWER
    assert len(host.heads) == 1


def test_a_host_has_one_request_at_a_time(connection: Connection, serve: Serve) -> None:
    hosts: list[Host] = []
    at_once, most = [0], [0]

    def answer(_head: str) -> Iterator[bytes]:
        at_once[0] += 1
        most[0] = max(most[0], at_once[0])
        hosts[0].stopped.wait(0.05)
        at_once[0] -= 1
        yield reply({})

    hosts.append(serve(answer))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: connection.get(HOST, f"/{number}"), range(8)))
    assert [each.status for each in answers] == [200] * 8
    assert most == [1]


def test_a_stopped_host_is_not_asked_again(connection: Connection, serve: Serve) -> None:
    host = serve(lambda _: reply({}, status=500))
    assert refusal(connection) == NO_ANSWER
    with pytest.raises(NotAskedError):
        connection.get(HOST, "/x")
    assert len(host.heads) == 1


def test_cookies_and_proxies_of_the_environment_are_not_used(
    connection: Connection, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = Host(lambda _: reply({"from": "the proxy"}))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    host = serve(lambda _: reply({"from": "the server"}, set_cookie="a=b; Path=/"))
    assert [connection.get(HOST, "/x").body for _ in range(2)] == [{"from": "the server"}] * 2
    assert not any("cookie" in head.lower() for head in host.heads)
    assert proxy.heads == []
    proxy.stop()


def test_a_header_cannot_be_smuggled_through_a_target(connection: Connection, serve: Serve) -> None:
    serve(lambda _: reply({}))
    assert refusal(connection, target="/x HTTP/1.1\r\nx: y") == NO_MASTODON


def test_only_the_stand_in_is_dialled_where_the_settings_name_one(internet: Internet) -> None:
    def answer(head: str) -> bytes:
        return reply({"asked": head.split()[1]})

    stand_in = Host(answer)
    connection = Connection(f"http://127.0.0.1:{stand_in.port}/fediverse/{{host}}", "T", resolver=internet.resolve)
    assert connection.get("social.example", "/a?b=c").body == {"asked": "/fediverse/social.example/a?b=c"}
    assert internet.asked == []
    stand_in.stop()


def test_a_redirect_of_a_stand_in_stays_at_it(internet: Internet) -> None:
    def answer(head: str) -> bytes:
        is_first = "/fediverse/a.example/" in head
        place = "https://b.example/y" if is_first else json.dumps(stand_in_address)
        return reply({}, status=302, location=place) if is_first else reply({"here": head.split()[1]})

    stand_in = Host(answer)
    stand_in_address = f"http://127.0.0.1:{stand_in.port}"
    connection = Connection(f"{stand_in_address}/fediverse/{{host}}", "T", resolver=internet.resolve)
    assert connection.get_redirected("a.example", "/x").body == {"here": "/fediverse/b.example/y"}
    stand_in.stop()
