"""Times reading 8 centre frames of a prepared video from files, from shards, and from shards at an address.

    python benchmarks/bench_shards.py [--videos 24] [--repeats 5] [--quick]

Prints clips a second and CPU milliseconds a clip, opening included, of one process with one decoder thread: the best of
the repeats, in which the sources take turns, so that a busy machine slows all. The videos are copies of one of 340 x
256 px and 10 seconds (the real clip ../shared/clips/arm_wrestling.mp4 if it exists, else a moving pattern), prepared as
by `zsar prepare`. The address is a server of this process on localhost, whose work is in the CPU time too: with the
cache off, each video is fetched each time; with it on, it is read from the local disk. All frames are compared with
those of the files.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.bench_prepare import SPARSE_KEYFRAMES, pictures  # noqa: E402
from benchmarks.rows import Row, add_row_options, write_rows  # noqa: E402
from tests.makers.files.range_server import range_server  # noqa: E402
from tests.makers.files.shards import pack  # noqa: E402
from zsar.datamodules.video_files.decoding import VideoReader  # noqa: E402
from zsar.datamodules.video_files.writing.encoding import write_video  # noqa: E402
from zsar.datamodules.video_files.writing.preparing import prepare_video  # noqa: E402
from zsar.datamodules.video_files.writing.preparing_settings import PreparingSettings  # noqa: E402
from zsar.datamodules.views.frame_sampling import centre_indices  # noqa: E402

N_FRAMES = 8
FILES = "files"


def read(path: Path) -> Tensor:
    """What a training step does with a video."""
    with VideoReader(path) as reader:
        return reader.frames_at_indices(centre_indices(reader.n_frames, N_FRAMES))


def write_files(folder: Path, n_videos: int, n_frames: int) -> list[str]:
    """Copies of a prepared video; returns their names."""
    write_video(folder / "source.mp4", pictures(n_frames), frames_per_second=25, options=SPARSE_KEYFRAMES)
    prepare_video(folder / "source.mp4", folder / FILES / "0.mp4", PreparingSettings())
    names = [f"{number}.mp4" for number in range(n_videos)]
    for name in names[1:]:
        shutil.copy(folder / FILES / "0.mp4", folder / FILES / name)
    return names


def clip_seconds(folder: Path, names: Sequence[str], expected: Tensor) -> tuple[float, float]:
    """Seconds a clip by the wall clock and of the CPU, of one reading of all videos."""
    began, cpu = time.perf_counter(), time.process_time()
    clips = [read(folder / name) for name in names]
    seconds = (time.perf_counter() - began) / len(names), (time.process_time() - cpu) / len(names)
    if not all(torch.equal(clip, expected) for clip in clips):
        raise SystemExit(f"{folder}: its frames are not those of the files")
    return seconds


def measure(folder: Path, names: Sequence[str], repeats: int) -> dict[str, tuple[float, float]]:
    """Source -> the best seconds a clip by the wall clock, and of the CPU."""
    shutil.copytree(folder / FILES, folder / "shards")
    pack(folder / "shards", 4)
    expected = read(folder / FILES / names[0])
    times: dict[str, list[tuple[float, float]]] = {}
    with range_server(folder / "shards") as server:
        (folder / "address").mkdir()
        (folder / "address" / "zsar_shards.url").write_text(server.url)
        os.environ["ZSAR_SHARD_CACHE"] = str(folder / "cache")
        sources = {FILES: FILES, "shards": "shards", "a server, cache off": "address", "a server, cache on": "address"}
        for repeat in range(repeats + 1):  # the first to warm up, and to fill the cache
            for source, place in sources.items():
                os.environ["ZSAR_SHARD_CACHE_GB"] = "0" if source.endswith("off") else "20"
                seconds = clip_seconds(folder / place, names, expected)
                if repeat:
                    times.setdefault(source, []).append(seconds)
    return {source: (min(wall for wall, _ in of), min(cpu for _, cpu in of)) for source, of in times.items()}


def main() -> None:
    """Reads the command line, measures all sources."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--videos", type=int, default=24)
    parser.add_argument("--repeats", type=int, default=5)
    add_row_options(parser)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.videos, arguments.repeats = 2, 1
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary:
        names = write_files(Path(temporary), arguments.videos, 25 if arguments.quick else 250)
        best = measure(Path(temporary), names, arguments.repeats)
    rows = []
    for source, (wall, cpu) in best.items():
        print(
            f"{source:20} {1 / wall:6.1f} clips/s, {1e3 * cpu:6.2f} CPU ms a clip, {best[FILES][1] / cpu:5.2f} of files"
        )
        rows.append(
            Row(
                what=f"8 frames of a prepared video, from {source}",
                unit="clips/s",
                ours=1 / wall,
                alternative=FILES,
                theirs=1 / best[FILES][0],
                note=f"frames are equal; {1e3 * cpu:.2f} CPU ms a clip, files {1e3 * best[FILES][1]:.2f}",
            )
        )
    write_rows(arguments, rows[1:])


if __name__ == "__main__":
    main()
