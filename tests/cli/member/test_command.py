"""
Tests for C{replkv member}: its options, and what it says.
"""

from __future__ import annotations

import io
import json
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from replkv.cli.calling import CallingCommand
from replkv.cli.command import Signalled
from replkv.cli.console import main
from replkv.cli.member import listing, options
from replkv.cli.statuses import DONE, INTERRUPTED, MISTAKE, NOT_ALLOWED, REFUSED, UNAVAILABLE, UNKNOWN
from replkv.client.address import Address
from replkv.client.errors import NotAllowed, OutcomeUnknown, Refused, Unavailable
from replkv.client.membership import Member
from replkv.raft.member import Kind

PLACE = ("--host", "kv4", "--client-port", "9004", "--log-port", "10004")

LEADER = Member(0, Kind.VOTER, Address("kv0", 9000), 10000, "00112233445566778899aabbccddeeff", True, 123, 0, 0.0, 4)

NEW = Member(4, Kind.LEARNER, Address("::1", 9004), 10004, "", False, None, None, None, None)

CAUGHT_UP = NEW._replace(kind=Kind.VOTER, incarnation="ffeeddccbbaa99887766554433221100", matchIndex=120, lag=3)


class FakeClient:
    """
    A client whose servers say what the test has them say.

    @ivar calls: what was asked for.
    @ivar outcome: what comes of it.
    @ivar told: the members.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []
        self.outcome: bool | Exception = True
        self.told: list[Member] | Exception = [LEADER, CAUGHT_UP]

    def members(self, *, timeout: float | None = None) -> Deferred[Sequence[Member]]:
        """
        Who the members are.
        """
        return fail(self.told) if isinstance(self.told, Exception) else succeed(self.told)

    def __getattr__(self, name: str) -> Callable[..., Deferred[bool]]:
        def call(*arguments: object, timeout: float, **more: object) -> Deferred[bool]:
            self.calls.append((name, *arguments, *more.values()))
            return fail(self.outcome) if isinstance(self.outcome, Exception) else succeed(self.outcome)

        return call


class MemberCase(SynchronousTestCase):
    """
    The command, and servers in name only.
    """

    def setUp(self) -> None:
        """
        Have those.
        """
        self.client = FakeClient()
        self.signal: Signalled | None = None
        self.patch(os, "environ", {})
        self.patch(CallingCommand, "clientOf", lambda command, reactor, servers, config: self.client)

        def run(main: Callable[[Any], Coroutine[Any, Any, Any]]) -> object:
            ended: list[object] = []
            Deferred.fromCoroutine(main(Clock())).addBoth(ended.append)
            if self.signal is not None:
                raise self.signal
            if isinstance(ended[0], Failure):
                ended[0].raiseException()
            return ended[0]

        self.patch(options, "runReactor", run)
        self.patch(listing, "runReactor", run)

    def run_(self, *words: str) -> tuple[int, str, str]:
        """
        Run C{replkv member}.

        @return: the exit status, and what was written to the standard output and to the standard error.
        """
        output, errors = io.StringIO(), io.StringIO()
        self.patch(sys, "stdout", output)
        self.patch(sys, "stderr", errors)
        servers = ["--servers", "kv0:9000"] if len(words) > 1 else []
        return main(["member", *words, *servers]), output.getvalue(), errors.getvalue()


class ListTests(MemberCase):
    """
    Tests for the list.
    """

    def test_table(self) -> None:
        """
        There is a line for each member, and a question mark for what is not known.
        """
        self.client.told = [LEADER, NEW, CAUGHT_UP._replace(id=5, address=None, logPort=None, leads=None, heard=0.14)]
        status, output, errors = self.run_("list", "--timeout=1")
        self.assertEqual((status, errors), (DONE, ""))
        self.assertEqual(
            output.splitlines(),
            [
                "id  address     log port  role      kind     index  lag  folder    version  heard",
                "0   kv0:9000    10000     leader    voter    123    0    00112233  4        0.0 s",
                "4   [::1]:9004  10004     follower  learner  ?      ?    none yet  ?        ?",
                "5   ?           ?         ?         voter    120    3    ffeeddcc  ?        0.1 s",
            ],
        )

    def test_json(self) -> None:
        """
        For programs they are what the servers tell.
        """
        self.client.told = [LEADER, NEW._replace(address=None, logPort=None)]
        status, output, _ = self.run_("list", "--json")
        self.assertEqual(status, DONE)
        first, second = map(json.loads, output.splitlines())
        self.assertEqual(
            first,
            {
                "id": 0,
                "kind": "voter",
                "host": "kv0",
                "client_port": 9000,
                "log_port": 10000,
                "incarnation": "00112233445566778899aabbccddeeff",
                "leads": True,
                "index": 123,
                "lag": 0,
                "heard": 0.0,
                "version": 4,
            },
        )
        self.assertEqual((second["host"], second["client_port"], second["log_port"]), (None, None, None))

    def test_noLeader(self) -> None:
        """
        Where none leads, nobody knows.
        """
        self.client.told = Unavailable("no server has said that it leads")
        status, output, errors = self.run_("list", "--json")
        self.assertEqual((status, output), (UNAVAILABLE, ""))
        self.assertEqual(errors, "replkv: unavailable: no server has said that it leads\n")


class ChangeTests(MemberCase):
    """
    Tests for the commands that change something.
    """

    def test_done(self) -> None:
        """
        Each says in one line what was done, or that it is so already.
        """
        for words, call, done, already in (
            (
                ("add", *PLACE),
                ("addMember", 4, "kv4", 9004, 10004, False, False),
                "server 4 is a member; it has its vote",
                "server 4 is a member already; it has its vote",
            ),
            (
                ("add", *PLACE, "--force", "--no-wait", "--spare"),
                ("addMember", 4, "kv4", 9004, 10004, True, True),
                "server 4 is a member; it is still to catch up",
                "server 4 is a member already; it is still to catch up",
            ),
            (
                ("replace",),
                ("replaceMember", 4, False),
                "server 4 is let in with a new data folder; it has its vote",
                "server 4 is let in with a new data folder already; it has its vote",
            ),
            (
                ("replace", "--no-wait", "--force"),
                ("replaceMember", 4, True),
                "server 4 is let in with a new data folder; it is still to catch up",
                "server 4 is let in with a new data folder already; it is still to catch up",
            ),
            (
                ("remove",),
                ("removeMember", 4, False),
                "server 4 is removed",
                "server 4 is no member already",
            ),
            (
                ("update", *PLACE, "--force"),
                ("updateMember", 4, "kv4", 9004, 10004, True),
                "server 4 is at kv4, ports 9004 and 10004 now",
                "server 4 is at kv4, ports 9004 and 10004 already",
            ),
            (
                ("promote",),
                ("promoteMember", 4),
                "server 4 has a vote now",
                "server 4 has a vote already",
            ),
        ):
            for outcome, said in ((True, done), (False, already)):
                self.client.outcome = outcome
                self.assertEqual(self.run_(*words, "--id", "4"), (DONE, f"{said}\n", ""))
                self.assertEqual(self.client.calls.pop(), call)
                status, output, errors = self.run_(*words, "--id", "4", "--json")
                self.assertEqual((status, json.loads(output), errors), (DONE, {"id": 4, "changed": outcome}, ""))

    def test_notDone(self) -> None:
        """
        What is not done has its status, and the line says what there is to do.
        """
        for error, status, said in (
            (Refused("server 4 is no member"), REFUSED, "refused: server 4 is no member"),
            (NotAllowed("x", "bob"), NOT_ALLOWED, "not allowed (ERR_AUTH): x"),
            (Unavailable("no leader"), UNAVAILABLE, "unavailable: no leader"),
        ):
            self.client.outcome = error
            self.assertEqual(self.run_("remove", "--id", "4"), (status, "", f"replkv: {said}\n"))

    def test_unknown(self) -> None:
        """
        Where it is not known what came of it, it is said that it can be run again.
        """
        self.client.outcome = OutcomeUnknown("lost")
        status, output, errors = self.run_("remove", "--id", "4", "--timeout", "0.1")
        self.assertEqual((status, output), (UNKNOWN, ""))
        self.assertIn("lost; it does no harm to run it again", errors)

    def test_interrupted(self) -> None:
        """
        Whoever does not wait any longer is told what has happened so far.
        """
        self.signal = Signalled(signal.SIGINT)
        self.client.told = [LEADER, NEW]
        status, output, errors = self.run_("add", "--id", "4", *PLACE)
        self.assertEqual((status, output), (INTERRUPTED, ""))
        said = "server 4 is a member, and catches up when it is there; run again, this waits for that"
        self.assertEqual(errors.splitlines()[-1], f"replkv: {said}")
        status, output, errors = self.run_("remove", "--id", "4")
        self.assertEqual((status, output), (INTERRUPTED, ""))
        self.assertEqual(
            errors, "replkv: interrupted, it may or may not have been done: it does no harm to run it again\n"
        )

    def test_waitsInVain(self) -> None:
        """
        Who waits for a server to catch up, and can ask nobody, is told that it is a member.
        """
        for told, said in (
            (Unavailable("no leader"), "unavailable: no leader; server 4 is a member, and catches up"),
            ([LEADER], "unavailable: server 4 is no member any more"),
        ):
            self.client.told = told
            status, output, errors = self.run_("replace", "--id", "4")
            self.assertEqual((status, output), (UNAVAILABLE, ""))
            self.assertTrue(errors.startswith(f"replkv: {said}"), errors)


class OptionTests(MemberCase):
    """
    Tests for the options.
    """

    def test_mistakes(self) -> None:
        """
        What makes no sense is one line, and nobody is asked for it.
        """
        for words, said in (
            ((), "say what to do: list, add, remove, replace, update or promote"),
            (("del", "--id=4"), "Unknown command: del"),
            (("remove", "--force"), "--id has to be given"),
            (("remove", "--id=x"), "--id must be a whole number, not 'x'"),
            (("remove", "--id=-1"), "--id must be a whole number, not '-1'"),
            (("remove", "--id=2147483648"), "--id: a server's id is a whole number from 0 to 2147483647"),
            (("remove", "--id=4", "now"), "'now' is one word too many"),
            (("promote", "--id=4", "--force"), "option --force not recognized"),
            (("remove", "--id=4", "--no-wait"), "option --no-wait not recognized"),
            (("add", "--id=4"), "--host has to be given"),
            (("add", "--id=4", "--host=kv4"), "--client-port has to be given"),
            (("update", "--id=4", "--host=kv4", "--client-port=9004"), "--log-port has to be given"),
            (("update", "--id=4", *PLACE, "--log-port=0"), "--log-port: a server's port is a number from 1 to 65535"),
            (("add", "--id=4", *PLACE, "--client-port=9 4"), "--client-port must be a whole number, not '9 4'"),
            (("add", "--id=4", *PLACE, "--host=kv4:9004"), "--host: a server's host is a name or an address, and"),
            (("remove", "--id=4", "--timeout=0"), "--timeout must be more than 0"),
        ):
            status, output, errors = self.run_(*words)
            self.assertEqual((status, output, errors.count("\n")), (MISTAKE, "", 1), words)
            self.assertTrue(errors.startswith(f"replkv: {said}"), errors)
        self.assertEqual(self.client.calls, [])

    def test_help(self) -> None:
        """
        There is help for all of it and for each action.
        """
        self.assertTrue(self.run_("--help")[1].startswith("Usage: replkv member ACTION [OPTIONS]\n"))
        self.assertEqual(self.run_("help"), self.run_("--help"))
        for action in ("list", "add", "remove", "replace", "update", "promote"):
            self.assertIn(f"    {action} ", self.run_("--help")[1])
            shown = self.run_(action, "--help")
            self.assertTrue(shown[1].startswith(f"Usage: replkv member {action} "), shown)
