"""
Mistakes that what servers say to each other could be built with, planted one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import replkv.peers.acquaintances
from replkv.lives import Life, Past
from replkv.node.node import Node
from replkv.peers.identity import Identity
from replkv.peers.incoming import IncomingConnection
from replkv.peers.link import PeerLink
from tests.node import test_restart
from tests.peers import test_argument, test_identity, test_link, test_link_refusals, test_listener
from tests.planted.planting import PlantingTests


class PeerMistakesTests(PlantingTests):
    """
    Every test here plants one mistake.
    """

    def test_valueCut(self) -> None:
        """
        A value ends where one value of an AMP box does.
        """
        self.plant("a value cut at 65,535 bytes")
        self.assertCaught(test_argument.WireTests, "test_sizes")

    def test_noHello(self) -> None:
        """
        Anyone may ask for anything.
        """
        self.patch(IncomingConnection, "_introduced", lambda connection: connection.sender or 0)
        self.assertCaught(
            test_listener.HelloTests, "test_nothingBeforeHello", "test_nothingAfterRefusal", "test_nothingWhileJudged"
        )

    def test_wipedServerLetIn(self) -> None:
        """
        A server whose folder was wiped is let in, and votes again.
        """

        async def accept(
            identity: Identity,
            peer: int,
            incarnation: str,
            starts: int,
            names: Sequence[str],
            newest: int,
            isAhead: bool,
        ) -> int:
            identity.acquaintances._memory.rememberPeer(
                peer, Life(incarnation, starts, names[0], version=newest), (0, 1, 2)
            )
            return newest

        self.patch(Identity, "_accept", accept)
        self.patch(Identity, "_compare", lambda identity, claim: None)
        self.assertCaught(test_identity.AdmitTests, "test_wiped")
        self.assertCaught(test_listener.HelloTests, "test_wipedServer")
        self.assertCaught(test_link_refusals.RefusedTests, "test_thisOneWiped", "test_otherOneSaysNothing")

    def test_startsNotCompared(self) -> None:
        """
        A server is let in that comes with its old folder, whatever that has forgotten since.
        """

        def contradiction(server: int, known: Life | None, told: Past) -> str | None:
            return "other" if known is not None and known.incarnation != told.incarnation else None

        self.patch(replkv.peers.acquaintances, "contradiction", contradiction)
        self.assertCaught(test_identity.AdmitTests, "test_older", "test_twice")
        self.assertCaught(test_link_refusals.RefusedTests, "test_thisOneOlder", "test_otherOneOlder", "test_condemned")

    def test_noAnswerTimeOut(self) -> None:
        """
        A connection to a process that is stopped is kept for ever.
        """
        self.patch(PeerLink, "_checkAnswers", lambda link: None)
        self.assertCaught(test_link_refusals.SilentTests, "test_noAnswers")

    def test_lostNotTold(self) -> None:
        """
        That a connection is lost is not told to the node, or the node does not tell it to the core.
        """
        disconnected = PeerLink.disconnected

        def silent(link: PeerLink, connection: Any) -> None:
            waiting, link._whenLost = link._whenLost, []
            disconnected(link, connection)
            link._whenLost = waiting

        self.patch(PeerLink, "disconnected", silent)
        self.assertCaught(test_link.LostTests, "test_whenLost")
        self.patch(Node, "_lost", lambda node, result, peer: None)
        self.assertCaught(test_restart.RestartTests, "test_lostConnection")
