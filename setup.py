"""
The packaging of replkv.
"""

import re
from pathlib import Path

from setuptools import find_packages, setup

_SOURCE = (Path(__file__).parent / "replkv" / "__init__.py").read_text(encoding="utf-8")
_VERSION = re.search(r'^__version__ = "([^"]+)"$', _SOURCE, re.MULTILINE)
if _VERSION is None:
    raise SystemExit("replkv/__init__.py states no __version__")

setup(
    name="replkv",
    version=_VERSION.group(1),
    description="A replicated key-value store on Twisted",
    author="The replkv authors",
    license="MIT",
    python_requires=">=3.11",
    # Said although it is the default: an editable install then puts this very folder on the path, as the plugin and
    # "trial tests" want it.
    package_dir={"": "."},
    # twisted.plugins is a folder for everyone's plugins: neither it nor twisted has an __init__.py here.
    packages=[*find_packages(include=["replkv", "replkv.*"]), "twisted.plugins"],
    install_requires=[
        "twisted>=24.11,<27",
        # Twisted's interfaces; imported by name, so not left to Twisted to bring.
        "zope.interface>=6,<9",
        # RocksDB, built into wheels: the store may outgrow memory, flushes beside other threads, and needs no compiler.
        "rocksdict>=0.3.29,<0.4",
        # The progress bar of replkv sim: it knows terminals, estimates what is left, and needs nothing else itself.
        "tqdm>=4.66,<5",
    ],
    extras_require={
        "test": [
            "pytest>=8,<10",
            "pytest-twisted>=1.14,<2",
            # Tests of processes wait for most of their time: side by side they take two thirds of it.
            "pytest-xdist>=3.6,<4",
            "hypothesis>=6,<7",
        ],
        "lint": ["ruff>=0.15,<1", "mypy>=1.18,<3", "mypy-zope>=1.0.14,<2", "types-tqdm>=4.66,<5"],
    },
    entry_points={"console_scripts": ["replkv = replkv.__main__:main"]},
    zip_safe=False,
)
