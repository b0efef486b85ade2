import json
import logging
from pathlib import Path

import open_clip
import pytest
import torch
from torch.testing import assert_close

from lightning_modules.networks import open_clip_weights
from lightning_modules.networks.open_clip_backbone import OpenClipBackbone
from lightning_modules.networks.open_clip_weights import BackboneError

TEXTS = ["a photo of a red circle moving to the left", "x"]


@pytest.fixture
def tiny() -> OpenClipBackbone:
    return OpenClipBackbone("tiny-clip", "random").eval()


def changed_config(path: Path, **changes: dict[str, object]) -> Path:
    """The tiny CLIP with some settings of its towers changed, as a JSON config of its own."""
    source = Path(open_clip_weights.__file__).parent / "architectures" / "tiny-clip.json"
    config = json.loads(source.read_text())
    for tower, settings in changes.items():
        config[tower].update(settings)
    path.write_text(json.dumps(config))
    return path


# --- embeddings -------------------------------------------------------------------------------------------------------


def test_text_cut_at_the_last_end_gives_the_same_embeddings(tiny: OpenClipBackbone) -> None:
    tokens = tiny.tokenize(TEXTS)
    assert tokens.shape == (2, 16)
    assert tiny.n_needed_tokens(tokens) == 12
    assert_close(tiny.encode_text(tokens), tiny.clip.encode_text(tokens))


def test_text_of_a_tower_that_sees_both_ways_is_not_cut(tmp_path: Path) -> None:
    backbone = OpenClipBackbone(str(changed_config(tmp_path / "both-ways.json", text_cfg={"no_causal_mask": True})), "random")
    tokens = backbone.tokenize(TEXTS)
    assert backbone.n_needed_tokens(tokens) == 16
    assert_close(backbone.encode_text(tokens), backbone.clip.encode_text(tokens))


@pytest.mark.parametrize("pool_type", ["last", "first", "eos"])
def test_text_of_other_poolings_is_embedded_as_open_clip_does(tmp_path: Path, pool_type: str) -> None:
    config = changed_config(tmp_path / f"pool-{pool_type}.json", text_cfg={"pool_type": pool_type, "eos_id": 49407})
    backbone = OpenClipBackbone(str(config), "random")
    tokens = backbone.tokenize(TEXTS)
    assert backbone.n_needed_tokens(tokens) == (12 if pool_type == "eos" else 16)
    assert_close(backbone.encode_text(tokens), backbone.clip.encode_text(tokens))


def test_running_block_by_block_changes_nothing(tiny: OpenClipBackbone) -> None:
    frames = torch.randn(5, 3, 32, 32)
    by_block = tiny.encode_frames(frames, lambda layer, block, x, mask: block(x, attn_mask=mask))
    assert by_block.shape == (5, 64)
    assert_close(by_block, tiny.clip.encode_image(frames))


def test_frames_are_normalized_by_the_model_s_own_statistics(tiny: OpenClipBackbone) -> None:
    grey = torch.full((1, 3, 32, 32), 127, dtype=torch.uint8)
    mean, std = torch.tensor(open_clip.OPENAI_DATASET_MEAN), torch.tensor(open_clip.OPENAI_DATASET_STD)
    assert_close(tiny.normalize_frames(grey)[0, :, 0, 0], (127 / 255 - mean) / std)


def test_frames_of_another_size_are_refused(tiny: OpenClipBackbone) -> None:
    with pytest.raises(ValueError, match=r"48 x 64 px, but tiny-clip takes 32 x 32 px; set .*image_size to 32"):
        tiny.normalize_frames(torch.zeros(1, 3, 48, 64, dtype=torch.uint8))


def test_text_that_is_too_long_is_refused_by_name(tiny: OpenClipBackbone) -> None:
    text = "word " * 15
    with pytest.raises(ValueError, match="has 17 tokens, but tiny-clip reads 16"):
        tiny.tokenize([text])


def test_weights_hash_tells_models_apart(tiny: OpenClipBackbone) -> None:
    again = OpenClipBackbone("tiny-clip", "random")
    assert again.weights_hash != tiny.weights_hash
    again = OpenClipBackbone("tiny-clip", "random")
    again.clip.load_state_dict(tiny.clip.state_dict())
    assert again.weights_hash == tiny.weights_hash


# --- weights ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_weights_file_is_loaded_exactly(tmp_path: Path, tiny: OpenClipBackbone, suffix: str) -> None:
    path = tmp_path / f"weights{suffix}"
    state = {k: v.contiguous() for k, v in tiny.clip.state_dict().items()}
    if suffix == ".pt":
        torch.save({"state_dict": {f"module.{k}": v for k, v in state.items()}}, path)
    else:
        from safetensors.torch import save_file

        save_file(state, path)
    assert OpenClipBackbone("tiny-clip", str(path)).weights_hash == tiny.weights_hash


@pytest.mark.parametrize(("change", "message"), [("drop", "1 missing .visual.proj"), ("add", "1 unknown .extra"), ("shape", "1 of another shape .visual.proj")])
def test_unmatched_weights_are_refused_by_name(tmp_path: Path, tiny: OpenClipBackbone, change: str, message: str) -> None:
    state = dict(tiny.clip.state_dict())
    changes = {"drop": {}, "add": {"extra": torch.zeros(1)}, "shape": {"visual.proj": torch.zeros(2, 2)}}
    if change == "drop":
        del state["visual.proj"]
    torch.save({**state, **changes[change]}, tmp_path / "weights.pt")
    with pytest.raises(BackboneError, match=message):
        OpenClipBackbone("tiny-clip", str(tmp_path / "weights.pt"))


def test_file_that_holds_no_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "weights.pt").write_bytes(b"no weights")
    with pytest.raises(BackboneError, match="weights.pt cannot be read as weights"):
        OpenClipBackbone("tiny-clip", str(tmp_path / "weights.pt"))


def test_quick_gelu_mismatch_with_a_tag_is_an_error_before_anything_is_loaded() -> None:
    with pytest.raises(BackboneError, match="'openai' were trained with QuickGELU.*use the architecture 'ViT-B-16-quickgelu'"):
        OpenClipBackbone("ViT-B-16", "openai")
    with pytest.raises(BackboneError, match="trained without QuickGELU.*use the architecture 'ViT-B-16'"):
        open_clip_weights._check_quick_gelu("ViT-B-16-quickgelu", needed=False, weights="the weights")


def test_openai_s_own_file_needs_quick_gelu(tmp_path: Path, tiny: OpenClipBackbone) -> None:
    torch.save({**tiny.clip.state_dict(), "input_resolution": torch.tensor(32)}, tmp_path / "openai.pt")
    with pytest.raises(BackboneError, match="OpenAI's own release.*with QuickGELU"):
        OpenClipBackbone("tiny-clip", str(tmp_path / "openai.pt"))


def test_failed_download_says_what_from_where_into_what_and_what_to_do(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(BackboneError) as caught:
        OpenClipBackbone("ViT-B-32-quickgelu", "openai")
    message = str(caught.value)
    for part in ("'openai' of ViT-B-32-quickgelu", "https://huggingface.co/timm/", "into:", "cause:", "--weights FILE"):
        assert part in message
    assert not caplog.records  # open_clip's own log lines would say it three times


@pytest.mark.parametrize(
    ("architecture", "weights", "message"),
    [
        ("nope", "openai", "no architecture 'nope'.*tiny-clip"),
        ("tiny-clip", None, "no weights given for tiny-clip.*'random'"),
        ("tiny-clip", "nowhere.pt", "neither a file nor an open_clip tag"),
        ("nowhere.json", "random", "no model config nowhere.json"),
        ("hf-hub:org/name", "openai", "brings its own weights"),
    ],
)
def test_impossible_models_are_refused(architecture: str, weights: str | None, message: str) -> None:
    with pytest.raises(BackboneError, match=message):
        OpenClipBackbone(architecture, weights)


def test_incomplete_json_config_is_refused(tmp_path: Path) -> None:
    (tmp_path / "half.json").write_text('{"embed_dim": 64}')
    with pytest.raises(BackboneError, match="lacks text_cfg, vision_cfg"):
        OpenClipBackbone(str(tmp_path / "half.json"), "random")


def test_json_config_with_the_name_of_another_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BackboneError, match="name of another open_clip model, ViT-B-32"):
        OpenClipBackbone(str(changed_config(tmp_path / "ViT-B-32.json")), "random")


@pytest.mark.parametrize("architecture", ["RN50-quickgelu", "ViT-B-16-SigLIP", "coca_ViT-B-32"])
def test_models_of_other_kinds_can_be_built(architecture: str) -> None:
    with torch.device("meta"):
        backbone = OpenClipBackbone(architecture, "random")
    assert backbone.embedding_width > 0
