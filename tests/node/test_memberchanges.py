"""
Tests for L{replkv.node.memberchanges}: what operators want, and what speaks against it.
"""

from __future__ import annotations

from typing import cast

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.members import (
    MemberAdd,
    MemberCommand,
    MemberPromote,
    MemberRemove,
    MemberReplace,
    MemberUpdate,
)
from replkv.lives import Life
from replkv.node.memberchanges import after
from replkv.node.roster import Roster
from replkv.raft.changes import CannotChange, replaced
from replkv.raft.configuration import Configuration
from replkv.raft.member import Address, Kind, Member


def at(server: int) -> Address:
    """
    Where a server is.
    """
    return Address("kv", 9000 + server, 10000 + server)


def members(count: int) -> Configuration:
    """
    So many voters, whose data folders are known.
    """
    return Configuration(Member(server, incarnation=f"folder {server}", address=at(server)) for server in range(count))


class Heard:
    """
    A roster that hears some servers.

    @ivar folder: the data folder with which the others have come.
    """

    folder = ""

    def __init__(self, *servers: int) -> None:
        self.servers = servers

    def hears(self, server: int) -> bool:
        """
        See L{Roster.hears}.
        """
        return server in self.servers

    def lifeOf(self, server: int) -> Life | None:
        """
        See L{Roster.lifeOf}.
        """
        return Life("folder", 1, "first") if server in self.servers else None

    def folderOf(self, server: int) -> str:
        """
        See L{Roster.folderOf}.
        """
        return self.folder


ADD = MemberAdd(3, "kv", 9003, 10003, False, False)


class ChangeCase(SynchronousTestCase):
    """
    Has something changed by server 0 of three.
    """

    before = members(3)

    def after(self, command: MemberCommand, *heard: int) -> Configuration:
        """
        What comes of a command.

        @param heard: the servers that answer; all of three if there is none.
        """
        return after(command, self.before, cast(Roster, Heard(*(heard or (0, 1, 2)))))

    def refuses(self, why: str, command: MemberCommand, *heard: int) -> None:
        """
        A command is refused, for this reason.
        """
        error = self.assertRaises(CannotChange, self.after, command, *heard)
        self.assertEqual(str(error), why)


class AddTests(ChangeCase):
    """
    One more.
    """

    def test_learner(self) -> None:
        """
        Who comes is a learner, or a spare, and its folder is not known.
        """
        self.assertEqual(self.after(ADD).member(3), Member(3, Kind.LEARNER, "", at(3)))
        spare = MemberAdd(3, "kv", 9003, 10003, False, True)
        self.assertEqual(self.after(spare, 0, 1).member(3), Member(3, Kind.SPARE, "", at(3)))

    def test_again(self) -> None:
        """
        The second time there is nothing to do, unless it is told to be elsewhere.
        """
        self.before = self.after(ADD)
        self.assertIs(self.after(ADD), self.before)
        self.refuses(
            "server 3 is a member already, at kv, ports 9003 and 10003: replkv member update --id 3 has it elsewhere",
            MemberAdd(3, "kv", 9003, 10004, True, False),
        )

    def test_anotherIsDown(self) -> None:
        """
        While another one is down, it is refused, unless a person knows better.
        """
        self.refuses(
            "server 2 does not answer, and would be missed more: start it, or replkv member replace --id 2, or replkv "
            "member remove --id 2",
            ADD,
            0,
            1,
        )
        self.assertIsNotNone(self.after(MemberAdd(3, "kv", 9003, 10003, True, False), 0, 1).member(3))

    def test_nowhere(self) -> None:
        """
        An address that cannot be, or is another server's, is refused.
        """
        for why, host, clientPort, logPort in (
            ("port 9001 of kv is server 1's", "kv", 9001, 10003),
            ("port 10001 of kv is server 1's", "kv", 10001, 10003),
            ("there is no port 0", "kv", 0, 10003),
            ("there is no port 65536", "kv", 9003, 65536),
            ("port 9003 cannot be for clients and for servers", "kv", 9003, 9003),
            ("nobody can be sent to 0.0.0.0: name the server's own address", "0.0.0.0", 9003, 10003),
        ):
            self.refuses(why, MemberAdd(3, host, clientPort, logPort, True, False))
        error = self.assertRaises(CannotChange, self.after, MemberAdd(3, "a_b..c", 9003, 10003, True, False))
        self.assertIn("the host a_b..c ", str(error))
        self.refuses("an id is at most 2147483647", MemberAdd(2**31, "kv", 9003, 10003, True, False))


class RemoveTests(ChangeCase):
    """
    One less.
    """

    def test_removed(self) -> None:
        """
        Who is not needed goes, and so does who is down. The second time there is nothing to do.
        """
        self.assertEqual(self.after(MemberRemove(1, False)).ids, (0, 2))
        self.assertEqual(self.after(MemberRemove(2, False), 0, 1).ids, (0, 1))
        self.assertIs(self.after(MemberRemove(7, False)), self.before)

    def test_oneOfTwoHealthy(self) -> None:
        """
        One of two that answer, of three, stays; so does the leader.
        """
        for gone in (0, 1):
            self.refuses(
                f"without server {gone} there would be no majority, since server 2 does not answer: start it, or "
                "replkv member replace --id 2, or replkv member remove --id 2",
                MemberRemove(gone, False),
                0,
                1,
            )
            self.assertNotIn(gone, self.after(MemberRemove(gone, True), 0, 1).ids)

    def test_last(self) -> None:
        """
        The last one stays, whatever a person knows.
        """
        self.before = members(1)
        self.refuses("server 0 is the only voter", MemberRemove(0, True), 0)


class ReplaceTests(ChangeCase):
    """
    Another data folder.
    """

    def test_down(self) -> None:
        """
        Of one that is down, the folder is forgotten: another one may come. The second time there is nothing to do,
        neither before that has come nor when it has.
        """
        command = MemberReplace(2, False)
        waiting = self.after(command, 0, 1)
        self.assertEqual(waiting.member(2), Member(2, Kind.LEARNER, "", at(2), "folder 2"))
        self.before = waiting
        self.assertIs(self.after(command, 0, 1), waiting)
        come = Member(2, Kind.VOTER, "new", at(2), "folder 2")
        self.before = Configuration([*waiting.members[:2], come])
        self.assertIs(self.after(command), self.before)
        # It is lost again.
        self.assertEqual(self.after(command, 0, 1), replaced(self.before, 2))

    def test_lostAgain(self) -> None:
        """
        One that has come with another folder, and has lost that too before it was named, is replaced once more.
        """
        self.patch(Heard, "folder", "new")
        self.before = replaced(self.before, 2)
        self.assertIs(self.after(MemberReplace(2, False)), self.before)
        again = self.after(MemberReplace(2, False), 0, 1)
        self.assertEqual(again.member(2), Member(2, Kind.LEARNER, "", at(2), "new"))

    def test_there(self) -> None:
        """
        One that answers with the folder that it always had is not replaced by mistake.
        """
        self.refuses(
            "server 2 is there, with the data folder that it always had: stop it, remove that, start it, and replace "
            "it then",
            MemberReplace(2, False),
        )
        self.assertEqual(self.after(MemberReplace(2, True)).voters, (0, 1))

    def test_needed(self) -> None:
        """
        Where those that answer would be no majority without it, it is refused.
        """
        self.before = members(4)
        self.refuses(
            "without server 2 there would be no majority, since server 1 does not answer: start it, or replkv member "
            "replace --id 1, or replkv member remove --id 1",
            MemberReplace(2, False),
            0,
        )

    def test_nobody(self) -> None:
        """
        Who is no member is added.
        """
        self.refuses("server 7 is no member: replkv member add --id 7 has it be one", MemberReplace(7, True))


class UpdateTests(ChangeCase):
    """
    Another address.
    """

    def test_moved(self) -> None:
        """
        A member is elsewhere; the second time there is nothing to do.
        """
        command = MemberUpdate(2, "kv2", 9002, 10002, False)
        moved = self.after(command)
        self.assertEqual(moved.member(2), Member(2, Kind.VOTER, "folder 2", Address("kv2", 9002, 10002)))
        self.before = moved
        self.assertIs(self.after(command), moved)
        self.refuses("port 9001 of kv is server 1's", MemberUpdate(2, "kv", 9001, 10009, False))
        self.refuses(
            "server 7 is no member: replkv member add --id 7 has it be one", MemberUpdate(7, "kv", 9007, 10007, False)
        )

    def test_needed(self) -> None:
        """
        Until it is there, the others have to do without it.
        """
        self.refuses(
            "until server 1 is there, there is no majority without it: move it right after it, and say so with --force",
            MemberUpdate(1, "kv2", 9001, 10001, False),
            0,
            1,
        )
        moved = self.after(MemberUpdate(1, "kv2", 9001, 10001, True), 0, 1)
        self.assertEqual(moved.members[1].address, Address("kv2", 9001, 10001))


class PromoteTests(ChangeCase):
    """
    A vote.
    """

    def test_learner(self) -> None:
        """
        A learner has it if it answers, and has come; a voter has it already.
        """
        self.assertIs(self.after(MemberPromote(1)), self.before)
        learner = Member(3, Kind.LEARNER, "folder 3", at(3))
        self.before = Configuration([*members(3).members, learner])
        self.refuses(
            "server 3 does not answer, or lacks too much: start it, and it has its vote when it keeps up",
            MemberPromote(3),
        )
        self.assertEqual(self.after(MemberPromote(3), 0, 1, 2, 3).voters, (0, 1, 2, 3))
