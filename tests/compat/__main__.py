"""
C{make compat}: whether replkv's memcached port passes the tests of others that memcached passes.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from benchmarks.processes import endWhenTold
from tests.compat.document import withTable
from tests.compat.judging import DYING, Judge
from tests.compat.running import ROOT
from tests.compat.stores import SIZE, Memcached, Replkv, Store, memcachedVersion
from tests.compat.suite import Kit, Suite
from tests.compat.suites.catalog import SUITES
from tests.compat.table import tableOf

_DOCUMENT: Final = ROOT / "docs" / "compatibility.md"
_STAND_INS: Final = [f"stand-in {number}" for number in range(SIZE)]


def say(line: str) -> None:
    """
    Tell how far it is.
    """
    print(line, file=sys.stderr, flush=True)


def chosen(names: str) -> Sequence[Suite]:
    """
    The suites of these names.

    @raise argparse.ArgumentTypeError: if there is none of such a name.
    """
    known = {suite.name: suite for suite in SUITES}
    unknown = [name for name in names.split(";") if name not in known]
    if unknown:
        raise argparse.ArgumentTypeError(f"no suite is called {unknown[0]}: there are {'; '.join(known)}")
    return [known[name] for name in names.split(";")]


def main(arguments: argparse.Namespace) -> int:
    """
    Run the suites, and print a table.

    @return: the exit status: 1 if replkv lacks something.
    """
    endWhenTold()
    version = memcachedVersion()
    if version is None:
        say("memcached is not installed (Debian: apt install memcached libmemcached-tools)")
        return 1
    arguments.out.mkdir(parents=True, exist_ok=True)
    environment = arguments.environment.resolve()
    kit = Kit(environment / "bin" / "python", environment / "sources")
    judge = Judge(kit, arguments.out.resolve(), say)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="replkv-compat.")))
        memcached = Memcached(folder, ["memcached"])
        stack.callback(memcached.close)
        replkv: Store = Memcached(folder, _STAND_INS) if arguments.stand_in else Replkv(folder, arguments.tree)
        stack.callback(replkv.close)
        rows = list((judge.some if arguments.slice else judge.all)(arguments.suites, memcached, replkv))
        places = [place.name for place in replkv.places]
    places += [DYING] if any(DYING in row.found for row in rows) else []
    lines = tableOf(rows, f"memcached {version}", places)
    print("\n".join(lines))
    if arguments.write:
        _DOCUMENT.write_text(withTable(_DOCUMENT.read_text(encoding="utf-8"), lines), encoding="utf-8")
    return 1 if any(row.lacking or row.isEmpty for row in rows) else 0


def parsed(words: Sequence[str]) -> argparse.Namespace:
    """
    Read what is written behind the command.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.compat", description=__doc__)
    parser.add_argument(
        "--suites", type=chosen, default=SUITES, help="which ones, with a semicolon between their names"
    )
    parser.add_argument("--slice", action="store_true", help="a part of each suite, each at one server of replkv alone")
    parser.add_argument("--write", action="store_true", help="write the table into docs/compatibility.md")
    parser.add_argument(
        "--stand-in", action="store_true", help="have memcached in the place of replkv, to try all this"
    )
    parser.add_argument("--tree", type=Path, default=ROOT, help="the folder with the sources of replkv")
    parser.add_argument(
        "--environment", type=Path, default=ROOT / ".venv-compat", help="where the suites are installed"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "compat", help="for what the suites print")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main(parsed(sys.argv[1:])))
