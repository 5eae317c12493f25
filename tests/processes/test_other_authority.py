"""
A cluster whose certificates are of an authority that replkv has not made.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import trustme

from replkv import NotAllowed, Tls
from replkv.tls.names import memberName
from replkv.users.rights import Right
from tests.processes.cluster import HOST, Cluster, onReactor
from tests.processes.conftest import MakeCluster
from tests.users.people import secretOf


class Office:
    """
    An authority as there are many, and the folder for what it makes.
    """

    def __init__(self, folder: Path) -> None:
        self._authority = trustme.CA()
        self._folder = folder
        folder.mkdir()
        self.authority = str(folder / "authority.pem")
        self._authority.cert_pem.write_to_path(self.authority)

    def issue(self, stem: str, *names: str, common: str | None = None) -> tuple[str, str]:
        """
        Make a certificate and its key.

        @return: their files.
        """
        made = self._authority.issue_cert(*names, common_name=common)
        files = str(self._folder / f"{stem}.pem"), str(self._folder / f"{stem}.key")
        for number, part in enumerate(made.cert_chain_pems):
            part.write_to_path(files[0], append=number > 0)
        Path(files[1]).touch(mode=0o600)
        made.private_key_pem.write_to_path(files[1])
        return files


def protect(cluster: Cluster, office: Office) -> None:
    """
    Give the servers of a cluster certificates for each other and for clients, whose own they want to see.
    """
    for server in cluster.servers:
        office.issue(f"server-{server}", memberName("replkv", server), HOST)
    files = {"Certificate": "office/server-{id}.pem", "Key": "office/server-{id}.key", "Authority": office.authority}
    content = json.loads(cluster.config.read_text())
    cluster.config.write_text(json.dumps({**content, "Tls": files, "ClientTls": {**files, "VerifyClients": True}}))


@onReactor
async def test_otherAuthority(makeCluster: MakeCluster) -> None:
    """
    It does as well. Who comes with a certificate of it is the user whose name is its common name, and may do what that
    user may; one with a server's name among its DNS names is no user by that.
    """
    cluster = makeCluster(3)
    office = Office(cluster.config.parent / "office")
    protect(cluster, office)
    # A certificate needs some other name; that of a server makes nobody anything for clients.
    root = Tls(office.authority, *office.issue("root", "root@example.org", common="root"))
    alice = Tls(office.authority, *office.issue("alice", memberName("replkv", 1), common="alice"))
    cluster.protect(root)
    cluster.start()
    await cluster.leader()
    client = cluster.client()
    await client.addUser("root", secretOf(b"lost"))
    await client.grant("root", Right.ADMIN, b"")
    await client.set(b"greeting", b"hi")
    cluster.protect(alice)
    stranger = cluster.client()
    with pytest.raises(NotAllowed):
        await stranger.get(b"greeting")
    await client.addUser("alice", secretOf(b"alice"))
    await client.grant("alice", Right.READ, b"greet")
    assert await stranger.get(b"greeting") == b"hi"
    with pytest.raises(NotAllowed):
        await stranger.set(b"greeting", b"x")
    assert not cluster.tracebacks()
