"""
Bits that rot in what was synced.
"""

from __future__ import annotations

from random import Random

from replkv.storage.record import HEADER_BYTES
from replkv.storage.segment import Segment
from replkv.storage.segments import segmentNumbers
from replkv.storage.start import readStart
from replkv.testing.files import MemoryFiles


def rotLog(files: MemoryFiles, folder: str, random: Random) -> int:
    """
    Flip a bit in one of the records of a log that is in use, or in the header of one of its files.

    What rots in the very last record cannot be told from a write that was torn, neither by the server nor by anyone
    else: the server will cut it off, and may so lose what it has acknowledged.

    @return: the number of the segment in which it is, if the server must find it as long as it has that; 0 if it is in
        the last record. If a segment has been begun after the last record, that one must be found too, since its end is
        known.
    """
    places = []
    # The disk may fail just now, and what is on it can be looked at all the same.
    sound = MemoryFiles(files.contents())
    begin = readStart(sound, folder).segment
    for number in [number for number in segmentNumbers(sound, folder) if number >= begin]:
        segment = Segment.open(sound, folder, number)
        starts = [start for start, _ in segment.frames()]
        ends = [*starts[1:], segment.end]
        places.append((number, segment.path, 0, HEADER_BYTES))
        places += [(number, segment.path, start, end) for start, end in zip(starts, ends, strict=False)]
        segment.close()
    # Often near the end: what is there may still be read while the server runs.
    position = random.choice([random.randrange(len(places)), len(places) - 1 - random.randrange(min(4, len(places)))])
    number, path, start, end = places[position]
    offset = random.randrange(start, end)
    byte = sound.contents()[path][offset]
    files.put(path, offset, bytes([byte ^ 1 << random.randrange(8)]))
    return 0 if (path, end) == (segment.path, segment.end) else number
