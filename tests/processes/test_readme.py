"""
What the README shows is true.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from twisted.internet.threads import deferToThread

from tests.processes.cluster import onReactor
from tests.processes.conftest import MakeCluster
from tests.processes.conversation import Conversation

README = Path(__file__).parents[2] / "README.md"


@onReactor
async def test_pythonSample(makeCluster: MakeCluster) -> None:
    """
    The sample in Python runs as it stands, but for the ports.
    """
    cluster = makeCluster(3)
    cluster.start()
    await cluster.leader()
    [sample] = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    for serverId, server in cluster.servers.items():
        assert f"900{serverId}" in sample
        sample = sample.replace(f"900{serverId}", str(server.clientPort))
    command = [sys.executable, "-c", sample]
    done = await deferToThread(subprocess.run, command, capture_output=True, timeout=60, check=False)
    assert done.stderr == b""
    assert re.fullmatch(rb"\d+ b'hello'\n", done.stdout)


@onReactor
async def test_session(makeCluster: MakeCluster) -> None:
    """
    The session at the beginning of the README goes as it is shown there.
    """
    cluster = makeCluster(3, ElectionTimeoutMs=1000)
    cluster.start()
    leader = await cluster.leader()
    [session] = re.findall(r"\$ telnet localhost 9000\n(.*?)Connection closed", README.read_text(), re.DOTALL)
    lines = session.splitlines()
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
