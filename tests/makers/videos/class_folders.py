"""Folders of videos whose classes are colours."""

from pathlib import Path

import numpy as np

from zsar.datamodules.video_files.writing.encoding import write_video

CHANNELS = {"red dance": [0], "green dance": [1], "blue dance": [2], "white dance": [0, 1, 2]}


def write_class_folders(folder: Path) -> Path:
    """Writes four classes of five small videos each, a folder per class, and returns the folder."""
    generator = np.random.Generator(np.random.PCG64(0))
    for name, bright in CHANNELS.items():
        for index in range(5):
            frames = generator.integers(0, 60, (12, 32, 40, 3), dtype=np.uint8)
            frames[..., bright] += 150
            path = folder / name / f"{index}.mp4"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_video(path, frames, frames_per_second=8)
    return folder
