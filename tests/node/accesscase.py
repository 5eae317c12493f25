"""
What the tests of rights stand on.
"""

from __future__ import annotations

from replkv.commands.auth import Auth
from replkv.commands.command import Command
from replkv.commands.grant import GrantRight
from replkv.commands.results import (
    Done,
    Result,
)
from replkv.commands.revoke import RevokeRight
from replkv.commands.useradd import UserAdd
from replkv.testing import SimulatedServer
from replkv.users.rights import Right
from tests.node.cluster import Client
from tests.node.leading import LeaderTests
from tests.users.people import secretOf

READ, WRITE, ADMIN = Right.READ, Right.WRITE, Right.ADMIN


class AccessTests(LeaderTests):
    """
    A cluster where root may do everything, and alice what she is given. Their tokens are their names.
    """

    def setUp(self) -> None:
        """
        Server 0 leads.
        """
        super().setUp()
        root = Client(self.leader)
        commands = [UserAdd(b"root", secretOf(b"root")), UserAdd(b"alice", secretOf(b"alice"))]
        for command in [*commands, GrantRight(b"root", ADMIN, b"")]:
            self.assertEqual(self.outcome(root, command), Done())
        self.root = self.login(b"root")
        self.alice = self.login(b"alice")

    def outcome(self, client: Client, command: Command) -> Result | None:
        """
        What comes of a command.
        """
        asked = client.ask(command)
        self.cluster.settle()
        return asked.result

    def login(self, name: bytes, server: SimulatedServer | None = None, token: bytes | None = None) -> Client:
        """
        Log somebody in.
        """
        client = Client(server or self.leader)
        self.assertEqual(self.authenticated(client, Auth(name, token or name)), Done())
        return client

    def authenticated(self, client: Client, auth: Auth) -> Result | None:
        """
        What comes of a login, which is told at a tick.
        """
        asked = client.ask(auth)
        self.cluster.until(lambda: asked.isAnswered, "it is known who it is")
        return asked.result

    def give(self, right: Right, prefix: bytes) -> None:
        """
        Give alice a right.
        """
        self.assertEqual(self.outcome(self.root, GrantRight(b"alice", right, prefix)), Done())

    def take(self, right: Right, prefix: bytes) -> None:
        """
        Take one away again.
        """
        self.assertEqual(self.outcome(self.root, RevokeRight(b"alice", right, prefix)), Done())
