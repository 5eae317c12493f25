"""
Tests for the AMP argument for bytes of any length, through real boxes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.protocols import amp
from twisted.trial.unittest import SynchronousTestCase

from replkv.peers.argument import MAX_BYTES, PART_BYTES, LargeBytes
from tests.network import FarEnd, Network


class Reverse(amp.Command):
    """
    Says its argument backwards.
    """

    arguments: ClassVar = [(b"value", LargeBytes()), (b"other", amp.Integer())]
    response: ClassVar = [(b"value", LargeBytes())]


class Reverser(amp.AMP):
    """
    Answers L{Reverse}.
    """

    @Reverse.responder
    def reverse(self, value: bytes, other: int) -> dict[str, bytes]:
        """
        Answer.
        """
        return {"value": value[::-1]}


def boxOf(value: bytes) -> dict[bytes, bytes]:
    """
    The keys and values of a box that has C{value}.
    """
    box: dict[bytes, bytes] = {}
    LargeBytes().toBox(b"value", box, {"value": value}, None)
    return box


def valueOf(box: dict[bytes, bytes]) -> bytes:
    """
    The value that a box has.
    """
    objects: dict[str, Any] = {}
    LargeBytes().fromBox(b"value", box, objects, None)
    value = objects["value"]
    assert isinstance(value, bytes)
    return value


def stating(length: bytes) -> Callable[[dict[bytes, bytes]], None]:
    """
    A change of a box: it states another length.
    """

    def change(box: dict[bytes, bytes]) -> None:
        box[b"value"] = length

    return change


class WireTests(SynchronousTestCase):
    """
    Tests for the way over a connection.
    """

    def assertTravels(self, value: bytes) -> None:
        """
        C{value} goes to the other side, and comes back reversed.
        """
        client = amp.AMP()
        network = Network()
        network.join(client, Reverser())
        answer = client.callRemote(Reverse, value=value, other=1)
        network.settle()
        self.assertEqual(self.successResultOf(answer), {"value": value[::-1]})

    def test_sizes(self) -> None:
        """
        Values around the length of one part, and at the largest of an entry, arrive whole.
        """
        for size in (0, 1, 65_534, 65_535, 65_536, 2 * 65_535, 2 * 65_535 + 1, 8 * 1024 * 1024):
            self.assertTravels(bytes(range(251)) * (size // 251) + bytes(size % 251))

    def test_bound(self) -> None:
        """
        The bound itself is taken; one byte more is refused where it is sent.
        """
        box = boxOf(bytes(MAX_BYTES))
        self.assertEqual(len(valueOf(box)), MAX_BYTES)
        client = amp.AMP()
        network = Network()
        other = FarEnd(network)
        network.join(client, other)
        self.assertRaises(amp.TooLong, client.callRemote, Reverse, value=bytes(MAX_BYTES + 1), other=1)
        self.assertEqual(other.value(), b"")


class PropertyTests(SynchronousTestCase):
    """
    Tests for any value.
    """

    @settings(derandomize=True, deadline=None, max_examples=60)
    @given(st.integers(0, 3 * PART_BYTES), st.binary(max_size=64))
    def test_roundTrip(self, size: int, tail: bytes) -> None:
        """
        What comes out is what went in, and the box has nothing left over and no value that is too long.
        """
        value = bytes(size) + tail
        box = boxOf(value)
        self.assertTrue(all(len(part) <= amp.MAX_VALUE_LENGTH for part in box.values()))
        self.assertEqual(valueOf(box), value)
        self.assertEqual(box, {})

    @settings(derandomize=True, deadline=None, max_examples=200)
    @given(
        st.dictionaries(
            st.sampled_from([b"value.0", b"value.1", b"value.2", b"value.-1"]), st.binary(max_size=9), max_size=4
        ),
        st.binary(max_size=12) | st.integers(-9, 99_999).map(lambda number: b"%d" % number),
    )
    def test_nonsense(self, parts: dict[bytes, bytes], stated: bytes) -> None:
        """
        Whatever a box holds, there is the value whose length it states, or a C{ValueError}.
        """
        try:
            value = valueOf({b"value": stated, **parts})
        except ValueError:
            return
        self.assertEqual(len(value), int(stated))


class NonsenseTests(SynchronousTestCase):
    """
    Tests for boxes that no L{LargeBytes} made.
    """

    def assertRefused(self, change: Callable[[dict[bytes, bytes]], Any]) -> None:
        """
        A box of two parts in which one thing is changed is refused.
        """
        box = boxOf(bytes(PART_BYTES + 10))
        change(box)
        self.assertRaises(ValueError, valueOf, box)

    def test_missingPart(self) -> None:
        """
        A part is missing, the first or the last.
        """
        self.assertRefused(lambda box: box.pop(b"value.0"))
        self.assertRefused(lambda box: box.pop(b"value.1"))

    def test_wrongTotal(self) -> None:
        """
        The stated length is not that of the parts.
        """
        for stated in (b"0", b"65534", b"65535", b"65544", b"65546", b"131070", b"131071"):
            self.assertRefused(stating(stated))

    def test_noNumber(self) -> None:
        """
        The stated length is no decimal number that there can be.
        """
        for stated in (b"", b"x", b"-1", b"+1", b" 1", b"1_0", b"0x10", b"99999999", b"9" * 5000, b"\xd9\xa1"):
            self.assertRefused(stating(stated))
