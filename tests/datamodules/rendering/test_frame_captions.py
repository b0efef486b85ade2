"""Captions of frames: they name places and motion in their shares, and never tell directions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from zsar.datamodules.rendering.captioned_shapes import CaptionedFrameDataset
from zsar.datamodules.rendering.frame_captions import CaptionedShapesSettings

SETTINGS = CaptionedShapesSettings(n_clips=128, frames_per_clip=4, n_probe_clips=1, n_batches=10, batch_size=16)


@pytest.fixture(scope="module")
def dataset() -> CaptionedFrameDataset:
    return CaptionedFrameDataset(SETTINGS)


def test_no_caption_tells_a_direction(dataset: CaptionedFrameDataset) -> None:
    _, captions = dataset[range(len(dataset))]
    assert len(captions) == 128 * 4
    assert not [caption for caption in captions if " to the " in caption]


def test_captions_name_places_and_motion_in_their_shares(dataset: CaptionedFrameDataset) -> None:
    _, captions = dataset[range(len(dataset))]
    moving = np.array([" moving" in caption for caption in captions])
    placed = np.array([" on the " in caption or " in the " in caption for caption in captions])
    assert placed.mean() == pytest.approx(SETTINGS.position_share, abs=0.08)
    assert moving.mean() == pytest.approx(SETTINGS.moving_share, abs=0.06)
    assert (placed & moving).any()
    assert (~placed & ~moving).any()


def test_every_place_occurs_in_captions(dataset: CaptionedFrameDataset) -> None:
    _, captions = dataset[range(len(dataset))]
    for place in ("on the left", "on the right", "on the top", "on the bottom", "in the middle"):
        assert any(caption.endswith(place) for caption in captions), place


@pytest.mark.parametrize(
    ("place", "axis", "sign"),
    [("on the left", 3, -1), ("on the right", 3, 1), ("on the top", 2, -1), ("on the bottom", 2, 1)],
)
def test_a_yellow_object_is_where_its_caption_says(
    dataset: CaptionedFrameDataset, place: str, axis: int, sign: int
) -> None:
    frames, captions = dataset[range(len(dataset))]
    chosen = frames[[("yellow" in c and c.endswith(place)) for c in captions]].float()
    assert len(chosen) > 2
    yellowness = (chosen[:, :2].amin(1, keepdim=True) - chosen[:, 2:] - 60).clamp(min=0)
    coordinate = torch.arange(32).view([32 if a == axis else 1 for a in range(4)])
    centres = (yellowness * coordinate).sum((1, 2, 3)) / yellowness.sum((1, 2, 3))
    assert ((centres - 15.5) * sign > 0).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_clips": 10}, "n_clips is 10, but must be at least 64"),
        ({"batch_size": 0}, "batch_size must be at least 1; got 0"),
        ({"frames_per_clip": 17}, "frames_per_clip is 17, but a clip has 16"),
        ({"n_background_videos": -1}, "n_background_videos must be at least 0; got -1"),
        ({"position_share": 1.2}, "position_share is a share between 0 and 1; got 1.2"),
    ],
)
def test_impossible_settings_are_refused(change: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(SETTINGS, **change)  # type: ignore[arg-type]
