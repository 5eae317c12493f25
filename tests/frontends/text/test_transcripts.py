"""
The text protocol, told line by line: what C{transcripts} say is what a client sees.
"""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.frontends.text.story import Story
from tests.transcript import told


@told(Path(__file__).with_name("transcripts"), lambda: Story().carryOut)
class TranscriptTests(SynchronousTestCase):
    """
    Each transcript is a test.
    """
