"""
A cluster of cores in one process, on simulated time, network and disks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from replkv.raft.configuration import Configuration
from replkv.raft.member import Member
from replkv.raft.messages import REQUESTS, Message
from replkv.testing.chance import chance
from replkv.testing.core.disk import Disk
from replkv.testing.core.network import Folders, Network
from replkv.testing.core.plan import Plan
from replkv.testing.core.probes import Probes
from replkv.testing.core.question import Question
from replkv.testing.core.server import Server
from replkv.testing.health import Health
from replkv.testing.judge import Judge
from replkv.testing.outcome import NotInTime
from replkv.testing.quorums import Quorums
from replkv.testing.span import Span
from replkv.testing.timeline import Timeline
from replkv.testing.trace import Trace

_CALM_DELAY: Final = Span(0.001, 0.005)


class Cluster:
    """
    @ivar seed: what all randomness is drawn from.
    @ivar plan: what is drawn.
    @ivar timeline: the time.
    @ivar trace: what has happened so far.
    @ivar rare: how often each rare thing has happened.
    @ivar judge: looks at the servers.
    @ivar health: which of them are well.
    @ivar probes: counts the probes of leaders.
    @ivar servers: the servers; the place of each is its id.
    @ivar network: the network.
    @ivar beginning: the configuration with which it begins.
    @ivar quorums: knows who may be lost.
    @ivar isCalm: whether nothing goes wrong any more.
    """

    def __init__(self, seed: int, plan: Plan, tell: Callable[[str], None] | None) -> None:
        """
        @param tell: is given the story, line by line; without it, none is written.
        """
        self.seed = seed
        self.plan = plan
        self.timeline = Timeline()
        self.trace = Trace(tell)
        self.rare: Counter[str] = Counter()
        self.isCalm = False
        self.network = Network(
            self.timeline, seed, plan.servers, plan.delay, plan.detection, self._arrive, self._unreachable
        )
        first = plan.servers if plan.members is None else plan.members.first
        self.beginning = Configuration.ofVoters(range(first))
        self.servers = [Server(self, number, self.emptyDisk(number)) for number in range(plan.servers)]
        self.network.folders = [server.folder for server in self.servers]
        for server, rate in zip(self.servers, plan.rates, strict=True):
            server.rate = rate
        self.health = Health(plan.servers, self.timeline.seconds)
        self.judge = Judge(self.servers, self.rare, self.health, self.timeline.seconds)
        self.quorums = Quorums(self.servers, self.beginning, self.judge, self.isWhole)
        self.probes = Probes()
        self._down = [0] * plan.servers
        self._standing = [0] * plan.servers

    def start(self) -> None:
        """
        Start all servers.
        """
        self.tell("cluster", self.plan.description)
        for server in self.servers:
            server.start()

    # Time.

    @property
    def now(self) -> float:
        """
        The time, in seconds.
        """
        return self.timeline.seconds()

    def later(self, delay: float, function: Callable[..., None], *arguments: object) -> None:
        """
        Call something later.
        """
        self.timeline.callLater(delay, function, *arguments)

    def run(self, seconds: float) -> None:
        """
        Let so much time pass.

        @raise Violation: if something happened that must not happen.
        """
        self.timeline.advance(seconds)

    def until(self, condition: Callable[[], object], what: str, deadline: float) -> None:
        """
        Let time pass until C{condition} is true.

        @param what: what is waited for.
        @raise NotInTime: if it does not come true before C{deadline}.
        @raise Violation: see L{run}.
        """
        while not condition():
            due = self.timeline.next
            if due is None or due > deadline:
                raise NotInTime(f"all has been well for long, and still it did not happen: {what}\n{self._states()}")
            self.timeline.step()

    # The servers.

    def leader(self) -> Server | None:
        """
        The server that leads the latest term in which one does.
        """
        leaders = [server for server in self.servers if server.leads]
        return max(leaders, key=lambda server: server.raft.currentTerm, default=None)

    def crash(self, server: int) -> None:
        """
        Stop a server at once, until L{restart} is called as often as this was. The others lose their connections to it.
        """
        self._down[server] += 1
        if self._down[server] > 1:
            return
        self.servers[server].crash()
        for other in self.servers:
            if other.id != server:
                self.network.disconnect(other.id, server)

    def restart(self, server: int) -> None:
        """
        Undo one L{crash}.
        """
        self._down[server] -= 1
        if not self._down[server]:
            self.servers[server].start()

    def emptyDisk(self, server: int, *more: object) -> Disk:
        """
        A disk with nothing on it.

        @param more: which one it is of that server, if not the first.
        """
        seconds = _CALM_DELAY if self.isCalm else self.plan.disk
        return Disk(self.timeline, chance(self.seed, "disk", server, *more), seconds, self.beginning)

    def renew(self, server: int) -> None:
        """
        Have a server crash, and lose its data folder. L{restart} starts it again.
        """
        self.crash(server)
        self.servers[server].renew()
        self.network.folders[server] = self.servers[server].folder

    def isWhole(self, member: Member) -> bool:
        """
        Whether a server has the data folder with which it is a member.
        """
        return self.judge.folders.counts(member, self.servers[member.id].folder)

    def pause(self, server: int) -> None:
        """
        Have a server stand still, until L{resume} is called as often as this was, or until it crashes.
        """
        self._standing[server] += 1
        if self.servers[server].isRunning and not self.servers[server].isPaused:
            self.servers[server].pause()

    def resume(self, server: int) -> None:
        """
        Undo one L{pause}.
        """
        self._standing[server] -= 1
        if not self._standing[server] and self.servers[server].isPaused:
            self.servers[server].resume()

    def calm(self) -> None:
        """
        Let the network and the disks be fast, and all clocks right.
        """
        self.isCalm = True
        self.network.hurry(_CALM_DELAY)
        for server in self.servers:
            server.rate = 1.0
            server.disk.hurry(_CALM_DELAY)

    def ask(self, server: int, questions: Sequence[Question]) -> None:
        """
        A client's questions reach a server.
        """
        self.servers[server].ask(questions)

    # What is told.

    def send(self, sender: int, to: int, message: Message) -> None:
        """
        Send a message from one server to another.
        """
        self.network.way(sender, to).send(message)

    def step(self, *what: object) -> None:
        """
        Take note that something happens.
        """
        self.trace.step(self.timeline.rightNow, *what)

    def tell(self, who: str, what: str) -> None:
        """
        Add to the story.
        """
        self.trace.tell(self.timeline.rightNow, who, what)

    def happened(self, name: str) -> None:
        """
        Count something rare.
        """
        self.rare[name] += 1

    def _arrive(self, sender: int, to: int, message: Message, folders: Folders) -> bool:
        isLetIn = self._isLetIn(self.servers[sender], self.servers[to], message, folders)
        return isLetIn and self.servers[to].receive(sender, message, folders.sender)

    def _isLetIn(self, sender: Server, to: Server, message: Message, folders: Folders) -> bool:
        """
        Whether a message arrives that was sent with a data folder, and to one: what L{replkv.peers} sees to, and the
        cores count on. Nothing comes of what is late for a folder that is no more. Who asks goes by the members in
        force; who is asked, by those that are committed too, and it believes a server that knows later ones.
        """
        if folders.to != to.folder:
            return False
        if not isinstance(message, REQUESTS):
            return self._knows(to, to.raft.configuration, sender, folders.sender)
        isCurrent = folders.sender == sender.folder
        if isCurrent and not self._knows(sender, sender.raft.configuration, to, folders.to):
            return False
        member = sender.raft.configuration.member(sender.id)
        isAhead = isCurrent and sender.raft.configurationIndex > to.raft.settled[0]
        isBelieved = isAhead and member is not None and member.incarnation == folders.sender
        return isBelieved or any(
            self._knows(to, configuration, sender, folders.sender)
            for configuration in (to.raft.configuration, to.raft.settled[1])
        )

    def _knows(self, one: Server, configuration: Configuration, other: Server, folder: str) -> bool:
        """
        Whether a server talks to another one with that data folder, by one of its configurations.
        """
        member = configuration.member(other.id)
        return member is None or self.judge.folders.counts(member, folder)

    def _unreachable(self, asker: int, other: int) -> None:
        self.servers[asker].unreachable(other)

    def _states(self) -> str:
        return "\n".join(
            f"{server.name}: {server.raft.role.name} of term {server.raft.currentTerm}, {server.raft.log.lastIndex} "
            f"entries, {server.raft.commitIndex} committed, {server.machine.appliedIndex} applied"
            for server in self.servers
        )
