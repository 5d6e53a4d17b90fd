"""What posts gained from one reading to another, packed to bytes: 15 to 57 bytes a post that changed."""

from collections.abc import Iterable
from hashlib import blake2b
from struct import Struct

from pipeline.records import Counts

WIDTHS = (1, 2, 4, 8)
"""In bytes: all numbers of a packed row are as wide as its greatest demands. The row's first byte says how wide."""
LAYOUTS = {width: Struct(f"<qB{len(Counts._fields)}{code}") for width, code in zip(WIDTHS, "bhiq", strict=True)}
"""Of a post: its mark, which of its counts were first known then (a bit each, in the order of Counts), its gains."""

PostGain = tuple[int, ...]
"""Which counts were first known then, and what each count gained: 0 for one that is not known."""
Gains = dict[int, PostGain]
"""By the posts' marks."""


def hash_post_id(post_id: str) -> int:
    """A post's id in eight bytes, whatever ids look like on its network."""
    return int.from_bytes(blake2b(post_id.encode(), digest_size=8).digest(), "little", signed=True)


def diff_counts(before: Counts, now: Counts, *, born: bool) -> PostGain:
    """What a post gained since it was read before; one born since began at nothing.

    before: None for a count that was not told then. What it gained until it is told for the first time is not known.
    """
    first, gained = 0, [0] * len(now)
    for place, (was, count) in enumerate(zip(before, now, strict=True)):
        if count is not None and (born or was is not None):
            gained[place] = count - (was or 0)
        elif count is not None:
            first |= 1 << place
    return (first, *gained)


def pack(gains: Gains) -> bytes:
    greatest = max((abs(number) for _, *numbers in gains.values() for number in numbers), default=0)
    width = next(width for width in WIDTHS if greatest < 1 << (8 * width - 1))
    layout = LAYOUTS[width]
    return bytes([width]) + b"".join(layout.pack(post, *entry) for post, entry in gains.items())


def unpack(packed: bytes) -> Gains:
    return {row[0]: row[1:] for row in LAYOUTS[packed[0]].iter_unpack(packed[1:])}


def merge(all_gains: Iterable[Gains]) -> Gains:
    """What the posts gained in all of these together."""
    total: Gains = {}
    for gains in all_gains:
        for post, entry in gains.items():
            known = total.get(post)
            total[post] = entry if known is None else _sum(known, entry)
    return total


def _sum(one: PostGain, other: PostGain) -> PostGain:
    return (one[0] | other[0], *(a + b for a, b in zip(one[1:], other[1:], strict=True)))
