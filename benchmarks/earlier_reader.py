"""Our video reader as of an earlier commit, to compare with the present one: its time, and all its frames."""

from __future__ import annotations

import hashlib
import importlib
import io
import statistics
import subprocess
import sys
import tarfile
import time
from pathlib import Path

from torch import Tensor

from benchmarks.decoders import Choice, ours
from zsar.datamodules.video_files.decoding import VideoReader

ROOT = Path(__file__).resolve().parents[1]


class EarlierReader:
    """The reader of a commit."""

    def __init__(self, ref: str, folder: Path) -> None:
        """Exports the commit into a folder and imports its reader.

        Args:
            ref: The commit, as git names it.
            folder: An empty folder.
        """
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
            self.reader_class: type[VideoReader] = importlib.import_module(module).VideoReader
        finally:
            sys.path.remove(str(folder))
            for name in [name for name in sys.modules if name.split(".")[0] in packages]:
                del sys.modules[name]
            sys.modules.update(present)

    def read(self, path: str, choice: Choice) -> Tensor:
        """The frames of a choice."""
        with self.reader_class(path) as reader:
            frames: Tensor = reader.frames_at_indices(choice.indices(reader.n_frames))
            return frames


def every_frame(reader_class: type[VideoReader], path: str) -> list[bytes] | str:
    """A digest of each frame, or the error."""
    try:
        with reader_class(path) as reader:
            frames = reader.frames_forward(range(reader.n_frames))
            return [hashlib.sha256(frame.contiguous().numpy().tobytes()).digest() for frame in frames]
    except RuntimeError as error:
        return str(error)


def compare_commits(path: Path, before: EarlierReader, choice: Choice, repeats: int) -> str:
    """A line on one clip: CPU times of both, their ratio, and whether all frames are equal.

    Args:
        path: The clip.
        before: The earlier reader.
        choice: Which frames are timed.
        repeats: How often both read in turn; the ratio is the median of their ratios.
    """
    now_frames, before_frames = every_frame(VideoReader, str(path)), every_frame(before.reader_class, str(path))
    if isinstance(now_frames, str) or isinstance(before_frames, str):
        kinds = ["error" if isinstance(frames, str) else "frames" for frames in (before_frames, now_frames)]
        return f"{path.name:28} before: {kinds[0]}, now: {kinds[1]}"
    seconds = []
    for _ in range(repeats):
        pair = []
        for read in (before.read, ours):
            begin = time.process_time()
            read(str(path), choice)
            pair.append(time.process_time() - begin)
        seconds.append(pair)
    old, new = (1e3 * statistics.median(column) for column in zip(*seconds, strict=True))
    ratio = statistics.median(b / a for a, b in seconds)
    equal = "equal" if now_frames == before_frames else "DIFFER"
    return f"{path.name:28} before {old:8.1f} ms, now {new:8.1f} ms, ratio {ratio:5.3f}   all frames {equal}"
