"""
A simulated operator: has servers come and go, replaces those that have lost their disks, and moves them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from twisted.internet.defer import Deferred

from replkv.commands.members import (
    MemberAdd,
    MemberCommand,
    MemberPromote,
    MemberRemove,
    MemberReplace,
    MemberUpdate,
)
from replkv.commands.results import Already, Done, Redirected, Refused, Result
from replkv.config import ServerConfig
from replkv.raft.member import Member
from replkv.testing import rare
from replkv.testing.chance import chance
from replkv.testing.cluster.cluster import SimulatedCluster
from replkv.testing.cluster.inquiry import Inquiry
from replkv.testing.cluster.plan import MembersPlan
from replkv.testing.cluster.renewal import mayRenew, renew
from replkv.testing.cluster.server import SimulatedServer
from replkv.testing.cluster.wishes import isGranted
from replkv.testing.faults import Undo
from replkv.wire.encoding import encodeCommand

_PATIENCE: Final = 2.0
"""
For how many seconds it waits for an answer.
"""

_ATTEMPTS: Final = 6
"""
How often it asks for the same.
"""

_COMING_SECONDS: Final = 5.0
"""
After so many seconds in which all is well, a server has come that can.
"""

_PAUSE: Final = 0.1
_LOOK_SECONDS: Final = 0.5

_NOWHERE: Final = ServerConfig(90, "server90", 9000, 10000)
"""
A server that some files name, and that there is not.
"""


class Operator:
    """
    Does one thing after the other. It asks as operators do, from a host of its own, and goes where it is sent; what it
    does to machines, it does by hand. There may be two of them, who know nothing of each other.

    It takes nothing away that the others cannot do without (L{Quorums<replkv.testing.quorums.Quorums>}).
    """

    def __init__(self, cluster: SimulatedCluster, number: int, plan: MembersPlan) -> None:
        """
        @param number: which operator it is.
        """
        self._cluster = cluster
        self._quorums = cluster.quorums
        self._plan = plan
        self._random = chance(cluster.seed, "operator", number)
        self._process = cluster.process(f"operator{number}")
        self._isStopped = False
        self._isAtWork = False

    def start(self) -> None:
        """
        Begin.
        """
        Deferred.fromCoroutine(self._work())

    def stop(self) -> None:
        """
        Begin nothing any more.
        """
        self._isStopped = True

    @property
    def isDone(self) -> bool:
        """
        Whether it does nothing any more.
        """
        return self._isStopped and not self._isAtWork

    async def settle(self) -> None:
        """
        Replace all members that have lost something, and have all be known to be where they are, until all have come.
        One that was away while all others were replaced knows none of them: it does not come with the folder that it
        has.
        """
        begin = self._cluster.timeline.seconds()
        while self._amiss or self._awaited:
            isLate = self._cluster.timeline.seconds() > begin + _COMING_SECONDS
            if self._amiss:
                await self._mend(self._amiss[0])
            elif isLate:
                server = self._awaited[0]
                if not server.isFresh and mayRenew(self._cluster, server):
                    self._empty(server)
                await self._ask(MemberReplace(server.id, False))
            await self._wait(_PAUSE)

    async def _work(self) -> None:
        actions = [self._add] * 4 + [self._remove] * 3 + [self._replace] * 2 + [self._move, self._promote, self._edit]
        while not self._isStopped:
            await self._wait(self._random.expovariate(1 / self._plan.pause))
            if self._isStopped:
                return
            amiss = self._amiss
            self._isAtWork = True
            if amiss and self._random.random() < 0.6:
                await self._mend(self._random.choice(amiss))
            else:
                await self._random.choice(actions)()
            self._isAtWork = False

    # What it does.

    async def _add(self) -> None:
        """
        Have one more.
        """
        latest = self._quorums.latest
        strangers = [server for server in self._cluster.servers if latest.member(server.id) is None]
        if not strangers and self._random.random() < 0.8:
            await self._remove()
            return
        # Now and then one that there is already.
        server = self._random.choice(strangers or self._cluster.servers)
        isBack = server in strangers and not server.isFresh
        if isBack and self._random.random() < 0.7 and mayRenew(self._cluster, server):
            renew(self._cluster, server)
            self._cluster.rare[rare.COMES_AGAIN] += 1
        self._cluster.timeline.callLater(self._random.uniform(0.0, 1.0), server.revive)
        isForced, isSpare = self._random.random() < 0.3, self._random.random() < self._plan.sparing
        await self._ask(MemberAdd(server.id, *server.address, isForced, isSpare))

    async def _remove(self) -> None:
        """
        Have one less.
        """
        server = self._choose()
        if server is None or not self._quorums.canSpare(server.id):
            return
        self._cluster.rare[rare.LEADER_REMOVED] += server.leads
        reply = await self._ask(MemberRemove(server.id, False), leaving=server)
        await self._wait(self._random.uniform(0.0, 1.0))
        isGone = self._quorums.latest.member(server.id) is None
        if isinstance(reply, Done) and isGone and server.isRunning and self._random.random() < 0.5:
            server.kill()

    async def _replace(self) -> None:
        """
        Have one lose its data folder, and let it in with another one. It is stopped before that, or after.
        """
        server = self._choose()
        if server is None or not mayRenew(self._cluster, server):
            return
        isForced = self._random.random() < 0.3
        self._cluster.rare[rare.LEADER_REPLACED] += server.leads
        if not isForced:
            self._empty(server)
        await self._ask(MemberReplace(server.id, isForced), leaving=server)
        await self._wait(self._random.uniform(0.0, 0.5))
        if isForced and mayRenew(self._cluster, server):
            self._empty(server)

    async def _move(self) -> None:
        """
        Have one at other ports, before or after that is told; or tell what is known.
        """
        server = self._choose()
        if server is None or not self._quorums.canSpare(server.id):
            return
        if self._random.random() < 0.3:
            await self._ask(MemberUpdate(server.id, *server.address, False))
            return
        stays = self._quorums.leave(server.id)
        port = 9000 + self._random.randint(1, 99)
        if self._random.random() < 0.5:
            self._take(server, port)
        address = server.address._replace(clientPort=port, logPort=port + 1000)
        # It may be told to clients before it is there.
        server.places.add((address.host, port))
        reply = await self._ask(MemberUpdate(server.id, *address, self._random.random() < 0.3))
        await self._wait(self._random.uniform(0.0, 0.5))
        if isinstance(reply, Done) and server.address != address:
            self._take(server, port)
        stays()

    async def _promote(self) -> None:
        """
        Have any one be a voter.
        """
        server = self._choose()
        if server is not None:
            await self._ask(MemberPromote(server.id))

    async def _edit(self) -> None:
        """
        Have a servers file say something else. Where all addresses are in the log, that is nothing to its server.
        """
        server = self._random.choice(self._cluster.servers)
        if not server.isServing or server.isFresh:
            return
        configuration = server.raft.configuration
        isKnown = all(member.address for member in configuration.members)
        if isKnown and server.raft.configurationIndex <= server.raft.commitIndex:
            others = [each for each in server.file.servers if each not in (server.config, _NOWHERE)]
            missing = self._random.choice([*others, None, None])
            named = [each for each in server.file.servers if each is not missing and each != _NOWHERE]
            if missing is None:
                named.append(_NOWHERE)
            server.file = replace(server.file, servers=tuple(named))
            self._tell(f"has the file of {server.name} name servers {', '.join(str(each.id) for each in named)}")

    async def _mend(self, member: Member) -> None:
        """
        Have a member be what the cluster takes it for.
        """
        server = self._cluster.servers[member.id]
        if server.condemned or server.hasForgotten or server.folder == member.former:
            if mayRenew(self._cluster, server):
                self._empty(server)
            elif not member.incarnation:
                await self._ask(MemberReplace(member.id, False), leaving=server)
            else:
                # It can be done without, but not be emptied as things are.
                await self._ask(MemberRemove(member.id, False), leaving=server)
        elif not self._quorums.isFolderOf(member):
            await self._ask(MemberReplace(member.id, False), leaving=server)
        else:
            await self._ask(MemberUpdate(member.id, *server.address, self._random.random() < 0.3))

    @property
    def _amiss(self) -> list[Member]:
        """
        The members that are not what the cluster takes them for, and will not be by themselves.
        """
        servers, quorums = self._cluster.servers, self._quorums
        return [
            member
            for member in quorums.latest.members
            if servers[member.id].condemned or servers[member.id].hasForgotten or not servers[member.id].fits(member)
        ]

    @property
    def _awaited(self) -> list[SimulatedServer]:
        """
        The members that are yet to come.
        """
        return [self._cluster.servers[member.id] for member in self._quorums.latest.members if not member.incarnation]

    def _choose(self) -> SimulatedServer | None:
        """
        One of the members: not seldom the one that leads.
        """
        members = [self._cluster.servers[server] for server in self._quorums.latest.ids]
        leaders = [server for server in members if server.leads]
        return self._random.choice(leaders if leaders and self._random.random() < 0.4 else members)

    def _empty(self, server: SimulatedServer) -> None:
        """
        Stop a server, and start it with an empty folder.
        """
        renew(self._cluster, server)
        self._cluster.rare[rare.WIPED] += 1
        self._cluster.timeline.callLater(self._random.uniform(0.0, 1.0), server.revive)

    def _take(self, server: SimulatedServer, clientPort: int) -> None:
        """
        Stop a server, and start it at other ports.
        """
        if server.isRunning:
            server.kill()
        server.move(clientPort, clientPort + 1000)
        self._cluster.rare[rare.MOVED] += 1
        self._cluster.timeline.callLater(self._random.uniform(0.0, 0.5), server.revive)

    # How it asks.

    async def _ask(self, command: MemberCommand, leaving: SimulatedServer | None = None) -> Result | None:
        """
        Ask whoever leads.

        @param leaving: whose vote may be gone then, now or later.
        @return: what came of it; C{None} where that is not known.
        """
        cluster, known = self._cluster, len(self._quorums.committed)
        target = self._random.choice(cluster.addresses)
        inquiries: list[Inquiry] = []
        if leaving is not None:
            self._keepFrom(inquiries, self._quorums.leave(leaving.id))
        for _ in range(_ATTEMPTS):
            inquiry = Inquiry(command)
            inquiries.append(inquiry)
            self._tell(f"asks {target[0]} for {encodeCommand(command).decode().strip()}")
            inquiry.connect(self._process, *target)
            isCut = self._random.random() < self._plan.cutting
            call = self._process.callLater(self._random.uniform(0.0, 0.1) if isCut else _PATIENCE, inquiry.giveUp)
            reply = await inquiry.reply
            if call.active():
                call.cancel()
            self._tell(f"is told {reply}")
            match reply:
                case Redirected(host, port):
                    target = (host, port)
                case Done() | Already():
                    if not isGranted(command, self._quorums.committed[known - 1 :]):
                        cluster.fail(f"an operator is told {reply}, and that is not committed: {command}")
                    return reply
                case Refused():
                    cluster.rare[rare.CHANGE_REFUSED] += 1
                    return reply
                case _:
                    target = self._random.choice(cluster.addresses)
                    await self._wait(_PAUSE)
                    if isCut:
                        cluster.rare[rare.OPERATOR_GONE] += 1
                        return None
        return None

    def _keepFrom(self, inquiries: list[Inquiry], release: Undo) -> None:
        """
        Call C{release} when nothing will come of these any more, whatever waits in a server that stands still or on its
        way to one, or is kept there until it can be done.
        """
        cluster, quiet = self._cluster, 0.0

        def look() -> None:
            nonlocal quiet
            isWaiting = any(inquiry.isUnderWay for inquiry in inquiries) or any(
                server.isPaused for server in cluster.servers
            )
            quiet = 0.0 if isWaiting else quiet + _LOOK_SECONDS
            if quiet > 1.2 * cluster.config.requestTimeout + 2 * _LOOK_SECONDS:
                release()
            else:
                cluster.timeline.callLater(_LOOK_SECONDS, look)

        look()

    def _wait(self, seconds: float) -> Deferred[None]:
        """
        What it does after that is nothing that a process does.
        """
        waiting: Deferred[None] = Deferred()
        self._cluster.timeline.callLater(seconds, waiting.callback, None)
        return waiting

    def _tell(self, what: str) -> None:
        self._cluster.tell(self._process.host, what)
