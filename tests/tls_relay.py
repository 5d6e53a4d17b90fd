"""`python -m tests.tls_relay PORT SERVER_PORT CERTIFICATE KEY`: terminates TLS for a server, as stunnel does."""

import asyncio
import ssl
import sys
from asyncio import StreamReader, StreamWriter
from contextlib import suppress


async def serve(port: int, server_port: int, certificate: str, key: str) -> None:
    """Relay each connection to the server, until the process ends."""

    async def relay(client_reader: StreamReader, client_writer: StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", server_port)
        await asyncio.gather(copy(client_reader, server_writer), copy(server_reader, client_writer))

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    server = await asyncio.start_server(relay, "127.0.0.1", port, ssl=context)
    await server.serve_forever()


async def copy(reader: StreamReader, writer: StreamWriter) -> None:
    """Copy one direction of a connection until either end closes it."""
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


if __name__ == "__main__":
    port, server_port, *files = sys.argv[1:]
    asyncio.run(serve(int(port), int(server_port), *files))
