"""
memcached's protocol, told line by line: what C{transcripts} say is what a client sees.
"""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.frontends.text.session import MEMCACHED_PORT
from tests.frontends.text.story import Story
from tests.transcript import told


class _MemcachedStory(Story):
    """
    One at the port for clients of memcached's.
    """

    port = MEMCACHED_PORT


@told(Path(__file__).with_name("transcripts"), lambda: _MemcachedStory().carryOut)
class TranscriptTests(SynchronousTestCase):
    """
    Each transcript is a test.
    """
