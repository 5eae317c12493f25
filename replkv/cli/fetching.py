"""
The state of a cluster that runs, fetched from one of its servers.
"""

from __future__ import annotations

import json
from operator import itemgetter
from typing import Final, NamedTuple

from twisted.internet.defer import gatherResults
from twisted.internet.task import deferLater

from replkv.cli.command import AskingCommand, PathCommand, runReactor
from replkv.cli.streams import tell
from replkv.client.client import Client
from replkv.client.errors import Unavailable
from replkv.config import Config, ServerConfig
from replkv.kv.engine import EngineError
from replkv.kv.rocks import unchanged
from replkv.kv.state import MachineState
from replkv.kv.verification import verify
from replkv.reactors import ISystemReactor
from replkv.storage.files import OSFiles
from replkv.storage.snapshot import IncomingSnapshot, Manifest

_POLL_SECONDS: Final = 0.1


class Fetched(NamedTuple):
    """
    A snapshot that is there, and whole.

    @ivar cluster: the cluster's name.
    @ivar server: the id of the server that it is of.
    @ivar time: the cluster's time when it was made.
    @ivar state: what the store says of itself, which is so.
    """

    cluster: str
    server: int
    time: int
    state: MachineState


class FetchingCommand(PathCommand, AskingCommand):
    """
    A command that needs the state of the cluster, from the server that C{--server} names or from any.
    """

    def fetch(self, config: Config, folder: str) -> Fetched | None:
        """
        Fetch it, and verify it. If that cannot be, the user is told why.

        @param folder: for its files.
        @return: C{None} if it cannot be had.
        """
        server = self["server"]

        async def main(reactor: ISystemReactor) -> tuple[str, int, int]:
            return await _fetch(reactor, self.client(reactor, config), config, server, folder, self.timeout)

        try:
            cluster, source, moment = runReactor(main)
            with unchanged(folder) as engine:
                return Fetched(cluster, source, moment, verify(engine))
        except Unavailable as error:
            tell(str(error))
        except (EngineError, ValueError) as error:
            tell(f"what came is no snapshot: {error}")
        return None


async def _fetch(
    reactor: ISystemReactor, client: Client, config: Config, server: str | None, folder: str, patience: float
) -> tuple[str, int, int]:
    """
    Fetch the snapshot of a server.

    @param server: the id of the one that it has to be.
    @param folder: for its files.
    @param patience: for how many seconds to wait for an answer, or for the snapshot to be made.
    @return: the cluster's name, the server's id and the cluster's time.
    @raise Unavailable: if it cannot be fetched.
    @raise ValueError: if what came is no snapshot.
    """
    source, least = await _choose(client, config, server)
    deadline = reactor.seconds() + patience
    while (block := await client.snapshot(source.hostname, source.clientPort, least, patience)) is None:
        if reactor.seconds() > deadline:
            raise Unavailable(f"server {source.id} has not made its snapshot within {patience:g} s")
        await deferLater(reactor, _POLL_SECONDS)
    whose, _, description = block.partition(b"\n")
    manifest = Manifest.decode(description)
    match json.loads(whose):
        case {"Cluster": str(cluster), "Server": int(serverId), "Time": int(moment)}:
            incoming = IncomingSnapshot(OSFiles(), folder, manifest)
        case _:
            raise ValueError("it does not say whose it is")
    try:
        while not incoming.isWhole:
            place = (manifest.number, incoming.file, incoming.offset)
            incoming.write(await client.piece(source.hostname, source.clientPort, *place, patience) or b"")
    finally:
        incoming.close()
    return cluster, serverId, moment


async def _choose(client: Client, config: Config, wanted: str | None) -> tuple[ServerConfig, int]:
    """
    Choose the server that has applied the most, and rather one that does not lead.

    @param wanted: the id of the one that it has to be.
    @return: the server, and the last entry that any server has applied: all that was answered is up to there.
    """
    asked = [client.stats(server.hostname, server.clientPort) for server in config.servers]
    answers = await gatherResults([answer.addErrback(_none) for answer in asked])
    found = [
        (stats.get("role") != "leader", int(stats.get("applied_index", "0")), server)
        for server, stats in zip(config.servers, answers, strict=True)
        if stats
    ]
    fit = [each for each in found if wanted in (None, str(each[2].id))]
    if not fit:
        raise Unavailable("no server answers" if wanted is None else f"server {wanted} does not answer")
    _, _, server = max(fit, key=itemgetter(0, 1))
    return server, max(index for _, index, _ in found)


def _none(failure: object) -> dict[str, str]:
    return {}
