"""Writes a bitmap as a PNG."""

from struct import pack
from zlib import crc32

from isal import isal_zlib

from pipeline.chart.paint.bitmap import IndexedBitmap

LEVEL = 2
"""ISA-L's level of compression: a little larger than zlib's level 3, in a tenth of its time."""


def png(bitmap: IndexedBitmap) -> bytes:
    """The bitmap as a PNG with a palette and without metadata: equal bitmaps give equal bytes.

    Pillow's encoder takes several times as long. Source: Portable Network Graphics (PNG) Specification, W3C, 2003,
    sections 5.6 and 11.2.
    """
    height, width = bitmap.indices.shape
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", bitmap.palette.rgb),
            _chunk(b"IDAT", isal_zlib.compress(bitmap.scanlines, LEVEL)),
            _chunk(b"IEND", b""),
        ]
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    return pack(">I", len(content)) + kind + content + pack(">I", crc32(kind + content))
