"""
The rules of the architecture: which part may import what. They are read off the sources.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import replkv

SOURCES = Path(replkv.__file__).parent

RAFT_VALUES = {
    "replkv.raft.configuration",
    "replkv.raft.entry",
    "replkv.raft.invariants",
    "replkv.raft.member",
    "replkv.raft.membership",
    "replkv.raft.messages",
    "replkv.raft.outputs",
    "replkv.raft.repair",
    "replkv.raft.validity",
}
"""
The modules of the consensus that hold nothing but values.
"""

LAYERS = (
    "raft",
    "users",
    "commands",
    "wire",
    "kv",
    "storage",
    "tls",
    "peers",
    "client",
    "bench",
    "frontends",
    "node",
    "service",
    "testing",
    "cli",
)
"""
The folders, from the ground up. Each imports only what stands before it.
"""

LEAVES = {
    "build": {"__version__"},
    "config": {"document", "durations", "hosts", "tlsfiles"},
    "clocks": set(),
    "document": {"printable"},
    "durations": set(),
    "exits": set(),
    "handshakes": set(),
    "hosts": set(),
    "lives": set(),
    "names": set(),
    "outside": {"printable"},
    "printable": set(),
    "reactors": set(),
    "reasons": {"handshakes"},
    "sending": set(),
    "times": set(),
    "tlsfiles": set(),
    "versions": set(),
}
"""
The modules that every layer but the lowest may import, and what they import themselves.
"""

PARTS: dict[str, tuple[str, ...]] = {
    "raft": (),
    "users": (),
    "commands": ("times", "users", "versions"),
    "wire": ("commands", "times", "users"),
    "kv": ("commands", "times", "users", "versions"),
    "storage": ("lives", "times", "versions"),
    "tls": ("config", "handshakes", "outside", "tlsfiles"),
    "peers": ("hosts", "lives", "outside", "printable", "reasons", "sending", "storage.snapshot", "times", "versions"),
    "client": ("clocks", "commands", "config", "hosts", "names", "reasons", "users", "wire"),
    "bench": ("client.address", "commands", "wire"),
    "frontends": ("commands", "hosts", "outside", "sending", "users", "wire"),
}
"""
The layers that know little: of others, only the consensus's values, and these.
"""

OUTSIDE = {
    "asyncio",
    "datetime",
    "io",
    "os",
    "pathlib",
    "secrets",
    "select",
    "socket",
    "subprocess",
    "threading",
    "time",
}
"""
What the consensus has no business with, Twisted and all that is installed aside.
"""

REACTOR_IMPORTERS = {"replkv.cli.command", "replkv.service.tap"}
"""
The modules that may import the reactor.
"""


@cache
def parse(path: Path) -> ast.Module:
    """
    A module, parsed once for all tests.
    """
    return ast.parse(path.read_text(encoding="utf-8"))


def modules(part: str = "") -> Iterator[tuple[str, ast.Module]]:
    """
    The modules of a part, by name and parsed.
    """
    for path in sorted((SOURCES / part).rglob("*.py")):
        name = ".".join(("replkv", *path.relative_to(SOURCES).with_suffix("").parts)).removesuffix(".__init__")
        yield name, parse(path)


@cache
def imports(tree: ast.AST) -> set[str]:
    """
    What a module imports, each by its full name: C{from random import Random} gives C{random.Random}.
    """
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.update(f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names)
    return found


def within(name: str, package: str) -> bool:
    """
    Whether a module is this package or lies in it.
    """
    return name == package or name.startswith(package + ".")


class LayerTests(SynchronousTestCase):
    """
    The rules.
    """

    def test_folders(self) -> None:
        """
        There are no folders but the layers, and no modules beside them but the leaves and where the command begins.
        """
        folders = {path.name for path in SOURCES.iterdir() if path.is_dir() and path.name != "__pycache__"}
        self.assertEqual(folders, set(LAYERS))
        beside = {path.stem for path in SOURCES.glob("*.py")}
        self.assertEqual(beside, {*LEAVES, "__init__", "__main__"})

    def test_direction(self) -> None:
        """
        Imports go down.
        """
        for position, layer in enumerate(LAYERS):
            above = [f"replkv.{name}" for name in LAYERS[position + 1 :]]
            for name, tree in modules(layer):
                for imported in imports(tree):
                    self.assertFalse(imported.startswith("."), f"{name} has a relative import")
                    wrong = any(within(imported, package) for package in above)
                    self.assertFalse(wrong, f"{name} must not import {imported}")

    def test_parts(self) -> None:
        """
        What the node puts together knows of its other parts nothing, or little.
        """
        for part, known in PARTS.items():
            values = set() if part == "raft" else RAFT_VALUES
            allowed = {f"replkv.{part}", *values, *(f"replkv.{name}" for name in known)}
            for name, tree in modules(part):
                for imported in imports(tree):
                    if within(imported, "replkv") and imported != "replkv.__version__":
                        permitted = any(within(imported, package) for package in allowed)
                        self.assertTrue(permitted, f"{name} must not import {imported}")

    def test_raft(self) -> None:
        """
        The consensus imports nothing that is installed, and no way to the outside.
        """
        for name, tree in modules("raft"):
            for imported in imports(tree):
                top = imported.partition(".")[0]
                self.assertNotIn(top, OUTSIDE | {"twisted", "zope", "rocksdict"}, f"{name} imports {imported}")
                # A generator is handed in, and so may be named as a type; the global one may not be drawn from.
                self.assertTrue(top != "random" or imported == "random.Random", f"{name} imports {imported}")

    def test_raftHasNoCircle(self) -> None:
        """
        The consensus's modules stand one above the other, also for their types: the core knows the roles, they know
        what they share, and none of that knows who stands on it.
        """
        parsed = dict(modules("raft"))
        graph = {
            name: {known for known in parsed for imported in imports(tree) if within(imported, known)} - {"replkv.raft"}
            for name, tree in parsed.items()
        }
        order = list(TopologicalSorter(graph).static_order())  # It raises CycleError.
        self.assertEqual(order[-1], "replkv.raft.core")
        roles = {"replkv.raft.candidate", "replkv.raft.follower", "replkv.raft.leader"}
        self.assertLessEqual(roles, graph["replkv.raft.core"])
        for role in roles:
            self.assertIn("replkv.raft.state", graph[role])
            self.assertFalse(graph[role] & roles, f"{role} knows another role")

    def test_leaves(self) -> None:
        """
        What others stand on stands on nothing of ours: so the client brings no server with it.
        """
        found = dict(modules())
        for leaf, known in LEAVES.items():
            for imported in imports(found[f"replkv.{leaf}"]):
                permitted = imported == "replkv" or any(within(imported, f"replkv.{name}") for name in known)
                self.assertTrue(permitted or not within(imported, "replkv"), f"{leaf} imports {imported}")

    def test_startup(self) -> None:
        """
        A process is prepared before anything else is imported.
        """
        for imported in imports(dict(modules())["replkv.service.startup"]):
            self.assertFalse(within(imported, "replkv"), imported)

    def test_reactor(self) -> None:
        """
        The global reactor is imported by the commands and the plugin alone, and by them within a function: to import
        a module chooses no reactor.
        """
        importers: set[str] = set()
        for name, tree in modules():
            if "twisted.internet.reactor" in imports(tree):
                importers.add(name)
                top = ast.Module([node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)], [])
                self.assertNotIn("twisted.internet.reactor", imports(top), name)
        self.assertLessEqual(importers, REACTOR_IMPORTERS)
        self.assertTrue(importers)

    def test_testing(self) -> None:
        """
        Simulations are for tests: of all that runs in production, the command C{replkv sim} alone knows of them.
        """
        for name, tree in modules():
            if not within(name, "replkv.testing") and name != "replkv.cli.sim":
                for imported in imports(tree):
                    self.assertFalse(within(imported, "replkv.testing"), f"{name} imports {imported}")

    def test_assembly(self) -> None:
        """
        What puts the parts together is imported in one direction.
        """
        order = [
            "replkv.node.node",
            "replkv.service.recovery",
            "replkv.service.assembly",
            "replkv.service.server",
            "replkv.service.tap",
            "replkv.cli.command",
            "replkv.cli.console",
            "replkv.__main__",
        ]
        found = dict(modules())
        for position, name in enumerate(order):
            for imported in imports(found[name]):
                self.assertFalse(any(within(imported, above) for above in order[position + 1 :]), f"{name}: {imported}")
