"""
The node: the one place where the consensus, the disk, the state machine, the peers and the clients meet.

All that happens goes into the core; then, once in each turn of the reactor, what the core wants done is taken as one
batch and carried out: L{Node._pump}. So whatever arrives in one turn shares messages, syncs and replies.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final, cast

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from replkv import exits
from replkv.frontends.outbox import Outbox
from replkv.frontends.request import Request
from replkv.kv.record import RottenRecord
from replkv.node.access import Access
from replkv.node.applier import Applier
from replkv.node.clusterclock import ClusterClock
from replkv.node.credibility import Credibility
from replkv.node.diskqueue import DiskQueue
from replkv.node.ending import endOf
from replkv.node.executor import Executor
from replkv.node.forwarder import Box, Forwarder
from replkv.node.handovers import HandOverFailed, HandOvers
from replkv.node.installer import Installer
from replkv.node.link import Link
from replkv.node.logrepair import LogRepair
from replkv.node.membership import Membership
from replkv.node.pending import Read
from replkv.node.roster import Roster
from replkv.node.shortages import Shortages
from replkv.node.ticks import Ticks
from replkv.peers.forwards import ForwardReplies
from replkv.peers.receiver import Timed, Unreachable
from replkv.raft.core import Raft
from replkv.raft.entry import Batch, Entry
from replkv.raft.messages import AppendEntries, AppendEntriesReply, RequestVote, RequestVoteReply, TimeoutNow
from replkv.raft.outputs import Load
from replkv.raft.validity import Impossible

TICKS_PER_HEARTBEAT: Final = 5
APPLY_TICKS: Final = 2


class Node:
    """
    What the client port calls its L{Backend<replkv.frontends.request.Backend>}, and the listener its
    L{Receiver<replkv.peers.receiver.Receiver>}.

    @ivar raft: the core.
    @ivar executor: has the commands of clients carried out.
    @ivar admits: see L{Backend.admits<replkv.frontends.request.Backend.admits>}.
    """

    _logger = Logger()

    def __init__(
        self,
        raft: Raft,
        credibility: Credibility,
        executor: Executor,
        forwarder: Forwarder,
        access: Access,
        handOvers: HandOvers,
        applier: Applier,
        installer: Installer,
        disk: DiskQueue,
        links: Mapping[int, Link],
        roster: Roster,
        membership: Membership,
        outbox: Outbox,
        clock: IReactorTime,
        afterEvents: Callable[[Callable[[], None]], object],
        clusterClock: ClusterClock,
        shortages: Shortages,
        logRepair: LogRepair,
        heartbeat: float,
        fail: Callable[[int, str], None],
    ) -> None:
        """
        @param credibility: looks at what other servers send before anything comes of it.
        @param forwarder: has what is asked of the leader for clients of this server.
        @param links: the way to each other server, by id.
        @param roster: knows who the members are, and follows that.
        @param membership: waits for changes of that.
        @param clock: counts ticks.
        @param afterEvents: calls something once all is told that has happened in this turn of the reactor.
        @param clusterClock: is told to other servers, and follows theirs.
        @param shortages: so is how full its disk is.
        @param logRepair: looks how far the log is repaired.
        @param heartbeat: seconds between two messages of a leader.
        @param fail: called once, with an exit status and a reason, when this server cannot go on.
        """
        self.raft = raft
        self._credibility = credibility
        self.executor = executor
        self._forwarder = forwarder
        self.admits = access.admits
        self._handOvers = handOvers
        self._applier = applier
        self._installer = installer
        self._disk = disk
        self._links = links
        self._roster = roster
        self._membership = membership
        self._outbox = outbox
        self._clock = clock
        self._clusterClock = clusterClock
        self._shortages = shortages
        self._logRepair = logRepair
        self._fail = fail
        self._id = raft.config.id
        self._afterEvents = afterEvents
        self._scheduled = False
        self._ticked = False  # Since the pump has worked last.
        self._failed = False
        self._leaves = False  # Since it was removed.
        self._noted: tuple[int, int | None] = (raft.currentTerm, None)  # In which term who leads.
        self._ticks = Ticks(raft, clock, heartbeat / TICKS_PER_HEARTBEAT, self._tick)

    def start(self) -> None:
        """
        Begin to listen to the disks and the links, and to count ticks.
        """
        self._applier.whenBroken().addErrback(self._broken)
        self._awaitSync()
        for link in self._links.values():
            self._awaitLoss(link)
        self._ticks.start()

    async def stop(self) -> None:
        """
        Do nothing more, and wait until the disk has what is on its way to it.
        """
        # At once: while others send entries, the disk is never idle.
        self._halt()
        await self._disk.whenIdle()

    def giveUpRequests(self) -> None:
        """
        Answer all that clients still wait for, since the server stops.
        """
        self.executor.close()
        self._outbox.flush()

    # What clients want: see replkv.frontends.request.Backend.

    def submit(self, request: Request) -> None:
        """
        A client asks for something.
        """
        try:
            self._ticks.catchUp()
            if self.executor.submit(request):
                self._schedule()
            self._ticks.look(isIdle=False)
        except Exception:
            self._broken(Failure())

    # What the operator wants, or the server itself.

    def handOver(self, reason: str, besides: Collection[int] = ()) -> Deferred[int]:
        """
        Have another server lead in this one's place: the one that is most up to date. Clients' commands wait meanwhile.

        @param reason: why, for the operator.
        @param besides: the ids of servers that had better not.
        @return: fires with the id of the server that leads then, when it is known. Fails with
            L{HandOverFailed<replkv.node.handovers.HandOverFailed>} where this server does not lead, or leads on.
        """
        told = TimeoutNow(term=self.raft.currentTerm)
        among = [peer for peer, link in self._links.items() if peer not in besides and link.canAsk(told)]
        waiting = self._handOvers.begin(among, reason)
        self._schedule()
        return waiting

    def distrust(self, reason: str) -> None:
        """
        This server's state is not what the log has made it: have a snapshot of another server take its place.

        @param reason: how that is known, for the operator.
        """
        self._into(self._installer.distrust, reason)

    # What other servers want: see replkv.peers.receiver.Receiver.

    def requested(self, sender: int, request: Timed) -> Deferred[Timed]:
        """
        Another server asks for something.
        """
        objection = self._credibility.objection(sender, request.message)
        if objection is not None:
            return fail(Impossible(objection))
        reply: Deferred[Timed] = Deferred()
        self._into(self._takeRequest, sender, request, reply)
        return reply

    def _takeRequest(self, sender: int, request: Timed, reply: Deferred[Timed]) -> None:
        message, time, _ = request
        if isinstance(message, RequestVote) and not self._roster.mayVote:
            refusal = RequestVoteReply(term=self.raft.currentTerm, granted=False, preVote=message.preVote)
            reply.callback(Timed(refusal, 0))
            return
        self.raft.step(sender, message, reply)
        # One that led in an earlier term leads no longer, and does not know it.
        if isinstance(message, AppendEntries) and message.term == self.raft.currentTerm:
            self._clusterClock.follow(time)

    # What they answer.

    def _ask(self, peer: int, request: Timed) -> None:
        link = self._links.get(peer)
        if link is None or (isinstance(request.message, RequestVote) and not self._roster.mayVote):
            # It was a member until just now, or nothing says where it is, or this server may not be elected.
            self._into(self.raft.unreachable, peer)
        else:
            link.send(request).addCallbacks(self._replied, self._unanswered, (link,), errbackArgs=(peer,))

    def _replied(self, reply: Timed, link: Link) -> None:
        objection = self._credibility.objection(link.peer, reply.message)
        if objection is not None:
            link.mistake(f"its answer makes no sense: {objection}")
        else:
            self._hear(self._takeReply, reply, link)

    def _takeReply(self, reply: Timed, link: Link) -> None:
        # This server may have replaced it in this very turn: what its old folder has does not count for the new one.
        self._followMembers()
        peer = link.peer
        if self._links.get(peer) is not link or not self._roster.counts(peer):
            return
        # Before the answer elects this server, which may lead with what it learns.
        leads = self.raft.leaderId == self._id
        self._clusterClock.learn(reply.time, leads)
        # One that comes late says nothing to a server that leads no longer.
        if leads and isinstance(reply.message, AppendEntriesReply):
            self._shortages.heard(peer, reply.isFull)
        self.raft.step(peer, reply.message)

    def _unanswered(self, failure: Failure, peer: int) -> None:
        if failure.check(Unreachable):
            self._into(self.raft.unreachable, peer)
        else:
            self._broken(failure)

    # What the leader is asked for clients.

    def _forward(self) -> None:
        for box, forward in self._forwarder.asks():
            asked = box.link.forward(forward)
            asked.addCallbacks(self._forwarded, self._unforwarded, (box,), errbackArgs=(box,))

    def _forwarded(self, answer: ForwardReplies, box: Box) -> None:
        self._into(self._takeForwarded, box, answer)

    def _takeForwarded(self, box: Box, answer: ForwardReplies) -> None:
        try:
            self.executor.forwarded(box, answer)
        except Impossible as error:
            box.link.mistake(f"its answer makes no sense: {error}")
            self.executor.lost(box)

    def _unforwarded(self, failure: Failure, box: Box) -> None:
        if failure.check(Unreachable):
            self._into(self.executor.lost, box)
        else:
            self._broken(failure)

    def _awaitLoss(self, link: Link) -> None:
        link.whenLost().addCallback(self._lost, link)

    def _lost(self, _: object, link: Link) -> None:
        # The way to it may be another one by now.
        if self._links.get(link.peer) is link:
            self._awaitLoss(link)
            self._into(self.raft.unreachable, link.peer)

    # What the disk and the clock say.

    def _awaitSync(self) -> None:
        self._disk.whenSynced().addCallbacks(self._persisted, self._broken)

    def _persisted(self, seq: int) -> None:
        self._awaitSync()
        self._hear(self._takeSync, seq)

    def _takeSync(self, seq: int) -> None:
        self._installer.placed(seq)
        self.raft.persisted(seq)

    def _fetched(self, isThere: bool) -> None:
        if isThere:
            self._into(self._installer.offer)

    def _loaded(self, entries: list[Entry], load: Load) -> None:
        self._into(self.raft.loaded, load, Batch(entries))

    def _tick(self) -> None:
        self._ticked = True
        self._into(self._passTime)
        if self._guard(self.executor.tick):
            self._outbox.flush()
            self._ticks.rest(self.executor.isIdle)

    def _passTime(self) -> None:
        self._ticks.count()
        self._logRepair.look()
        if self.raft.leaderId == self._id and (relievers := self._shortages.look()):
            handed = self.handOver("its disk is nearly full", set(self._links).difference(relievers))
            # The log says so, and it is asked again.
            handed.addErrback(lambda failure: failure.trap(HandOverFailed))

    # The pump.

    def _into(self, happen: Callable[..., object], *arguments: object) -> None:
        """
        Let something happen in the core, and have done what comes of it.
        """
        if self._let(happen, *arguments):
            self._schedule()

    def _hear(self, happen: Callable[..., object], *arguments: object) -> None:
        """
        The same for that of which mostly nothing comes: two of three disks that have a batch do not commit it, nor does
        the answer to a heartbeat.
        """
        if self._let(happen, *arguments) and (self._hasMore or not self._outbox.isEmpty):
            self._schedule()

    def _let(self, happen: Callable[..., object], *arguments: object) -> bool:
        goesOn = not self._failed and self._guard(self._ticks.catchUp) and self._guard(happen, *arguments)
        return goesOn and self._guard(self._note)

    def _note(self) -> None:
        """
        Act on what has changed in the core.
        """
        self._followMembers()
        self._noteLeader()
        self._handOvers.look()
        if not self._membership.isIdle:
            self._membership.look()

    def _guard(self, function: Callable[..., object], *arguments: object) -> bool:
        """
        Call C{function}. Where it fails, this server must not go on.

        @return: whether this server goes on.
        """
        try:
            function(*arguments)
        except Exception:
            self._broken(Failure())
        return not self._failed

    def _schedule(self) -> None:
        if not self._scheduled and not self._failed:
            self._scheduled = True
            self._afterEvents(self._pump)

    @property
    def _hasMore(self) -> bool:
        return self.raft.hasMore(mayWait=True) or not self._applier.isDone

    def _pump(self) -> None:
        """
        Carry out what the core wants done, unless that was done meanwhile, or never will be.
        """
        if not self._scheduled:
            return
        self._scheduled = False
        if self._guard(self._handOut):
            self._guard(self._applier.work)
            self._guard(self._forward)
        if self._hasMore:
            self._schedule()
        self._ticks.look(self.executor.isIdle)
        self._outbox.flush()

    def _handOut(self) -> None:
        # Where others take longer than a tick to answer, several batches are on their way to them (thesis, 10.2.2).
        ready = self.raft.ready(self._applier.isDone, mayWait=not self._ticked)
        self._ticked = False
        time = self._clusterClock.now()
        for to, message, token in ready.sends:
            if token is None:
                self._ask(to, Timed(message, time))
            else:
                told = time if self._clusterClock.isKnown else 0
                cast("Deferred[Timed]", token).callback(Timed(message, told, self._shortages.isFull))
        if ready.diskTrouble is not None:
            self._logger.warn("this server leads no longer, since {trouble}", trouble=ready.diskTrouble.value)
        for peer in ready.regressed:
            if (link := self._links.get(peer)) is not None:
                link.condemn()
        self._disk.write(self._installer.place(ready.persists))
        self._applier.take(ready.entries, ready.reads)
        for token in ready.droppedReads:
            self.executor.readAgain(cast(Read, token))
        if ready.fetch is not None:
            self._installer.fetch(ready.fetch).addCallbacks(self._fetched, self._broken)
        for load in ready.loads:
            reading = self._disk.read(load, isOwn=load.peer == self._id)
            reading.addCallbacks(self._loaded, self._broken, callbackArgs=(load,))

    def _followMembers(self) -> None:
        """
        Go by another configuration, if there is one.
        """
        for link in self._roster.follow():
            self._awaitLoss(link)
        if self._roster.isRemoved and self.raft.leaderId != self._id and not self._leaves:
            self._leaves = True
            self._fail(exits.NONE, "it was removed from the cluster. Its data folder is of no more use")

    def _noteLeader(self) -> None:
        """
        Act on a change of leader, and tell the operator.
        """
        term, leaderId = known = self.raft.currentTerm, self.raft.leaderId
        if known == self._noted:
            return
        (_, before), self._noted = self._noted, known
        if before == self._id:
            self.executor.depose()
            # Now, so that the reads that it did not answer are not overtaken by commands that come after them.
            self._scheduled = True
            self._pump()
            self.executor.goOn()
        if leaderId is None:
            if before is not None:
                self._logger.info("server {id} is no longer known to lead; electing", id=before)
            return
        if leaderId == self._id:
            self.executor.lead()
            self._logger.info("this server leads, in term {term}", term=term)
        else:
            self._logger.info("server {leader} leads, in term {term}", leader=leaderId, term=term)
        self.executor.resume()

    # The end.

    def _broken(self, failure: Failure) -> None:
        """
        This server cannot go on, or at least not with its state.
        """
        error = failure.value
        if isinstance(error, RottenRecord) and self.raft.peers:
            self.distrust(str(error))
            return
        status, reason = endOf(error)
        if status == exits.INTERNAL:
            self._logger.failure("an error in replkv itself", failure)
        if not self._failed:
            self._halt()
            self._outbox.flush()
            self._fail(status, reason)

    def _halt(self) -> None:
        """
        Let nothing happen any more, and answer all that clients still wait for.
        """
        self._failed = True
        self._ticks.stop()
        self._scheduled = False
        self.executor.close()
