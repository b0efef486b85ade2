from pathlib import Path

import av
import numpy as np
import pytest
import torch

from tests.makers.results.attention_rows import row
from zsar.callbacks.pictures.attention.attention_figure import MapRow
from zsar.callbacks.pictures.attention.overlay_video import render_overlays, write_overlay_video
from zsar.callbacks.pictures.attention.token_shares import TokenShares


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (224, 224)])
def test_a_line_of_panels_for_each_model(size: tuple[int, int]) -> None:
    frames = torch.randint(256, (3, 3, *size), dtype=torch.uint8)
    rows = [row(model=model, title=title) for title in ("last block", "rollout") for model in ("CLIP", "T2L")]
    images = render_overlays(rows, frames)
    assert images.dtype == np.uint8
    assert images.shape[0] == 3
    assert images.shape[1] % 2 == images.shape[2] % 2 == 0
    assert images.shape[2] > images.shape[1] * 47 / 33 * 0.9 or size != (33, 47)
    one = render_overlays(rows[::2], frames)
    assert one.shape[2] == images.shape[2]
    assert one.shape[1] < images.shape[1]


def test_frames_and_heat_follow_one_another(tmp_path: Path) -> None:
    frames = torch.zeros(3, 3, 32, 32, dtype=torch.uint8)
    frames[1] = 255
    write_overlay_video(tmp_path / "a.mp4", [row()], frames)
    with av.open(str(tmp_path / "a.mp4")) as video:
        assert video.streams.video[0].average_rate == 2
        decoded = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
    inside = [image[100:150, 50:100].mean() for image in decoded]
    assert inside[0] < 10
    assert inside[1] > 245
    assert inside[2] < 10


def test_each_frame_is_under_its_own_heat() -> None:
    """Black frames, of which only the second has heat."""
    patches, none = torch.zeros(3, 2, 2), torch.zeros(3)
    patches[1] = 0.25
    one = MapRow("T2L", "", "last block", TokenShares(patches, none, none, none, none), None)
    images = render_overlays([one], torch.zeros(3, 3, 32, 32, dtype=torch.uint8))
    red = [int(image[100:150, 300:350, 0].mean()) for image in images]
    assert red[1] > 100 > 10 > max(red[0], red[2])
