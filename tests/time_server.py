"""A server that tells the time as Redis does, so that a test can set the clock that all processes share."""

import socketserver
import time
from datetime import timedelta


class TimeServer(socketserver.ThreadingTCPServer):
    """Redis' TIME, and OK to whatever else a client says. late_s: how long an answer takes."""

    daemon_threads, allow_reuse_address = True, True
    ahead, late_s, asked = timedelta(0), 0.0, 0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.server_address[1]}"


class Answers(socketserver.StreamRequestHandler):
    server: TimeServer

    def handle(self) -> None:
        while line := self.rfile.readline():
            words = [self._word() for _ in range(int(line[1:]))]
            self.wfile.write(self._time() if words[0].upper() == b"TIME" else b"+OK\r\n")

    def _word(self) -> bytes:
        return self.rfile.read(int(self.rfile.readline()[1:]) + 2)[:-2]

    def _time(self) -> bytes:
        self.server.asked += 1
        time.sleep(self.server.late_s)
        now_s = time.time() + self.server.ahead.total_seconds()
        parts = (str(int(now_s)), str(int(now_s % 1 * 1e6)))
        return ("*2\r\n" + "".join(f"${len(part)}\r\n{part}\r\n" for part in parts)).encode()
