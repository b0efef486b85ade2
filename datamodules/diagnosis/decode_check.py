"""Decodes every frame of the clips, in many processes, and remembers in a file which videos are sound.

The journal has a line for each decoded clip, written as soon as its verdict is known: a killed check goes on where it
was, and a second check only decodes what has changed since or was broken.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from multiprocessing.connection import wait as wait_for_connections
from pathlib import Path

import torch

from zsar.datamodules.batch import VideoRecord
from zsar.datamodules.clip_dataset import frames_of
from zsar.datamodules.video_files.decoding import VideoReader
from zsar.datamodules.video_files.video_file import RGBConverter
from zsar.datamodules.views.frame_sampling import multi_clip_indices
from zsar.runtime.files.given_files import check_given_file
from zsar.runtime.files.journals import MOST_BYTES

_DECODED = "every frame"  # in the journal: what the verdict is about
_CLIPS_PER_WORKER = 4  # that wait or are decoded: enough that no worker is idle


@dataclass(frozen=True)
class Clip:
    """What is decoded.

    Attributes:
        path: The file.
        segment_seconds: The stretch of it; null for all of it.
        n_frames: T, frames of each view.
        n_clips: Views in time.
    """

    path: str
    segment_seconds: tuple[float, float] | None
    n_frames: int
    n_clips: int


@dataclass(frozen=True)
class Verdict:
    """What came of a clip.

    Attributes:
        clip: What was to be decoded.
        n_available: Frames that there are; 0 where it cannot be decoded.
        problem: Why it cannot be decoded; null for a sound clip.
        is_new: False for what the journal knew already.
    """

    clip: Clip
    n_available: int
    problem: str | None
    is_new: bool


Outcome = tuple[int, str | None]
"""Frames that there are, and why the clip cannot be decoded."""

Stamp = tuple[int, int]
"""Size in bytes and time of the last change in nanoseconds; a file with the same two is taken for unchanged."""


def check_clips(clips: Iterable[Clip], *, n_workers: int, journal: Path) -> Iterator[Verdict]:
    """Decodes clips, except for those that the journal knows to be sound.

    Args:
        clips: What to decode; equal ones are decoded once.
        n_workers: Processes, each of which decodes with one thread; 0 to decode in this one.
        journal: JSON lines, which are read first, and appended to.

    Returns:
        The verdicts: first those that are known, then the new ones, as they come.
    """
    known = _read(journal)
    stamps: dict[Clip, Stamp | None] = {}
    for clip in dict.fromkeys(clips):
        stamp = _stamp(clip.path)
        if stamp is not None and (clip, stamp) in known:
            yield Verdict(clip, known[clip, stamp], None, is_new=False)
        else:
            stamps[clip] = stamp
    journal.parent.mkdir(parents=True, exist_ok=True)
    with journal.open("a", encoding="utf-8") as file:
        if not _ends_a_line(journal):
            file.write("\n")  # a killed run tore its last line
        for clip, (n_available, problem) in _decode_all(list(stamps), n_workers):
            row = {**asdict(clip), "stamp": stamps[clip], "n_available": n_available, "problem": problem}
            row["decoded"] = _DECODED
            file.write(json.dumps(row) + "\n")
            file.flush()
            yield Verdict(clip, n_available, problem, is_new=True)


def decode_clip(clip: Clip) -> Outcome:
    """Decodes every frame of a clip, and makes RGB of those that an evaluation looks at; one frame at a time.

    Training samples any frame, so that damage behind the last frame of an evaluation is a problem, too.
    """
    try:
        with VideoReader(clip.path) as reader:
            first, n_available = frames_of(reader, VideoRecord(Path(clip.path), -1, clip.segment_seconds))
            indices = first + multi_clip_indices(n_available, clip.n_frames, clip.n_clips)
            _check_frames(reader, range(first, first + n_available), set(indices.flatten().tolist()))
    except Exception as error:  # whatever a broken file provokes is what we are here to report
        return 0, str(error).removeprefix(f"{clip.path}: ") or type(error).__name__
    return n_available, None


def _check_frames(reader: VideoReader, indices: Sequence[int], as_rgb: Collection[int]) -> None:
    """Decodes frames of one size, and makes RGB of some.

    Raises:
        VideoDecodeError: One is damaged or missing.
        ValueError: Their size changes.
    """
    converter, size = RGBConverter(), (0, 0)
    for i, frame in zip(indices, reader.decoded_frames(indices), strict=True):
        size = size if any(size) else (frame.width, frame.height)
        if (frame.width, frame.height) != size:
            raise ValueError(
                f"the frame size changes within the video: {size[0]}x{size[1]} px at first, "
                f"{frame.width}x{frame.height} px at frame {i}; run zsar prepare on it"
            )
        if i in as_rgb:
            converter.rgb(frame)


# --- the journal ------------------------------------------------------------------------------------------------------


def _read(journal: Path) -> dict[tuple[Clip, Stamp], int]:
    """Frames of the clips that were sound. A line that says nothing, as one torn by a kill, is no verdict.

    Raises:
        GivenFileError: Something else than a journal has its name.
    """
    known: dict[tuple[Clip, Stamp], int] = {}
    if not os.path.lexists(journal):
        return known
    check_given_file(journal, remedy="remove it", most_bytes=MOST_BYTES, may_be_empty=True)
    with journal.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                row = json.loads(line)
                segment = row["segment_seconds"]
                clip = Clip(row["path"], segment and (segment[0], segment[1]), row["n_frames"], row["n_clips"])
                # Earlier versions decoded the frames of an evaluation only: that says nothing of the others.
                if (
                    row.get("decoded") == _DECODED
                    and row["problem"] is None
                    and row["stamp"] is not None
                    and type(row["n_available"]) is int
                ):
                    known[clip, (row["stamp"][0], row["stamp"][1])] = row["n_available"]
            except (ValueError, LookupError, TypeError, RecursionError):
                continue
    return known


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read() == b"\n"


def _stamp(path: str) -> Stamp | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


# --- processes --------------------------------------------------------------------------------------------------------


def _decode_all(
    clips: Sequence[Clip], n_workers: int, decode: Callable[[Clip], Outcome] = decode_clip
) -> Iterator[tuple[Clip, Outcome]]:
    if n_workers == 0:
        yield from ((clip, decode(clip)) for clip in clips)
        return
    waiting = deque(clips)
    while waiting:
        suspects: list[Clip] = []
        yield from _until_a_crash(waiting, min(n_workers, len(waiting)), decode, suspects)
        yield from _one_by_one(suspects, decode)


def _until_a_crash(
    waiting: deque[Clip], n_workers: int, decode: Callable[[Clip], Outcome], suspects: list[Clip]
) -> Iterator[tuple[Clip, Outcome]]:
    """Decodes what is waiting, until a file takes a process down: `suspects` then gets all that were being decoded."""
    running: dict[Future[Outcome], Clip] = {}
    pool = _pool(n_workers)
    try:
        while (waiting and not suspects) or running:
            while waiting and not suspects and len(running) < _CLIPS_PER_WORKER * n_workers:
                try:
                    future = pool.submit(decode, waiting[0])
                except BrokenProcessPool:
                    suspects.append(waiting.popleft())
                    break
                running[future] = waiting.popleft()
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                clip = running.pop(future)
                try:
                    outcome = future.result()
                except BrokenProcessPool:
                    suspects.append(clip)
                else:
                    yield clip, outcome
    finally:
        pool.shutdown(cancel_futures=True)


def _one_by_one(clips: Sequence[Clip], decode: Callable[[Clip], Outcome]) -> Iterator[tuple[Clip, Outcome]]:
    """Decodes each clip alone, so that a crash tells which one is to blame."""
    pool = None
    try:
        for clip in clips:
            pool = pool or _pool(1)
            try:
                outcome = pool.submit(decode, clip).result()
            except BrokenProcessPool:
                pool.shutdown()
                pool = None
                outcome = 0, "the process that decoded it died: the decoder crashed, or memory ran out"
            yield clip, outcome
    finally:
        if pool is not None:
            pool.shutdown(cancel_futures=True)


def _pool(n_workers: int) -> ProcessPoolExecutor:
    """Fresh processes, never forks of this one; where there is a fork server, it imports torch once for all of them."""
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    context.set_forkserver_preload([__name__])
    return ProcessPoolExecutor(n_workers, mp_context=context, initializer=_begin)


def _begin() -> None:
    """Prepares a worker: one thread, no answer to Ctrl-C, which the parent gives, and no life without the parent."""
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_the_parent, daemon=True).start()


def _die_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait_for_connections([parent.sentinel])
    os._exit(1)
