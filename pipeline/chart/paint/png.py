"""From a painted sheet to the bytes of a PNG."""

from struct import pack
from zlib import crc32

from isal import isal_zlib

from pipeline.chart.paint.bitmap import IndexedBitmap

LEVEL = 2
"""ISA-L's: a little larger than zlib's 3, in a tenth of its time."""


def png(bitmap: IndexedBitmap) -> bytes:
    """The sheet with its own palette. No time and no program's name: equal sheets give equal bytes.

    Written by hand, since Pillow's encoder takes several times as long: portable network graphics, W3C, 5.6 and 11.2.
    """
    height, width = bitmap.pixels.shape
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", bitmap.palette.content),
            _chunk(b"IDAT", isal_zlib.compress(bitmap.lines, LEVEL)),
            _chunk(b"IEND", b""),
        ]
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    return pack(">I", len(content)) + kind + content + pack(">I", crc32(kind + content))
