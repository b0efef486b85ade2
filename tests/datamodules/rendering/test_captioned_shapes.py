"""Captioned frames for pretraining: batches, frames without an object, seeds and fingerprints."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from zsar.datamodules.rendering.captioned_shapes import CaptionedFrameDataset, CaptionedShapes
from zsar.datamodules.rendering.frame_captions import CaptionedShapesSettings

SETTINGS = CaptionedShapesSettings(n_clips=128, frames_per_clip=4, n_probe_clips=1, n_batches=10, batch_size=16)
WITH_BACKGROUND = replace(SETTINGS, n_clips=64, frames_per_clip=1, n_background_videos=6)
GREY = ("a photo of grey noise", "a photo of grey bars")


def test_a_batch_is_uint8_frames_with_a_caption_each() -> None:
    batches = list(CaptionedShapes(SETTINGS).train_dataloader())
    assert len(batches) == 10
    frames, captions = batches[0]
    assert frames.shape == (16, 3, 32, 32)
    assert frames.dtype == torch.uint8
    assert len(captions) == 16


@pytest.fixture(scope="module")
def with_background() -> CaptionedFrameDataset:
    return CaptionedFrameDataset(WITH_BACKGROUND)


def test_grey_frames_follow_those_of_objects_and_are_captioned_as_what_they_show(
    with_background: CaptionedFrameDataset,
) -> None:
    frames, captions = with_background[range(len(with_background))]
    assert not set(captions[:64]) & set(GREY)
    assert set(captions[64:]) == set(GREY)
    is_grey = (frames == frames[:, :1]).flatten(1).all(dim=1)
    assert is_grey.tolist() == [False] * 64 + [True] * (len(captions) - 64)
    is_striped = (frames == frames[..., :1]).flatten(1).all(1) | (frames == frames[..., :1, :]).flatten(1).all(1)
    assert is_striped[64:].tolist() == [caption == GREY[1] for caption in captions[64:]]


def test_background_leaves_the_frames_and_captions_of_objects_as_they_are(
    with_background: CaptionedFrameDataset,
) -> None:
    alone = CaptionedFrameDataset(replace(WITH_BACKGROUND, n_background_videos=0))
    assert len(alone) == 64
    (frames, captions), (same_frames, same_captions) = alone[range(64)], with_background[range(64)]
    torch.testing.assert_close(frames, same_frames, rtol=0, atol=0)
    assert captions == same_captions


def test_what_the_tiny_clip_is_trained_on_is_what_it_was_before_there_was_background() -> None:
    data = CaptionedShapes(CaptionedShapesSettings())
    assert data.fingerprint() == "c9e4f38910f1fbc6"
    assert "n_background_videos" not in data.settings.as_dict()
    assert replace(data.settings, n_background_videos=2).as_dict()["n_background_videos"] == 2


def test_another_seed_gives_other_frames_and_the_same_seed_the_same() -> None:
    settings = replace(SETTINGS, n_clips=64, n_batches=1)
    (one, one_text), *_ = CaptionedShapes(settings).train_dataloader()
    (same, same_text), *_ = CaptionedShapes(settings).train_dataloader()
    (other, _), *_ = CaptionedShapes(replace(settings, seed=1)).train_dataloader()
    torch.testing.assert_close(one, same, rtol=0, atol=0)
    assert one_text == same_text
    assert not torch.equal(one, other)


def test_captions_are_asked_for_on_request() -> None:
    plain = [question[0] for question in CaptionedShapes(SETTINGS).test_dataloader()]
    asking = [question[0] for question in CaptionedShapes(SETTINGS, asks_for_captions=True).test_dataloader()]
    assert asking == [*plain, "caption of an object", "caption of background"]


def test_the_fingerprint_changes_with_the_settings_only() -> None:
    fingerprint = CaptionedShapes(SETTINGS).fingerprint()
    assert fingerprint == CaptionedShapes(SETTINGS).fingerprint()
    assert fingerprint != CaptionedShapes(replace(SETTINGS, seed=1)).fingerprint()
    assert fingerprint != CaptionedShapes(replace(SETTINGS, n_background_videos=2)).fingerprint()
