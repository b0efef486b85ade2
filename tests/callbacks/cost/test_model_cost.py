import pytest
import torch

from zsar.callbacks.cost.model_cost import arithmetic, n_parameters
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.localization.frame_wise import FrameWiseCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings, TrainedClipSettings
from zsar.lightning_modules.t2l.t2l import T2L


def test_the_parameters_of_t2l_are_those_of_its_paper() -> None:
    """5.2 million, of which 73 thousand are temporal tokens (T2L, efficiency analysis)."""
    with torch.device("meta"):
        model = T2L(backbone=TrainedClipSettings("ViT-B-16-quickgelu", "random"))
    # temporal tokens 12 x 8 x 768; adapters of 12 layers: width -> width / 4 -> width, with biases
    adapters = [12 * (2 * width * width // 4 + width // 4 + width) for width in (768, 512)]
    assert n_parameters(model)["trained"] == 12 * 8 * 768 + sum(adapters) == 5_204_736
    clip = 149_620_737  # of OpenAI's ViT-B/16
    assert n_parameters(model)["total"] == clip + 5_204_736


def test_nothing_of_a_frozen_model_is_trained() -> None:
    model = ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random"))
    assert n_parameters(model)["trained"] == 0 < n_parameters(model)["total"]


def test_the_arithmetic_of_the_tiny_clip_by_hand() -> None:
    """Three layers of width 96 on 16 patches of 8 x 8 px and a class token, 64 numbers out: from its own shapes."""
    model = ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random"))
    vision = model.backbone.clip.visual
    width, n_tokens = vision.conv1.weight.shape[0], 1 + (32 // vision.conv1.weight.shape[-1]) ** 2
    n_layers, out = len(vision.transformer.resblocks), vision.proj.shape[1]
    hidden = vision.transformer.resblocks[0].mlp.c_fc.weight.shape[0]
    patches = (n_tokens - 1) * width * 3 * vision.conv1.weight.shape[-1] ** 2
    block = n_tokens * (4 * width * width + 2 * width * hidden) + 2 * n_tokens * n_tokens * width
    macs = patches + n_layers * block + width * out
    counted = arithmetic(model, 8)
    assert counted["gmacs_per_view"] == pytest.approx(8 * macs / 1e9, abs=1e-6)
    assert counted["gflops_per_view"] == pytest.approx(2 * 8 * macs / 1e9, abs=2e-6)
    assert (counted["frames_per_view"], counted["image_size"]) == (8, [32, 32])


def test_twice_the_frames_of_frozen_clip_are_twice_the_arithmetic() -> None:
    model = ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random"))
    counted = [arithmetic(model, n)["gflops_per_view"] for n in (4, 8)]
    assert counted[1] == pytest.approx(2 * counted[0], abs=2e-6)


def test_a_localizer_embeds_single_frames_and_stored_embeddings_cost_nothing() -> None:
    model = FrameWiseCLIP(backbone=ClipSettings("tiny-clip", "random"))
    assert arithmetic(model, 1)["gflops_per_view"] == 0.012215
    assert arithmetic(model, None)["gflops_per_view"] is None


def test_a_model_without_memory_costs_the_same() -> None:
    with torch.device("meta"):
        empty = ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random"))
    model = ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random"))
    assert (arithmetic(empty, 8), n_parameters(empty)) == (arithmetic(model, 8), n_parameters(model))
