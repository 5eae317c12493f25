"""
The packages of replkv. All else about it is in pyproject.toml.
"""

from setuptools import find_packages, setup

setup(
    # Said although it is the default: an editable install then puts this very folder on the path, as the plugin and
    # "trial tests" want it.
    package_dir={"": "."},
    # twisted.plugins is a folder for everyone's plugins: neither it nor twisted has an __init__.py here.
    packages=[*find_packages(include=["replkv", "replkv.*"]), "twisted.plugins"],
)
