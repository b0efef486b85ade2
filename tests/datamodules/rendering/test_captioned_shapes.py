"""Captioned frames for pretraining: captions never tell directions, batches and held-out questions are as described."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from zsar.datamodules.rendering.captioned_shapes import (
    CaptionedFrameDataset,
    CaptionedShapes,
    CaptionedShapesSettings,
    caption_questions,
    held_out_questions,
)

SETTINGS = CaptionedShapesSettings(n_clips=128, frames_per_clip=4, n_probe_clips=1, n_batches=10, batch_size=16)
WITH_BACKGROUND = replace(SETTINGS, n_clips=64, frames_per_clip=1, n_background_videos=6)
GREY = ("a photo of grey noise", "a photo of grey bars")


@pytest.fixture(scope="module")
def dataset() -> CaptionedFrameDataset:
    return CaptionedFrameDataset(SETTINGS)


def test_a_batch_is_uint8_frames_with_a_caption_each() -> None:
    batches = list(CaptionedShapes(SETTINGS).train_dataloader())
    assert len(batches) == 10
    frames, captions = batches[0]
    assert frames.shape == (16, 3, 32, 32)
    assert frames.dtype == torch.uint8
    assert len(captions) == 16


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


def test_the_four_probes_have_their_numbers_of_choices() -> None:
    choices = {name: {len(texts) for texts in choices} for name, _, choices, _ in held_out_questions(SETTINGS)}
    assert choices == {"object": {16}, "left or right": {2}, "top or bottom": {2}, "direction": {2}}


def test_each_right_answer_about_a_direction_is_wrong_about_the_same_frame_of_the_reversed_clip() -> None:
    questions = {name: (frames, choices, labels) for name, frames, choices, labels in held_out_questions(SETTINGS)}
    frames, choices, labels = questions["direction"]
    answers: dict[tuple[bytes, tuple[str, ...]], list[int]] = {}
    for frame, texts, label in zip(frames, choices, labels.tolist(), strict=True):
        answers.setdefault((frame.numpy().tobytes(), texts), []).append(label)
    assert all(sorted(labels_of_frame) == [0, 1] for labels_of_frame in answers.values())


def test_probes_and_training_share_no_frame(dataset: CaptionedFrameDataset) -> None:
    trained = {frame.numpy().tobytes() for frame in dataset[range(len(dataset))][0]}
    probed = {frame.numpy().tobytes() for _, frames, _, _ in held_out_questions(SETTINGS) for frame in frames}
    assert not trained & probed


def test_questions_about_captions_have_one_text_and_name_what_is_seen() -> None:
    of_objects, of_background = caption_questions(SETTINGS)
    _, frames, choices, labels = held_out_questions(SETTINGS)[0]
    assert of_objects[0] == "caption of an object"
    torch.testing.assert_close(of_objects[1], frames)
    assert of_objects[2] == [(texts[label],) for texts, label in zip(choices, labels.tolist(), strict=True)]
    assert of_background[0] == "caption of background"
    assert {texts for texts in of_background[2]} == {(text,) for text in GREY}
    assert of_background[1].shape == (len(of_background[2]), 3, 32, 32)
    for _, _, texts, right in (of_objects, of_background):
        assert right.tolist() == [0] * len(texts)


def test_asked_about_background_is_what_is_not_trained_on(with_background: CaptionedFrameDataset) -> None:
    trained = {frame.numpy().tobytes() for frame in with_background[range(len(with_background))][0]}
    assert not trained & {frame.numpy().tobytes() for frame in caption_questions(WITH_BACKGROUND)[1][1]}


def test_captions_are_asked_for_on_request() -> None:
    plain = [question[0] for question in CaptionedShapes(SETTINGS).test_dataloader()]
    asking = [question[0] for question in CaptionedShapes(SETTINGS, asks_for_captions=True).test_dataloader()]
    assert asking == [*plain, "caption of an object", "caption of background"]


def test_the_fingerprint_changes_with_the_settings_only() -> None:
    fingerprint = CaptionedShapes(SETTINGS).fingerprint()
    assert fingerprint == CaptionedShapes(SETTINGS).fingerprint()
    assert fingerprint != CaptionedShapes(replace(SETTINGS, seed=1)).fingerprint()
    assert fingerprint != CaptionedShapes(replace(SETTINGS, n_background_videos=2)).fingerprint()


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
