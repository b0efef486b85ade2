"""Times reading frames of a video: zsar beside full PyAV decoding, torchcodec, decord and OpenCV, one thread each.

    python benchmarks/bench_decoding.py [FILE_OR_FOLDER ...] [--repeats 7] [--quick] [--against GIT_REF]

Reads 8 and 16 frames spread over a clip, and 64 in a row, of a clip of each codec: a real one of ../shared/clips where
it is there, else one encoded by this script; or of the clips that are named. Prints a line for each clip, choice of
frames and reader: the median of the CPU time over the repeats, including opening, as a multiple of zsar's, and whether
the frames equal those of full decoding. The readers take turns within each repeat, so that a busy machine slows all.

With --against, compares with zsar's reader as of that commit: the median of the ratios of both times in each repeat,
and whether all frames of each clip are equal.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import av  # noqa: E402

from benchmarks.decoders import Choice, Reader, full_pyav, readers, verdict  # noqa: E402
from benchmarks.earlier_reader import EarlierReader, compare_commits  # noqa: E402
from benchmarks.rows import Row, add_row_options, write_rows  # noqa: E402
from zsar.datamodules.video_files.writing.encoding import write_video  # noqa: E402

CLIPS = ROOT.parent / "shared" / "clips"
_SPARSE = {"g": "250", "bf": "3"}
# What a clip is, the real clip that stands for it, and how one is encoded: suffix, codec and its options.
KINDS: tuple[tuple[str, str, str, str, dict[str, str]], ...] = (
    ("H.264 mp4", "arm_wrestling.mp4", ".mp4", "libx264", _SPARSE),
    ("H.264 mkv, no frame to skip", "flipping_a_pancake.mkv", ".mkv", "libx264", {"g": "150", "bf": "0"}),
    ("HEVC mp4", "test_pattern_hevc_720p.mp4", ".mp4", "libx265", {"x265-params": "log-level=none"}),
    ("AV1 mkv", "av1_360p.mkv", ".mkv", "libsvtav1", {"preset": "10"}),
    ("VP9 webm", "", ".webm", "libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "b": "1000000"}),
    ("MPEG-4 avi with packed B-frames", "apply_eye_makeup.avi", ".avi", "mpeg4", {"bf": "2", "b": "1000000"}),
)


def clips(folder: Path, *, quick: bool) -> dict[str, Path]:
    """A clip of each kind; those that are encoded here show a moving pattern.

    Args:
        folder: Where to encode.
        quick: Whether to encode all of them, small.
    """
    os.environ.setdefault("SVT_LOG", "1")  # errors only
    found: dict[str, Path] = {}
    n_frames, height, width = (40, 64, 80) if quick else (250, 256, 340)
    t, y, x = np.ogrid[:n_frames, :height, :width]
    noise = np.random.default_rng(0).integers(0, 24, (height, width))
    frames = np.stack(np.broadcast_arrays(x + 2 * t, y + t, x + y + 3 * t), axis=-1) % 220
    frames = (frames + noise[..., None]).astype(np.uint8)
    for number, (name, real, suffix, codec, options) in enumerate(KINDS):
        if not quick and real and (CLIPS / real).is_file():
            found[name] = CLIPS / real
            continue
        encoded = name.replace("packed ", "")  # FFmpeg writes none
        path = found[f"{encoded}, rendered"] = folder / f"{number}{suffix}"
        try:
            write_video(path, frames, frames_per_second=25, codec=codec, options=options)
        except (av.FFmpegError, ValueError) as error:  # a build of FFmpeg without this encoder
            print(f"{encoded}: not encoded here: {error}")
    return found


def time_clip(name: str, path: Path, choice: Choice, using: dict[str, Reader], repeats: int) -> list[Row]:
    """Rows of one clip and choice, a row for each alternative.

    Args:
        name: What the clip is.
        path: The clip.
        choice: Which frames are read.
        using: The readers, ours first.
        repeats: How often all read in turn.
    """
    what = f"reading {choice.name}, {name}"
    try:
        expected = full_pyav(str(path), choice)
    except (av.FFmpegError, OSError) as error:
        return [Row(what=what, unit="CPU ms", note=f"not readable: {error.strerror}")]
    milliseconds: dict[str, list[float]] = {reader: [] for reader in using}
    verdicts: dict[str, str] = {}
    for _ in range(repeats):
        for reader, read in using.items():
            if verdicts.get(reader, "").startswith("fails"):
                continue
            begin = time.process_time()
            try:
                frames = read(str(path), choice)
            except Exception as error:
                verdicts[reader] = f"fails: {str(error).strip().splitlines()[0][:60]}"
                continue
            milliseconds[reader].append(1e3 * (time.process_time() - begin))
            verdicts[reader] = verdict(frames, expected)
    medians = {reader: statistics.median(times) for reader, times in milliseconds.items() if times}
    for reader in using:
        took = f"{medians[reader]:8.1f} ms {medians[reader] / medians['ours']:6.2f} x" if reader in medians else ""
        print(f"{what:56} {reader:18} {took}   {verdicts[reader]}", flush=True)
    return [
        Row(
            what=what,
            unit="CPU ms",
            ours=medians["ours"],
            alternative=reader,
            theirs=medians.get(reader),
            note=verdicts[reader] if verdicts["ours"] == "equal" else f"OURS {verdicts['ours']}",
        )
        for reader in using
        if reader != "ours"
    ]


def named_clips(paths: Sequence[Path]) -> dict[str, Path]:
    """The files that are named, and those of folders that are named."""
    files = [file for path in paths for file in (sorted(path.iterdir()) if path.is_dir() else [path])]
    return {file.name: file for file in files if file.is_file()}


def main() -> None:
    """Reads the command line, times every clip."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("paths", nargs="*", type=Path, metavar="FILE_OR_FOLDER", help="default: a clip of each codec")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--against", metavar="GIT_REF", help="compare with our own reader as of this commit instead")
    add_row_options(parser)
    options = parser.parse_args()
    torch.set_num_threads(1)
    repeats = 1 if options.quick else options.repeats
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as temporary, tempfile.TemporaryDirectory() as export:
        to_read = named_clips(options.paths) if options.paths else clips(Path(temporary), quick=options.quick)
        if options.against:
            before = EarlierReader(options.against, Path(export))
            for path in to_read.values():
                print(compare_commits(path, before, Choice(8), repeats), flush=True)
            return
        using, missing = readers()
        for choice in (Choice(8), Choice(16), Choice(None)):
            for name, path in to_read.items():
                rows += time_clip(name, path, choice, using, repeats)
    for name, why in missing.items():
        print(f"{name} is left out: {why}")
        rows.append(Row(what="reading frames", unit="CPU ms", alternative=name, note=why))
    write_rows(options, rows)


if __name__ == "__main__":
    main()
