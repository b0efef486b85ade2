import json
import logging
from pathlib import Path

import pytest
import torch

from tests.makers.files.hostile_files import Calls
from tests.makers.models.changed_architectures import changed_config
from tests.makers.models.timm_towers import timm_config
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.weights import open_clip_weights
from zsar.lightning_modules.open_clip_towers.weights.open_clip_weights import build_clip
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError


@pytest.fixture
def tiny() -> OpenClipBackbone:
    return OpenClipBackbone("tiny-clip", "random").eval()


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_weights_that_are_not_finite_are_refused_by_name(tmp_path: Path, tiny: OpenClipBackbone, value: float) -> None:
    state = {k: v.clone() for k, v in tiny.clip.state_dict().items()}
    state["visual.proj"][0, 0] = value
    torch.save(state, tmp_path / "weights.pt")
    with pytest.raises(
        BackboneError, match=r"weights\.pt are broken: 1 of \d+ tensors has NaN .*\(visual\.proj\); fetch"
    ):
        OpenClipBackbone("tiny-clip", str(tmp_path / "weights.pt"))


def test_quick_gelu_mismatch_with_a_tag_is_an_error_before_anything_is_loaded() -> None:
    with pytest.raises(
        BackboneError, match="'openai' were trained with QuickGELU.*use the architecture 'ViT-B-16-quickgelu'"
    ):
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


@pytest.mark.parametrize("architecture", ["hf-hub:nobody/nothing", "local-dir:nowhere"])
def test_a_model_of_a_hub_or_folder_that_is_not_there_is_explained(architecture: str) -> None:
    with pytest.raises(BackboneError, match=f"the model {architecture} could not be loaded") as caught:
        OpenClipBackbone(architecture, None)
    for part in ("from:", "into:", "cause:", "local-dir:FOLDER"):
        assert part in str(caught.value)


def test_a_model_folder_brings_its_own_weights(tmp_path: Path, tiny: OpenClipBackbone) -> None:
    config = json.loads(changed_config(tmp_path / "config.json").read_text())
    frames = config.pop("preprocess_cfg")
    (tmp_path / "open_clip_config.json").write_text(json.dumps({"model_cfg": config, "preprocess_cfg": frames}))
    torch.save(tiny.clip.state_dict(), tmp_path / "weights.pth")
    loaded = OpenClipBackbone(f"local-dir:{tmp_path}", None)
    assert loaded.weights_hash == tiny.weights_hash
    assert loaded.tokenize(["x"]).shape == (1, 16)


@pytest.mark.parametrize(
    ("architecture", "weights", "message"),
    [
        ("nope", "openai", "no architecture 'nope'.*tiny-clip"),
        ("tiny-clip", None, "no weights given for tiny-clip.*'random'"),
        ("tiny-clip", "nowhere.pt", "neither a file nor an open_clip tag"),
        ("nowhere.json", "random", "no model config nowhere.json"),
        ("hf-hub:org/name", "openai", "includes its weights"),
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
    with pytest.raises(BackboneError, match="same name as an open_clip model, ViT-B-32"):
        OpenClipBackbone(str(changed_config(tmp_path / "ViT-B-32.json")), "random")


@pytest.mark.parametrize("architecture", ["RN50-quickgelu", "ViT-B-16-SigLIP", "coca_ViT-B-32"])
def test_models_of_other_kinds_can_be_built(architecture: str) -> None:
    with torch.device("meta"):
        backbone = OpenClipBackbone(architecture, "random")
    assert backbone.embedding_width > 0


def test_random_weights_are_random_throughout() -> None:
    """open_clip leaves the words of CoCa's decoder as they were in memory."""
    torch.manual_seed(0)
    first, _ = open_clip_weights.build_clip("tiny-coca", "random")
    torch.manual_seed(0)
    second, _ = open_clip_weights.build_clip("tiny-coca", "random")
    projection: torch.Tensor = first.get_parameter("text_decoder.text_projection")
    assert torch.equal(projection, second.get_parameter("text_decoder.text_projection"))
    assert 0.1 < float(projection.std()) * projection.shape[0] ** 0.5 < 10


@pytest.mark.parametrize("file", ["open_clip_pytorch_model.bin", "open_clip_model.pt"])
def test_a_pickle_in_a_model_folder_is_not_run(tmp_path: Path, file: str) -> None:
    config = json.loads(changed_config(tmp_path / "config.json").read_text())
    frames = config.pop("preprocess_cfg")
    (tmp_path / "open_clip_config.json").write_text(json.dumps({"model_cfg": config, "preprocess_cfg": frames}))
    torch.save({"state_dict": Calls(Path.touch, tmp_path / "was-run")}, tmp_path / file)
    with pytest.raises(BackboneError, match=f"the model local-dir:{tmp_path} could not be loaded") as caught:
        build_clip(f"local-dir:{tmp_path}", None)
    assert not (tmp_path / "was-run").exists()
    assert "weights_only" not in str(caught.value)
    assert "trust" not in str(caught.value)


@pytest.mark.parametrize(
    "content", ["[1]", "5", "{", "[" * 100_000, '{"embed_dim": "x", "vision_cfg": {}, "text_cfg": {}}']
)
def test_a_config_that_describes_no_model_is_refused_by_name(tmp_path: Path, content: str) -> None:
    (tmp_path / "own.json").write_text(content)
    with pytest.raises(BackboneError, match="own"):
        build_clip(str(tmp_path / "own.json"), "random")


@pytest.mark.parametrize("model", ["zsar_tiny_siglip", "zsar_tiny_pe"])
def test_a_tower_of_timm_for_frames_of_another_size_is_refused_when_it_is_built(model: str, tmp_path: Path) -> None:
    build_clip("tiny-siglip", "random")  # which makes the names known to timm
    with pytest.raises(BackboneError, match=r"frames of 64 x 64 px \(image_size\), but its .* timm takes 32 x 32 px;"):
        build_clip(str(timm_config(tmp_path, model=model, pool="map", image_size=64)), "random")
    build_clip(str(timm_config(tmp_path, model=model, pool="map", image_size=32)), "random")
