"""
Tests for L{replkv.cli.jsonlines}.
"""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from replkv.cli.jsonlines import Item, decodeLine, encodeLine
from replkv.kv.record import Record

REFUSED = [
    (b"", "it is not JSON"),
    (b"{" * 100_000, "it is not JSON"),
    (b'{"key": "\xff", "value": ""}', "it is not JSON"),
    (b"[1]", "it is not an object"),
    (b'{"key": "k"}', "it needs value or valueBase64"),
    (b'{"key": "k", "keyBase64": "aw==", "value": ""}', "it needs key or keyBase64, and not both"),
    (b'{"key": 7, "value": ""}', "key is text, not 7"),
    (b'{"key": "k", "valueBase64": "?"}', "value cannot be read"),
    (b'{"key": "\\ud800", "value": ""}', "key cannot be read"),
    (b'{"key": "k", "value": "", "extime": 5}', "there is no field 'extime'"),
    (b'{"key": "k", "value": "", "flags": 4294967296}', "flags is a number of 32 bits, not 4294967296"),
    (b'{"key": "k", "value": "", "flags": "7"}', "flags is a number of 32 bits, not '7'"),
    (b'{"key": "k", "value": "", "exptime": -1}', "exptime is a number of seconds, not -1"),
    (b'{"key": "k", "value": "", "exptime": true}', "exptime is a number of seconds, not True"),
    (b'{"key": "k", "value": "", "exptime": 1.5}', "exptime is a number of seconds, not 1.5"),
]


class JsonLinesTests(SynchronousTestCase):
    """
    Keys, written and read.
    """

    def test_fields(self) -> None:
        """
        What is UTF-8 is text, what is not is base64, and what expires has the seconds left, rounded up.
        """
        line = encodeLine("grüße".encode(), Record(7, 0, b"\xff\x00"), 1000)
        self.assertEqual(line, '{"key": "grüße", "valueBase64": "/wA=", "version": 7}\n'.encode())
        for left, seconds in ((1, 1), (1000, 1), (1001, 2), (86_400_000, 86_400)):
            fields = json.loads(encodeLine(b"k", Record(7, 1000 + left, b"v"), 1000))
            self.assertEqual(fields, {"key": "k", "value": "v", "version": 7, "exptime": seconds})
        fields = json.loads(encodeLine(b"k", Record(7, 0, b"v", 2**32 - 1), 1000))
        self.assertEqual(fields, {"key": "k", "value": "v", "version": 7, "flags": 2**32 - 1})

    @given(st.binary(), st.binary(), st.integers(0, 2**32 - 1), st.integers(0, 2**40))
    def test_read(self, key: bytes, value: bytes, flags: int, seconds: int) -> None:
        """
        What is read is what was written, and is on one line.
        """
        line = encodeLine(key, Record(1, seconds * 1000, value, flags), 0)
        self.assertEqual((line.count(b"\n"), line[-1:]), (1, b"\n"))
        self.assertEqual(decodeLine(line), Item(key, value, flags, seconds))

    def test_refused(self) -> None:
        """
        Whatever is something else is refused, and the message says what is wrong.
        """
        for line, mistake in REFUSED:
            error = self.assertRaises(ValueError, decodeLine, line)
            self.assertIn(mistake, str(error))
            self.assertLess(len(str(error)), 200)
