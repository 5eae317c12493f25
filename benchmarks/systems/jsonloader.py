"""
Loads that a program of the peer's own kind makes, which is asked by lines of JSON.
"""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from types import TracebackType
from typing import Any

from replkv.bench.dialect import Hopeless
from replkv.bench.load import Load, Mix
from replkv.bench.tally import Tally


class JsonLoader:
    """
    See L{benchmarks.systems.system.Loader}. Every line that the program reads is a load, and every line that it writes
    is what came of one.
    """

    def __init__(self, process: subprocess.Popen[str], load: Load, mix: Mix, endsIt: bool = True) -> None:
        """
        @param process: the program, which has pipes.
        @param endsIt: whether it is to end when the loader does.
        """
        self._process = process
        self._load = load
        self._mix = mix
        self._endsIt = endsIt

    def __enter__(self) -> JsonLoader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._endsIt:
            self._process.kill()
            self._process.communicate()

    def prepare(self) -> None:
        """
        See L{benchmarks.systems.system.Loader.prepare}.
        """
        self._ask("write", 0.0)

    def fill(self) -> None:
        """
        See L{benchmarks.systems.system.Loader.fill}.
        """
        errors = self._ask("fill", 0.0)["Errors"]
        if errors:
            raise Hopeless(f"not every key could be given a value: {errors}")

    def measure(self, load: Load) -> Tally:
        """
        See L{benchmarks.systems.system.Loader.measure}.
        """
        kind = "read" if self._mix.reads else "write"
        told = self._ask(kind, load.seconds)
        latencies = {int(latency): count for latency, count in told["Latencies"].items()}
        tally = Tally(errors=Counter(told["Errors"]), seconds=told["Seconds"], busy=told["Busy"])
        if kind == "read":
            tally.reads = latencies
        else:
            tally.writes = latencies
        return tally

    def _ask(self, kind: str, seconds: float) -> dict[str, Any]:
        asked = {"Kind": kind, "Clients": self._load.clients, "Keys": self._mix.keys}
        asked |= {"ValueBytes": self._mix.valueBytes, "Seconds": seconds}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise Hopeless("the program that made the load has ended")
        told: dict[str, Any] = json.loads(line)
        return told
