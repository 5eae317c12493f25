"""
A cluster whose servers know each other by certificates.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from twisted.internet.defer import gatherResults

from replkv import Tls, exits
from replkv.cli.statuses import DONE, UNAVAILABLE
from replkv.config import load
from replkv.tls.credentials import readCertificates
from replkv.tlsfiles import SUGGESTED_TLS, TlsFiles
from tests.processes.cluster import HOST, PATIENCE, Cluster, onReactor, surely, until
from tests.processes.conftest import MakeCluster
from tests.processes.conversation import Conversation
from tests.processes.load import Load
from tests.processes.test_backup import command

T = TypeVar("T")


async def certify(cluster: Cluster, action: str, *options: str) -> None:
    """
    Do something about the certificates of a cluster.
    """
    status, _, errors = await command("cert", action, *options, "--config", str(cluster.config))
    assert (status, errors) == (DONE, "")


async def protected(makeCluster: MakeCluster) -> Cluster:
    """
    Make a cluster with certificates.
    """
    cluster = makeCluster(3)
    await certify(cluster, "init")
    content = json.loads(cluster.config.read_text())
    cluster.config.write_text(json.dumps({**content, "Tls": SUGGESTED_TLS}))
    return cluster


def filesOf(cluster: Cluster) -> TlsFiles:
    """
    Where a cluster has its certificates.
    """
    files = load(str(cluster.config)).tls
    assert files is not None
    return files


class OverTls:
    """
    A client's TLS over a blocking socket, which sends its bytes one by one.

    @ivar certificate: what the server has proved itself with.
    """

    def __init__(self, connected: socket.socket, authority: str) -> None:
        self._socket = connected
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._come, self._gone = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.create_default_context(cafile=authority)
        self._tls = context.wrap_bio(self._come, self._gone, server_hostname=HOST)
        self._until(self._tls.do_handshake)
        self.certificate = self._tls.getpeercert(True)

    def ask(self, command: bytes) -> bytes:
        """
        Send a command, and take what is answered.
        """
        self._tls.write(command)
        return self._until(lambda: self._tls.read(65_536))

    def _until(self, step: Callable[[], T]) -> T:
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                for byte in self._gone.read():
                    self._socket.sendall(bytes([byte]))
                self._come.write(self._socket.recv(65_536))


def readAgain(cluster: Cluster, times: int) -> bool:
    """
    Tell whether all servers have read their certificates so often.
    """
    return all(
        server.logged().count("the certificates were read again") >= times for server in cluster.servers.values()
    )


@onReactor
async def test_renewed(makeCluster: MakeCluster) -> None:
    """
    Certificates, and then the authority, are replaced under load, and a server that is started with the new ones works
    together with those that have read them.
    """
    cluster = await protected(makeCluster)
    cluster.start()
    leader = await cluster.leader()
    load = Load(cluster, keys=100, size=100)
    await load.more(500)
    for times, action in enumerate(("renew", "authority", "renew", "retire"), 1):
        await certify(cluster, action)
        for server in cluster.servers.values():
            os.kill(server.process.pid, signal.SIGHUP)
        await until(lambda times=times: readAgain(cluster, times), "all have read them")  # type: ignore[misc]
        await load.more(200)
    restarted = cluster.servers[(leader + 1) % 3]
    restarted.kill()
    restarted.start()
    await load.more(500)
    await load.end()
    await until(load.areAlike, "all servers hold the same")
    tls = filesOf(cluster)
    [certificate] = readCertificates(tls.of(restarted.id).certificate)
    stats = await cluster.stats(restarted.id)
    assert stats["certificate_end"] == f"{certificate.not_valid_after_utc:%Y-%m-%d}"
    assert certificate.not_valid_after_utc > datetime.now(UTC)
    assert len(readCertificates(tls.authority)) == 1


@onReactor
async def test_otherCertificate(makeCluster: MakeCluster) -> None:
    """
    A server with the certificate of another one does not start, and says why.
    """
    cluster = await protected(makeCluster)
    tls = filesOf(cluster)
    for own, other in ((tls.of(2).certificate, tls.of(0).certificate), (tls.of(2).key, tls.of(0).key)):
        shutil.copyfile(other, own)
    server = cluster.servers[2]
    server.start()
    await until(lambda: not server.isRunning, "it is refused")
    assert server.process.returncode == exits.CONFIGURATION
    [line] = server.errors()
    assert "server-2.pem is not that of server 2: it is of replkv-replkv-0, not of " in line


@onReactor
async def test_clients(makeCluster: MakeCluster) -> None:
    """
    Clients that have to prove who they are, and do, have all that they had without: large values, many commands at
    once, redirects, the commands. Those that do not are told nothing.
    """
    cluster = await protected(makeCluster)
    content = json.loads(cluster.config.read_text())
    cluster.config.write_text(json.dumps({**content, "ClientTls": {**SUGGESTED_TLS, "VerifyClients": True}}))
    await certify(cluster, "client", "--name", "alice")
    folder = cluster.config.parent / "tls"
    own = [str(folder / "authority.pem"), str(folder / "client-alice.pem"), str(folder / "client-alice.key")]
    cluster.protect(Tls(*own))
    cluster.start()
    leader = await cluster.leader()
    follower = (leader + 1) % 3
    client = cluster.client(first=follower)
    large = os.urandom(1 << 20)
    await gatherResults([surely(partial(client.set, b"key%d" % number, large)) for number in range(20)])
    for number in range(20):
        assert await client.get(b"key%d" % number) == large
    client.close()
    options = [word for pair in zip(("--tls-ca", "--cert", "--key"), own, strict=True) for word in pair]
    status, told, errors = await command("client", "--config", str(cluster.config), *options, "set", "a", "b")
    assert (status, errors) == (DONE, "")
    status, told, errors = await command("status", "--config", str(cluster.config), *options)
    assert (status, errors) == (DONE, "")
    assert "leader" in told
    stranger = ["client", "--config", str(cluster.config), "--timeout", "1", "get", "a"]
    status, told, errors = await command(*stranger)
    assert (status, told) == (UNAVAILABLE, "")
    assert "it does not accept the certificate of this end" in errors
    with socket.create_connection((HOST, cluster.servers[leader].clientPort), timeout=PATIENCE) as plain:
        plain.sendall(b"get a\r\n")
        assert b"VALUE" not in plain.recv(1000)


@onReactor
async def test_clientsOfBothKinds(makeCluster: MakeCluster) -> None:
    """
    Where TLS is left to clients, a port takes those with it and those without, side by side, and certificates that are
    renewed count for those that come later.
    """
    cluster = await protected(makeCluster)
    content = json.loads(cluster.config.read_text())
    cluster.config.write_text(json.dumps({**content, "ClientTls": {**SUGGESTED_TLS, "Required": False}}))
    cluster.start()
    leader = await cluster.leader()
    port = cluster.servers[leader].clientPort
    await cluster.put(b"k", b"plain")
    silent = Conversation(port)
    authority = str(cluster.config.parent / "tls" / "authority.pem")
    cluster.protect(Tls(authority))
    await cluster.put(b"k", b"protected")
    with Conversation(port) as client, socket.create_connection((HOST, port), timeout=PATIENCE) as under:
        first = OverTls(under, authority)
        await certify(cluster, "renew")
        for server in cluster.servers.values():
            os.kill(server.process.pid, signal.SIGHUP)
        await until(lambda: readAgain(cluster, 1), "all have read them")
        assert first.ask(b"get k\r\n").endswith(b"\r\nprotected\r\n")
        with socket.create_connection((HOST, port), timeout=PATIENCE) as later:
            second = OverTls(later, authority)
            assert second.ask(b"get k\r\n").endswith(b"\r\nprotected\r\n")
            assert second.certificate != first.certificate
        assert client.ask(b"get k\r\n").endswith(b"\r\nprotected\r\n")
    assert silent.ask(b"get k\r\n").endswith(b"\r\nprotected\r\n")
    silent.close()
    with socket.create_connection((HOST, port), timeout=PATIENCE) as ended:
        ended.sendall(b"get k\r\n" * 1000)
        ended.shutdown(socket.SHUT_WR)
        replies = b"".join(iter(lambda: ended.recv(65_536), b""))
    assert replies.count(b"protected") == 1000
    status, told, _ = await command("client", "--config", str(cluster.config), "get", "k")
    assert (status, "protected" in told) == (DONE, True)
    assert not cluster.tracebacks()
