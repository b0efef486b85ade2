import warnings
from pathlib import Path

import open_clip
import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from tests.makers.models.changed_architectures import changed_config
from zsar.lightning_modules.open_clip_towers.blocks.tower_block import plain_block
from zsar.lightning_modules.open_clip_towers.frame_features import features_of_uint8, visual_projection
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.weights import open_clip_weights
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

TEXTS = ["a photo of a red circle moving to the left", "x"]


@pytest.fixture
def tiny() -> OpenClipBackbone:
    return OpenClipBackbone("tiny-clip", "random").eval()


def test_text_cut_at_the_last_end_gives_the_same_embeddings(tiny: OpenClipBackbone) -> None:
    tokens = tiny.tokenize(TEXTS)
    assert tokens.shape == (2, 16)
    assert tiny.text.n_needed_tokens(tokens) == 12
    assert_close(tiny.encode_text(tokens), tiny.clip.encode_text(tokens))


def test_text_of_a_tower_that_sees_both_ways_is_not_cut(tmp_path: Path) -> None:
    backbone = OpenClipBackbone(
        str(changed_config(tmp_path / "both-ways.json", text_cfg={"no_causal_mask": True})), "random"
    )
    tokens = backbone.tokenize(TEXTS)
    assert backbone.text.n_needed_tokens(tokens) == 16
    assert_close(backbone.encode_text(tokens), backbone.clip.encode_text(tokens))


@pytest.mark.parametrize("pool_type", ["last", "first", "eos"])
def test_text_of_other_poolings_is_embedded_as_open_clip_does(tmp_path: Path, pool_type: str) -> None:
    config = changed_config(tmp_path / f"pool-{pool_type}.json", text_cfg={"pool_type": pool_type, "eos_id": 49407})
    backbone = OpenClipBackbone(str(config), "random")
    tokens = backbone.tokenize(TEXTS)
    assert backbone.text.n_needed_tokens(tokens) == (12 if pool_type == "eos" else 16)
    assert_close(backbone.encode_text(tokens), backbone.clip.encode_text(tokens))


def test_running_block_by_block_changes_nothing(tiny: OpenClipBackbone) -> None:
    frames = torch.randn(5, 3, 32, 32)
    by_block = tiny.encode_frames(frames, lambda layer, block, x, mask: block(x, mask))
    assert by_block.shape == (5, 64)
    assert_close(by_block, tiny.clip.encode_image(frames))


def test_frames_are_normalized_with_the_statistics_of_clip_or_of_imagenet() -> None:
    frames = torch.full((1, 3, 32, 32), 51, dtype=torch.uint8)  # 0.2
    clips = [(0.2 - 0.48145466) / 0.26862954, (0.2 - 0.4578275) / 0.26130258, (0.2 - 0.40821073) / 0.27577711]
    imagenets = [(0.2 - 0.485) / 0.229, (0.2 - 0.456) / 0.224, (0.2 - 0.406) / 0.225]
    own = OpenClipBackbone("tiny-clip", "random")
    assert_close(own.normalize_frames(frames)[0, :, 0, 0], torch.tensor(clips))
    theirs = OpenClipBackbone("tiny-clip", "random", frame_statistics="imagenet")
    assert_close(theirs.normalize_frames(frames)[0, :, 31, 31], torch.tensor(imagenets))


# --- one meaning, whichever way a tower is run ------------------------------------------------------------------------

SHIPPED = sorted(path.stem for path in (Path(open_clip_weights.__file__).parent / "architectures").glob("*.json"))
# Of other families what makes their towers differ, in the size of the tiny models; timm and ResNet below.
FAMILIES: dict[str, tuple[str, dict[str, dict[str, object]]]] = {
    "averaged-patches": ("tiny-clip", {"vision_cfg": {"pool_type": "avg"}}),
    "norm-after-pool": ("tiny-clip", {"vision_cfg": {"pool_type": "avg", "final_ln_after_pool": True}}),
    "layer-scale": ("tiny-clip", {"vision_cfg": {"ls_init_value": 0.1}, "text_cfg": {"ls_init_value": 0.1}}),
    "sines-no-first-norm": ("tiny-clip", {"vision_cfg": {"pos_embed_type": "sin_cos_2d", "no_ln_pre": True}}),
    "clipa": ("tiny-clip", {"text_cfg": {"no_causal_mask": True, "pool_type": "last"}}),
    "text-projection-bias": ("tiny-clip", {"text_cfg": {"proj_bias": True}}),
    "attention-pool": ("tiny-clip", {"vision_cfg": {"attentional_pool": True, "attn_pooler_heads": 4}}),
    "coca-of-few-queries": ("tiny-coca", {"vision_cfg": {"attn_pooler_queries": 3}}),
}


@pytest.fixture(params=[*SHIPPED, *FAMILIES])
def any_vit(request: pytest.FixtureRequest, tmp_path: Path) -> OpenClipBackbone:
    architecture = request.param
    if architecture in FAMILIES:
        source, changes = FAMILIES[architecture]
        architecture = str(changed_config(tmp_path / f"family-{architecture}.json", source=source, **changes))
    return OpenClipBackbone(architecture, "random").eval()


def run_every_way(backbone: OpenClipBackbone, what: str) -> dict[str, tuple[Tensor, list[Tensor]]]:
    """Embeddings of frames or texts, not normalized, and the gradients of all weights that they have one for."""
    frames, tokens = torch.randn(3, 3, 32, 32), backbone.tokenize(TEXTS)
    ways = {"plain": (None, False), "checkpointing": (None, True), "by block": (plain_block, False)}
    found = {}
    for name, (block_forward, checkpointing) in ways.items():
        backbone.gradient_checkpointing = checkpointing
        backbone.zero_grad()
        if what == "frames":
            embeddings = backbone.encode_frames(frames, block_forward)
        else:
            embeddings = backbone.encode_text(tokens, block_forward)
        embeddings.square().sum(dim=1).sqrt().sum().backward()  # of their lengths, which tell whether they are divided
        gradients = [p.grad.clone() for p in backbone.parameters() if p.grad is not None]
        found[name] = (embeddings.detach(), gradients)
    return found


@pytest.mark.parametrize("what", ["frames", "texts"])
def test_every_way_to_run_a_tower_gives_the_same_embeddings_and_gradients(any_vit: OpenClipBackbone, what: str) -> None:
    found = run_every_way(any_vit, what)
    embeddings, gradients = found["plain"]
    assert (embeddings.norm(dim=1) - 1).abs().min() > 0.01  # not divided by their lengths
    assert len(gradients) > 10
    for name, (others, other_gradients) in found.items():
        assert_close(others, embeddings, atol=1e-5, rtol=1e-4, msg=name)
        assert_close(other_gradients, gradients, atol=1e-4, rtol=1e-3)


@torch.no_grad()
def test_features_times_the_projection_are_the_embeddings_whichever_way(any_vit: OpenClipBackbone) -> None:
    frames = torch.randint(256, (3, 3, 32, 32), dtype=torch.uint8)
    projected = features_of_uint8(any_vit, frames) @ visual_projection(any_vit)
    for checkpointing in (False, True):
        any_vit.gradient_checkpointing = checkpointing
        embeddings = any_vit.encode_frames(any_vit.normalize_frames(frames))
        assert_close(embeddings, projected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    "vision",
    [
        {"image_size": 32, "layers": [1, 1, 1, 1], "width": 16, "patch_size": None},
        {"image_size": 32, "timm_model_name": "resnet10t", "timm_pool": "", "timm_proj": "linear"},
    ],
)
def test_towers_without_blocks_are_run_one_way_and_refused_another(tmp_path: Path, vision: dict[str, object]) -> None:
    path = changed_config(tmp_path / f"family-of-{len(str(vision))}.json", vision_cfg=vision)
    backbone = OpenClipBackbone(str(path), "random").eval()
    frames = torch.randn(2, 3, 32, 32)
    assert_close(backbone.encode_frames(frames), backbone.clip.visual(frames))
    backbone.gradient_checkpointing = True
    with pytest.raises(BackboneError, match="gradient checkpointing work inside the tower: take a ViT such as"):
        backbone.encode_frames(frames)


def test_frames_are_normalized_by_the_model_s_own_statistics(tiny: OpenClipBackbone) -> None:
    grey = torch.full((1, 3, 32, 32), 127, dtype=torch.uint8)
    mean, std = torch.tensor(open_clip.OPENAI_DATASET_MEAN), torch.tensor(open_clip.OPENAI_DATASET_STD)
    assert_close(tiny.normalize_frames(grey)[0, :, 0, 0], (127 / 255 - mean) / std)


def test_frames_of_another_size_are_refused(tiny: OpenClipBackbone) -> None:
    with pytest.raises(ValueError, match=r"48 x 64 px, but tiny-clip takes 32 x 32 px; set .*image_size to 32"):
        tiny.normalize_frames(torch.zeros(1, 3, 48, 64, dtype=torch.uint8))


@pytest.mark.parametrize(
    "frames", [torch.rand(1, 3, 32, 32), torch.zeros(1, 32, 32, 3).byte(), torch.zeros(32, 32).byte()]
)
def test_frames_of_another_type_or_layout_are_rejected_with_the_remedy(
    tiny: OpenClipBackbone, frames: torch.Tensor
) -> None:
    with pytest.raises(ValueError, match=r"must be uint8 RGB .*\(frames \* 255\)\.round\(\)\.byte\(\)"):
        tiny.normalize_frames(frames)


def test_a_long_text_is_cut_at_the_end_of_a_sentence_and_named(tiny: OpenClipBackbone) -> None:
    first = "A man throws a red ball."
    long = f"{first} Then he runs across the wide green field and catches it again."
    with pytest.warns(UserWarning, match="1 of 3 texts were cut .* tiny-clip reads 16 tokens; .* is 'A man throws"):
        tokens = tiny.tokenize(["x", long, first])
    assert tokens.shape == (3, 16)
    assert tokens[1].tolist() == tokens[2].tolist()
    assert tokens[1].max() == 49407  # the end-of-text token


def test_a_text_that_just_fits_is_whole_and_nothing_is_said(tiny: OpenClipBackbone) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tokens = tiny.tokenize(["word " * 14, "A. " + "b " * 11 + "c"])
    assert tokens[:, -1].tolist() == [49407, 49407]


def test_a_sentence_that_is_too_long_is_refused_by_name(tiny: OpenClipBackbone) -> None:
    text = "word " * 15
    with pytest.raises(
        ValueError, match="'word word .* has 17 tokens .* but the model reads 16; shorten the class name"
    ):
        tiny.tokenize([text])


def test_weights_hash_tells_models_apart(tiny: OpenClipBackbone) -> None:
    again = OpenClipBackbone("tiny-clip", "random")
    assert again.weights_hash != tiny.weights_hash
    again = OpenClipBackbone("tiny-clip", "random")
    again.clip.load_state_dict(tiny.clip.state_dict())
    assert again.weights_hash == tiny.weights_hash
