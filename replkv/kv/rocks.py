"""
The engine on the disk: RocksDB, through rocksdict.

It is written without RocksDB's own log: the replicated log already holds every step. All keys are in one column family,
so that a step goes into one memtable as a whole; memtables reach the disk whole and in their order, whether L{flush
<RocksEngine.flush>} asks for it or one is full. What a crash leaves is thus always a true prefix of the steps.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any, Final

from rocksdict import (
    AccessType,
    BlockBasedOptions,
    Cache,
    Checkpoint,
    DBCompressionType,
    Options,
    Rdict,
    RdictIter,
    ReadOptions,
    WriteBatch,
    WriteOptions,
)

from replkv.kv.engine import EngineError, EngineStarved
from replkv.kv.room import checkRoom

MEMTABLE_BYTES: Final = 32 * 1024 * 1024
# One is written while the others wait for the disk: a burst of 96 MiB passes before a write has to wait.
_MEMTABLES: Final = 4
_BLOCK_CACHE_BYTES: Final = 64 * 1024 * 1024
_INFO_LOG_BYTES: Final = 1024 * 1024
_INFO_LOGS: Final = 2
# About 1 % false positives (RocksDB's documentation).
_BLOOM_BITS_PER_KEY: Final = 10
# A bloom filter for each memtable, of such a part of its size: most keys that are asked for are not in it, and to find
# that out in its list takes 3 microseconds. There is room for 13 million bits, and for 150,000 short records.
_MEMTABLE_BLOOM_PART: Final = 0.05
# Tables that come from memtables are merged with all others when there are so many. Flushes make small ones: with 4, as
# RocksDB has it, each byte is written anew twice as often.
_TABLES_TO_MERGE: Final = 8
# A table in which almost all of so many entries, side by side, are deletions is merged with what they delete as soon as
# it is written: it takes as long to step over them as over what is there.
_DELETIONS: Final = 16384
_MANY_DELETIONS: Final = 15000
# What is written into a folder in which a store is opened to be read.
_WRITTEN: Final = frozenset(["LOCK", "LOG", "rocksdict-config.json"])


class RocksEngine:
    """
    An L{Engine<replkv.kv.engine.Engine>} in a folder.

    RocksDB has threads of its own, which a fork leaves behind: a process that daemonizes makes its engine afterwards.
    """

    def __init__(
        self, path: str, openFiles: int = 256, memtableBytes: int = MEMTABLE_BYTES, links: str | None = None
    ) -> None:
        """
        Open the store, or make it.

        @param path: its folder. The folder that this one lies in must be there.
        @param openFiles: how many of its tables may be open.
        @param memtableBytes: what is collected in memory before RocksDB, by itself, writes it to the disk.
        @param links: a folder with links to the files of the store, by which they are read. Nothing in the store is
            changed then, and it may be in use; nor may anything be written here.
        @raise EngineError: if it cannot be opened, is in use, or is damaged.
        """
        self._path = path
        self._links = links
        unlogged = WriteOptions()
        # It is a property; rocksdict's stubs take it for a method.
        unlogged.disable_wal = True  # type: ignore[method-assign, assignment]
        checkRoom()
        try:
            if links is not None:
                self._db = Rdict(links, _options(memtableBytes, openFiles), access_type=AccessType.read_only())
                return
            self._db = Rdict(path, _options(memtableBytes, openFiles))
            self._db.set_write_options(unlogged)
            _syncFolder(os.path.dirname(os.path.abspath(path)))
        except Exception as error:
            raise self._failed("opened", error) from error

    def get(self, key: bytes) -> bytes | None:
        """
        See L{Engine.get<replkv.kv.engine.Engine.get>}.
        """
        try:
            value: bytes | None = self._db.get(key)
        except Exception as error:
            raise self._failed("read", error) from error
        return value

    def getMany(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """
        See L{Engine.getMany<replkv.kv.engine.Engine.getMany>}.
        """
        try:
            values: Any = self._db.get(list(keys))
        except Exception as error:
            raise self._failed("read", error) from error
        return list[bytes | None](values)

    def write(self, changes: Mapping[bytes, bytes | None]) -> None:
        """
        See L{Engine.write<replkv.kv.engine.Engine.write>}.
        """
        batch = WriteBatch(raw_mode=True)
        for key, value in changes.items():
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        try:
            self._db.write(batch)
        except Exception as error:
            raise self._failed("written", error) from error

    def scan(self, start: bytes, stop: bytes, limit: int) -> list[tuple[bytes, bytes]]:
        """
        See L{Engine.scan<replkv.kv.engine.Engine.scan>}.
        """
        found: list[tuple[bytes, bytes]] = []
        try:
            # The iterator goes when this returns; while it lives, the folder stays locked.
            iterator = self._iterator(start, stop)
            while len(found) < limit and iterator.valid():
                found.append((iterator.key(), iterator.value()))
                iterator.next()
            # An iterator that meets damage says that it has ended; only its status tells.
            iterator.status()
        except Exception as error:
            raise self._failed("read", error) from error
        return found

    def walk(self, start: bytes, stop: bytes, most: int) -> Iterator[tuple[bytes, bytes, int]]:
        """
        See L{Engine.walk<replkv.kv.engine.Engine.walk>}.
        """
        try:
            iterator = self._iterator(start, stop)
            while iterator.valid():
                value = iterator.value()
                size, head = len(value), value[:most]
                del value
                yield iterator.key(), head, size
                iterator.next()
            iterator.status()
        except Exception as error:
            raise self._failed("read", error) from error

    def _iterator(self, start: bytes, stop: bytes) -> RdictIter:
        # With the bound, RocksDB does not look for a live key among the deleted ones beyond it.
        bounded = ReadOptions()
        bounded.set_iterate_upper_bound(stop)
        iterator = self._db.iter(bounded)
        iterator.seek(start)
        return iterator

    def flush(self) -> None:
        """
        See L{Engine.flush<replkv.kv.engine.Engine.flush>}. The interpreter lock is not held meanwhile.
        """
        try:
            self._db.flush()
        except Exception as error:
            raise self._failed("flushed", error) from error

    def checkpoint(self, path: str) -> None:
        """
        See L{Engine.checkpoint<replkv.kv.engine.Engine.checkpoint>}. It has the tables in common with the store, by
        hard links, so both have to be in one file system.
        """
        try:
            # RocksDB flushes for it what is not flushed yet, and here the interpreter lock is held meanwhile. The first
            # of these leaves what was written while it ran, the second next to nothing.
            self._db.flush()
            self._db.flush()
            Checkpoint(self._db).create_checkpoint(path)
            _syncFolder(os.path.dirname(os.path.abspath(path)))
        except Exception as error:
            raise self._failed("copied", error) from error

    def close(self) -> None:
        """
        See L{Engine.close<replkv.kv.engine.Engine.close>}. RocksDB flushes here all the same, and holds up the thread
        for it, unless L{flush} was called just before.
        """
        try:
            self._db.close()
        except Exception as error:
            raise self._failed("closed", error) from error

    def _failed(self, what: str, error: Exception) -> EngineError:
        """
        Say in one line what RocksDB said in one or several.
        """
        said = " ".join(str(error).split()).replace(self._links or self._path, self._path)
        # RocksDB tells of errors in words.
        starved = any(os.strerror(number) in said for number in (errno.EMFILE, errno.ENFILE, errno.ENOMEM))
        return (EngineStarved if starved else EngineError)(f"the store in {self._path} cannot be {what}: {said}")


@contextmanager
def unchanged(path: str) -> Iterator[RocksEngine]:
    """
    Open a store to read what it has on the disk, and change nothing in its folder: RocksDB and what stands between
    write some files even where they have but to read. The store may be in use; that may take files away from this.

    @param path: its folder.
    @raise EngineError: if it cannot be opened, or is damaged.
    @raise OSError: if the system refuses.
    """
    with TemporaryDirectory(prefix="replkv-") as links:
        for name in os.listdir(path):
            if name not in _WRITTEN:
                os.symlink(os.path.abspath(os.path.join(path, name)), os.path.join(links, name))
        # All files are opened at once, so that it does not matter if they are removed.
        engine = RocksEngine(path, -1, links=links)
        try:
            yield engine
        finally:
            engine.close()


def _options(memtableBytes: int, openFiles: int) -> Options:
    """
    Make the options that the store is opened with.
    """
    tables = BlockBasedOptions()
    tables.set_block_cache(Cache(_BLOCK_CACHE_BYTES))
    tables.set_bloom_filter(_BLOOM_BITS_PER_KEY, False)
    tables.set_format_version(5)

    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_block_based_table_factory(tables)
    options.set_compression_type(DBCompressionType.lz4())
    options.set_write_buffer_size(memtableBytes)
    options.set_max_write_buffer_number(_MEMTABLES)
    options.set_memtable_prefix_bloom_ratio(_MEMTABLE_BLOOM_PART)
    options.set_memtable_whole_key_filtering(True)
    options.set_level_zero_file_num_compaction_trigger(_TABLES_TO_MERGE)
    options.add_compact_on_deletion_collector_factory(_DELETIONS, _MANY_DELETIONS, 0.0)
    options.set_max_open_files(openFiles)
    # Otherwise it has up to 16 threads for it, and ends the whole process if the system has no memory for one of them.
    options.set_max_file_opening_threads(1)
    options.set_keep_log_file_num(_INFO_LOGS)
    options.set_max_log_file_size(_INFO_LOG_BYTES)
    options.set_stats_dump_period_sec(0)
    options.set_stats_persist_period_sec(0)
    return options


def _syncFolder(path: str) -> None:
    """
    Bring a folder's list of names to the disk: RocksDB does it for its own folder, but not for the one around it.
    """
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
