"""
Tests for the lines of the text protocol: what they ask for, and what tells what came of it.
"""

from __future__ import annotations

from replkv.commands.append import Append
from replkv.commands.condition import ABSENT, ANY, PRESENT, Condition, Need
from replkv.commands.decr import Decr
from replkv.commands.delete import Delete
from replkv.commands.deleteprefix import DeletePrefix
from replkv.commands.expire import Expire
from replkv.commands.gat import Gat
from replkv.commands.gets import Gets
from replkv.commands.incr import Incr
from replkv.commands.lifetime import FOREVER, OVER, Lifetime
from replkv.commands.prepend import Prepend
from replkv.commands.put import Put
from replkv.commands.results import (
    Counted,
    Deleted,
    Exists,
    Items,
    NotAllowed,
    NotFound,
    NotNumber,
    NotUpgraded,
    Redirected,
    Refused,
    Removed,
    Statistics,
    Stored,
    TooLarge,
    Touched,
    Unavailable,
    VersionMismatch,
)
from replkv.wire.memcached.ask import Ask
from replkv.wire.memcached.flush import FlushLater
from replkv.wire.memcached.words import BAD_EXPTIME, BAD_FORMAT, ERROR, NOT_NUMBER, NOT_READ, NOT_SURE, TOO_LARGE
from tests.wire.memcached.parsing import MAX_VALUE_BYTES, NOW, ParserTestCase, item, parse

DAYS = 24 * 60 * 60


class RequestTests(ParserTestCase):
    """
    Tests for what lines ask for.
    """

    def test_stores(self) -> None:
        """
        What stores a value differs in its condition.
        """
        for word, condition in ((b"set", ANY), (b"add", ABSENT), (b"replace", PRESENT)):
            expected = Put(b"k", 4294967295, Lifetime(60_000), condition, b"hello", False)
            self.assertAsks(word + b" k 4294967295 60 5\r\nhello\r\n", expected)
            self.assertAsks(word + b" k 4294967295 60 5 noreply\r\nhello\r\n", expected, isQuiet=True)
            # memcached, too, has no use for another word there.
            self.assertAsks(word + b" k 4294967295 60 5 6\r\nhello\r\n", expected)

    def test_cas(self) -> None:
        """
        C{cas} has one more word.
        """
        expected = Put(b"k", 1, FOREVER, Condition(Need.VERSION, 9), b"x", False)
        self.assertAsks(b"cas k 1 0 1 9\r\nx\r\n", expected)
        self.assertAsks(b"cas k 1 0 1 9 noreply\r\nx\r\n", expected, isQuiet=True)

    def test_extends(self) -> None:
        """
        Flags and exptime of C{append} and C{prepend} have to be there, and count for nothing.
        """
        for word, kind in ((b"append", Append), (b"prepend", Prepend)):
            expected = kind(b"k", b"x", False, most=MAX_VALUE_BYTES)
            self.assertAsks(word + b" k 1 100 1\r\nx\r\n", expected)
            self.assertAsks(word + b" k 1 100 1 noreply\r\nx\r\n", expected, isQuiet=True)

    def test_lifetimes(self) -> None:
        """
        A time is so many seconds from now, and beyond 30 days one since the epoch. What is negative is over.
        """
        for word, lifetime in (
            (b"0", FOREVER),
            (b"00", FOREVER),
            (b"-0", FOREVER),
            (b"1", Lifetime(1000)),
            (b"-1", OVER),
            (b"4294967295", OVER),
            (b"%d" % (30 * DAYS), Lifetime(30 * DAYS * 1000)),
            (b"%d" % (30 * DAYS + 1), OVER),
            (b"%d" % int(NOW), OVER),
            (b"%d" % int(NOW + 90), Lifetime(90_000)),
            (b"%d" % (2**64 - 1), Lifetime(2**63 - 1)),
        ):
            self.assertAsks(b"touch k %b\r\n" % word, Expire(b"k", lifetime))
        for word in (b"x", b"1.5", b"+5", b"1_0", b"--1", b"-", b"%d" % 2**64):
            self.assertTold(b"touch k %b\r\n" % word, BAD_EXPTIME)

    def test_others(self) -> None:
        """
        What has no value.
        """
        self.assertAsks(b"incr k 5\r\ndecr k 18446744073709551615\r\n", Incr(b"k", 5), Decr(b"k", 2**64 - 1))
        self.assertAsks(b"incr k 5 noreply\r\n", Incr(b"k", 5), isQuiet=True)
        self.assertAsks(b"delete k\r\ndelete k 0\r\ndelete noreply\r\n", Delete(b"k"), Delete(b"k"), Delete(b"noreply"))
        self.assertAsks(b"delete k noreply\r\ndelete k 0 noreply\r\n", Delete(b"k"), Delete(b"k"), isQuiet=True)
        self.assertAsks(b"touch k 0 noreply\r\n", Expire(b"k", FOREVER), isQuiet=True)
        self.assertAsks(b"gat 5 k\r\ngats -1 k\r\n", Gat(b"k", Lifetime(5000)), Gat(b"k", OVER))

    def test_wrong(self) -> None:
        """
        What is wrong with a line is told in memcached's words.
        """
        usage = b"CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]\r\n"
        for line, reply in (
            (b"get", ERROR),
            (b"gets ", ERROR),
            (b"gat", ERROR),
            (b"gat x a", BAD_EXPTIME),
            (b"gat 0", b"END\r\n"),
            (b"incr k", ERROR),
            (b"incr k x", b"CLIENT_ERROR invalid numeric delta argument\r\n"),
            (b"incr k -1", b"CLIENT_ERROR invalid numeric delta argument\r\n"),
            (b"decr k 18446744073709551616", b"CLIENT_ERROR invalid numeric delta argument\r\n"),
            (b"incr k x noreply", b""),
            (b"incr %b 1" % (b"k" * 251), BAD_FORMAT),
            (b"delete", ERROR),
            (b"delete k 1", usage),
            (b"delete k 0 0", usage),
            (b"delete a b c d e", ERROR),
            (b"delete %b" % (b"k" * 251), BAD_FORMAT),
            (b"touch k", ERROR),
            (b"touch k x noreply", b""),
            (b"touch %b 1" % (b"k" * 251), BAD_FORMAT),
            (b"shutdown", b"ERROR: shutdown not enabled\r\n"),
        ):
            self.assertTold(line + b"\r\n", reply)

    def test_ofNoEffect(self) -> None:
        """
        What asks for what there is not here is answered as memcached does.
        """
        for line, reply in (
            (b"version", b"VERSION 1.6.18\r\n"),
            (b"version noreply", b"VERSION 1.6.18\r\n"),
            (b"verbosity", ERROR),
            (b"verbosity 1", b"OK\r\n"),
            (b"verbosity x", BAD_FORMAT),
            (b"verbosity 1 2 3", ERROR),
            (b"verbosity foo bar my", ERROR),
            (b"verbosity noreply", b""),
            (b"verbosity 0 noreply", b""),
            (b"cache_memlimit", ERROR),
            (b"cache_memlimit x", ERROR),
            (b"cache_memlimit 64", b"OK\r\n"),
            (b"cache_memlimit 64 noreply", b""),
            (b"cache_memlimit 1", b"MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m\r\n"),
            (b"stats noreply", ERROR),
            (b"stats reset", b"RESET\r\n"),
            (b"stats items", b"END\r\n"),
            (b"stats sizes", b"STAT sizes_status disabled\r\nEND\r\n"),
            (b"stats cachedump 1 1", b"END\r\n"),
            (b"stats cachedump 1", b"CLIENT_ERROR bad command line\r\n"),
            (b"stats cachedump x 1", BAD_FORMAT),
            (b"stats detail on", b"OK\r\n"),
            (b"stats detail", b"CLIENT_ERROR usage: stats detail on|off|dump\r\n"),
        ):
            self.assertTold(line + b"\r\n", reply)
        settings = parse([b"stats settings\r\n"])[0].reply  # type: ignore[attr-defined]
        for line in (b"STAT item_size_max 64", b"STAT verbosity 0", b"STAT flush_enabled yes", b"STAT lru_crawler no"):
            self.assertIn(line + b"\r\n", settings)


class ReplyTests(ParserTestCase):
    """
    Tests for what tells what came of it.
    """

    def test_stores(self) -> None:
        """
        What stores a value.
        """
        for word in (b"set", b"add", b"replace", b"append", b"prepend"):
            self.assertTells(
                word + b" k 0 0 1\r\nx\r\n",
                (Stored(9), b"STORED\r\n"),
                (Exists(), b"NOT_STORED\r\n"),
                (NotFound(), b"NOT_STORED\r\n"),
                (TooLarge(), TOO_LARGE),
                (Unavailable(), NOT_SURE),
            )
        self.assertTells(
            b"cas k 0 0 1 5\r\nx\r\n",
            (Stored(9), b"STORED\r\n"),
            (VersionMismatch(), b"EXISTS\r\n"),
            (NotFound(), b"NOT_FOUND\r\n"),
        )
        large = b"set k 0 0 65\r\n" + b"x" * 65 + b"\r\n"
        self.assertTells(large, (Deleted(), TOO_LARGE), (NotFound(), TOO_LARGE), (Unavailable(), NOT_SURE))

    def test_noreply(self) -> None:
        """
        Who wants no reply gets none, whatever came of it.
        """
        for line in (b"set k 0 0 1 noreply\r\nx", b"incr k 1 noreply", b"delete k noreply", b"touch k 0 noreply"):
            everything = (Stored(1), Deleted(), NotFound(), NotNumber(), Unavailable(), NotAllowed(), Refused("no"))
            self.assertTells(line + b"\r\n", *((result, b"") for result in everything))

    def test_others(self) -> None:
        """
        What has no value.
        """
        self.assertTells(b"delete k\r\n", (Deleted(), b"DELETED\r\n"), (NotFound(), b"NOT_FOUND\r\n"))
        self.assertTells(b"touch k 0\r\n", (Touched(), b"TOUCHED\r\n"), (NotFound(), b"NOT_FOUND\r\n"))
        self.assertTells(
            b"incr k 1\r\n", (Counted(9, 2), b"2\r\n"), (NotFound(), b"NOT_FOUND\r\n"), (NotNumber(), NOT_NUMBER)
        )

    def test_errors(self) -> None:
        """
        What nobody expects is told in words; of a write whose outcome is not known, that it is not.
        """
        for result, reply in (
            (NotAllowed(), b"CLIENT_ERROR unauthenticated\r\n"),
            (NotUpgraded(), b"SERVER_ERROR nothing was done: not all servers know this command yet\r\n"),
            (Refused("no room"), b"SERVER_ERROR nothing was done: no room\r\n"),
            (
                Redirected("kv1", 9000),
                b"SERVER_ERROR nothing was done: another server leads, ask port 9000 of kv1\r\n",
            ),
        ):
            self.assertTells(b"delete k\r\n", (result, reply), (Unavailable(), NOT_SURE))
            self.assertTells(b"get k\r\n", (result, reply), (Unavailable(), NOT_READ))

    def test_get(self) -> None:
        """
        C{get} tells flags and value, C{gets} the version too; what is not there is left out.
        """
        found = Items((item(b"a", b"x", flags=5), item(b"a", b"x", flags=5), item(b"c", b"", version=8)))
        plain = b"VALUE a 5 1\r\nx\r\n" * 2 + b"VALUE c 0 0\r\n\r\nEND\r\n"
        self.assertTells(b"get a a b c\r\n", (found, plain), (Items(()), b"END\r\n"))
        versions = b"VALUE a 5 1 7\r\nx\r\n" * 2 + b"VALUE c 0 0 8\r\n\r\nEND\r\n"
        self.assertTells(b"gets a a b c\r\n", (found, versions))

    def test_stats(self) -> None:
        """
        There are memcached's words, as far as they mean something, and all of replkv's.
        """
        ask = self.first(b"stats\r\n")
        assert isinstance(ask, Ask)
        told = ask.tell(Statistics({"uptime": "5", "keys": "7", "role": "leader"})).split(b"\r\n")
        for line in (
            b"STAT time 1000000000",
            b"STAT version 1.6.18",
            b"STAT uptime 5",
            b"STAT curr_items 7",
            b"STAT replkv_role leader",
        ):
            self.assertIn(line, told)
        self.assertEqual(told[-2:], [b"END", b""])


class StepTests(ParserTestCase):
    """
    Tests for what is asked for in several steps.
    """

    def test_manyKeys(self) -> None:
        """
        What cannot be read at one instant is read in steps, of which the last one has the end.
        """
        keys = tuple(b"%d" % number for number in range(300))
        row = b"VALUE 7 0 1\r\nx\r\n"
        found = Items((item(b"7", b"x"),))
        commands = self.steps(
            self.ask(b"get " + b" ".join(keys) + b"\r\n"), (found, row), (Items(()), b""), (found, row + b"END\r\n")
        )
        self.assertEqual(commands, [Gets(keys[:128]), Gets(keys[128:256]), Gets(keys[256:])])

    def test_fails(self) -> None:
        """
        Where one fails, the reply ends there.
        """
        ask = self.ask(b"get " + b" ".join([b"k"] * 300) + b"\r\n")
        self.steps(ask, (Items(()), b""), (Unavailable(), NOT_READ))

    def test_largeValues(self) -> None:
        """
        What is too much for one step is read in smaller ones.
        """
        ask = self.ask(b"get a b c d e f g h i\r\n", 1 << 20)
        self.assertTrue(ask.holds)
        commands = self.steps(
            ask, (TooLarge(), b""), (TooLarge(), b""), *[(Items(()), b"")] * 4, (Items(()), b"END\r\n")
        )
        sizes = [len(command.keys) for command in commands if isinstance(command, Gets)]
        self.assertEqual(sizes, [9, 4, 2, 2, 2, 2, 1])
        one = self.ask(b"get a\r\n", 1 << 20)
        self.assertFalse(one.holds)
        self.assertTrue(one.tell(TooLarge()).startswith(b"SERVER_ERROR"))

    def test_gat(self) -> None:
        """
        C{gat} takes one key after the other.
        """
        row = b"VALUE a 0 1 7\r\nx\r\n"
        commands = self.steps(
            self.ask(b"gats 5 a b a\r\n"),
            (Items((item(b"a", b"x"),)), row),
            (NotFound(), b""),
            (Items((item(b"a", b"x"),)), row + b"END\r\n"),
        )
        self.assertEqual(commands, [Gat(key, Lifetime(5000)) for key in (b"a", b"b", b"a")])
        self.steps(self.ask(b"gat 5 a b\r\n"), (Unavailable(), NOT_SURE))


class FlushTests(ParserTestCase):
    """
    Tests for C{flush_all}.
    """

    def test_atOnce(self) -> None:
        """
        Without a delay, or with one that is over, all keys are removed at once, as many in each step as go into one.
        """
        first = DeletePrefix(b"", 0)
        for delay in (b"", b" ", b" 0", b" -1", b" %d" % int(NOW - 5), b" 0 x"):
            line = b"flush_all" + delay + b"\r\n"
            self.assertAsks(line, first)
            self.assertEqual(self.steps(self.ask(line), (Removed(5), b"OK\r\n")), [first])
        more = (Removed(5, 9, b"k"), b""), (Removed(5, 9, b"m"), b"")
        commands = self.steps(self.ask(b"flush_all\r\n"), *more, (Removed(5), b"OK\r\n"))
        self.assertEqual(commands, [first, DeletePrefix(b"", 9, b"k"), DeletePrefix(b"", 9, b"m")])
        self.steps(self.ask(b"flush_all\r\n"), more[0], (Unavailable(), NOT_SURE))

    def test_quiet(self) -> None:
        """
        With C{noreply} it is the same, without a word.
        """
        for line in (b"flush_all noreply\r\n", b"flush_all 0 noreply\r\n"):
            commands = self.steps(self.ask(line), (Removed(5, 9, b"k"), b""), (Removed(5), b""))
            self.assertEqual(commands, [DeletePrefix(b"", 0), DeletePrefix(b"", 9, b"k")])

    def test_later(self) -> None:
        """
        With one, they are to be removed later.
        """
        for line, expected in (
            (b"flush_all 10", FlushLater(False, b"OK\r\n", 10.0)),
            (b"flush_all 10 noreply", FlushLater(False, b"", 10.0)),
            (b"flush_all %d" % int(NOW + 90), FlushLater(False, b"OK\r\n", 90.0)),
        ):
            self.assertEqual(self.first(line + b"\r\n"), expected)

    def test_wrong(self) -> None:
        """
        What is wrong is told.
        """
        self.assertTold(b"flush_all x\r\n", BAD_EXPTIME)
        self.assertTold(b"flush_all x noreply\r\n", b"")
        self.assertTold(b"flush_all 0 0 0\r\n", ERROR)
