"""Architectures by name: what is included, and what a JSON config states of frames."""

import json
from pathlib import Path

import open_clip
import pytest

from tests.makers.models.changed_architectures import changed_config
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.weights.registered_architectures import (
    INCLUDED,
    config_file,
    open_clip_names,
    registered_name,
    stated_preprocessing,
)
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

TINY = ("tiny-clip", "tiny-coca", "tiny-eva", "tiny-pe", "tiny-siglip")


def test_the_included_architectures_are_named_where_another_is_refused() -> None:
    assert tuple(sorted(path.stem for path in INCLUDED.glob("*.json"))) == TINY
    with pytest.raises(BackboneError, match=rf"included in zsar \({', '.join(TINY)}\)"):
        registered_name("tiny-clap")


@pytest.mark.parametrize("architecture", TINY)
def test_included_architectures_are_built_with_random_weights(architecture: str) -> None:
    backbone = OpenClipBackbone(architecture, "random")
    assert backbone.image_size == (32, 32)
    assert backbone.tokenize(["a red circle"]).shape == (1, 16)
    assert (backbone.logit_bias is not None) == (architecture == "tiny-siglip")
    assert config_file(architecture) is None


def test_what_a_config_states_of_frames_is_kept_from_the_model_and_given_to_its_frames(tmp_path: Path) -> None:
    path = changed_config(tmp_path / "stated.json")
    config = json.loads(path.read_text())
    stated = {"mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6], "resize_mode": "squash", "interpolation": "bilinear"}
    path.write_text(json.dumps({**config, "preprocess_cfg": stated}))
    backbone = OpenClipBackbone(str(path), "random")
    assert stated_preprocessing(registered_name(str(path))) == stated
    assert "preprocess_cfg" not in open_clip.get_model_config("stated")
    assert backbone.frame_mean.flatten().tolist() == pytest.approx([0.1, 0.2, 0.3])
    assert backbone.frame_std.flatten().tolist() == pytest.approx([0.4, 0.5, 0.6])
    assert (backbone.frame_pixels.geometry, backbone.frame_pixels.resize_filter) == ("squash", "bilinear")
    assert config_file("stated") == path


def test_a_config_that_states_other_frames_under_a_known_name_is_refused(tmp_path: Path) -> None:
    path = changed_config(tmp_path / "other-frames.json")
    assert registered_name(str(path)) == registered_name(str(path)) == "other-frames"
    path.write_text(json.dumps({**json.loads(path.read_text()), "preprocess_cfg": {"resize_mode": "squash"}}))
    with pytest.raises(
        BackboneError,
        match="is not what this process has read as other-frames, from .*: rename the file, or start anew",
    ):
        registered_name(str(path))


def test_the_tokenizer_is_what_a_config_states_whatever_its_name(tmp_path: Path) -> None:
    """open_clip downloads SigLIP's tokenizer for any architecture with "siglip" in its name."""
    ours = OpenClipBackbone(str(changed_config(tmp_path / "my-siglip.json")), "random")
    assert (
        ours.tokenize(["a red circle"]).tolist()
        == OpenClipBackbone("tiny-clip", "random").tokenize(["a red circle"]).tolist()
    )


def test_every_siglip_of_open_clip_states_its_tokenizer() -> None:
    """So that no architecture of open_clip depends on its name."""
    named = [name for name in open_clip_names() if "siglip" in name.lower() and name not in TINY]
    own = [name for name in named if config_file(name) is None]
    assert len(own) > 20
    assert [name for name in own if not open_clip.get_model_config(name)["text_cfg"].get("hf_tokenizer_name")] == []
