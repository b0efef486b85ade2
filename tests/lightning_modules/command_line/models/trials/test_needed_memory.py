"""The memory that trials take."""

import torch

from zsar.lightning_modules.command_line.models.trials.needed_memory import free_bytes, needed_bytes, shown_gb
from zsar.lightning_modules.command_line.models.trials.tried_clip import TriedClip, tried_clip
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone


def without_values(name: str) -> TriedClip:
    with torch.device("meta"):
        backbone = OpenClipBackbone(name, "random")
    return tried_clip(backbone, own_tokenizer=False)


def test_weights_alone_where_nothing_is_trained() -> None:
    tried = without_values("tiny-clip")
    n = sum(parameter.numel() for parameter in tried.backbone.parameters())
    assert needed_bytes(tried, ("zero_shot", "t3al")) == 4 * n


def test_gradients_and_two_moments_where_towers_are_trained() -> None:
    tried = without_values("tiny-clip")
    n = sum(parameter.numel() for parameter in tried.backbone.parameters())
    activations = needed_bytes(tried, ("t2l",)) - 4 * n
    # At least the input, queries, keys, values and the 4 widths of the MLP, of 3 blocks, 2 frames, 17 tokens.
    assert 4 * 3 * 2 * 17 * 96 * 8 < activations < 4 * 3 * 2 * 17 * 96 * 60
    assert needed_bytes(tried, ("t2l", "fine_tuned")) == 16 * n + activations
    assert not any(parameter.requires_grad for parameter in tried.backbone.parameters())


def test_a_larger_picture_needs_more() -> None:
    """Four times as many patches of the same width: nearly four times the activations."""
    models = [without_values(name) for name in ("ViT-S-32-alt", "ViT-S-16-alt")]
    small, large = (needed_bytes(tried, ("t2l",)) - needed_bytes(tried, ("zero_shot",)) for tried in models)
    assert 2.5 * small < large < 6 * small


def test_free_memory_is_that_of_this_machine() -> None:
    assert 1e7 < free_bytes() < 1e14
    assert shown_gb(1.25e9) in ("1.2 GB", "1.3 GB")
