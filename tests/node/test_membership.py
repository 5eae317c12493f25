"""
Tests for L{replkv.node.membership}: changes of the members, one after the other, and the naming of data folders.
"""

from __future__ import annotations

import math
from typing import cast

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.members import MemberAdd, MemberCommand, MemberRemove, MemberReplace, MemberUpdate
from replkv.commands.results import Already, Done, NotUpgraded, Refused, Result, Unavailable
from replkv.lives import Life
from replkv.node.autopilot import Autopilot
from replkv.node.membership import MAX_WAITING, Membership
from replkv.node.roster import Roster
from replkv.raft.changes import named
from replkv.raft.configuration import Configuration
from replkv.raft.member import Address, Kind, Member
from replkv.versions import MemberVersions, Versions
from tests.frontends.asked import Asked
from tests.logged import logged
from tests.node.test_memberchanges import ADD, at
from tests.raft.network import THREE, Server
from tests.raft.servers import heartbeat, leader, matched
from tests.raft.test_members import established

ELECTION_TIMEOUT = 1.0
PATIENCE = 60.0


class Around:
    """
    A roster that knows what a test says.

    @ivar silent: the servers that do not answer, and since when.
    @ivar lives: the data folders, and the starts, of those that are there.
    """

    def __init__(self, server: Server, clock: Clock) -> None:
        self.silent: dict[int, float] = {}
        self.lives: dict[int, Life] = {}
        self.versions = MemberVersions(Versions(3, 4), {1: 4, 2: 4})
        self._server = server
        self._clock = clock

    @property
    def hasMetAll(self) -> bool:
        """
        See L{Roster.hasMetAll}.
        """
        return all(server in self.lives for server in self._server.raft.configuration.ids)

    def hears(self, server: int) -> bool:
        """
        See L{Roster.hears}.
        """
        return server not in self.silent

    def heardAt(self, server: int) -> float | None:
        """
        See L{Roster.heardAt}.
        """
        return self.silent.get(server, self._clock.seconds())

    def lifeOf(self, server: int) -> Life | None:
        """
        See L{Roster.lifeOf}.
        """
        return self.lives.get(server)

    def addressOf(self, server: int) -> Address:
        """
        See L{Roster.addressOf}.
        """
        return at(server)


class MembershipCase(SynchronousTestCase):
    """
    Server 0 of three leads in term 1.
    """

    def setUp(self) -> None:
        """
        It has led for long enough to have heard of the others.
        """
        self.begin(established())
        self.wait()

    def begin(self, server: Server, patience: float | None = None) -> None:
        """
        A server has just been elected.

        @param patience: for how many seconds members are waited for.
        """
        self.server, self.clock = server, Clock()
        self.roster = Around(server, self.clock)
        roster = cast(Roster, self.roster)
        autopilot = Autopilot(server.raft, roster, self.clock, patience)
        self.membership = Membership(server.raft, roster, autopilot, self.clock, ELECTION_TIMEOUT)

    def change(self, command: MemberCommand, request: Asked | None = None) -> list[Result]:
        """
        An operator wants something.

        @return: gets what came of it.
        """
        results: list[Result] = []
        self.membership.change(request or Asked(command), command).addCallback(results.append)
        return results

    def wait(self, seconds: float = ELECTION_TIMEOUT) -> None:
        """
        Let time pass; by default as much as servers have to answer.
        """
        self.membership.tick()
        for _ in range(math.ceil(seconds / ELECTION_TIMEOUT)):
            self.clock.advance(min(seconds, ELECTION_TIMEOUT))
            self.membership.tick()

    def sleep(self) -> None:
        """
        The machine is asleep for long.
        """
        self.clock.advance(100 * PATIENCE)
        self.membership.tick()

    def commit(self) -> None:
        """
        What is in the log is committed.
        """
        server = self.server
        server.pump()
        server.sync()
        for peer in filter(self.roster.hears, server.raft.peers):
            server.receive(peer, matched(server, server.raft.log.lastIndex))
        self.membership.look()

    def depose(self) -> None:
        """
        Another server leads.
        """
        self.server.receive(1, heartbeat(9))
        self.membership.look()

    @property
    def configuration(self) -> Configuration:
        """
        That which is in force.
        """
        return self.server.raft.configuration


class ChangeTests(MembershipCase):
    """
    What comes of what operators want.
    """

    def test_done(self) -> None:
        """
        It is answered when it is committed, and not when it is in the log.
        """
        results = self.change(ADD)
        self.assertEqual(self.configuration.ids, (0, 1, 2, 3))
        self.membership.look()
        self.assertEqual(results, [])
        self.assertFalse(self.membership.isIdle)
        self.commit()
        self.assertEqual(results, [Done()])
        self.assertTrue(self.membership.isIdle)

    def test_oneAfterTheOther(self) -> None:
        """
        A change waits until the one before it is committed; they are made in the order in which they came.
        """
        commands = [ADD, MemberRemove(2, False), MemberAdd(4, "kv", 9004, 10004, False, False)]
        results = [self.change(command) for command in commands]
        for ids in ((0, 1, 2, 3), (0, 1, 3), (0, 1, 3, 4)):
            self.wait()
            self.assertEqual(self.configuration.ids, ids)
            self.commit()
        self.assertEqual(results, [[Done()]] * 3)

    def test_justMoved(self) -> None:
        """
        A change is weighed by who answers only when there was time to answer since the last one: who has moved is not
        heard for a moment.
        """
        self.change(MemberUpdate(2, "kv2", 9002, 10002, False))
        results = self.change(ADD)
        self.roster.silent = {2: 0.0}
        self.commit()
        self.membership.tick()
        self.assertEqual((results, self.configuration.ids), ([], (0, 1, 2)))
        self.roster.silent.clear()
        self.wait()
        self.assertEqual(self.configuration.ids, (0, 1, 2, 3))

    def test_justElected(self) -> None:
        """
        A leader that has just been elected has not heard of the others yet: it waits for an election timeout before it
        says that one does not answer.
        """
        self.begin(established())
        self.roster.silent = {1: 0.0, 2: 0.0}
        results = self.change(ADD)
        self.wait(ELECTION_TIMEOUT / 2)
        self.assertEqual((results, self.configuration), ([], THREE))
        self.roster.silent.clear()
        self.wait(ELECTION_TIMEOUT / 2)
        self.assertEqual(self.configuration.ids, (0, 1, 2, 3))

    def test_nothingCommitted(self) -> None:
        """
        Nor is anything changed before something of its own term is committed.
        """
        self.begin(leader(1, 1))
        self.wait()
        results = self.change(ADD)
        self.assertEqual((results, self.configuration), ([], THREE))
        self.commit()
        self.assertEqual(self.configuration.ids, (0, 1, 2, 3))

    def test_tooMany(self) -> None:
        """
        No more than so many wait; the others may be sent again.
        """
        self.change(ADD)
        waiting = [self.change(MemberRemove(2, False)) for _ in range(MAX_WAITING - 1)]
        self.assertEqual(self.change(MemberRemove(2, False)), [Unavailable()])
        self.assertFalse(any(waiting))

    def test_answered(self) -> None:
        """
        What its operator does not wait for any more is not begun.
        """
        self.change(ADD)
        request = Asked(MemberRemove(2, False))
        results = self.change(MemberRemove(2, False), request)
        request.answer(Unavailable())
        self.commit()
        self.assertEqual((results, self.configuration.ids), ([], (0, 1, 2, 3)))
        self.assertTrue(self.membership.isIdle)

    def test_deposed(self) -> None:
        """
        What becomes of a change is unknown when its leader leads no longer.
        """
        results = self.change(ADD)
        self.depose()
        self.assertEqual(results, [Unavailable()])

    def test_elected(self) -> None:
        """
        So it is when it leads again: the entry may be another one by now.
        """
        results = self.change(ADD)
        self.patch(self.server.raft.state, "currentTerm", 2)
        self.membership.look()
        self.assertEqual(results, [Unavailable()])

    def test_deposedWhileWaiting(self) -> None:
        """
        So it is told of one that has not begun, at once: who leads no longer hears nobody, and refuses nothing for it.
        """
        self.change(ADD)
        results = self.change(MemberAdd(4, "kv", 9004, 10004, False, False))
        self.roster.silent = {1: 0.0, 2: 0.0}
        self.depose()
        self.assertEqual(results, [Unavailable()])

    def test_handsOver(self) -> None:
        """
        A leader that hands over changes nothing.
        """
        self.server.raft.handOver([1])
        self.assertEqual(self.change(ADD), [Unavailable()])
        self.assertEqual(self.configuration, THREE)

    def test_notUpgraded(self) -> None:
        """
        There is no change before all servers are known to know such an entry; what needs none is answered all the same.
        """
        self.roster.versions.told(2, 3)
        self.assertEqual(self.change(ADD), [NotUpgraded()])
        self.assertEqual(self.change(MemberRemove(7, False)), [Already()])
        self.assertEqual(self.configuration, THREE)

    def test_already(self) -> None:
        """
        That there is nothing to do is told when what was found so is committed: else it might be cut off again.
        """
        first, again = self.change(ADD), self.change(ADD)
        self.wait()
        self.assertEqual((first, again), ([], []))
        self.commit()
        self.assertEqual((first, again), ([Done()], [Already()]))

    def test_alreadyDeposed(self) -> None:
        """
        If it is not, that is not known.
        """
        self.change(ADD)
        again = self.change(ADD)
        self.wait()
        self.depose()
        self.assertEqual(again, [Unavailable()])

    def test_refused(self) -> None:
        """
        Where there is no such change, it is told why.
        """
        self.assertEqual(
            self.change(MemberReplace(7, False)),
            [Refused("server 7 is no member: replkv member add --id 7 has it be one")],
        )
        self.assertTrue(self.membership.isIdle)


class LivesTests(MembershipCase):
    """
    Data folders get into the configuration, and starts on them.
    """

    def come(self, **folders: str) -> None:
        """
        Servers are there, each in the first start on its folder; a server is called C{s} and its id.
        """
        for server, folder in folders.items():
            self.roster.lives[int(server[1:])] = Life(folder, 1, "first")

    def names(self) -> list[str]:
        """
        The folders that are known.
        """
        self.membership.tick()
        return [member.incarnation for member in self.configuration.members]

    def test_all(self) -> None:
        """
        When all are there, all are named, in one entry and at once, with where they are and their starts.
        """
        self.begin(established())
        self.come(s0="a", s1="b")
        self.assertEqual(self.names(), ["", "", ""])
        self.come(s2="c")
        self.assertEqual(self.names(), ["a", "b", "c"])
        self.assertEqual(self.configuration.members[1], Member(1, Kind.VOTER, "b", at(1), "", 1, "first"))
        self.assertEqual(self.server.raft.configurationIndex, 2)

    def test_some(self) -> None:
        """
        After an election timeout, those who are there are named; the others are when they come.
        """
        self.begin(established())
        self.come(s0="a", s2="c")
        self.assertEqual(self.names(), ["", "", ""])
        self.clock.advance(ELECTION_TIMEOUT)
        self.assertEqual(self.names(), ["a", "", "c"])
        self.come(s1="b")
        self.assertEqual(self.names(), ["a", "", "c"])
        self.commit()
        self.assertEqual(self.names(), ["a", "b", "c"])

    def test_started(self) -> None:
        """
        A later start is written down, and no earlier one.
        """
        self.come(s0="a", s1="b", s2="c")
        self.names()
        for start, known in ((3, 3), (2, 3), (3, 3), (4, 4)):
            self.commit()
            self.roster.lives[1] = Life("b", start, f"start {start}")
            self.membership.tick()
            member = self.configuration.members[1]
            self.assertEqual((member.start, member.startName), (known, f"start {known}"))

    def test_kept(self) -> None:
        """
        A member that is named keeps its folder, whoever is there; nor do the starts of another one count.
        """
        self.server.raft.change(named(THREE, 1, "b", None))
        self.commit()
        self.come(s0="a", s1="other", s2="c")
        self.assertEqual(self.names(), ["a", "b", "c"])
        self.assertEqual(self.configuration.members[1], Member(1, Kind.VOTER, "b"))

    def test_notLeading(self) -> None:
        """
        Only the leader writes it down.
        """
        self.depose()
        self.come(s0="a", s1="b", s2="c")
        self.assertEqual(self.names(), ["", "", ""])

    def test_notUpgraded(self) -> None:
        """
        Nothing is written before all know such an entry.
        """
        self.roster.versions.told(2, 3)
        self.come(s0="a", s1="b", s2="c")
        self.assertEqual(self.names(), ["", "", ""])
        self.roster.versions.told(2, 4)
        self.assertEqual(self.names(), ["a", "b", "c"])


class AutopilotTests(MembershipCase):
    """
    What is done without an operator.
    """

    def setUp(self) -> None:
        """
        Server 2 of three is gone, and server 3 is a spare.
        """
        self.begin(established(), PATIENCE)
        self.lines = logged(self)
        voters = [Member(server, incarnation=f"folder {server}") for server in range(3)]
        self.server.raft.change(Configuration([*voters, Member(3, Kind.SPARE, "folder 3")]))
        self.server.pump()
        self.server.receive(3, matched(self.server, self.server.raft.configurationIndex))
        self.commit()
        self.roster.silent = {2: 0.0}

    def test_step(self) -> None:
        """
        It is made, and told, once.
        """
        self.wait(PATIENCE)
        self.membership.tick()
        self.assertEqual(self.configuration.voters, (0, 1))
        self.assertEqual(self.lines, ["server 2 has not answered for 60 s: it has no vote any more"])

    def test_takesItsPlace(self) -> None:
        """
        Both steps are made when it was missed for so long, not the second one as long after the first.
        """
        self.wait(PATIENCE)
        self.commit()
        self.membership.tick()
        self.assertEqual((self.configuration.ids, self.configuration.voters), ((0, 1, 3), (0, 1, 3)))

    def test_otherChanges(self) -> None:
        """
        Nor does it count anew when another server is started, as one may be again and again.
        """
        for start in (1, 2, 3):
            self.roster.lives[1] = Life("folder 1", start, "any")
            self.wait(PATIENCE / 3)
            self.commit()
        self.membership.tick()
        self.assertEqual((self.configuration.members[1].start, self.configuration.voters), (3, (0, 1)))

    def test_asleep(self) -> None:
        """
        A machine that was asleep has heard nobody meanwhile, and that is nobody's fault.
        """
        self.membership.tick()
        self.sleep()
        self.assertEqual(self.configuration.voters, (0, 1, 2))
        self.wait(PATIENCE)
        self.assertEqual(self.configuration.voters, (0, 1))

    def test_sinceItLeads(self) -> None:
        """
        Nobody is missed for longer than the leader leads.
        """
        self.wait(PATIENCE - 1)
        self.patch(self.server.raft.state, "currentTerm", 2)
        self.wait(1)
        self.assertEqual((self.configuration.voters, self.lines), ((0, 1, 2), []))

    def test_notUpgraded(self) -> None:
        """
        Nothing is done before all know such an entry.
        """
        self.roster.versions.told(1, 3)
        self.wait(PATIENCE)
        self.assertEqual((self.configuration.voters, self.lines), ((0, 1, 2), []))
