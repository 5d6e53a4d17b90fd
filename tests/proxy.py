"""`python -m tests.proxy PORT SERVER_PORT LOGIN`: an HTTP and SOCKS5 proxy behind which one server stands for all.

Prints what is asked for, a line each: the method, the place and, of requests that it passes on, the path.
"""

import asyncio
import sys
from asyncio import IncompleteReadError, StreamReader, StreamWriter
from base64 import b64encode
from contextlib import suppress

from tests.tls_relay import copy

SOCKS5, BY_PASSWORD, ADDRESS, NAME = 5, 2, 1, 3


class RefusedError(Exception):
    """The login is wrong."""


async def serve(port: int, server_port: int, login: str) -> None:
    """Serve until the process ends. login: USER:PASSWORD, without which nobody is let through; empty: none."""

    async def handle(reader: StreamReader, writer: StreamWriter) -> None:
        with suppress(IncompleteReadError, RefusedError):  # somebody only looks whether there is a proxy
            first = await reader.readexactly(1)
            passed_on = await (_socks if first[0] == SOCKS5 else _http)(first, reader, writer, login)
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", server_port)
            server_writer.write(passed_on)
            await asyncio.gather(copy(reader, server_writer), copy(server_reader, writer))
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", port)
    await server.serve_forever()


async def _http(first: bytes, reader: StreamReader, writer: StreamWriter, login: str) -> bytes:
    """Answer the request; returns what the server is to have of it: nothing of a CONNECT."""
    head = first + await reader.readuntil(b"\r\n\r\n")
    lines = head.decode().splitlines()
    method, target, _ = lines[0].split()
    print(method, target, flush=True)
    expected = f"Proxy-Authorization: Basic {b64encode(login.encode()).decode()}"
    if login and expected.lower() not in map(str.lower, lines):
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        raise RefusedError
    if method != "CONNECT":
        return head
    writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
    return b""


async def _socks(_: bytes, reader: StreamReader, writer: StreamWriter, login: str) -> bytes:
    """RFC 1928 and 1929, by a password and to a name or an IPv4 address."""
    await _counted(reader)
    writer.write(bytes([SOCKS5, BY_PASSWORD]))
    await reader.readexactly(1)
    given = b":".join([await _counted(reader), await _counted(reader)]).decode()
    writer.write(bytes([1, given != login]))
    if given != login:
        raise RefusedError
    kind = (await reader.readexactly(4))[-1]
    place = await _counted(reader) if kind == NAME else await reader.readexactly(4)
    await reader.readexactly(2)
    print("SOCKS5", place.decode() if kind == NAME else ".".join(map(str, place)), flush=True)
    writer.write(bytes([SOCKS5, 0, 0, ADDRESS, *bytes(6)]))
    return b""


async def _counted(reader: StreamReader) -> bytes:
    """Bytes behind their number."""
    return await reader.readexactly((await reader.readexactly(1))[0])


if __name__ == "__main__":
    port, server_port, login = sys.argv[1:]
    asyncio.run(serve(int(port), int(server_port), login))
