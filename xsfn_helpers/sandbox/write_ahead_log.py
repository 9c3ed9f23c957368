"""Whether SQLite's write-ahead log is whole: SQLite itself takes what comes before the damage, and says nothing.

The format is SQLite's (sqlite.org/fileformat2.html, "The Write-Ahead Log"). Pure.
"""

from __future__ import annotations

import struct
from typing import Final

_HEADER: Final = 32
_FRAME_HEADER: Final = 24
# The last bit tells in which order of bytes the sums are made.
_MAGIC: Final = 0x377F0682
_WORD: Final = 0xFFFFFFFF


def is_damaged(log: bytes) -> bool:
    """Whether something in the log isn't as it was written, so that what follows it is lost.

    What is behind a log's end is of an earlier one, and no damage; neither is a last frame that was cut short, for it
    was never acknowledged.
    """
    if len(log) <= _HEADER:
        return False
    magic, _, page_size, _, salt_1, salt_2, sum_1, sum_2 = struct.unpack_from(">8I", log)
    if magic & ~1 != _MAGIC or not 512 <= page_size <= 65536:
        return True
    order = ">" if magic & 1 else "<"
    if _sums(log[:24], order, 0, 0) != (sum_1, sum_2):
        return True
    size = _FRAME_HEADER + page_size
    offset = _HEADER
    while offset + size <= len(log):
        frame = struct.unpack_from(">6I", log, offset)
        sum_1, sum_2 = _sums(log[offset : offset + 8], order, sum_1, sum_2)
        sum_1, sum_2 = _sums(log[offset + _FRAME_HEADER : offset + size], order, sum_1, sum_2)
        if frame[2:4] != (salt_1, salt_2) or frame[4:6] != (sum_1, sum_2):
            break
        offset += size
    # Of this log, and yet behind the last that is whole: what is in between isn't as it was.
    own = struct.pack(">2I", salt_1, salt_2)
    return any(log[at + 8 : at + 16] == own for at in range(offset, len(log) - size + 1, size))


def _sums(data: bytes, order: str, sum_1: int, sum_2: int) -> tuple[int, int]:
    for first, second in struct.iter_unpack(f"{order}2I", data):
        sum_1 = (sum_1 + first + sum_2) & _WORD
        sum_2 = (sum_2 + second + sum_1) & _WORD
    return sum_1, sum_2
