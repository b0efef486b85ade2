"""Questions about held-out frames: what is asked, and that nothing of it is trained on."""

from __future__ import annotations

from dataclasses import replace

import torch

from zsar.datamodules.rendering.captioned_shapes import CaptionedFrameDataset
from zsar.datamodules.rendering.frame_captions import CaptionedShapesSettings
from zsar.datamodules.rendering.frame_questions import caption_questions, held_out_questions

SETTINGS = CaptionedShapesSettings(n_clips=128, frames_per_clip=4, n_probe_clips=1, n_batches=10, batch_size=16)
WITH_BACKGROUND = replace(SETTINGS, n_clips=64, frames_per_clip=1, n_background_videos=6)
GREY = ("a photo of grey noise", "a photo of grey bars")


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


def test_probes_and_training_share_no_frame() -> None:
    dataset = CaptionedFrameDataset(SETTINGS)
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


def test_asked_about_background_is_what_is_not_trained_on() -> None:
    with_background = CaptionedFrameDataset(WITH_BACKGROUND)
    trained = {frame.numpy().tobytes() for frame in with_background[range(len(with_background))][0]}
    assert not trained & {frame.numpy().tobytes() for frame in caption_questions(WITH_BACKGROUND)[1][1]}
