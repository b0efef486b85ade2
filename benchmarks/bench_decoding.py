"""Times reading 8 centre frames of a video: zsar against full PyAV decoding, torchcodec and decord, one thread each.

    python benchmarks/bench_decoding.py [FOLDER_OF_CLIPS] [--repeats 7] [--against GIT_REF]

Prints one line per clip and reader: the median time over the repeats, including opening; its ratio to zsar's time; and
whether the frames equal those of full decoding. The readers take turns within each repeat, so that a busy machine slows
all of them. Reads FOLDER_OF_CLIPS (default: ../shared/clips, if it exists) and clips encoded by this script. Readers
that cannot be imported (the extra `bench` installs them) are reported and skipped; torchcodec also needs the shared
libraries of FFmpeg on the machine, as it cannot use those in PyAV's wheel.

With --against, compares with zsar's reader as of that commit: the median of the ratios of both times in each repeat,
and whether all frames of each clip are equal.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import io
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import av  # noqa: E402

from zsar.datamodules.video_files.decoding import VideoReader  # noqa: E402
from zsar.datamodules.video_files.writing.encoding import write_video  # noqa: E402
from zsar.datamodules.views.frame_sampling import centre_indices  # noqa: E402

Reader = Callable[[str], Tensor]
N_FRAMES = 8


def ours(path: str) -> Tensor:
    """The project's reader."""
    with VideoReader(path) as reader:
        return reader.frames_at_indices(centre_indices(reader.n_frames, N_FRAMES))


def full_pyav(path: str) -> Tensor:
    """Decodes all frames and converts the requested ones."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.thread_count = 1
        frames = list(container.decode(stream))
    wanted = [frames[i].to_ndarray(format="rgb24") for i in centre_indices(len(frames), N_FRAMES)]
    return torch.from_numpy(np.stack(wanted)).permute(0, 3, 1, 2)


def torchcodec_reader(seek_mode: Literal["exact", "approximate"]) -> Reader:
    """A reader of torchcodec; "exact" scans the packets first, as zsar does, "approximate" trusts the header."""
    from torchcodec.decoders import VideoDecoder  # type: ignore[attr-defined, import-not-found, unused-ignore]

    def read(path: str) -> Tensor:
        decoder = VideoDecoder(path, seek_mode=seek_mode, num_ffmpeg_threads=1)
        frames: Tensor = decoder.get_frames_at(centre_indices(len(decoder), N_FRAMES).tolist()).data
        return frames

    return read


def decord_reader() -> Reader:
    """A reader of decord."""
    import decord

    def read(path: str) -> Tensor:
        reader = decord.VideoReader(path, num_threads=1)
        frames = reader.get_batch(centre_indices(len(reader), N_FRAMES).tolist()).asnumpy()
        return torch.from_numpy(frames).permute(0, 3, 1, 2)

    return read


def available_readers() -> dict[str, Reader]:
    """The readers that can be imported; reports the others, and why."""
    readers: dict[str, Reader] = {"ours": ours, "full PyAV": full_pyav}
    optional: dict[str, Callable[[], Reader]] = {
        "torchcodec exact": lambda: torchcodec_reader("exact"),
        "torchcodec approximate": lambda: torchcodec_reader("approximate"),
        "decord": decord_reader,
    }
    for name, make in optional.items():
        try:
            readers[name] = make()
        except (ImportError, OSError, RuntimeError) as error:
            print(f"left out: {name}: {str(error).strip().splitlines()[0]}")
    return readers


def reader_of_commit(ref: str, folder: Path) -> Reader:
    """Our reader as of a commit, from an export of it into a folder."""
    archive = subprocess.run(
        ["git", "-C", str(ROOT), "archive", ref, "datamodules", "zsar"], check=True, capture_output=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    packages = ("datamodules", "zsar")
    present = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] in packages}
    sys.path.insert(0, str(folder))
    try:
        has_rooms = (folder / "datamodules" / "video_files").is_dir()  # earlier commits had separate packages
        module = "zsar.datamodules.video_files.decoding" if has_rooms else "datamodules.decoding"
        reader_class = importlib.import_module(module).VideoReader
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.split(".")[0] in packages]:
            del sys.modules[name]
        sys.modules.update(present)

    def read(path: str) -> Tensor:
        with reader_class(path) as reader:
            frames: Tensor = reader.frames_at_indices(centre_indices(reader.n_frames, N_FRAMES))
            return frames

    read.all_frames = lambda path: every_frame(reader_class, path)  # type: ignore[attr-defined]
    return read


def every_frame(reader_class: type[VideoReader], path: str) -> list[bytes] | str:
    """A digest of each frame, or the error."""
    try:
        with reader_class(path) as reader:
            frames = reader.frames_forward(range(reader.n_frames))
            return [hashlib.sha256(frame.contiguous().numpy().tobytes()).digest() for frame in frames]
    except RuntimeError as error:
        return str(error)


def compare_commits(path: Path, before: Reader, repeats: int) -> None:
    """Prints a line for one clip: both times, their ratio, and whether all frames are equal."""
    now_frames, before_frames = every_frame(VideoReader, str(path)), before.all_frames(str(path))  # type: ignore[attr-defined]
    if isinstance(now_frames, str) or isinstance(before_frames, str):
        kinds = ["error" if isinstance(frames, str) else "frames" for frames in (before_frames, now_frames)]
        print(f"{path.name:28} before: {kinds[0]}, now: {kinds[1]}")
        return
    seconds = []
    for _ in range(repeats):
        pair = []
        for read in (before, ours):
            begin = time.perf_counter()
            read(str(path))
            pair.append(time.perf_counter() - begin)
        seconds.append(pair)
    old, new = (1e3 * statistics.median(column) for column in zip(*seconds, strict=True))
    ratio = statistics.median(b / a for a, b in seconds)
    equal = "equal" if now_frames == before_frames else "DIFFER"
    print(f"{path.name:28} before {old:8.1f} ms, now {new:8.1f} ms, ratio {ratio:5.3f}   all frames {equal}")


def encode_clips(folder: Path) -> list[Path]:
    """Two 10-second clips of 340 x 256 px, the usual size of Kinetics."""
    t, y, x = np.ogrid[:250, :256, :340]
    noise = np.random.default_rng(0).integers(0, 24, (256, 340))
    frames = np.stack(np.broadcast_arrays(x + 2 * t, y + t, x + y + 3 * t), axis=-1) % 220
    frames = (frames + noise[..., None]).astype(np.uint8)
    paths = [folder / "encoded_h264.mp4", folder / "encoded_mpeg4.avi"]
    write_video(paths[0], frames, frames_per_second=25)
    write_video(paths[1], frames, frames_per_second=25, codec="mpeg4", options={"bf": "2", "g": "250", "b": "1000000"})
    return paths


def time_readers(path: Path, readers: dict[str, Reader], repeats: int) -> None:
    """Prints a line for each reader of one clip."""
    try:
        expected = full_pyav(str(path))
    except av.FFmpegError as error:
        print(f"{path.name:28} is not readable: {error.strerror}")
        return
    milliseconds: dict[str, list[float]] = {name: [] for name in readers}
    verdicts: dict[str, str] = {}
    for _ in range(repeats):
        for name, read in readers.items():
            if verdicts.get(name, "").startswith("fails"):
                continue
            begin = time.perf_counter()
            try:
                frames = read(str(path))
            except Exception as error:
                verdicts[name] = f"fails: {str(error).strip().splitlines()[0][:60]}"
                continue
            milliseconds[name].append(1e3 * (time.perf_counter() - begin))
            verdicts[name] = verdict(frames, expected)
    medians = {name: statistics.median(times) for name, times in milliseconds.items() if times}
    for name in readers:
        if name in medians:
            ratio = medians[name] / medians["ours"]
            print(f"{path.name:28} {name:24} {medians[name]:8.1f} ms {ratio:6.2f} x   {verdicts[name]}")
        else:
            print(f"{path.name:28} {name:24} {verdicts[name]}")


def verdict(frames: Tensor, expected: Tensor) -> str:
    """How frames compare with those of full decoding."""
    if frames.shape != expected.shape:
        return f"other shape: {list(frames.shape)}"
    if frames.dtype != expected.dtype:
        return f"other type: {frames.dtype}"
    if torch.equal(frames, expected):
        return "equal"
    difference = (frames.int() - expected.int()).abs().float().mean(dim=(1, 2, 3))
    return f"differs: mean {difference.mean():.2f}, worst frame {difference.max():.2f} of 255"


def main() -> None:
    """Reads the command line, times every clip."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT.parent / "shared" / "clips")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--against", metavar="GIT_REF", help="compare with our own reader as of this commit instead")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    readers = {} if arguments.against else available_readers()
    with tempfile.TemporaryDirectory() as temporary, tempfile.TemporaryDirectory() as export:
        before = reader_of_commit(arguments.against, Path(export)) if arguments.against else None
        clips = encode_clips(Path(temporary))
        if arguments.folder.is_dir():
            clips += sorted(p for p in arguments.folder.iterdir() if p.is_file())
        else:
            print(f"left out: {arguments.folder} is not there")
        for path in clips:
            if before is not None:
                compare_commits(path, before, arguments.repeats)
            else:
                time_readers(path, readers, arguments.repeats)


if __name__ == "__main__":
    main()
