"""
Bugs of members that come and go.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Set
from typing import Any, Final

from twisted.internet.defer import Deferred

import replkv.raft.changing
import replkv.raft.leader
from replkv.commands.results import Result
from replkv.frontends.request import Request
from replkv.node.autopilot import Autopilot, Step
from replkv.node.membership import Membership
from replkv.peers.identity import Identity
from replkv.peers.links import Links
from replkv.peers.roll import Claim, Roll
from replkv.raft.candidate import Candidate
from replkv.raft.changes import demoted
from replkv.raft.changing import Changing
from replkv.raft.configuration import Configuration
from replkv.raft.configurations import Configurations
from replkv.raft.entry import Entry
from replkv.raft.leader import Leader
from replkv.raft.member import Kind
from replkv.raft.quorum import majority
from replkv.raft.roles import RoleName, Transition
from replkv.raft.state import ServerState
from tests.planted.bug import Bug, Patch

_append = ServerState.append
_check = Changing.check
_commit = ServerState.commit
_followLinks = Links.follow
_next = Autopilot.next
_objection = Roll.objection
_place = Identity._place
_withLives = Membership._withLives


def _appendAlone(state: ServerState, entries: list[Entry]) -> None:
    """
    What is in the entries counts later.
    """
    _append(state, entries)
    _goByCommitted(state)


def _commitThenConfigure(state: ServerState, index: int) -> None:
    _commit(state, index)
    _goByCommitted(state)


def _goByCommitted(state: ServerState) -> None:
    known = state.configurations._known
    state.configuration = next((each for at, each in reversed(known) if at <= state.commitIndex), known[0][1])
    state.peers = state.configuration.peersOf(state.config.id)


def _checkNothing(changing: Changing, configuration: Configuration) -> None:
    pass


def _checkWithoutOwnTerm(changing: Changing, configuration: Configuration) -> None:
    noopIndex, changing._noopIndex = changing._noopIndex, 0
    try:
        _check(changing, configuration)
    finally:
        changing._noopIndex = noopIndex


def _agreedWithLearners(configuration: Configuration, values: Mapping[int, int]) -> int:
    """
    As many as are a majority of the voters have reached it, whoever they are.
    """
    reached = sorted((values[member] for member in configuration.ids), reverse=True)
    return reached[majority(len(configuration.voters)) - 1]


def _quorumOfAny(configuration: Configuration, servers: Set[int]) -> bool:
    """
    Learners count for it, and not against it.
    """
    learners = sum(member.kind is Kind.LEARNER and member.id in servers for member in configuration.members)
    voters = sum(voter in servers for voter in configuration.voters)
    return voters + learners >= majority(len(configuration.voters))


def _advanceWithBefore(leader: Leader) -> None:
    """
    As long as a change is not committed, the members before it decide.
    """
    state = leader.state
    held = Counter({peer: progress.matchIndex for peer, progress in leader.progress.items()})
    held[state.config.id] = state.log.stableIndex
    index = state.configurations.at(state.commitIndex)[1].agreed(held)
    if index > state.commitIndex and state.log.term(index) == state.currentTerm:
        state.commit(index)


def _confirmWithLearners(leader: Leader) -> None:
    rounds = {peer: progress.readRound for peer, progress in leader.progress.items()}
    rounds[leader.state.config.id] = leader.reads.round
    leader.reads.confirm(_agreedWithLearners(leader.state.configuration, rounds))


def _grantedByAnyone(candidate: Candidate, voter: int) -> Transition | None:
    """
    As many votes as are a majority are enough, the own one among them, whether it is one or not.
    """
    candidate._votes.add(voter)
    if len(candidate._votes) < majority(len(candidate.state.configuration.voters)):
        return None
    return Transition(RoleName.CANDIDATE if candidate.preVote else RoleName.LEADER)


def _restartWithoutMembers(configurations: Configurations, configuration: Configuration, index: int) -> None:
    configurations._known[:] = [(index, configurations._known[0][1])]
    configurations._note()


def _anyFolder(roll: Roll, server: int, *rest: Any) -> str | None:
    return _objection(roll, server, *rest) if roll.member(server) is None else None


def _placeWithAnyFolder(identity: Identity, claim: Claim) -> bool:
    return _place(identity, claim._replace(folders={**claim.folders, identity.serverId: ""}))


def _withAnyLives(membership: Membership, configuration: Configuration) -> Configuration:
    """
    Whoever comes with another data folder goes on as what it was.
    """
    lives = {member.id: membership._roster.lifeOf(member.id) for member in configuration.members}
    return Configuration(
        member
        if (life := lives[member.id]) is None or life.incarnation == member.incarnation
        else member._replace(incarnation=life.incarnation, start=life.start, startName=life.name)
        for member in _withLives(membership, configuration).members
    )


def _takeVotes(autopilot: Autopilot, since: float) -> Step | None:
    """
    From whoever is gone, be there a spare or not.
    """
    configuration = autopilot._raft.configuration
    patience = autopilot._patience
    gone = [each for each in configuration.voters if patience and autopilot._missed(each, since) >= patience]
    if not gone or len(configuration.voters) == 1:
        return _next(autopilot, since)
    return Step(demoted(configuration, gone[0]), "it is gone")


def _promotedBeforeItCame(configuration: Configuration, server: int) -> Configuration:
    return Configuration(
        member._replace(kind=Kind.VOTER) if member.id == server else member for member in configuration.members
    )


def _tellAtOnce(membership: Membership, request: Request, index: int, told: Result, result: Deferred[Result]) -> None:
    result.callback(told)


BUGS: Final = (
    Bug(
        "a configuration counts only when it is committed",
        "core",
        100,
        (Patch(ServerState, "append", _appendAlone), Patch(ServerState, "commit", _commitThenConfigure)),
    ),
    Bug(
        "a change is committed by the members before it",
        "core",
        100,
        (Patch(Leader, "_advanceCommit", _advanceWithBefore),),
    ),
    Bug("two changes of the members at once", "core", 100, (Patch(Changing, "check", _checkNothing),)),
    Bug(
        "members are changed before something of the leader's term is committed",
        "core",
        200,
        (Patch(Changing, "check", _checkWithoutOwnTerm),),
    ),
    Bug("learners count for what is committed", "core", 100, (Patch(Configuration, "agreed", _agreedWithLearners),)),
    Bug("learners count in elections", "core", 300, (Patch(Configuration, "isQuorum", _quorumOfAny),)),
    Bug("learners count for reads", "core", 300, (Patch(Leader, "_confirmReads", _confirmWithLearners),)),
    Bug(
        "a removed server wins an election",
        "core",
        300,
        (
            Patch(ServerState, "isLeaving", property(lambda state: False)),
            Patch(Candidate, "_granted", _grantedByAnyone),
        ),
    ),
    Bug(
        "a leader that is no voter any more leads on",
        "core",
        100,
        (Patch(ServerState, "isLeaving", property(lambda state: False)),),
    ),
    Bug(
        "a configuration that was cut off counts on",
        "core",
        300,
        (Patch(Configurations, "truncate", lambda configurations, index: None),),
    ),
    Bug(
        "a snapshot without the members",
        "core",
        100,
        (Patch(Configurations, "restart", _restartWithoutMembers),),
    ),
    Bug(
        "a leader goes on with what it knew of a data folder that is replaced",
        "core",
        100,
        (Patch(replkv.raft.changing, "isReplaced", lambda before, after, server: False),),
    ),
    Bug(
        "a wiped server is let in",
        "cluster",
        100,
        (Patch(Roll, "objection", _anyFolder), Patch(Identity, "_place", _placeWithAnyFolder)),
    ),
    Bug(
        "a wiped server is let in, and has its vote as before",
        "cluster",
        100,
        (
            Patch(Roll, "objection", _anyFolder),
            Patch(Identity, "_place", _placeWithAnyFolder),
            Patch(Membership, "_withLives", _withAnyLives),
        ),
    ),
    Bug(
        "what was known of a data folder that is replaced is known of the next one",
        "cluster",
        100,
        (Patch(replkv.raft.changing, "isReplaced", lambda before, after, server: False),),
    ),
    Bug(
        "the autopilot takes one vote after the other",
        "cluster",
        300,
        (Patch(Autopilot, "next", _takeVotes),),
    ),
    Bug(
        "a server gets its vote before its data folder is named",
        "cluster",
        100,
        (Patch(replkv.raft.leader, "promoted", _promotedBeforeItCame),),
    ),
    Bug("a change is done before it is committed", "cluster", 50, (Patch(Membership, "_await", _tellAtOnce),)),
    Bug(
        "a server that has moved is looked for where it was",
        "cluster",
        100,
        (Patch(Links, "follow", lambda links, isCommitted: _followLinks(links, False)),),
    ),
    Bug(
        "servers are where the servers file says",
        "cluster",
        50,
        (Patch(Links, "addressOf", lambda links, server: links._addresses.get(server)),),
    ),
)
