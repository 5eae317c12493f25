"""
Users, as operators and programs have them, on real servers.
"""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from twisted.internet.defer import gatherResults
from twisted.internet.threads import deferToThread

from replkv import Client, NotAllowed, OutcomeUnknown, Right, Tls
from replkv.cli.statuses import DONE, MISTAKE, NOT_ALLOWED, NOT_FOUND, REFUSED
from replkv.tlsfiles import SUGGESTED_TLS
from replkv.users.secret import SALT_BYTES, makeSecret
from tests.processes.cluster import HOST, PATIENCE, onReactor, surely, until
from tests.processes.conftest import MakeCluster
from tests.processes.test_command_line import REPLKV, Shell, Terminal
from tests.processes.test_tls import certify

_CLIENTS = 40


def holders(folder: Path, token: str) -> list[Path]:
    """
    The files that have a token in them.
    """
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return [path for path in files if token.encode() in path.read_bytes()]


async def added(shell: Shell, name: str, *options: str) -> str:
    """
    Add a user.

    @return: the token.
    """
    output, _ = await shell.run(f"$R user add {name} {' '.join(options)}")
    [token] = output.decode().splitlines()
    return token


@onReactor
async def test_roundTrip(makeCluster: MakeCluster) -> None:
    """
    The first admin turns authentication on, and the last turns it off. In between, what nobody or somebody else asks
    for is not done, a right counts from when it is given until it is taken, and tokens are nowhere.
    """
    cluster = makeCluster(3)
    cluster.start()
    leader = await cluster.leader()
    shell = Shell(cluster)
    await shell.run("$R client set app/a 1")
    root = await added(shell, "root", "--admin")
    assert (await cluster.stats(leader))["auth"] == "on"
    _, errors = await shell.run("$R client get app/a", NOT_ALLOWED)
    assert b"ERR_AUTH" in errors
    assert b"--user" in errors
    assert b"authentication is on" in (await shell.run("$R status"))[0]
    _, errors = await shell.run("setsid $R client --user root get app/a", MISTAKE)
    assert b"there is no terminal" in errors
    await shell.run("REPLKV_USER=root REPLKV_TOKEN=wrong $R client get app/a", NOT_ALLOWED)
    shell.environment.update(REPLKV_USER="root", REPLKV_TOKEN=root)
    assert (await shell.run("$R client get app/a"))[0] == b"1"

    alice = await added(shell, "alice", "--read", "app/")
    file = cluster.config.parent / "tokens" / "alice"
    file.parent.mkdir()
    file.write_text(f"{alice}\n")
    file.chmod(0o600)
    asAlice = f"$R {{}} --user alice --token-file {file}"
    assert (await shell.run(asAlice.format("client") + " get app/a"))[0] == b"1"
    await shell.run(asAlice.format("client") + " set app/a 2", NOT_ALLOWED)
    await shell.run(asAlice.format("client") + " get b", NOT_ALLOWED)
    await shell.run(asAlice.format("user list"), NOT_ALLOWED)
    await shell.run("$R user grant alice write 'app/*'")
    await shell.run(asAlice.format("client") + " set app/a 2")
    await shell.run("$R user revoke alice read app/")
    await shell.run(asAlice.format("client") + " get app/a", NOT_ALLOWED)
    assert (await shell.run("$R user list"))[0].splitlines() == [b"alice  write app/*", b"root   admin *"]
    told = [json.loads(line) for line in (await shell.run("$R user list --json"))[0].splitlines()]
    assert told[0] == {"user": "alice", "rights": [{"right": "write", "prefix": "app/"}]}
    [own] = (await shell.run(f"$R user passwd alice --user alice --token-file {file}"))[0].decode().splitlines()
    await shell.run(asAlice.format("client") + " set app/a 3", NOT_ALLOWED)
    file.write_text(own)
    await shell.run(asAlice.format("client") + " set app/a 3")

    await shell.run("$R user add alice", REFUSED)
    await shell.run("$R user del root", REFUSED)
    await shell.run("$R user del alice")
    await shell.run("$R user del alice", NOT_FOUND)
    await shell.run(asAlice.format("client") + " set app/a 4", NOT_ALLOWED)
    other = (await cluster.leader() + 1) % 3
    for line in (f"transfer --to {other}", "backup saved.backup", "export keys", "import keys"):
        await shell.run(f"env -u REPLKV_USER -u REPLKV_TOKEN $R {line}", NOT_ALLOWED)
        await shell.run(f"$R {line}")
    for server in range(3):
        for line in ("backup", "export"):
            _, errors = await shell.run(f"REPLKV_TOKEN=wrong $R {line} none --server {server}", NOT_ALLOWED)
            assert b"does not know the user root by this token" in errors
    assert b"everybody may do everything" in (await shell.run("$R user del root"))[1]
    await shell.run("env -u REPLKV_USER -u REPLKV_TOKEN $R client get app/a")
    file.unlink()
    for token in (root, alice, own):
        assert holders(cluster.config.parent, token) == []
    assert cluster.tracebacks() == []


@onReactor
async def test_atATerminal(makeCluster: MakeCluster) -> None:
    """
    A person is asked for the token, which is not shown. Who types it where it does not belong does not find it in the
    history.
    """
    cluster = makeCluster(1)
    cluster.start()
    await cluster.leader()
    shell = Shell(cluster)
    token = await added(shell, "root", "--admin")

    def converse() -> None:
        with closing(Terminal({**shell.environment, "REPLKV_USER": "root"})) as terminal:
            terminal.expect(b"Token of root: ")
            terminal.type(f"{token}\n".encode())
            assert token.encode() not in terminal.expect(b"replkv> ")
            terminal.type(b"set greeting hello\n")
            terminal.expect(b"stored, version")
            terminal.expect(b"replkv> ")
            terminal.type(f"auth root {token}\n".encode())
            terminal.expect(b"do not write it here")
            terminal.expect(b"replkv> ")
            terminal.type(b"quit\n")
            assert terminal.ended() == DONE

    await deferToThread(converse)
    history = Path(shell.environment["XDG_STATE_HOME"]) / "replkv" / "history"
    assert "set greeting hello" in history.read_text()
    assert holders(cluster.config.parent, token) == []


@onReactor
async def test_notAmongProcesses(makeCluster: MakeCluster) -> None:
    """
    Whoever lists processes sees no token, neither of who asks nor of who is added.
    """
    cluster = makeCluster(1)
    cluster.start()
    await cluster.leader()
    shell = Shell(cluster)
    token = await added(shell, "root", "--admin")
    environment = {**shell.environment, "REPLKV_USER": "root", "REPLKV_TOKEN": token}

    def begun(words: list[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen([*REPLKV, *words], stdin=subprocess.PIPE, env=environment)

    def arguments(process: subprocess.Popen[bytes]) -> bytes:
        # It is empty for a moment, in which the process becomes another program.
        return Path(f"/proc/{process.pid}/cmdline").read_bytes()

    for words, typed in ((["client"], b"get a\n"), (["user", "add", "alice", "--new-token-file", "-"], b"s3cret\n")):
        with begun(words) as process:
            for each in (process, cluster.servers[0].process):
                listed = await until(partial(arguments, each), "a process has arguments")
                assert b"replkv" in listed
                assert token.encode() not in listed
                assert b"s3cret" not in listed
            await deferToThread(process.communicate, typed, timeout=PATIENCE)
    assert b"alice" in (await shell.run(f"REPLKV_USER=root REPLKV_TOKEN={token} $R user list"))[0]


@onReactor
async def test_lostToken(makeCluster: MakeCluster) -> None:
    """
    An admin who has lost the token gets another one by a certificate.
    """
    cluster = makeCluster(1)
    await certify(cluster, "init")
    await certify(cluster, "client", "--name", "root")
    await certify(cluster, "client", "--name", "alice")
    content = json.loads(cluster.config.read_text())
    cluster.config.write_text(json.dumps({**content, "ClientTls": {**SUGGESTED_TLS, "VerifyClients": True}}))
    cluster.start()
    shell = Shell(cluster)
    shell.environment.update(REPLKV_CERT="tls/client-alice.pem", REPLKV_KEY="tls/client-alice.key")
    await added(shell, "root", "--admin")
    await shell.run("$R user passwd root", NOT_ALLOWED)
    line = "$R user passwd root --cert tls/client-root.pem --key tls/client-root.key"
    [token] = (await shell.run(line))[0].decode().splitlines()
    shell.environment.update(REPLKV_USER="root", REPLKV_TOKEN=token)
    await shell.run("$R client set greeting hello")


@onReactor
async def test_failover(makeCluster: MakeCluster) -> None:
    """
    Many clients of one user, over TLS, go on when their leader is killed; and what the leader does not let a user do is
    an error, over a connection that has logged in before too.
    """
    cluster = makeCluster(3)
    await certify(cluster, "init")
    content = json.loads(cluster.config.read_text())
    cluster.config.write_text(json.dumps({**content, "Tls": SUGGESTED_TLS, "ClientTls": SUGGESTED_TLS}))
    tls = Tls(str(cluster.config.parent / "tls" / "authority.pem"))
    cluster.protect(tls)
    cluster.start()
    leader = await cluster.leader()
    secret = await deferToThread(makeSecret, b"s3cret", os.urandom(SALT_BYTES))
    nobody = cluster.client()
    await nobody.addUser("alice", secret)
    await nobody.grant("alice", Right.ADMIN, b"")
    with pytest.raises(NotAllowed) as refused:
        await nobody.get(b"k")
    assert refused.value.user is None

    from twisted.internet import reactor

    addresses = [(HOST, server.clientPort) for server in cluster.servers.values()]
    clients = [
        Client(cast(Any, reactor), addresses, PATIENCE, tls, user="alice", token="s3cret") for _ in range(_CLIENTS)
    ]
    try:
        sets = [surely(partial(client.set, b"k%d" % number, b"1")) for number, client in enumerate(clients)]
        await gatherResults(sets)
        cluster.servers[leader].kill()
        sets = [client.set(b"k%d" % number, b"2") for number, client in enumerate(clients)]
        for result in sets:
            # What was on its way to the leader may be lost.
            with suppress(OutcomeUnknown):
                await result
        sets = [surely(partial(client.set, b"k%d" % number, b"3")) for number, client in enumerate(clients)]
        await gatherResults(sets)
        [user] = [user async for user in clients[0].users()]
        assert (user.name, [str(grant) for grant in user.grants]) == ("alice", ["admin *"])

        await clients[0].addUser("bob", secret)
        await clients[0].grant("bob", Right.READ, b"k")
        bob = Client(cast(Any, reactor), addresses, PATIENCE, tls, user="bob", token="s3cret")
        clients.append(bob)
        assert await bob.get(b"k1") == b"3"
        await clients[0].revoke("bob", Right.READ, b"k")
        with pytest.raises(NotAllowed):
            await bob.get(b"k1")
    finally:
        for client in clients:
            client.close()
    assert holders(cluster.config.parent, "s3cret") == []
    assert cluster.tracebacks() == []
