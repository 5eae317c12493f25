"""
Tests for L{replkv.cli.importing}.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from replkv.cli.importing import BadLine, importLines, linesOf, storeItems
from replkv.cli.jsonlines import Item
from replkv.cli.statuses import DAMAGED, DONE, NOT_ALLOWED, UNAVAILABLE, UNKNOWN
from replkv.client.errors import ClientError, CommandError, NotAllowed, OutcomeUnknown, Unavailable
from tests.cli.streams import StreamCase

COUNT = 1500


def linesFor(count: int) -> bytes:
    """
    Lines with so many keys.
    """
    return b"".join(b'{"key": "k%d", "value": "v"}\n' % number for number in range(1, count + 1))


class ImportTests(StreamCase):
    """
    Lines, read and stored.
    """

    def setUp(self) -> None:
        """
        A cluster that takes all.
        """
        super().setUp()
        self.batches: list[list[Item]] = []
        self.refusals: dict[bytes, ClientError] = {}

    def store(self, items: Sequence[Item]) -> list[ClientError | None]:
        """
        Store some keys.
        """
        self.batches.append(list(items))
        return [self.refusals.get(item.key) for item in items]

    def run_(self, data: bytes) -> int:
        """
        Import a file.

        @return: the exit status.
        """
        return importLines(linesOf(io.BytesIO(data)), self.store)

    def stored(self) -> list[bytes]:
        """
        The keys that were, in their order.
        """
        return [item.key for batch in self.batches for item in batch]

    def said(self) -> tuple[str, str]:
        """
        What was written to the standard output, and to the standard error.
        """
        return self.output.getvalue().decode(), self.errors.getvalue().decode()

    def test_all(self) -> None:
        """
        All are stored, in their order, and a bounded number of them is under way at once.
        """
        self.assertEqual(self.run_(linesFor(COUNT)), DONE)
        self.assertEqual(self.stored(), [b"k%d" % number for number in range(1, COUNT + 1)])
        self.assertEqual([len(batch) for batch in self.batches], [512, 512, 476])
        self.assertEqual(self.said(), (f"imported {COUNT} keys\n", ""))

    def test_bytes(self) -> None:
        """
        Neither are too many bytes.
        """
        line = b'{"key": "k", "value": "' + b"v" * (3 << 20) + b'"}\n'
        self.assertEqual(self.run_(line * 7), DONE)
        self.assertEqual([len(batch) for batch in self.batches], [3, 3, 1])

    def test_emptyLines(self) -> None:
        """
        Empty lines are nothing, and the last one needs no end.
        """
        self.assertEqual(self.run_(b"\n" + linesFor(2).rstrip() + b"\n\n" + linesFor(1).rstrip()), DONE)
        self.assertEqual(self.stored(), [b"k1", b"k2", b"k1"])
        self.assertEqual(self.run_(b""), DONE)

    def test_badLine(self) -> None:
        """
        At the first line that is no key it ends; those before it are stored.
        """
        self.assertEqual(self.run_(linesFor(600) + b"{}\n" + linesFor(9)), DAMAGED)
        self.assertEqual(len(self.stored()), 600)
        told = (
            "replkv: line 601: it needs key or keyBase64, and not both; those before it are stored, and none after it\n"
        )
        self.assertEqual(self.said(), ("", told))

    def test_longLine(self) -> None:
        """
        A line that does not end is not read into memory.
        """
        file = io.BytesIO(b" " * ((64 << 20) + 2))
        error = self.assertRaises(BadLine, list, linesOf(file))
        self.assertIn("line 1: it is longer than", str(error))

    def test_notStored(self) -> None:
        """
        The first that cannot be stored is told, and ends it.
        """
        for error, status in (
            (CommandError("no"), DAMAGED),
            (OutcomeUnknown("no"), UNKNOWN),
            (NotAllowed("no", "alice"), NOT_ALLOWED),
            (Unavailable("no"), UNAVAILABLE),
        ):
            self.batches.clear()
            self.refusals = {b"k700": error, b"k702": Unavailable("later")}
            self.assertEqual(self.run_(linesFor(COUNT)), status)
            self.assertEqual(len(self.batches), 2)
            said = "not allowed (ERR_AUTH): no" if status == NOT_ALLOWED else "no"
            told = f"replkv: line 700: {said}; those before it are stored, and maybe some after it\n"
            self.assertTrue(self.said()[1].endswith(told))


class FlakyClient:
    """
    A client that says of the first writes of some keys that it does not know what came of them.

    @ivar stored: what was stored last.
    """

    def __init__(self, **troubles: int) -> None:
        """
        @param troubles: how many writes of a key fail.
        """
        self.stored: dict[bytes, bytes] = {}
        self.timeouts: list[float] = []
        self._troubles = troubles

    def set(self, key: bytes, value: bytes, exptime: int, timeout: float) -> Deferred[int]:
        """
        Store a value, or not.
        """
        self.timeouts.append(timeout)
        name = key.decode()
        if self._troubles.get(name):
            self._troubles[name] -= 1
            return fail(OutcomeUnknown("it cannot tell"))
        self.stored[key] = value
        return succeed(1)


class StoreItemsTests(SynchronousTestCase):
    """
    Tests for L{storeItems}.
    """

    def store(self, client: FlakyClient, clock: Clock, *items: Item) -> Deferred[list[ClientError | None]]:
        """
        Store some items.
        """
        return Deferred.fromCoroutine(storeItems(clock, client, 2.0, items))  # type: ignore[arg-type]

    def test_again(self) -> None:
        """
        What may not be stored is tried again, and the last value of a key stays the last one.
        """
        clock, client = Clock(), FlakyClient(a=2)
        storing = self.store(client, clock, Item(b"a", b"1", 0, 0), Item(b"b", b"2", 0, 0), Item(b"a", b"3", 0, 0))
        self.assertNoResult(storing)
        clock.advance(1.0)
        self.assertEqual(self.successResultOf(storing), [None, None, None])
        self.assertEqual(client.stored, {b"a": b"3", b"b": b"2"})
        self.assertEqual(client.timeouts, [2.0, 2.0, 2.0, 1.0, 1.0])

    def test_patience(self) -> None:
        """
        But not for ever.
        """
        clock, client = Clock(), FlakyClient(a=1000)
        storing = self.store(client, clock, Item(b"a", b"1", 0, 0))
        clock.pump([0.5] * 4)
        [error] = self.successResultOf(storing)
        self.assertIsInstance(error, OutcomeUnknown)
