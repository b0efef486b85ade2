"""Small frames for a sheet, and small animated WebP files for a page."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from zsar.callbacks.pictures.figures import linspace_indices
from zsar.runtime.files.whole_files import whole_file

LARGEST_BYTES = 60_000
LARGEST_SIDE_PX = 160
_MILLISECONDS = 160  # that each frame is shown
_MOST_FRAMES = 16
_QUALITIES = (80, 60, 40, 20)


def small_frames(frames: Tensor, *, n: int, side_px: int) -> NDArray[np.uint8]:
    """Evenly spread frames, resized so that their longer side has a given length.

    Frames that are less than half as large, as those of tiny models, are enlarged by a whole factor without smoothing.

    Args:
        frames: uint8 [T, 3, H, W].
        n: Number of frames; all if there are fewer.
        side_px: Length of the longer side; frames that are a little smaller stay as they are.

    Returns:
        uint8 [n, h, w, 3].
    """
    chosen = frames[sorted(linspace_indices(n, len(frames)))].permute(0, 2, 3, 1).cpu().numpy()
    height, width = chosen.shape[1:3]
    factor = side_px / max(height, width)
    if factor >= 1:
        return np.ascontiguousarray(chosen.repeat(int(factor), axis=1).repeat(int(factor), axis=2))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return np.stack([np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.LANCZOS)) for frame in chosen])


def write_small_clip(frames: Tensor, path: Path) -> Path:
    """Writes an animated WebP of at most 60 kB and 160 pixels, that plays in any browser again and again.

    Args:
        frames: uint8 [T, 3, H, W].
        path: Output file.

    Returns:
        The path.
    """
    for n_frames in (_MOST_FRAMES, _MOST_FRAMES // 2, _MOST_FRAMES // 4, 1):
        small = small_frames(frames, n=n_frames, side_px=LARGEST_SIDE_PX)
        for quality in _QUALITIES:
            content = _encoded(small, quality)
            if len(content) <= LARGEST_BYTES:
                with whole_file(path) as unfinished:
                    unfinished.write_bytes(content)
                return path
    raise AssertionError(f"a frame of {LARGEST_SIDE_PX} pixels takes less than {LARGEST_BYTES} bytes at any quality")


def _encoded(frames: NDArray[np.uint8], quality: int) -> bytes:
    first, *others = [Image.fromarray(frame) for frame in frames]
    file = io.BytesIO()
    first.save(
        file,
        format="WEBP",
        save_all=True,
        append_images=others,
        duration=_MILLISECONDS,
        loop=0,
        quality=quality,
        method=4,
    )
    return file.getvalue()
