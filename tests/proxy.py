"""`python -m tests.proxy PORT SERVER_PORT LOGIN`: an HTTP proxy behind which one server stands for all.

Prints what is asked for, a line each: the method, the place and, of requests that it passes on, the path.
"""

import asyncio
import sys
from asyncio import IncompleteReadError, StreamReader, StreamWriter
from base64 import b64encode

from tests.tls_relay import copy


async def serve(port: int, server_port: int, login: str) -> None:
    """Serve until the process ends. login: USER:PASSWORD, without which nobody is let through; empty: none."""
    expected = login and f"Proxy-Authorization: Basic {b64encode(login.encode()).decode()}"

    async def handle(reader: StreamReader, writer: StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except IncompleteReadError:  # somebody only looks whether there is a proxy
            writer.close()
            return
        lines = head.decode().splitlines()
        method, target, _ = lines[0].split()
        print(method, target, flush=True)
        if expected and expected.lower() not in map(str.lower, lines):
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            writer.close()
            return
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", server_port)
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        else:
            server_writer.write(head)
        await asyncio.gather(copy(reader, server_writer), copy(server_reader, writer))

    server = await asyncio.start_server(handle, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    port, server_port, login = sys.argv[1:]
    asyncio.run(serve(int(port), int(server_port), login))
