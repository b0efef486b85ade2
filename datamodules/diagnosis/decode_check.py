"""Decodes every frame of the clips in parallel processes, and records in a file which videos are sound.

The journal has a line for each decoded clip, written as soon as the clip is checked. A killed check resumes where it
stopped, and a second check decodes only clips that have changed or were broken.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from zsar.datamodules.batch import VideoRecord
from zsar.datamodules.video_files.decoding import VideoReader
from zsar.datamodules.video_files.decoding.recorded_frames import frames_of
from zsar.datamodules.video_files.video_file import RGBConverter
from zsar.datamodules.views.frame_sampling import multi_clip_indices
from zsar.runtime.files.journals import JournalWriter, known_lines
from zsar.runtime.processes.worker_pools import results_of
from zsar.runtime.shards.stored_videos import stored_stamp

_DECODED = "every frame"  # in the journal: what was decoded for the verdict
_N_AHEAD = 3  # clips queued for each worker, enough to keep it busy


@dataclass(frozen=True)
class Clip:
    """A clip to decode.

    Attributes:
        path: The file.
        segment_seconds: Start and end of the segment; None for the whole file.
        n_frames: T, frames of each view.
        n_clips: Views in time.
    """

    path: str
    segment_seconds: tuple[float, float] | None
    n_frames: int
    n_clips: int


@dataclass(frozen=True)
class Verdict:
    """The result for a clip.

    Attributes:
        clip: The clip.
        n_available: Number of frames; 0 if it cannot be decoded.
        problem: Why it cannot be decoded; None for a sound clip.
        is_new: False for a result from the journal.
    """

    clip: Clip
    n_available: int
    problem: str | None
    is_new: bool


Outcome = tuple[int, str | None]
"""Number of frames, and why the clip cannot be decoded, if so."""

_DIED: Outcome = (0, "the process that decoded it died: the decoder crashed, or memory ran out")

Stamp = tuple[int, int]
"""Size in bytes and modification time in nanoseconds, in a shard CRC-32; with the same two, a file is unchanged."""


def check_clips(clips: Iterable[Clip], *, n_workers: int, journal: Path) -> Iterator[Verdict]:
    """Decodes clips, except for those that are sound according to the journal.

    Args:
        clips: Clips to decode; equal ones are decoded once.
        n_workers: Processes, each decoding with one thread; 0 to decode in this process.
        journal: File of JSON lines, which is read first and appended to.

    Returns:
        The verdicts: first the known ones, then the new ones in order of completion.
    """
    known = _read(journal)
    stamps: dict[Clip, Stamp | None] = {}
    for clip in dict.fromkeys(clips):
        stamp = stored_stamp(clip.path)
        if stamp is not None and (clip, stamp) in known:
            yield Verdict(clip, known[clip, stamp], None, is_new=False)
        else:
            stamps[clip] = stamp
    outcomes = results_of(decode_clip, list(stamps), n_workers=n_workers, if_died=_DIED, n_ahead=_N_AHEAD)
    with JournalWriter(journal) as writer:
        for clip, (n_available, problem) in outcomes:
            row = {**asdict(clip), "stamp": stamps[clip], "n_available": n_available, "problem": problem}
            writer.append({**row, "decoded": _DECODED})
            yield Verdict(clip, n_available, problem, is_new=True)


def decode_clip(clip: Clip) -> Outcome:
    """Decodes every frame of a clip, one at a time, and converts those that an evaluation uses to RGB.

    All frames are decoded because training samples any frame: damage after the last evaluated frame is a problem too.
    """
    try:
        with VideoReader(clip.path) as reader:
            first, n_available = frames_of(reader, VideoRecord(Path(clip.path), -1, clip.segment_seconds))
            indices = first + multi_clip_indices(n_available, clip.n_frames, clip.n_clips)
            _check_frames(reader, range(first, first + n_available), set(indices.flatten().tolist()))
    except Exception as error:  # any error from a broken file is to be reported
        return 0, str(error).removeprefix(f"{clip.path}: ") or type(error).__name__
    return n_available, None


def _check_frames(reader: VideoReader, indices: Sequence[int], as_rgb: Collection[int]) -> None:
    """Decodes frames of one size, and converts some to RGB.

    Raises:
        VideoDecodeError: A frame is damaged or missing.
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
    """Number of frames of the clips that were sound. Lines that are not verdicts are ignored.

    Raises:
        GivenFileError: The file is not a journal.
    """
    known: dict[tuple[Clip, Stamp], int] = {}
    for row in known_lines(journal, remedy="remove it"):
        try:
            segment = row["segment_seconds"]
            clip = Clip(row["path"], segment and (segment[0], segment[1]), row["n_frames"], row["n_clips"])
            # Earlier versions decoded only the frames of an evaluation; their verdicts do not cover the others.
            if (
                row.get("decoded") == _DECODED
                and row["problem"] is None
                and row["stamp"] is not None
                and type(row["n_available"]) is int
            ):
                known[clip, (row["stamp"][0], row["stamp"][1])] = row["n_available"]
        except (LookupError, TypeError):
            continue
    return known
