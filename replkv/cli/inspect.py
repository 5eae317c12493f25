"""
A look inside a data folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import ClassVar, Final

from twisted.python.usage import UsageError

from replkv.cli.command import PathCommand
from replkv.cli.statuses import DAMAGED, DONE
from replkv.cli.streams import say, tell
from replkv.commands.command import ChangeCommand, ValueCommand
from replkv.commands.configure import Configure
from replkv.commands.logged import decode
from replkv.commands.usercommand import UserCommand
from replkv.config import ConfigError
from replkv.kv.state import UnknownStore
from replkv.raft.entry import Entry
from replkv.raft.member import Kind, Member
from replkv.service.inspection import Inspection, inspect
from replkv.storage.errors import CorruptLog, UnknownFormat
from replkv.storage.folder import storeName
from replkv.storage.stamp import FolderError
from replkv.storage.survey import LogSurvey, SegmentView, entriesOf

_ENTRIES: Final = re.compile(r"([0-9]{1,19}):([0-9]{1,19})")


class InspectCommand(PathCommand):
    """
    C{replkv inspect}.
    """

    subject = "a data folder, such as var/0"
    synopsis = "[--entries FIRST:LAST] [--verify] DATA-DIR"
    longdesc = (
        "Shows what is in the data folder of a server, such as var/0, and what is wrong with it. Nothing in it is "
        "changed, and the server may run: then it shows what was on the disk at some moment. The exit status is "
        f"{DAMAGED} if something is damaged; replkv --help tells what others there are."
    )
    optParameters: ClassVar = [["entries", None, None, "Show these entries of the log too, as in 100:120."]]
    optFlags: ClassVar = [["verify", None, "Read all of the store, and not only what it says of itself."]]

    def postOptions(self) -> None:
        """
        Take the range of entries apart.
        """
        given = self["entries"]
        if given is not None:
            match = _ENTRIES.fullmatch(given)
            if match is None or not 0 < int(match[1]) <= int(match[2]):
                raise UsageError(f"--entries must be FIRST:LAST, as in 100:120, not {given!r:.50}")
            self["entries"] = int(match[1]), int(match[2])

    def carryOut(self) -> int:
        """
        Look at the folder.
        """
        try:
            found = inspect(self["path"], bool(self["verify"]))
        except (FolderError, UnknownFormat, UnknownStore) as error:
            raise ConfigError(str(error)) from None
        for line in describe(found):
            say(line)
        findings = list(found.findings)
        if self["entries"] is not None and found.log is not None:
            findings += _showEntries(found.path, found.log, *self["entries"])
        for finding in findings:
            tell(f"damaged: {finding}")
        if not findings:
            say("nothing is wrong with it" + ("" if self["verify"] else "; --verify reads all of the store"))
        return DAMAGED if findings else DONE


def describe(found: Inspection) -> Iterator[str]:
    """
    Tell what was found in a folder, in lines.
    """
    stamp = found.stamp
    yield (
        f"server {stamp.serverId} of the cluster {stamp.cluster!r}, whose servers are "
        f"{', '.join(map(str, stamp.members))}"
    )
    starts = "" if found.past is None else f", started {_times(found.past.starts)}"
    yield f"folder       incarnation {stamp.incarnation}{starts}"
    for peer, life in sorted(found.peers.items()):
        forgotten = ", which lacks what it had acknowledged" if life.hasForgotten else ""
        yield f"has met      server {peer}, incarnation {life.incarnation}, in its start {life.start}{forgotten}"
    if found.clock is not None:
        yield f"clock        {_moment(found.clock.time)}{'' if found.clock.isKnown else ', guessed'}"
    if found.log is None:
        yield "log          none yet"
        return
    yield from _describeLog(found.log)
    if found.repair is not None:
        yield f"             lacks entries that it had, up to {found.repair.lastIndex} at the most: the leader has them"
    name = storeName(found.store)
    if found.isEarlier:
        yield f"{name:12} of an earlier format: the next start converts it"
    elif found.state is not None:
        state = found.state
        yield f"{name:12} applied entry {state.appliedIndex} of term {state.appliedTerm}, clock {_moment(state.clock)}"
        yield f"{'':12} {state.keys} keys, hash {state.hash:016x}"
    for member in () if found.members is None else found.members.members:
        yield f"member       {described(member)}"
    for name in found.leftovers:
        yield f"{name:12} not in use: being fetched or removed, or left by a crash; then the next start removes it"
    if found.snapshots:
        count = f"{found.snapshots} {'snapshot is' if found.snapshots == 1 else 'snapshots are'}"
        yield f"snapshots    {count} being given to others, or left by a crash: the next start removes what is there"


def _describeLog(log: LogSurvey) -> Iterator[str]:
    outline = log.outline
    vote = "no vote" if outline.votedFor is None else f"voted for server {outline.votedFor}"
    yield f"log          term {outline.term}, {vote}"
    entries = f"entries {outline.firstIndex} to {outline.lastIndex}"
    empty = f"no entries, the next one is {outline.firstIndex}"
    before = f", after entry {outline.firstIndex - 1} of term {outline.prevTerm}" if outline.firstIndex > 1 else ""
    yield f"             {entries if outline.lastIndex >= outline.firstIndex else empty}{before}"
    for segment in log.segments:
        yield _describeSegment(segment)
    if log.free:
        yield f"             {log.free} earlier {'segment' if log.free == 1 else 'segments'}, to be used again"
    if log.isBeginning:
        yield "             its first segment is staged: the next start gives it its name"
    if log.unfinished:
        yield f"             {log.unfinished} bytes of a write that was not finished: the next start cuts them off"


def _describeSegment(segment: SegmentView) -> str:
    entries = "no entries" if segment.first is None else f"entries {segment.first} to {segment.last}"
    indexed = "indexed" if segment.isIndexed else "not indexed to its end"
    return f"segment {segment.number:<4} {entries}, {segment.used} of {segment.size} bytes, {indexed}"


def _showEntries(path: str, log: LogSurvey, first: int, last: int) -> Iterator[str]:
    """
    Show entries of the log.

    @return: what is wrong with them.
    """
    outline = log.outline
    within = max(first, outline.firstIndex), min(last, outline.lastIndex)
    if within[0] > within[1]:
        say(f"the log has none of the entries {first} to {last}")
    try:
        for entry in entriesOf(f"{path}/log", outline, *within):
            yield from _showEntry(entry)
    except CorruptLog as error:
        yield str(error)
    except (OSError, ValueError) as error:
        yield f"the entries cannot be read: {error}"


def _showEntry(entry: Entry) -> Iterator[str]:
    index, term, data = entry
    try:
        stamp, command = decode(data)
    except ValueError as error:
        say(f"{index:>10}  term {term}  {len(data)} bytes that are no command")
        yield f"entry {index}: {error}"
        return
    if not data:
        what = "no-op"
    elif command is None:
        what = f"clock {_moment(stamp)}"
    elif isinstance(command, UserCommand):
        what = str(command)
    elif isinstance(command, Configure):
        members = command.configuration.members
        what = "members " + ", ".join(
            f"{member.id}{'' if member.kind is Kind.VOTER else ' (learner)'}" for member in members
        )
    else:
        assert isinstance(command, ChangeCommand), command
        size = f"  {len(command.value)} bytes" if isinstance(command, ValueCommand) else ""
        what = f"{command.WORD.decode('ascii')} {command.about}{size}"
    say(f"{index:>10}  term {term}  {what}")


def described(member: Member) -> str:
    """
    A member of a cluster, to be read.
    """
    where = "" if member.address is None else " at {}, ports {} and {}".format(*member.address)
    return f"server {member.id}, a {member.kind}{where}, incarnation {member.incarnation or 'not known yet'}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _moment(time: int) -> str:
    """
    A time in milliseconds, to be read.
    """
    try:
        return datetime.fromtimestamp(time / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if time else "not begun"
    except (OverflowError, ValueError, OSError):
        return f"at {time} ms"
