"""
Tests for the meta commands: what they ask for, and what tells what came of it.
"""

from __future__ import annotations

from binascii import b2a_base64

from replkv.commands.append import Append
from replkv.commands.cad import Cad
from replkv.commands.condition import ABSENT, ANY, PRESENT, Condition, Need
from replkv.commands.decr import Decr
from replkv.commands.delete import Delete
from replkv.commands.gat import Gat
from replkv.commands.gets import Gets
from replkv.commands.incr import Incr
from replkv.commands.lifetime import FOREVER, KEPT, Lifetime
from replkv.commands.prepend import Prepend
from replkv.commands.put import Put
from replkv.commands.results import (
    Counted,
    Deleted,
    Exists,
    Items,
    NotFound,
    NotNumber,
    Stored,
    TooLarge,
    Unavailable,
    VersionMismatch,
)
from replkv.wire.memcached.metaasks import NOT_DONE
from replkv.wire.memcached.words import BAD_FORMAT, ERROR, NOT_NUMBER, NOT_SURE, TOO_LARGE
from tests.wire.memcached.parsing import MAX_VALUE_BYTES, ParserTestCase, item


def versioned(value: bytes, version: int, lifetime: Lifetime = KEPT, flags: int = 3) -> Put:
    """
    What stores a value under C{k} if it has a version.
    """
    return Put(b"k", flags, lifetime, Condition(Need.VERSION, version), value, False)


FOUND = Items((item(b"k", b"hello", version=7, flags=3, left=1500),))
NOTHING = Items(())


class FlagsTests(ParserTestCase):
    """
    Tests for the key and the flags.
    """

    def test_wrong(self) -> None:
        """
        What is wrong with them is told.
        """
        for line, reply in (
            (b"mg", ERROR),
            (b"md", ERROR),
            (b"mg " + b"k" * 251, BAD_FORMAT),
            (b"mg k !", b"CLIENT_ERROR invalid flag\r\n"),
            (b"mg k v v", b"CLIENT_ERROR duplicate flag\r\n"),
            (b"mg k O" + b"x" * 33, b"CLIENT_ERROR opaque token too long\r\n"),
            (b"mg %%% b", b"CLIENT_ERROR error decoding key\r\n"),
            (b"mg k Tx", b"CLIENT_ERROR bad token in command line format\r\n"),
            (b"md k Cx", b"CLIENT_ERROR bad token in command line format\r\n"),
            (b"ma k MX", b"CLIENT_ERROR invalid mode for ma M token\r\n"),
            (b"mg k C5 T5", b"CLIENT_ERROR flags C and T are not supported together\r\n"),
        ):
            self.assertTold(line + b"\r\n", reply)
        self.assertTold(b"ms k 1 MX\r\nx\r\n", b"CLIENT_ERROR invalid mode for ms M token\r\n")

    def test_unsupported(self) -> None:
        """
        What memcached has and replkv has not is refused by its name.
        """
        for word, letters in ((b"mg", "hlENR"), (b"md", "EITx"), (b"ma", "E")):
            for letter in letters:
                reply = f"CLIENT_ERROR flag {letter} is not supported\r\n".encode()
                self.assertTold(b"%b k %b5\r\n" % (word, letter.encode()), reply)
        for letter in "EI":
            self.assertTold(
                b"ms k 1 %b5\r\nx\r\n" % letter.encode(), f"CLIENT_ERROR flag {letter} is not supported\r\n".encode()
            )

    def test_hints(self) -> None:
        """
        Hints for who stands between are of no effect.
        """
        self.assertAsks(b"mg k Pa L/b/ u\r\n", Gets((b"k",)))

    def test_base64(self) -> None:
        """
        A key may be in base64, and is told so too.
        """
        key = b2a_base64(b"a b\0", newline=False)
        self.assertAsks(b"mg %b b\r\n" % key, Gets((b"a b\0",)))
        self.assertTells(b"mg %b b k O1\r\n" % key, (NOTHING, b"EN k%b b O1\r\n" % key))


class GetTests(ParserTestCase):
    """
    Tests for C{mg}, C{me} and C{mn}.
    """

    def test_flags(self) -> None:
        """
        What is asked for is told in the same order.
        """
        self.assertTells(b"mg k\r\n", (FOUND, b"HD\r\n"), (NOTHING, b"EN\r\n"))
        self.assertTells(b"mg k v\r\n", (FOUND, b"VA 5\r\nhello\r\n"))
        self.assertTells(
            b"mg k s t f c k O9 v\r\n", (FOUND, b"VA 5 s5 t2 f3 c7 kk O9\r\nhello\r\n"), (NOTHING, b"EN kk O9\r\n")
        )
        self.assertTells(b"mg k t\r\n", (Items((item(b"k", b"x"),)), b"HD t-1\r\n"))

    def test_quiet(self) -> None:
        """
        With C{q}, that there is nothing is not told.
        """
        self.assertTells(b"mg k q v\r\n", (FOUND, b"VA 5\r\nhello\r\n"), (NOTHING, b""))
        ask = self.ask(b"mg k q v\r\n")
        self.assertTrue(ask.tell(Unavailable()).startswith(b"SERVER_ERROR"))

    def test_touch(self) -> None:
        """
        With C{T} the key lives on for so long.
        """
        self.assertAsks(b"mg k T90 v\r\n", Gat(b"k", Lifetime(90_000)))
        self.assertTells(b"mg k T90 v\r\n", (FOUND, b"VA 5\r\nhello\r\n"), (NotFound(), b"EN\r\n"))

    def test_unlessSame(self) -> None:
        """
        With C{C}, the value is told if the version is another one.
        """
        self.assertTells(b"mg k C7 v c\r\n", (FOUND, b"HD c7\r\n"))
        self.assertTells(b"mg k C8 v c\r\n", (FOUND, b"VA 5 c7\r\nhello\r\n"))

    def test_others(self) -> None:
        """
        C{mn} is answered at once, C{me} tells what there is to be told.
        """
        self.assertTold(b"mn\r\nmn x\r\n", b"MN\r\n", b"MN\r\n")
        self.assertTells(b"me k\r\n", (FOUND, b"ME k exp=2 la=0 cas=7 fetch=no cls=1 size=5\r\n"), (NOTHING, b"EN\r\n"))


class SetTests(ParserTestCase):
    """
    Tests for C{ms}.
    """

    def test_modes(self) -> None:
        """
        The mode says what the key has to be like.
        """
        for mode, condition in ((b"", ANY), (b"MS", ANY), (b"Ms", ANY), (b"ME", ABSENT), (b"MR", PRESENT)):
            expected = Put(b"k", 5, Lifetime(60_000), condition, b"x", False)
            self.assertAsks(b"ms k 1 T60 F5 %b\r\nx\r\n" % mode, expected)
        for mode, kind in ((b"MA", Append), (b"Mp", Prepend)):
            self.assertAsks(b"ms k 1 %b T60\r\nx\r\n" % mode, kind(b"k", b"x", False, most=MAX_VALUE_BYTES))

    def test_codes(self) -> None:
        """
        What came of it is told in two letters.
        """
        for mode in (b"MS", b"ME", b"MA"):
            self.assertTells(
                b"ms k 2 %b c k O1\r\nhi\r\n" % mode,
                (Stored(9), b"HD c9 kk O1\r\n"),
                (Exists(), b"NS c0 kk O1\r\n"),
                (NotFound(), b"NS c0 kk O1\r\n"),
                (TooLarge(), TOO_LARGE),
                (Unavailable(), NOT_SURE),
            )
        self.assertTells(b"ms k 2 s\r\nhi\r\n", (Stored(9), b"HD s2\r\n"))
        self.assertTold(b"ms k 2 s MA\r\nhi\r\n", b"CLIENT_ERROR flag s is not supported in this mode\r\n")

    def test_compare(self) -> None:
        """
        With C{C}, it has to have that version.
        """
        for mode in (b"", b" MR"):
            self.assertAsks(b"ms k 1 C9%b\r\nx\r\n" % mode, versioned(b"x", 9, FOREVER, flags=0))
        self.assertAsks(b"ms k 1 C9 ME\r\nx\r\n", Put(b"k", 0, FOREVER, ABSENT, b"x", False))
        self.assertTells(
            b"ms k 1 C9\r\nx\r\n", (Stored(10), b"HD\r\n"), (VersionMismatch(), b"EX\r\n"), (NotFound(), b"NF\r\n")
        )

    def test_quiet(self) -> None:
        """
        With C{q}, only that it is stored is not told.
        """
        self.assertTells(b"ms k 1 q ME\r\nx\r\n", (Stored(9), b""), (Exists(), b"NS\r\n"), (Unavailable(), NOT_SURE))

    def test_extendOrAdd(self) -> None:
        """
        What extends a key may add it, if there is none.
        """
        line = b"ms k 1 MA N60 c\r\nx\r\n"
        append = Append(b"k", b"x", False, most=MAX_VALUE_BYTES)
        add = Put(b"k", 0, Lifetime(60_000), ABSENT, b"x", False)
        self.assertEqual(self.steps(self.ask(line), (Stored(9), b"HD c9\r\n")), [append])
        self.assertEqual(self.steps(self.ask(line), (NotFound(), b""), (Stored(9), b"HD c9\r\n")), [append, add])
        again = ((NotFound(), b""), (Exists(), b""))
        self.steps(self.ask(line), *again, (Stored(9), b"HD c9\r\n"))
        self.steps(self.ask(line), *(8 * again), (NotFound(), b""), (Exists(), NOT_DONE))

    def test_compareAndExtend(self) -> None:
        """
        What extends a key that has a version is read first.
        """
        line = b"ms k 1 MP C7 q c\r\nx\r\n"
        commands = self.steps(self.ask(line), (FOUND, b""), (Stored(9), b""))
        self.assertEqual(commands, [Gets((b"k",)), versioned(b"xhello", 7)])
        self.steps(self.ask(line), (FOUND, b""), (VersionMismatch(), b"EX c0\r\n"))
        self.steps(self.ask(line), (NOTHING, b"NF\r\n"))
        self.steps(self.ask(b"ms k 1 MP C8\r\nx\r\n"), (FOUND, b"EX\r\n"))
        full = Items((item(b"k", b"x" * MAX_VALUE_BYTES),))
        self.steps(self.ask(line), (full, TOO_LARGE))


class DeleteTests(ParserTestCase):
    """
    Tests for C{md}.
    """

    def test_delete(self) -> None:
        """
        It removes a key, with C{C} if that has the version.
        """
        self.assertAsks(b"md k\r\nmd k C9\r\n", Delete(b"k"), Cad(b"k", 9))
        self.assertTells(
            b"md k C9 k O5\r\n",
            (Deleted(), b"HD kk O5\r\n"),
            (NotFound(), b"NF kk O5\r\n"),
            (VersionMismatch(), b"EX kk O5\r\n"),
        )
        self.assertTells(b"md k q\r\n", (Deleted(), b""), (NotFound(), b"NF\r\n"))


class CountTests(ParserTestCase):
    """
    Tests for C{ma}.
    """

    def test_simple(self) -> None:
        """
        It counts up by one, if it is not told otherwise.
        """
        self.assertAsks(b"ma k\r\nma k MI D5\r\nma k M+ D5\r\n", Incr(b"k", 1), Incr(b"k", 5), Incr(b"k", 5))
        self.assertAsks(b"ma k Md D0\r\nma k M-\r\n", Decr(b"k", 0), Decr(b"k", 1))
        self.assertTells(
            b"ma k v c k\r\n",
            (Counted(9, 12), b"VA 2 c9 kk\r\n12\r\n"),
            (NotFound(), b"NF kk\r\n"),
            (NotNumber(), NOT_NUMBER),
        )
        self.assertTells(b"ma k\r\n", (Counted(9, 12), b"HD\r\n"))
        self.assertTells(b"ma k q\r\n", (Counted(9, 12), b""), (NotFound(), b"NF\r\n"))

    def test_begins(self) -> None:
        """
        With C{N}, it begins with a number where there is none.
        """
        line = b"ma k N60 J13 v c t\r\n"
        commands = self.steps(self.ask(line), (NOTHING, b""), (Stored(9), b"VA 2 c9 t60\r\n13\r\n"))
        self.assertEqual(commands, [Gets((b"k",)), Put(b"k", 0, Lifetime(60_000), ABSENT, b"13", False)])
        commands = self.steps(self.ask(b"ma k N0 v\r\n"), (NotFound(), b""), (Stored(9), b"VA 1\r\n0\r\n"))
        self.assertEqual(commands, [Incr(b"k", 1), Put(b"k", 0, FOREVER, ABSENT, b"0", False)])
        again = ((NotFound(), b""), (Exists(), b""))
        self.steps(self.ask(b"ma k N0\r\n"), *again, (Counted(9, 1), b"HD\r\n"))
        self.steps(self.ask(b"ma k N0\r\n"), *(8 * again), (NotFound(), b""), (Exists(), NOT_DONE))

    def test_reads(self) -> None:
        """
        What has to be compared, or told, or to live on, is read first.
        """
        found = Items((item(b"k", b"41", version=7, flags=3, left=1500),))
        line = b"ma k t v\r\n"
        commands = self.steps(self.ask(line), (found, b""), (Stored(9), b"VA 2 t2\r\n42\r\n"))
        self.assertEqual(commands, [Gets((b"k",)), versioned(b"42", 7)])
        commands = self.steps(self.ask(b"ma k T90 MD t v\r\n"), (found, b""), (Stored(9), b"VA 2 t90\r\n40\r\n"))
        self.assertEqual(commands, [Gets((b"k",)), versioned(b"40", 7, Lifetime(90_000))])
        self.steps(self.ask(line), (NOTHING, b"NF\r\n"))
        self.steps(self.ask(line), (FOUND, NOT_NUMBER))
        for changed in (VersionMismatch(), NotFound()):
            self.steps(self.ask(line), (found, b""), (changed, b""), (found, b""), (Stored(9), b"VA 2 t2\r\n42\r\n"))
        again = ((found, b""), (VersionMismatch(), b""))
        self.steps(self.ask(line), *(8 * again), (found, b""), (VersionMismatch(), NOT_DONE))

    def test_compares(self) -> None:
        """
        With C{C}, it has to have that version, from the first step to the last.
        """
        found = Items((item(b"k", b"41", version=7),))
        self.steps(self.ask(b"ma k C7\r\n"), (found, b""), (Stored(9), b"HD\r\n"))
        self.steps(self.ask(b"ma k C8\r\n"), (found, b"EX\r\n"))
        self.steps(self.ask(b"ma k C7\r\n"), (found, b""), (VersionMismatch(), b"EX\r\n"))
