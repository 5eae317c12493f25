"""
Tests for numbers in AMP's boxes.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from replkv.peers.number import HASH, INDEX, TERM, TIME, Number
from replkv.raft.validity import GREATEST
from replkv.times import FAR_FUTURE


class NumberTests(SynchronousTestCase):
    """
    Tests for L{Number}.
    """

    def test_bounds(self) -> None:
        """
        Both bounds are numbers, and what is beyond them is none.
        """
        for number, least, most in (
            (INDEX, 0, GREATEST),
            (TERM, 1, GREATEST),
            (HASH, 0, 2**64 - 1),
            (TIME, 0, FAR_FUTURE),
        ):
            for value in (least, most):
                self.assertEqual(number.fromString(number.toString(value)), value)
            for value in (least - 1, most + 1):
                self.assertRaises(ValueError, number.fromString, number.toString(value))

    def test_spelling(self) -> None:
        """
        A number is digits, and nothing else; not even as many as Python would take for one.
        """
        for spelled in (
            b"",
            b" 1",
            b"1 ",
            b"+1",
            b"-0",
            b"1_0",
            b"1.0",
            b"0x1",
            b"\xb2",
            b"one",
            b"0" * 21,
            b"9" * 5000,
        ):
            self.assertRaises(ValueError, INDEX.fromString, spelled)

    @settings(derandomize=True, deadline=None)
    @given(st.binary(max_size=24), st.integers(0, 2**64), st.integers(0, 2**64))
    def test_anyBytes(self, spelled: bytes, least: int, most: int) -> None:
        """
        Any bytes are a number within the bounds, or are refused.
        """
        try:
            found = Number(least, most).fromString(spelled)
        except ValueError:
            return
        self.assertTrue(least <= found <= most)
