"""
Tests for L{replkv.client.transactions}.
"""

from __future__ import annotations

from replkv.client.errors import CommandError, OutcomeUnknown, TransactionFailed
from replkv.client.replies import Item
from replkv.client.transactions import Transaction
from tests.client.connected import ClientCase


class TransactionTests(ClientCase):
    """
    Transactions, at a server that leads.
    """

    def test_steps(self) -> None:
        """
        Each step is a line, and each operation has its answer.
        """
        transaction = Transaction().ifAbsent("a").ifPresent("b").ifVersion("c", 7).ifValue("d", b"old")
        transaction.put("a", b"x", 5, 1.5).put("\N{SNOWMAN}", b"").delete("b").delete("e").get("d").get("f")
        done = self.client.txn(transaction)
        wire = self.connected()
        self.assertEqual(
            wire.taken(),
            b"txn 10\r\nif a absent\r\nif b present\r\nif c 7\r\nifvalue d 3\r\nold\r\nput a 5 1500ms 1\r\nx\r\n"
            b"put 4piD 0 0 0 base64\r\n\r\ndelete b\r\ndelete e\r\nget d\r\nget f\r\n",
        )
        wire.send(b"TXN 6\r\nOK 9\r\nOK 9\r\nDELETED\r\nERRNOTFOUND\r\nITEM d 0 3 0 3\r\nold\r\nERRNOTFOUND\r\n")
        self.assertEqual(self.successResultOf(done), [9, 9, True, False, Item(b"old", 3, 0, 0.0), None])

    def test_failed(self) -> None:
        """
        Which comparison does not hold is told.
        """
        done = self.client.txn(Transaction().put("a", b"").ifVersion("b", 3))
        self.connected().send(b"FAILED 2\r\n")
        failure = self.failureResultOf(done, TransactionFailed)
        self.assertEqual((failure.value.step, str(failure.value)), (2, "step 2 does not hold: if b'b'"))

    def test_refusals(self) -> None:
        """
        What is too large is the program's mistake; what is no answer leaves it open what was done.
        """
        asked = [self.client.txn(Transaction().get("a")) for _ in range(4)]
        self.connected().send(b"ERR_TOO_LARGE\r\nERR_INTERNAL\r\nTXN 2\r\nOK 1\r\nOK 1\r\nFAILED 2\r\n")
        for outcome, error in zip(asked, (CommandError, OutcomeUnknown, OutcomeUnknown, OutcomeUnknown), strict=True):
            self.failureResultOf(outcome, error)

    def test_mistakes(self) -> None:
        """
        What cannot be is an error at once, or where it is to be carried out.
        """
        transaction = Transaction()
        self.assertRaises(CommandError, transaction.put, "", b"")
        self.assertRaises(TypeError, transaction.put, "k", "text")
        self.assertRaises(CommandError, transaction.ifVersion, "k", -1)
        self.failureResultOf(self.client.txn(transaction), CommandError)
        for _ in range(129):
            transaction.delete("k")
        self.failureResultOf(self.client.txn(transaction), CommandError)
        large = Transaction().put("a", bytes(5 << 20)).put("b", bytes(5 << 20))
        self.failureResultOf(self.client.txn(large), CommandError)
        self.failureResultOf(self.client.txn([]), TypeError)  # type: ignore[arg-type]
        self.assertEqual(self.network.asked(), [])
