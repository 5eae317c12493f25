"""
The packages of replkv, and, where C{REPLKV_COMPILE=1} asks for it, some of its modules compiled by mypyc. All else
about it is in pyproject.toml, the list of these modules too.
"""

import os
import tomllib
from pathlib import Path
from typing import Any

from setuptools import Extension, find_packages, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CCompilerError, PlatformError, SetupError


def sources() -> list[str]:
    """
    The files that are compiled.
    """
    lists = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["tool"]["replkv"]
    found = {str(path) for pattern in lists["compiled"] for path in Path().glob(pattern)}
    return sorted(found.difference(lists["interpreted"]))


class Compilation(build_ext):
    """
    Compiles them.
    """

    def finalize_options(self) -> None:
        from mypyc.build import mypycify

        # What is installed has no part in it, so that the same comes of it everywhere.
        options = ["--config-file=", "--no-site-packages", "--ignore-missing-imports", "--follow-imports=silent"]
        self.distribution.ext_modules = mypycify([*options, *sources()], group_name="replkv.compiled", debug_level="0")
        super().finalize_options()

    def run(self) -> None:
        if self.editable_mode:
            raise SetupError("REPLKV_COMPILE=1 is not for an editable install, where edits would be without effect")
        try:
            super().run()
        except (CCompilerError, PlatformError) as error:
            needs = "a C compiler, and Python's headers (Debian: apt install gcc python3-dev)"
            raise SetupError(f"REPLKV_COMPILE=1 needs {needs}: {error}") from error


compiled: dict[str, Any] = {}
# Whoever asks for it must not get something else without notice, so where it fails there is no build.
if os.environ.get("REPLKV_COMPILE", "0") not in ("", "0"):
    compiled = {
        # Each release of mypyc has its own mistakes.
        "setup_requires": ["mypy>=2.4.1,<2.5"],
        "ext_modules": [Extension(source.removesuffix(".py").replace("/", "."), []) for source in sources()],
        "cmdclass": {"build_ext": Compilation},
    }

setup(
    # Said although it is the default: an editable install then puts this very folder on the path, as the plugin and
    # "trial tests" want it.
    package_dir={"": "."},
    # twisted.plugins is a folder for everyone's plugins: neither it nor twisted has an __init__.py here.
    packages=[*find_packages(include=["replkv", "replkv.*"]), "twisted.plugins"],
    **compiled,
)
