"""
Tests for L{replkv.cli.status}.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from twisted.internet.defer import Deferred

from replkv.cli.status import Status, askStatus
from replkv.config import Config, ServerConfig
from tests.client.connected import ClientCase, stats

TODAY = date(2027, 1, 1)

CONFIG = Config(
    path="var",
    cluster="replkv",
    servers=tuple(ServerConfig(10 * number, "db", number, 100 + number) for number in (1, 2, 3)),
    heartbeat=0.05,
    electionTimeout=0.25,
    leaderWait=2.0,
    requestTimeout=5.0,
    maxValueBytes=1 << 20,
    maxConnections=10_000,
)


class AskStatusTests(ClientCase):
    """
    Tests for L{askStatus}.
    """

    def ask(self) -> Deferred[Status]:
        """
        Ask for the status, and see that all servers are asked side by side.
        """
        status = Deferred.fromCoroutine(askStatus(self.client, CONFIG, 1.0, TODAY))
        self.assertEqual(self.network.asked(), [1, 2, 3])
        return status

    def test_table(self) -> None:
        """
        There is an aligned line for each server, also for one that refuses and one that keeps silent.
        """
        status = self.ask()
        self.network.refuse(2)
        self.network.accept(1).send(stats("leader"))
        self.network.accept(3)
        self.assertNoResult(status)
        self.network.advance(1)
        lines = self.successResultOf(status).lines
        self.assertEqual(
            lines[:2],
            [
                "id  address  role    term  leader  commit  applied  keys",
                "10  db:1     leader  4     20      1234    1233     7",
            ],
        )
        # Each with its reason.
        self.assertRegex(lines[2], r"^20  db:2     \([^:]*\bconnect[^:]*\)$")
        self.assertRegex(lines[3], r"^30  db:3     \([^:]*\b1 s\)$")

    def test_authentication(self) -> None:
        """
        Where rights are heeded, a line after the table says so.
        """
        for auth in ("off", "on"):
            status = self.ask()
            for port in (1, 2, 3):
                self.network.accept(port).send(stats("leader" if port == 1 else "follower", auth=auth))
            said = self.successResultOf(status).lines[4:]
            self.assertEqual(said, ["authentication is on: who asks for more than this has to log in"][: auth == "on"])
            self.setUp()

    def test_led(self) -> None:
        """
        The cluster is led if a server says that it leads.
        """
        for role, led in [("leader", True), ("candidate", False)]:
            status = self.ask()
            wires = [self.network.accept(port) for port in (1, 2, 3)]
            for wire, said in zip(wires, ("follower", role, "follower"), strict=True):
                wire.send(stats(said))
            self.assertIs(self.successResultOf(status).led, led)
            for wire in wires:
                wire.close()

    def test_missing(self) -> None:
        """
        What a server does not tell is shown as not known.
        """
        status = Deferred.fromCoroutine(askStatus(self.client, replace(CONFIG, servers=CONFIG.servers[:1]), 1.0, TODAY))
        self.network.accept(1).send(b"STAT role follower\r\nEND\r\n")
        self.assertEqual(self.successResultOf(status).lines[1].split(), ["10", "db:1", "follower", *"?????"])

    def refusing(self, *refused: str) -> list[str]:
        """
        What stands behind the lines of servers that refuse these.
        """
        return self.marks("refused", *refused)

    def marks(self, name: str, *told: str) -> list[str]:
        """
        What stands behind the lines of servers whose statistics have this.
        """
        status = self.ask()
        wires = [self.network.accept(port) for port in (1, 2, 3)]
        for wire, value in zip(wires, told, strict=True):
            more: dict[str, Any] = {name: value}
            wire.send(stats("follower", **more))
        lines = self.successResultOf(status).lines
        for wire in wires:
            wire.close()
        self.assertEqual(lines[0].split()[-1], "keys")
        self.assertTrue(all("  4     20      1234    1233     7" in line for line in lines[1:]), lines)
        return [line.partition("1233     7")[2] for line in lines[1:]]

    def test_refused(self) -> None:
        """
        A server that others do not let in is marked, with who they are.
        """
        mark = "  refused by %s: it has lost data or runs twice, see its log"
        self.assertEqual(self.refusing("none", "none", "none"), ["", "", ""])
        self.assertEqual(self.refusing("20", "none", "none"), ["", mark % "10", ""])
        self.assertEqual(self.refusing("30", "30", "none"), ["", "", mark % "10, 20"])
        self.assertEqual(self.refusing("20,30", "none", "20"), ["", mark % "10, 30", mark % "10"])
        # An id is not a part of another one.
        self.assertEqual(self.refusing("1,0,110,201", "", "2,,0"), ["", "", ""])

    def test_member(self) -> None:
        """
        A server that has no vote is marked.
        """
        waits = "  is not let in, and waits: its log says for which command"
        self.assertEqual(self.marks("member", "voter", "waiting", "learner"), ["", waits, "  has no vote yet"])
        self.assertEqual(self.marks("member", "none", "spare", "x"), ["  is no member", "  is a spare", ""])

    def test_lagging(self) -> None:
        """
        Where servers speak different versions, those are marked that are to be upgraded, also if they refuse another.
        """
        for versions, marks in (
            (("4", "4", "4"), ["", "", ""]),
            (("4", "3", "4"), ["", "  speaks version 3, and another one 4: upgrade it", ""]),
            (("4", "", "x"), ["", *["  speaks an old version, and another one 4: upgrade it"] * 2]),
        ):
            status = self.ask()
            wires = [self.network.accept(port) for port in (1, 2, 3)]
            for wire, version in zip(wires, versions, strict=True):
                wire.send(stats("follower", protocol_version=version))
            lines = self.successResultOf(status).lines
            self.assertEqual([line.partition("1233     7")[2] for line in lines[1:]], marks)
            for wire in wires:
                wire.close()

    def test_certificates(self) -> None:
        """
        It is marked where a certificate is about to end, or has ended.
        """
        status = self.ask()
        for number, end in enumerate(("2027-01-30", "2027-01-31", "none"), 1):
            self.network.accept(number).send(stats(role="follower", certificate_end=end))
        lines = self.successResultOf(status).lines[1:]
        self.assertTrue(lines[0].endswith("  its certificate ends on 2027-01-30: renew it"), lines)
        self.assertFalse(any("certificate" in line for line in lines[1:]), lines)

    def test_repairing(self) -> None:
        """
        Those are marked whose logs were damaged, until that is repaired.
        """
        status = self.ask()
        wires = [self.network.accept(port) for port in (1, 2, 3)]
        for wire, log in zip(wires, ("ok", "repairing", None), strict=True):
            wire.send(stats("follower") if log is None else stats("follower", log=log))
        lines = self.successResultOf(status).lines
        mark = "  its log was damaged, it does not vote until that is repaired: see its log file"
        self.assertEqual([line.partition("1233     7")[2] for line in lines[1:]], ["", mark, ""])

    def test_full(self) -> None:
        """
        Those are marked that take no writes, since disks are nearly full: their own, or so many others.
        """
        own = {"disk_free": str(5 << 20), "takes_writes": "no"}
        cases: list[tuple[list[dict[str, str]], list[str]]] = [
            ([{}, {"full_disks": "none", "takes_writes": "yes"}, {}], ["", "", ""]),
            (
                [{"full_disks": "20", "takes_writes": "yes"}, {"full_disks": "20", **own}, {}],
                ["", "  takes no writes: its disk has 5 MiB left, make room", ""],
            ),
            (
                [{"full_disks": "20,30", "takes_writes": "no"}, {"full_disks": "20", **own, "disk_free": "?"}, {}],
                [
                    "  takes no writes: the disks of 20, 30 are nearly full",
                    "  takes no writes: its disk has few MiB left, make room",
                    "",
                ],
            ),
        ]
        for told, marks in cases:
            status = self.ask()
            wires = [self.network.accept(port) for port in (1, 2, 3)]
            for number, (wire, more) in enumerate(zip(wires, told, strict=True), 1):
                wire.send(stats("follower", 4, 20, **{**more, "id": str(10 * number)}))
            lines = self.successResultOf(status).lines
            self.assertEqual([line.partition("1233     7")[2] for line in lines[1:]], marks)
            for wire in wires:
                wire.close()

    def test_refusedAndSilent(self) -> None:
        """
        One that does not answer is not marked: it may be mended when it runs again.
        """
        status = self.ask()
        self.network.refuse(2)
        self.network.accept(1).send(stats("leader", refused="20"))
        self.network.accept(3).send(stats("follower", refused="20"))
        self.assertRegex(self.successResultOf(status).lines[2], r"^20  db:2     \([^:]*\)$")

    def differing(self, *states: tuple[int, str]) -> list[str]:
        """
        What stands behind the lines of servers that have applied so much and have these states.
        """
        status = self.ask()
        wires = [self.network.accept(port) for port in (1, 2, 3)]
        for wire, (index, state) in zip(wires, states, strict=True):
            told = stats("follower", applied_index=str(index), state_hash=state)
            wire.send(told if state else stats("follower", applied_index=str(index)))
        lines = self.successResultOf(status).lines
        for wire in wires:
            wire.close()
        return [line.partition("     7")[2].strip() for line in lines[1:]]

    def test_differs(self) -> None:
        """
        Servers that have applied as much and hold something else are marked, with those from which they differ. Who
        has applied more or less may hold anything.
        """
        mark = "has another state than %s at the same entry"
        self.assertEqual(self.differing((1233, "aa"), (1233, "aa"), (1233, "aa")), ["", "", ""])
        self.assertEqual(
            self.differing((1233, "aa"), (1233, "bb"), (1233, "aa")), [mark % "20", mark % "10, 30", mark % "20"]
        )
        self.assertEqual(self.differing((1233, "aa"), (1234, "bb"), (1235, "cc")), ["", "", ""])
        self.assertEqual(self.differing((1233, "aa"), (1234, "bb"), (1234, "cc")), ["", mark % "30", mark % "20"])
        # One of a version that does not tell its state.
        self.assertEqual(self.differing((1233, "aa"), (1233, ""), (1233, "aa")), ["", "", ""])
