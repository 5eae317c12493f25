"""
What the README shows is true.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from functools import partial
from pathlib import Path
from textwrap import indent

from twisted.internet.threads import deferToThread

from replkv.cli.statuses import NOT_ALLOWED
from tests.processes.cluster import PATIENCE, freePorts, onReactor, until
from tests.processes.conftest import MakeCluster
from tests.processes.conversation import Conversation
from tests.processes.test_command_line import REPLKV

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
SECURITY = ROOT / "docs" / "security.md"


@onReactor
async def test_pythonSample(makeCluster: MakeCluster) -> None:
    """
    The sample in Python runs as it stands, but for the ports.
    """
    sample, *_ = _samples()
    assert re.fullmatch(rb"\d+ b'hello'\n", await _run(makeCluster, sample))


@onReactor
async def test_transactionSample(makeCluster: MakeCluster) -> None:
    """
    So does that of a transaction, in the place of what the first one does.
    """
    first, _, transaction = _samples()
    before = 'await client.set("a", b"1")\nawait client.set("b", b"2")\n'
    after = 'print(await client.get("a"), await client.get("b"))\n'
    inside = indent(before + transaction + after, 8 * " ")
    program = re.sub(r"        version = .*\n        print.*\n", lambda _: inside, first)
    assert await _run(makeCluster, program) == b"b'2' b'1'\n"


def _samples() -> list[str]:
    return re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


async def _run(makeCluster: MakeCluster, program: str) -> bytes:
    """
    Run a program that is for three servers at the usual ports.

    @return: what it says.
    """
    cluster = makeCluster(3)
    cluster.start()
    await cluster.leader()
    for serverId, server in cluster.servers.items():
        assert f"900{serverId}" in program
        program = program.replace(f"900{serverId}", str(server.clientPort))
    command = [sys.executable, "-c", program]
    done = await deferToThread(subprocess.run, command, capture_output=True, timeout=60, check=False)
    assert done.stderr == b""
    return done.stdout


@onReactor
async def test_session(makeCluster: MakeCluster) -> None:
    """
    The session at the beginning of the README goes as it is shown there.
    """
    cluster = makeCluster(3, ElectionTimeoutMs=1000)
    cluster.start()
    leader = await cluster.leader()

    async def areNamed() -> bool:
        return all(member.incarnation for member in await cluster.client().members())

    await until(areNamed, "the members are known")
    # If not all were there in time for one entry about them, versions are greater by so much.
    more = await cluster.number(leader, "last_log_index") - 2
    [session] = re.findall(r"\$ telnet localhost 9000\n(.*?)Connection closed", README.read_text(), re.DOTALL)
    lines = re.sub(r"(OK |VALUE (?=\d+ \d+ )|cas greeting 60 (?!1 ))(\d+)", partial(_raise, more), session).splitlines()
    replies = re.compile(r"OK |VALUE |ERR|DELETED")
    sent = []
    received = []
    while lines:
        line = lines.pop(0)
        if replies.match(line):
            received.append(line)
            if line.startswith("VALUE "):
                received.append(lines.pop(0))
        else:
            sent.append(line)
    text = "".join(f"{line}\r\n" for line in sent).encode()
    with Conversation(cluster.servers[leader].clientPort) as conversation:
        conversation.send(text)
        assert conversation.rest().decode().splitlines() == received


def _raise(more: int, found: re.Match[str]) -> str:
    """
    Make a version greater.
    """
    return f"{found[1]}{int(found[2]) + more}"


@onReactor
async def test_threeCommands(tmp_path: Path) -> None:
    """
    Three commands, in an empty folder, make a cluster with TLS and one user, who can log in. What is shown after them
    goes as it is typed, and so does what the document on security shows of users.
    """
    text = README.read_text()
    [block] = re.findall(r"three commands make a cluster.*?```sh\n(.*?)```", text, re.DOTALL)
    [after] = re.findall(r"servers do only what a user\nasks for who may:\n\n```sh\n(.*?)```", text, re.DOTALL)
    [shown] = re.findall(r"## Users\n.*?```sh\n(.*?)```", SECURITY.read_text(), re.DOTALL)
    make, start, add = block.splitlines()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("REPLKV_")}
    environment["HOME"] = str(tmp_path)
    prelude = f'set -eu\nreplkv() {{ {shlex.join(REPLKV)} "$@"; }}\n'

    async def run(lines: str) -> bytes:
        done: subprocess.CompletedProcess[bytes] = await deferToThread(
            subprocess.run,
            ["bash", "-c", prelude + lines],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            check=False,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, (lines, done)
        assert b"others can read" not in done.stderr
        return done.stdout

    await run(make)
    servers = tmp_path / "etc" / "servers.json"
    text = servers.read_text()
    for port, free in zip((9000, 9001, 9002, 10000, 10001, 10002), freePorts(6), strict=True):
        text = text.replace(f": {port}", f": {free}")
    servers.write_text(text)
    command = [*REPLKV, *start.partition("#")[0].split()[1:]]
    with (tmp_path / "output").open("wb") as output:
        cluster = await deferToThread(
            subprocess.Popen, command, cwd=tmp_path, env=environment, stdout=output, stderr=output
        )
    try:
        await until(lambda: " leads (term" in (tmp_path / "output").read_text(), "a server leads")
        await run(add)
        await run(f"replkv client set greeting hi && exit 1 || [ $? = {NOT_ALLOWED} ]")
        told = await run(f"{after}replkv client get greeting")
        assert told.endswith(b"\nalice  read app/*, read config/*\nroot   admin *\nhi")
        await run(
            "export REPLKV_USER=root REPLKV_TOKEN_FILE=~/.replkv-token; replkv user del alice; replkv user del root"
        )
        assert (await run(shown)).splitlines()[-1] == b"root  admin *"
    finally:
        # Whoever runs the tests in the background has SIGINT be ignored.
        cluster.terminate()
        await deferToThread(cluster.wait)
    assert "Traceback" not in (tmp_path / "output").read_text()
