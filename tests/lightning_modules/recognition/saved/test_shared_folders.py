import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.testing import assert_close

from tests.makers.models.every_recognizer import RECOGNIZERS, recognizer
from tests.makers.models.text_towers import text_backbone
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.command_line.model_kinds import short_names
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError
from zsar.lightning_modules.recognition.loading import load_recognizer
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.recognition.saved.shared_folders import is_shared
from zsar.lightning_modules.tensor_files.checkpoint_files import CheckpointError

PROMPTS = (("red dance", "a red dance"), ("blue dance", "a blue dance"))


def logits(model: ActionRecognizer) -> torch.Tensor:
    frames = torch.randint(256, (2, 1, 4, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        return model(frames, model.class_embeddings.cached(PROMPTS, model.device))


def test_every_recognizer_is_tested_here() -> None:
    assert set(short_names(ActionRecognizer)) <= set(RECOGNIZERS)


@pytest.mark.parametrize("name", RECOGNIZERS)
def test_a_loaded_model_answers_as_the_saved_one_without_any_other_file(
    name: str, tmp_path: Path, tiny_weights: Path
) -> None:
    own = tmp_path / "weights.pt"
    own.write_bytes(tiny_weights.read_bytes())
    model = recognizer(name, own)
    folder = model.save_pretrained(tmp_path / "shared")
    backbone_hash = model.backbone.weights_hash
    own.unlink()
    model.prepare_inference()
    expected = logits(model)
    for loaded in (load_recognizer(folder), type(model).from_pretrained(folder)):
        assert type(loaded) is type(model)
        assert not loaded.training
        assert_close(logits(loaded), expected, rtol=0, atol=0)
        assert loaded.backbone.weights_hash == backbone_hash
    again = load_recognizer(folder).save_pretrained(tmp_path / "again")
    assert_close(logits(load_recognizer(again)), expected, rtol=0, atol=0)


@pytest.mark.parametrize("name", RECOGNIZERS)
def test_without_clip_s_weights_these_are_found_as_in_training_or_given(
    name: str, tmp_path: Path, tiny_weights: Path
) -> None:
    model = recognizer(name, tiny_weights)
    folder = model.save_pretrained(tmp_path / "shared", include_backbone=False)
    assert not (folder / "backbone.safetensors").exists()
    model.prepare_inference()
    assert_close(logits(load_recognizer(folder, weights=str(tiny_weights))), logits(model), rtol=0, atol=0)
    with pytest.raises(BackboneError, match=f"{tiny_weights.name}.*neither a file nor an open_clip tag"):
        load_recognizer(folder)


def test_a_smaller_model_leaves_no_file_of_the_one_that_it_replaces(tmp_path: Path, tiny_weights: Path) -> None:
    recognizer("T2L", tiny_weights).save_pretrained(tmp_path / "shared")
    recognizer("ZeroShotCLIP", tiny_weights).save_pretrained(tmp_path / "shared")
    assert not (tmp_path / "shared" / "model.safetensors").exists()
    assert type(load_recognizer(tmp_path / "shared")).__name__ == "ZeroShotCLIP"


def test_a_model_of_another_class_is_rejected(tmp_path: Path, tiny_weights: Path) -> None:
    folder = recognizer("ZeroShotCLIP", tiny_weights).save_pretrained(tmp_path / "shared")
    with pytest.raises(CheckpointError, match="config.json is of a ZeroShotCLIP, not of a T2L"):
        type(recognizer("T2L", tiny_weights)).from_pretrained(folder)


def without(name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda config: {key: value for key, value in config.items() if key != name}


def with_about(**changes: object) -> Callable[[dict[str, Any]], Any]:
    return lambda config: {**config, "zsar": {**config["zsar"], **changes}}


HOSTILE: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a list": lambda config: [config],
    "no format": without("format"),
    "a format to come": lambda config: {**config, "format_version": 2},
    "no files": without("files"),
    "no model": without("zsar"),
    "a model that is text": lambda config: {**config, "zsar": "T2L"},
    "a file elsewhere": lambda config: {**config, "files": {"../outside.json": "0"}},
    "a file that is code": lambda config: {**config, "files": {**config["files"], "code.py": "0"}},
    "a wrong hash": lambda config: {**config, "files": {**config["files"], "model.safetensors": "0"}},
    "no trained weights": lambda config: {
        **config,
        "files": {"backbone.safetensors": config["files"]["backbone.safetensors"]},
    },
    "a forbidden class": with_about(class_path="subprocess.Popen"),
    "a function": with_about(class_path="zsar.lightning_modules.recognition.loading.load_recognizer"),
    "settings that name a class": with_about(
        init_args={"scoring": {"class_path": "subprocess.Popen", "init_args": {"args": ["touch", "MARK"]}}}
    ),
    "a backbone that is text": with_about(init_args={"backbone": "openai"}),
    "other settings": with_about(init_args={"n_frames": "many"}),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_config_is_one_line_and_runs_nothing(
    kind: str, tmp_path: Path, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = recognizer("T2L", tiny_weights).save_pretrained(tmp_path / "shared")
    path = folder / "config.json"
    path.write_text(json.dumps(HOSTILE[kind](json.loads(path.read_text()))))
    monkeypatch.chdir(tmp_path)
    with pytest.raises((CheckpointError, BackboneError)) as raised:
        load_recognizer(folder)
    assert "\n" not in str(raised.value)
    assert str(folder) in str(raised.value)
    assert not (tmp_path / "MARK").exists()


def with_backbone(**changes: object) -> Callable[[dict[str, Any]], Any]:
    def changed(config: dict[str, Any]) -> Any:
        settings = config["zsar"]["init_args"]
        return with_about(init_args={**settings, "backbone": {**settings["backbone"], **changes}})(config)

    return changed


LARGE = {
    "embed_dim": 64,
    "vision_cfg": {"image_size": 32, "layers": 100, "width": 1024, "head_width": 64, "patch_size": 8},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 1},
}
"""1.3 billion parameters, 5 GB in fp32."""


def peak_mb() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM:"))) // 1024


@pytest.mark.parametrize("where", ["in the folder", "elsewhere", "by name"])
def test_a_small_folder_that_claims_a_large_model_takes_no_memory(
    where: str, tmp_path: Path, tiny_weights: Path
) -> None:
    folder = recognizer("T2L", tiny_weights).save_pretrained(tmp_path / "shared")
    large = (tmp_path if where == "elsewhere" else folder) / "large.json"
    large.write_text(json.dumps(LARGE))
    path = folder / "config.json"
    name = {"in the folder": "large.json", "elsewhere": str(large), "by name": "ViT-H-14"}[where]
    config = with_backbone(architecture=name)(json.loads(path.read_text()))
    if where == "in the folder":
        config["files"]["large.json"] = hashlib.sha256(large.read_bytes()).hexdigest()
    path.write_text(json.dumps(config))
    Path("/proc/self/clear_refs").write_text("5")  # the peak is measured from here on
    before = peak_mb()
    message = "is not a file of this folder" if where == "elsewhere" else "are not those of"
    with pytest.raises((CheckpointError, BackboneError), match=message):
        load_recognizer(folder)
    assert peak_mb() - before < 300


def test_random_weights_that_were_left_out_are_named_before_the_model_is_built(
    tmp_path: Path, tiny_weights: Path
) -> None:
    folder = recognizer("T2L", tiny_weights).save_pretrained(tmp_path / "shared", include_backbone=False)
    path = folder / "config.json"
    path.write_text(json.dumps(with_backbone(weights="random")(json.loads(path.read_text()))))
    with pytest.raises(CheckpointError, match=r"config\.json: CLIP's weights were random and are not in the folder"):
        load_recognizer(folder)


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 100_000, b"\xff\xfe", b"null"])
def test_a_broken_config_is_one_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes(content)
    with pytest.raises(CheckpointError, match="config.json"):
        load_recognizer(tmp_path)


def test_a_folder_without_a_config_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="there is no such file; give a folder written by save_pretrained"):
        load_recognizer(tmp_path)


def test_a_damaged_file_is_named(tmp_path: Path, tiny_weights: Path) -> None:
    folder = recognizer("T2L", tiny_weights).save_pretrained(tmp_path / "shared")
    for name in ("model.safetensors", "backbone.safetensors"):
        content = bytearray((folder / name).read_bytes())
        content[-1] ^= 1
        (folder / name).write_bytes(content)
        with pytest.raises(CheckpointError, match=f"{name} is damaged"):
            load_recognizer(folder)
        content[-1] ^= 1
        (folder / name).write_bytes(content)


def test_folders_and_names_of_the_hub_are_shared_and_files_are_not(tmp_path: Path) -> None:
    (tmp_path / "best.ckpt").touch()
    assert is_shared(tmp_path)
    assert is_shared("hf-hub:org/name")
    assert not is_shared(tmp_path / "best.ckpt")


@pytest.mark.parametrize("kind", ["siglip2", "roberta"])
@pytest.mark.parametrize("include_backbone", [True, False])
def test_a_tokenizer_that_is_not_clips_own_is_in_the_folder(kind: str, include_backbone: bool, tmp_path: Path) -> None:
    """A model with another tokenizer is loaded from its folder alone, after the tokenizer's own folder is gone."""
    named = text_backbone(tmp_path, kind)
    moved = tmp_path / "moved"
    (tmp_path / kind).rename(moved)
    torch.save(named.clip.state_dict(), tmp_path / "weights.pt")
    settings = ClipSettings(
        named.architecture,
        str(tmp_path / "weights.pt"),
        frame_statistics="openai",
        frame_geometry="crop",
        tokenizer=str(moved),
    )
    model = ZeroShotCLIP(backbone=settings)
    expected = model.embed_text(model.backbone.tokenize(["a photo of a dog"]))
    folder = model.save_pretrained(tmp_path / "shared", include_backbone=include_backbone)
    stated = json.loads((folder / "config.json").read_text())
    assert stated["zsar"]["init_args"]["backbone"]["tokenizer"] == "tokenizer"
    assert "tokenizer/tokenizer.json" in stated["files"]
    assert ("tokenizer/config.json" in stated["files"]) == (kind == "roberta")
    moved.rename(tmp_path / "gone")
    loaded = load_recognizer(folder, weights=None if include_backbone else str(tmp_path / "weights.pt"))
    assert_close(loaded.embed_text(loaded.backbone.tokenize(["a photo of a dog"])), expected, rtol=0, atol=0)
    other = load_recognizer(folder, weights=str(tmp_path / "weights.pt"), tokenizer=str(tmp_path / "gone"))
    assert other.backbone.text.tokenizer_folder == str(tmp_path / "gone")
    (folder / "tokenizer" / "tokenizer.json").write_text("{}")
    with pytest.raises(CheckpointError, match=r"tokenizer.json is damaged: its SHA-256 is not that in config.json"):
        load_recognizer(folder)
