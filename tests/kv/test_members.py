"""
Tests for the members of the cluster in the state machine.
"""

from __future__ import annotations

from replkv.commands.configure import Configure
from replkv.commands.logged import UnknownCommand, allSound, decode
from replkv.commands.results import Done
from replkv.commands.set import Set
from replkv.kv.engine import EngineError
from replkv.kv.machine import StateMachine
from replkv.kv.members import MEMBERS, Members
from replkv.kv.memory import MemoryEngine
from replkv.kv.record import RottenRecord, encode, hashOf
from replkv.kv.verification import verify
from replkv.raft import membership
from replkv.raft.changes import added, named, promoted
from replkv.raft.configuration import Configuration
from replkv.raft.member import Address
from tests.kv.machinecase import MachineCase

THREE = Configuration.ofVoters(range(3))
FOUR = named(added(THREE, 3, Address("here", 9003, 10003)), 3, "f00", None)


class MembersTests(MachineCase):
    """
    L{Members}, and the entry that brings them.
    """

    def setUp(self) -> None:
        """
        A machine that has applied a configuration, and something else.
        """
        super().setUp()
        self.assertEqual(self.apply(membership.encode(FOUR)), [Done()])
        self.apply(Set(b"k", 0, b"v", False).encode(5))

    def test_none(self) -> None:
        """
        Where none was ever applied, there is none, and the hash is what it was without any.
        """
        machine = StateMachine(MemoryEngine())
        self.assertEqual((machine.members.configuration, machine.hash), (None, 0))

    def test_applied(self) -> None:
        """
        The last one counts. It tells no time.
        """
        self.assertEqual(self.kv.members.configuration, FOUR)
        self.apply(membership.encode(promoted(FOUR, 3)))
        self.assertEqual(self.kv.members.configuration, promoted(FOUR, 3))
        self.assertEqual(self.kv.clock, 5)

    def test_kept(self) -> None:
        """
        It is in the store, and so in each snapshot.
        """
        again = StateMachine(self.engine)
        self.assertEqual((again.members.configuration, again.hash), (FOUR, self.kv.hash))
        other = StateMachine(MemoryEngine())
        other.install(self.engine)
        self.assertEqual(other.members.configuration, FOUR)
        for machine in (self.kv, again):
            machine.apply([])
        self.apply(membership.encode(THREE))
        self.assertEqual(StateMachine(self.engine).hash, self.kv.hash)

    def test_verified(self) -> None:
        """
        A store is what it says only if they are, too.
        """
        self.assertEqual(verify(self.engine).hash, self.kv.hash)
        stored = self.engine.get(MEMBERS)
        assert stored is not None
        self.engine.write({MEMBERS: None})
        self.assertRaises(EngineError, verify, self.engine)
        self.engine.write({MEMBERS: stored[:-1] + b"?"})
        self.assertRaises(RottenRecord, verify, self.engine)
        self.assertRaises(RottenRecord, StateMachine, self.engine)

    def test_noMembers(self) -> None:
        """
        What is no configuration is not taken for one.
        """
        stored = encode((7, 0, hashOf(MEMBERS, 7, 0, b"nobody")), b"nobody")
        self.assertRaises(EngineError, Members, MemoryEngine({MEMBERS: stored}), {})


class ConfigureTests(MachineCase):
    """
    L{Configure} as it stands in the log.
    """

    def test_roundTrip(self) -> None:
        """
        It is what the consensus has put there.
        """
        data = membership.encode(FOUR)
        self.assertEqual(decode(data), (0, Configure(FOUR)))
        self.assertEqual(Configure(FOUR).encode(7), data)

    def test_sound(self) -> None:
        """
        Where it cannot be read, or not yet, no entry that another server sends can have it.
        """
        data = membership.encode(FOUR)
        self.assertTrue(allSound([b"", data]))
        self.assertFalse(allSound([data[:-1]]))
        self.assertFalse(allSound([data], version=3))
        self.assertRaises(UnknownCommand, decode, data, 3)
