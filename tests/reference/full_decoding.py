"""The plain way to decode a video: convert every frame, one by one. Slow, and the oracle of `video_files.decoding`."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import torch
from torch import Tensor


def decode_everything(path: Path) -> Tensor:
    """Every frame of the first video stream.

    Args:
        path: The file.

    Returns:
        uint8 [N, 3, H, W], RGB, turned upright.
    """
    with av.open(str(path)) as container:
        # `rotation` says by how many degrees the picture must be turned counterclockwise, which is rot90's direction.
        frames = [np.rot90(f.to_ndarray(format="rgb24"), k=f.rotation // 90) for f in container.decode(video=0)]
    return torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2)
