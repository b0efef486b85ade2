"""Which frames are below a picture of temporal localization."""

import numpy as np
import torch

from zsar.callbacks.pictures.localization.thumbnails import thumbnails


def test_they_are_the_middles_of_nine_parts() -> None:
    asked: list[float] = []

    def frames_at(times_seconds: list[float]) -> torch.Tensor:
        asked.extend(times_seconds)
        return torch.arange(len(times_seconds), dtype=torch.uint8).reshape(-1, 1, 1, 1).expand(-1, 3, 4, 5)

    frames, times = thumbnails(frames_at, start_seconds=1.0, end_seconds=10.0)  # type: ignore[arg-type]
    np.testing.assert_allclose(times, np.arange(9) + 1.5)
    assert asked == times.tolist()
    assert (frames.shape, frames.dtype) == ((9, 4, 5, 3), np.uint8)
    assert frames[:, 0, 0, 0].tolist() == list(range(9))
