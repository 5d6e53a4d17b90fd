import os
import pickle
from struct import pack
from threading import Thread

from pipeline.messaging.worker_pool import WholeResultHandler

RESULT = "longer than a pipe" * 10_000


def test_a_result_that_comes_in_parts_is_read_whole() -> None:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    packed, heard = pickle.dumps(RESULT), list[str]()
    telling = Thread(target=_tell, args=(writer, pack("!i", len(packed)) + packed))
    telling.start()
    results = WholeResultHandler.__new__(WholeResultHandler)
    assert list(results._recv_message(lambda *_: None, reader, heard.append)) == []
    telling.join()
    assert heard == [RESULT]


def _tell(writer: int, message: bytes) -> None:
    with os.fdopen(writer, "wb", buffering=0) as pipe:
        rest = memoryview(message)
        while rest:
            rest = rest[pipe.write(rest) or 0 :]
