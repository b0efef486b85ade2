"""What methods are tried on."""

import copy

import pytest
import torch

from tests.makers.models.changed_architectures import changed_config
from zsar.lightning_modules.command_line.models.trials.tried_clip import CLASSES, N_FRAMES, tried_clip
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError


def test_clip_s_own_tokenizer_reads_the_prompts() -> None:
    backbone = OpenClipBackbone("tiny-clip", "random")
    tried = tried_clip(backbone, own_tokenizer=False)
    assert tried.missing_tokenizer == ""
    torch.testing.assert_close(tried.tokens, backbone.tokenize([p for row in CLASSES.prompts for p in row]))
    assert tried.has_values
    assert tried.frames.shape == (N_FRAMES, 3, 32, 32)
    assert [embedded.shape for embedded in tried.embedded] == [(2, 64), (4, 64)]
    assert [features.shape for features in tried.features] == [(2, 96), (4, 64)]


def test_without_values_frames_have_none_and_tokens_do() -> None:
    with torch.device("meta"):
        backbone = OpenClipBackbone("tiny-clip", "random")
    tried = tried_clip(backbone, own_tokenizer=False)
    assert not tried.has_values
    assert tried.frames.is_meta
    assert tried.frames.shape == (N_FRAMES, 3, 32, 32)
    assert not tried.tokens.is_meta


@pytest.mark.parametrize("own_tokenizer", [True, False])
def test_a_tokenizer_that_is_not_here_has_a_stand_in_and_the_reason_is_told(
    tmp_path: object, own_tokenizer: bool
) -> None:
    config = changed_config(tmp_path / "foreign.json", text_cfg={"hf_tokenizer_name": "nobody/has-this"})  # type: ignore[operator]
    tried = tried_clip(OpenClipBackbone(str(config), "random"), own_tokenizer=own_tokenizer)
    assert tried.missing_tokenizer
    assert tried.tokens.shape == (4, 16)
    assert tried.tokens.max() == 49407  # the end, where the tower reads


def test_methods_share_the_model_and_lightning_does_not_copy_it() -> None:
    backbone = OpenClipBackbone("tiny-clip", "random")
    settings = tried_clip(backbone, own_tokenizer=False).settings
    assert settings.build() is backbone
    assert copy.deepcopy(settings) is settings
    with pytest.raises(BackboneError):
        OpenClipBackbone("no-such", "random")
