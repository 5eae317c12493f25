"""
The clients' commands, from being taken to being answered.

Who may have what done is L{replkv.node.access}'s to say. That somebody may not is told when it is sure that no other
server leads, as it is for a read.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from math import inf
from typing import cast

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from replkv.commands.auth import Auth
from replkv.commands.command import ChangeCommand, DataCommand, LoggedCommand, ReadCommand
from replkv.commands.extras import Transfer
from replkv.commands.members import MemberCommand
from replkv.commands.results import NotUpgraded, Redirected, Refused, Result, Unavailable
from replkv.commands.state import Overdue
from replkv.commands.usercommand import UserCommand
from replkv.commands.users import Users
from replkv.config import Config
from replkv.frontends.request import Request
from replkv.kv.machine import StateMachine
from replkv.kv.record import RottenRecord
from replkv.kv.view import View
from replkv.node.access import Access
from replkv.node.forwarder import Box, Forwarder
from replkv.node.handovers import HandOvers
from replkv.node.leaderclock import LeaderClock
from replkv.node.limits import NodeLimits
from replkv.node.membership import Membership
from replkv.node.pending import Deadlines, Proposals, Read
from replkv.node.roster import Roster
from replkv.node.shortages import Shortages
from replkv.peers.forwards import ForwardReplies
from replkv.raft.core import Raft
from replkv.raft.entry import Entry
from replkv.raft.member import Address
from replkv.versions import MemberVersions


class Executor:
    """
    Has the commands of clients carried out by the cluster: writes become entries of the log, reads are confirmed, and
    both are answered when the node has applied what they wait for.
    """

    _logger = Logger()

    def __init__(
        self,
        config: Config,
        raft: Raft,
        machine: StateMachine,
        clock: IReactorTime,
        leaderClock: LeaderClock,
        handOvers: HandOvers,
        versions: MemberVersions,
        shortages: Shortages,
        access: Access,
        roster: Roster,
        membership: Membership,
        forwarder: Forwarder,
        limits: NodeLimits,
    ) -> None:
        """
        @param clock: counts time-outs.
        @param leaderClock: stamps entries.
        @param handOvers: has another server lead where a client wants it.
        @param versions: tell which commands all members know.
        @param shortages: tell whether there is room for what clients write.
        @param access: knows who may have what done.
        @param roster: knows where the others are.
        @param membership: has them come and go where an operator wants it.
        @param forwarder: has commands on keys carried out by the server that leads, where their clients cannot turn
            there.
        """
        self._id = raft.config.id
        self._raft = raft
        self._machine = machine
        self._clock = clock
        self._leaderClock = leaderClock
        self._handOvers = handOvers
        self._versions = versions
        self._shortages = shortages
        self._access = access
        self._roster = roster
        self._membership = membership
        self._forwarder = forwarder
        self._told: tuple[type[LoggedCommand], int] | None = None  # What was refused last for its version.
        self._closed = False
        self._leads = False
        self._proposals = Proposals(limits)
        self._deadlines = Deadlines(config.requestTimeout, limits)
        self._leaderless = Deadlines(config.leaderWait, limits)
        # Since this server hands over, or what comes before them has to be applied first.
        self._held: deque[Request] = deque()

    @property
    def pending(self) -> int:
        """
        How many commands wait for their answers, at the most.
        """
        return self._deadlines.count

    @property
    def isIdle(self) -> bool:
        """
        Whether nothing waits, so that nobody has to look each L{tick}.
        """
        return not self._deadlines.count and self._access.isIdle

    def submit(self, request: Request) -> bool:
        """
        Take a command: carry it out, redirect it, pass it on, or keep it until there is a leader.

        @return: whether there is something new in the core, or to be passed on.
        """
        if isinstance(request.command, Auth):
            return self._submitLogin(request, request.command)
        session = request.session
        session.submitted += 1
        request.number = session.submitted
        if self._closed or self._deadlines.isFullFor(request.size) or self._proposals.isFullFor(request.size):
            request.answer(Unavailable())
            return False
        leaderId = self._raft.leaderId
        if leaderId == self._id:
            self._deadlines.add(self._clock.seconds(), request)
            if self._held or self._mustWait:
                self._held.append(request)
                return False
            self._carryOut(request)
            return True
        if leaderId is not None:
            if self._mayForward(request):
                self._deadlines.add(self._clock.seconds(), request)
                self._forwarder.take(request)
                return True
            self._redirect(request, self._roster.addressOf(leaderId))
        elif (refuge := self._roster.refuge) is not None:
            self._redirect(request, refuge)
        else:
            self._deadlines.add(self._clock.seconds(), request)
            self._leaderless.add(self._clock.seconds(), request)
        return False

    @property
    def _mustWait(self) -> bool:
        """
        Whether commands have to wait before they are carried out.
        """
        return self._handOvers.isUnderWay or not self._access.isSettled

    def tick(self) -> None:
        """
        Answer what has waited long enough, and see to expiry.
        """
        now = self._clock.seconds()
        self._leaderless.sweep(now)
        self._deadlines.sweep(now)
        self._forwarder.tick()
        if self._forwarder.isStuck:
            self._resubmit(self._forwarder.takeBack())
        self._resubmit(self._access.tick(now))
        self._membership.tick()
        self.goOn()
        if self._leads:
            self._leaderClock.tick()

    def close(self) -> None:
        """
        Take nothing more, and answer all that waits: this server does nothing more.
        """
        self._closed = True
        self._leads = False
        self._deadlines.sweep(inf)
        self._access.close()

    def lead(self) -> None:
        """
        This server leads from now on.
        """
        self._leaderClock.lead()
        self._shortages.forget()
        self._leads = True
        self._access.lead(self._raft.log.lastIndex)

    def depose(self) -> None:
        """
        This server leads no longer. What is committed will be applied here too, and is answered then.
        """
        self._leads = False
        self._shortages.forget()
        self._proposals.abandon(self._raft.commitIndex)
        self._access.abandon(self._raft.commitIndex)

    def goOn(self) -> None:
        """
        What commands had to wait for is over, or another server leads: submit those that have waited.
        """
        held = self._held
        while held and (held[0].isAnswered or self._raft.leaderId != self._id or not self._mustWait):
            self._begin(held.popleft())

    def resume(self) -> None:
        """
        There is a leader, and another one than before: submit what has waited for one, or to be passed on.
        """
        self._resubmit([*self._forwarder.takeBack(), *self._leaderless.takeAll()])

    def forwarded(self, box: Box, answer: ForwardReplies) -> None:
        """
        The leader has told what came of commands that were passed on.

        @raise Impossible: as L{Forwarder.told} does.
        """
        self._resubmit(self._forwarder.told(box, answer))

    def lost(self, box: Box) -> None:
        """
        It will not.
        """
        self._resubmit(self._forwarder.lost(box))

    def applied(self, entries: list[Entry], results: list[Result | None]) -> None:
        """
        Answer the writes whose entries are applied.
        """
        self._proposals.applied(entries, results)
        self._access.applied(entries, results)
        if self._leads:
            self._leaderClock.applied()
        self.goOn()

    def skip(self, appliedIndex: int) -> None:
        """
        A snapshot that the state machine goes on from has the entries up to C{appliedIndex}.
        """
        self._proposals.skip(appliedIndex)
        self._access.skip(appliedIndex)

    def abandon(self) -> None:
        """
        Nothing that is committed will be applied before a snapshot has come: what comes of the writes stays unknown.
        """
        self._proposals.abandon(0)
        self._access.abandon(0)

    def answer(self, read: Read) -> int:
        """
        Answer a read from the state machine as it is now; or what else had to wait until it was sure that this server
        leads.

        @return: how many bytes were read for it, and what other work is as much.
        @raise RottenRecord: if the record is not what was written. The read is answered all the same.
        """
        request, time, _ = read
        command = request.command
        if request.isAnswered:
            return 0
        if isinstance(command, Auth):
            self._access.logIn(request, command, isSure=True)
            return 0
        if not isinstance(command, ReadCommand | Users) or not self._access.allows(request):
            self._access.refuse(request)
            return 0
        if isinstance(command, Users):
            return self._access.tellUsers(request, command)
        view = View(self._machine, time)
        try:
            result = command.tell(view)
        except RottenRecord:
            request.answer(Unavailable())
            raise
        except Overdue:
            # It was applied after the read had arrived, and its time was over by then. To wait longer, until the log
            # says so too, is to be overtaken by the commands of its session that came after it.
            if request.number == request.session.submitted:
                self.readAgain(read)
            else:
                request.answer(Unavailable())
            return view.read
        request.answer(result)
        return view.read

    def readAgain(self, read: Read) -> None:
        """
        A read got no answer. Nothing was done, so it is submitted again, unless its session has written since: that
        it must not see.
        """
        request = read.request
        if not request.isAnswered and request.session.lastIndex != read.written:
            request.answer(Unavailable())
        self._resubmit([request])

    def _mayForward(self, request: Request) -> bool:
        """
        Whether a request is passed on to the server that leads.
        """
        return request.mayForward and isinstance(request.command, DataCommand) and not self._forwarder.isStuck

    def _redirect(self, request: Request, leader: Address | None) -> None:
        # Nobody has said yet where that is to a server that has only just come.
        request.answer(Unavailable() if leader is None else Redirected(leader.host, leader.clientPort))

    def _carryOut(self, request: Request) -> None:
        """
        Have the core replicate a write, or make sure that a read may be answered. All that may have changed users
        before is applied.
        """
        now = self._leaderClock.now()
        command = request.command
        if isinstance(command, ReadCommand):
            isAllowed = self._access.allows(request)
            self._makeSure(request, now, self._leaderClock.entryFor(command, now) if isAllowed else 0)
        elif isinstance(command, (Auth, Users)) or not self._access.allows(request):
            self._makeSure(request, now)
        elif isinstance(command, ChangeCommand):
            self._propose(request, command, now)
        elif isinstance(command, Transfer):
            self._handOvers.transfer(command.server).addCallback(self._arranged, request)
        elif isinstance(command, MemberCommand):
            self._membership.change(request, command).addCallback(self._arranged, request)
        elif not self._access.mayChange(request):
            request.answer(Refused("users have just changed: try again in a moment"))
        elif self._propose(request, cast(UserCommand, command), now):
            self._access.proposed(request.session.lastIndex, self._raft.currentTerm, request)

    def _propose(self, request: Request, command: LoggedCommand, now: int) -> bool:
        """
        Have the core replicate a write.

        @return: whether it does. Otherwise, the request is answered.
        """
        if self._versions.lowest < command.SINCE:
            self._refuse(request, type(command))
            return False
        if not self._shortages.takesWrites or self._raft.isLaden:
            request.answer(Unavailable())
            return False
        index = request.session.lastIndex = self._raft.propose(command.encode(now))
        if request.quiet is not None:
            request.quiet.index = index
        self._proposals.add(index, self._raft.currentTerm, request)
        return True

    def _makeSure(self, request: Request, now: int, atLeast: int = 0) -> None:
        """
        Have the core make sure that this server leads: then L{answer} answers.

        @param atLeast: the index of an entry that has to be applied by then.
        """
        session = request.session
        # A read sees what its own session wrote before it, whether that is committed yet or not, and what that read
        # before it; but what was in the log when this server led before may have been replaced.
        quiet = 0 if request.quiet is None else request.quiet.index
        before = min(max(session.lastIndex, session.lastRead, quiet), self._raft.log.lastIndex)
        session.lastRead = max(before, atLeast)
        self._raft.read(Read(request, now, session.lastIndex), session.lastRead)

    def _submitLogin(self, request: Request, command: Auth) -> bool:
        """
        Take an C{auth}. These wait apart: that many of them do, and for long, says nothing about how fast commands are
        carried out.

        @return: whether there is something new in the core.
        """
        # Whatever comes of it: who fails is not to go on as who he was.
        request.session.login = None
        if self._closed:
            request.answer(Unavailable())
            return False
        self._access.keep(self._clock.seconds(), request)
        if self._raft.leaderId != self._id:
            self._access.logIn(request, command, isSure=False)
        elif self._held or self._mustWait:
            self._held.append(request)
        else:
            self._carryOut(request)
            return True
        return False

    def _refuse(self, request: Request, kind: type[LoggedCommand]) -> None:
        """
        Some server would stop at such a command in its log, and it may be one that is down now. Tell the operator, but
        not each time.
        """
        request.answer(NotUpgraded())
        refused = kind, self._versions.lowest
        if refused != self._told:
            self._told = refused
            self._logger.warn(
                "{command} is refused (ERR_UPGRADE) until all servers have said that they know it: upgrade, and start, "
                "{servers}",
                command=kind.WORD.decode("ascii"),
                servers=", ".join(f"server {member}" for member in self._versions.without(kind.SINCE)) or "this one",
            )

    def _arranged(self, result: Result, request: Request) -> None:
        self._access.done(request, result)
        if not request.isAnswered:
            request.answer(result)

    def _resubmit(self, requests: Iterable[Request]) -> None:
        """
        Submit again what this server has not begun to carry out, in its order.
        """
        for request in requests:
            if self._raft.leaderId == self._id and (self._held or self._mustWait):
                self._held.append(request)
            else:
                self._begin(request)

    def _begin(self, request: Request) -> None:
        leaderId = self._raft.leaderId
        if request.isAnswered:
            return
        if leaderId is None and (refuge := self._roster.refuge) is not None:
            self._redirect(request, refuge)
        elif leaderId is None:
            self._leaderless.add(self._clock.seconds(), request)
        elif leaderId != self._id and self._mayForward(request):
            self._forwarder.take(request)
        elif leaderId != self._id:
            self._redirect(request, self._roster.addressOf(leaderId))
        else:
            self._carryOut(request)
