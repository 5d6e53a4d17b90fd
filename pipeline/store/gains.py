"""What posts gained between two fetches, packed to bytes: 15 to 57 bytes for each post that changed."""

from collections.abc import Iterable
from hashlib import blake2b
from struct import Struct

from pipeline.records import Counts

WIDTHS = (1, 2, 4, 8)
"""In bytes. All gains of a packed row have one width, which its greatest gain needs; the row's first byte says it."""
LAYOUTS = {width: Struct(f"<qB{len(Counts._fields)}{code}") for width, code in zip(WIDTHS, "bhiq", strict=True)}
"""An entry of a packed row, for one post: the hash of its id, then its PostGain."""

PostGain = tuple[int, ...]
"""One post's gain. First a bit field of the counts that became known then, in the order of Counts, lowest bit first.

Then what each count gained, in that order: 0 for a count that is unknown or became known.
"""
Gains = dict[int, PostGain]
"""By the hash of the post's id."""


def hash_post_id(post_id: str) -> int:
    """A post's id as a signed 64-bit integer, whatever ids look like on its network."""
    return int.from_bytes(blake2b(post_id.encode(), digest_size=8).digest(), "little", signed=True)


def diff_counts(before: Counts, now: Counts, *, born: bool) -> PostGain:
    """What a post gained from one fetch to the next.

    before: None for a count that the first fetch did not return; what that count gained is unknown.
    born: the post was created between the two, so that all its counts started at zero.
    """
    became_known, gained = 0, [0] * len(now)
    for index, (old, new) in enumerate(zip(before, now, strict=True)):
        if new is not None and (born or old is not None):
            gained[index] = new - (old or 0)
        elif new is not None:
            became_known |= 1 << index
    return (became_known, *gained)


def pack(gains: Gains) -> bytes:
    greatest = max((abs(number) for _, *numbers in gains.values() for number in numbers), default=0)
    width = next(width for width in WIDTHS if greatest < 1 << (8 * width - 1))
    layout = LAYOUTS[width]
    return bytes([width]) + b"".join(layout.pack(post, *gain) for post, gain in gains.items())


def unpack(packed: bytes) -> Gains:
    return {entry[0]: entry[1:] for entry in LAYOUTS[packed[0]].iter_unpack(packed[1:])}


def merge(all_gains: Iterable[Gains]) -> Gains:
    """What the posts gained over several intervals together."""
    total: Gains = {}
    for gains in all_gains:
        for post, gain in gains.items():
            before = total.get(post)
            total[post] = gain if before is None else _add(before, gain)
    return total


def _add(one: PostGain, other: PostGain) -> PostGain:
    return (one[0] | other[0], *(a + b for a, b in zip(one[1:], other[1:], strict=True)))
