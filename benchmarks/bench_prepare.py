"""Times reading 8 centre frames of a video before and after `zsar prepare`, one thread, and prints file sizes.

    python benchmarks/bench_prepare.py [FOLDER_OF_CLIPS] [--repeats 15] [--quick]

Prints one line per clip: the median time over the repeats, including opening, before and after; the speed-up; both
sizes; and the time for preparing. Before and after take turns within each repeat, so that a busy machine slows both.
The script encodes two 10-second clips with a keyframe every 250 frames, as is usual: 1280 x 720 px, which preparing
scales down, and 340 x 256 px, whose size it keeps. They show the real clip ../shared/clips/arm_wrestling.mp4 if it
exists, else a moving pattern. The unchanged clips of FOLDER_OF_CLIPS (default: ../shared/clips) follow.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import interpolate

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.rows import Row, add_row_options, write_rows  # noqa: E402
from zsar.datamodules.video_files.decoding import VideoDecodeError, VideoReader, read_frames  # noqa: E402
from zsar.datamodules.video_files.writing.encoding import write_video  # noqa: E402
from zsar.datamodules.video_files.writing.preparing import prepare_video  # noqa: E402
from zsar.datamodules.video_files.writing.preparing_settings import PreparingSettings  # noqa: E402
from zsar.datamodules.views.frame_sampling import centre_indices  # noqa: E402

N_FRAMES = 8
CLIPS = ROOT.parent / "shared" / "clips"
SPARSE_KEYFRAMES = {"crf": "20", "preset": "veryfast", "g": "250", "bf": "3"}


def read(path: Path) -> None:
    """What a training step does with a video."""
    with VideoReader(path) as reader:
        reader.frames_at_indices(centre_indices(reader.n_frames, N_FRAMES))


def pictures(n_frames: int) -> NDArray[np.uint8]:
    """uint8 [N, 256, 340, 3]: a real clip, or a pattern with noise."""
    real = CLIPS / "arm_wrestling.mp4"
    if real.is_file():
        return read_frames(real, range(n_frames)).permute(0, 2, 3, 1).numpy()
    t, y, x = np.ogrid[:n_frames, :256, :340]
    noise = np.random.default_rng(0).integers(0, 24, (256, 340, 1))
    frames: NDArray[np.uint8] = np.stack(np.broadcast_arrays(x + 2 * t, y + t, x + y + 3 * t), axis=-1) % 220
    return (frames + noise).astype(np.uint8)


def enlarge(frames: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """The same frames in another size."""
    large = np.empty((len(frames), height, width, 3), np.uint8)
    for i, frame in enumerate(torch.from_numpy(frames)):
        image = interpolate(frame.permute(2, 0, 1)[None].float(), size=(height, width), mode="bicubic")
        large[i] = image[0].clamp(0, 255).byte().permute(1, 2, 0).numpy()
    return large


def encode_clips(folder: Path, n_frames: int) -> list[Path]:
    """Two clips with sparse keyframes, of 10 seconds if of 250 frames."""
    frames = pictures(n_frames)
    paths = [folder / "encoded_1280x720.mp4", folder / "encoded_340x256.mp4"]
    write_video(paths[0], enlarge(frames, 720, 1280), frames_per_second=25, options=SPARSE_KEYFRAMES)
    write_video(paths[1], frames, frames_per_second=25, options=SPARSE_KEYFRAMES)
    return paths


def compare(path: Path, folder: Path, repeats: int) -> Row:
    """Prints the line of one clip, and returns its row."""
    what = f"reading 8 frames after zsar prepare, {path.name}"
    began = time.perf_counter()
    try:
        prepared = prepare_video(path, folder / "prepared.mp4", PreparingSettings())
    except VideoDecodeError as error:
        print(f"{path.name:28} is not readable: {error}")
        return Row(what=what, unit="ms", note=f"{path.name} is not readable")
    seconds = time.perf_counter() - began
    milliseconds: dict[Path, list[float]] = {path: [], folder / "prepared.mp4": []}
    for _ in range(repeats):
        for clip, times in milliseconds.items():
            began = time.perf_counter()
            read(clip)
            times.append(1e3 * (time.perf_counter() - began))
    before, after = map(statistics.median, milliseconds.values())
    print(
        f"{path.name:28} {before:7.1f} -> {after:5.1f} ms {before / after:6.2f} x faster   "
        f"{prepared.source_bytes / 1e3:6.0f} -> {prepared.n_bytes / 1e3:5.0f} kB   "
        f"prepared in {seconds:5.2f} s ({prepared.n_frames / seconds:.0f} frames/s)"
    )
    note = f"{prepared.source_bytes / 1e3:.0f} kB become {prepared.n_bytes / 1e3:.0f} kB in {seconds:.1f} s"
    return Row(what=what, unit="ms", ours=after, alternative="as it was", theirs=before, note=note)


def main() -> None:
    """Reads the command line, compares every clip."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=CLIPS)
    parser.add_argument("--repeats", type=int, default=15)
    add_row_options(parser)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary:
        clips = encode_clips(Path(temporary), 25 if arguments.quick else 250)
        if arguments.quick:
            clips, arguments.repeats = clips[1:], 1
        elif arguments.folder.is_dir():
            clips += sorted(p for p in arguments.folder.iterdir() if p.is_file())
        else:
            print(f"left out: {arguments.folder} is not there")
        write_rows(arguments, [compare(path, Path(temporary), arguments.repeats) for path in clips])


if __name__ == "__main__":
    main()
