from pathlib import Path
from typing import Any

import pytest

from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.pixels.saved_pixels import (
    frames_of_before,
    recorded_frames,
    settings_with_frames,
)
from zsar.lightning_modules.t2l.t2l import T2L
from zsar.lightning_modules.tensor_files.checkpoint_files import CheckpointError
from zsar.lightning_modules.training.checkpoints import pack_checkpoint, unpack_checkpoint

CLIPS = {
    "mean": "0.481455 0.457828 0.408211",
    "std": "0.26863 0.261303 0.275777",
    "geometry": "crop",
    "resize_filter": "bicubic",
}
HALF = {"mean": "0.5 0.5 0.5", "std": "0.5 0.5 0.5"}


def test_a_record_states_how_frames_are_made() -> None:
    assert recorded_frames(OpenClipBackbone("tiny-clip", "random")) == CLIPS
    pe = {**HALF, "geometry": "squash", "resize_filter": "bilinear"}
    assert recorded_frames(OpenClipBackbone("tiny-pe", "random")) == pe


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, CLIPS),
        ({"architecture": "ViT-B-16-SigLIP", "weights": "weights.pt"}, CLIPS),
        ({"architecture": "ViT-B-16-SigLIP", "weights": "webli"}, {**CLIPS, **HALF}),
        ({"architecture": "ViT-B-16-SigLIP", "weights": "webli", "frame_statistics": "imagenet"},
         {**CLIPS, "mean": "0.485 0.456 0.406", "std": "0.229 0.224 0.225"}),
        ({"architecture": "hf-hub:org/name", "weights": None}, {"geometry": "crop"}),
    ],
)  # fmt: skip
def test_before_a_weights_file_was_fed_as_clips_and_every_frame_was_cropped(
    settings: dict[str, str], expected: object
) -> None:
    assert frames_of_before(settings) == expected


@pytest.mark.parametrize("architecture", ["ViT-B-16-quickgelu", "tiny-clip", "tiny-coca", "ViT-B-32"])
@pytest.mark.parametrize("weights", ["weights.pt", "random", "openai"])
@pytest.mark.parametrize("statistics", [{}, {"frame_statistics": "model"}, {"frame_statistics": "imagenet"}])
def test_the_settings_of_clip_are_unchanged(architecture: str, weights: str, statistics: dict[str, str]) -> None:
    settings = {"architecture": architecture, "weights": weights, **statistics}
    assert settings_with_frames(settings, frames_of_before(settings)) == settings


@pytest.mark.parametrize(
    ("settings", "now"),
    [
        ({"architecture": "ViT-B-16-SigLIP", "weights": "weights.pt"}, ("openai", "crop")),
        ({"architecture": "ViT-B-16-SigLIP", "weights": "webli"}, ("model", "crop")),
        ({"architecture": "ViT-S-16", "weights": "weights.pt"}, ("openai", "crop")),
        ({"architecture": "ViT-L-14", "weights": "weights.pt"}, ("openai", "model")),
        ({"architecture": "MobileCLIP-B", "weights": "weights.pt", "frame_statistics": "imagenet"},
         ("imagenet", "model")),
    ],
)  # fmt: skip
def test_models_of_before_keep_their_frames(settings: dict[str, str], now: tuple[str, str]) -> None:
    changed = settings_with_frames(settings, frames_of_before(settings))
    assert (changed.get("frame_statistics", "model"), changed.get("frame_geometry", "model")) == now
    assert changed["weights"] == settings["weights"]


def test_weights_that_became_a_file_keep_the_frames_of_their_tag() -> None:
    settings = {"architecture": "ViT-L-14", "weights": "backbone.safetensors"}
    of_tag = {**HALF, "geometry": "crop", "resize_filter": "bicubic"}  # laion2b_s32b_b82k
    assert settings_with_frames(settings, of_tag) == {**settings, "frame_statistics": "half"}
    again = {**settings, "frame_statistics": "half"}
    assert settings_with_frames(again, of_tag) == again


def test_what_a_model_of_a_folder_states_itself_is_left_alone() -> None:
    settings = {"architecture": "local-dir:somewhere", "weights": None}
    assert settings_with_frames(settings, CLIPS) == settings
    assert settings_with_frames(settings, frames_of_before(settings)) == {**settings, "frame_geometry": "crop"}
    assert settings_with_frames({"architecture": "ViT-B-16", "weights": "x"}, None) == {
        "architecture": "ViT-B-16",
        "weights": "x",
    }


def test_a_checkpoint_is_refused_in_a_model_with_other_frames(tiny_weights: Path) -> None:
    model = T2L(backbone=TrainedClipSettings("tiny-clip", str(tiny_weights)), n_frames=2)
    checkpoint: dict[str, Any] = {"state_dict": dict(model.state_dict())}
    pack_checkpoint(model, checkpoint)
    assert checkpoint["zsar"]["frames"] == CLIPS
    for settings, name, value in (
        ({"frame_statistics": "half"}, "frame_statistics", "openai"),
        ({"frame_geometry": "squash"}, "frame_geometry", "crop"),
    ):
        other = T2L(backbone=TrainedClipSettings("tiny-clip", str(tiny_weights), **settings), n_frames=2)  # type: ignore[arg-type]
        for frames in (CLIPS, None):  # None: of before
            given = {**checkpoint, "zsar": {**checkpoint["zsar"], "frames": frames}}
            with pytest.raises(CheckpointError, match=f"give --model.backbone.{name} {value}$"):
                unpack_checkpoint(other, given)
    unnamed = {**CLIPS, "mean": "0.4 0.4 0.4"}
    with pytest.raises(
        CheckpointError, match="statistics 'mean 0.4 0.4 0.4, std .*; give the model config that states"
    ):
        unpack_checkpoint(model, {**checkpoint, "zsar": {**checkpoint["zsar"], "frames": unnamed}})


def test_a_checkpoint_of_before_of_a_model_of_a_folder_was_cropped(tiny_weights: Path) -> None:
    squashed = T2L(backbone=TrainedClipSettings("tiny-clip", str(tiny_weights), frame_geometry="squash"), n_frames=2)
    checkpoint: dict[str, Any] = {"state_dict": dict(squashed.state_dict())}
    pack_checkpoint(squashed, checkpoint)
    arguments = {
        **checkpoint["zsar"]["init_args"],
        "backbone": {"architecture": "local-dir:somewhere", "weights": None},
    }
    about = {**checkpoint["zsar"], "frames": None, "init_args": arguments}
    with pytest.raises(CheckpointError, match="give --model.backbone.frame_geometry crop$"):
        unpack_checkpoint(squashed, {**checkpoint, "zsar": about})
