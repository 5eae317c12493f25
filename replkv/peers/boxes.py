"""
AMP's boxes as bytes: a box is keys, each with its value, and an empty key at the end. Before each of these strings
stands its length, in 16 bits.
"""

from __future__ import annotations

from typing import Final

from twisted.protocols import amp

MAX_KEY_BYTES: Final = amp.MAX_KEY_LENGTH


def string(value: bytes) -> bytes:
    """
    A key or a value as it stands in a box.
    """
    return len(value).to_bytes(2, "big") + value


class BoxCutter:
    """
    Cuts what arrives into boxes. It goes over each byte once, and takes a string out of it when that is whole: what
    AMP's own protocol does string by string, through a method for each. However large a box is, and however many pieces
    it comes in, no more than a string is kept of it that has yet to be cut, and what arrived with it.

    @ivar boxBytes: how many bytes the box had that was cut last.
    """

    def __init__(self) -> None:
        self.boxBytes = 0
        self._data = b""
        self._start = 0
        self._box: dict[bytes, bytes] = {}
        # Of the box under way.
        self._bytes = 0
        self._keys = 0

    def add(self, data: bytes) -> None:
        """
        More has arrived.
        """
        rest = self._data[self._start :]
        self._data = rest + data if rest else data
        self._start = 0

    def cut(self, maxBytes: int, maxKeys: int) -> dict[bytes, bytes] | None:
        """
        Cut the next box.

        @param maxBytes: how many bytes it may have.
        @param maxKeys: how many keys.
        @return: C{None} where it has not arrived whole.
        @raise ValueError: if it is none, or has more than it may have.
        """
        data, start, box, keys = self._data, self._start, self._box, self._keys
        size = len(data)
        # Where it would begin if all of it stood here.
        beginning = start - self._bytes
        while start + 2 <= size:
            length = data[start] << 8 | data[start + 1]
            if not length:
                self._start = start + 2
                self.boxBytes = self._start - beginning
                self._box, self._bytes, self._keys = {}, 0, 0
                return box
            if length > MAX_KEY_BYTES:
                raise ValueError(f"a key of {length} bytes")
            middle = start + 2 + length
            if middle + 2 > size:
                break
            end = middle + 2 + (data[middle] << 8 | data[middle + 1])
            # Its end will come behind that.
            if end + 2 - beginning > maxBytes:
                raise ValueError("a box that is too long")
            if keys >= maxKeys:
                raise ValueError("a box with too many keys")
            if end > size:
                break
            box[data[start + 2 : middle]] = data[middle + 2 : end]
            keys += 1
            start = end
        self._start, self._bytes, self._keys = start, start - beginning, keys
        return None
