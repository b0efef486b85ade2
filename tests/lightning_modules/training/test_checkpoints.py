from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer

from tests.makers.models.saved_models import saved, small_t2l
from zsar.lightning_modules.clip.clip import FineTunedCLIP, ZeroShotCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings, TrainedClipSettings
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError
from zsar.lightning_modules.recognition.loading import load_recognizer
from zsar.lightning_modules.run_folders.weights_hash import trained_weights_hash
from zsar.lightning_modules.t2l.t2l import T2L
from zsar.lightning_modules.training.checkpoints import (
    CheckpointError,
    hash_of_tested_weights,
    pack_checkpoint,
    start_from_checkpoint,
    unpack_checkpoint,
)


@pytest.fixture
def model(tiny_weights: Path) -> T2L:
    return small_t2l(tiny_weights)


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_weights_that_are_not_finite_are_neither_saved_nor_read(tmp_path: Path, model: T2L, value: float) -> None:
    path = saved(model, tmp_path)
    content = torch.load(path, weights_only=True)
    name = sorted(content["state_dict"])[0]
    content["state_dict"][name].view(-1)[0] = value
    torch.save(content, path)
    for read in (load_recognizer, lambda path: start_from_checkpoint(model, path)):
        with pytest.raises(CheckpointError, match=rf"the checkpoint is broken: 1 of \d+ tensors has NaN .*\({name}\)"):
            read(path)
    before = path.read_bytes()
    with torch.no_grad():
        dict(model.named_parameters())[name].view(-1)[0] = value
    with pytest.raises(
        CheckpointError, match=rf"training has diverged: .*\({name}\).* earlier checkpoints are unchanged"
    ):
        saved(model, tmp_path)
    assert path.read_bytes() == before


def test_checkpoint_holds_what_is_trained_and_plain_types(tmp_path: Path, model: T2L) -> None:
    content = torch.load(saved(model, tmp_path), weights_only=True)
    assert set(content["state_dict"]) == {n for n, p in model.named_parameters() if p.requires_grad}
    assert "hyper_parameters" not in content
    assert content["zsar"]["class_path"] == "zsar.lightning_modules.t2l.T2L"
    assert content["zsar"]["backbone_hash"] == model.backbone.weights_hash


def test_checkpoint_states_the_hash_of_its_weights_and_the_model_remembers_it(tmp_path: Path, model: T2L) -> None:
    path = saved(model, tmp_path)
    content = torch.load(path, weights_only=True)
    stated = content["zsar"]["weights_hash"]
    assert stated == trained_weights_hash(content["state_dict"])
    assert load_recognizer(path).checkpoint_weights_hash == stated == hash_of_tested_weights(model)


def test_weights_that_do_not_have_the_stated_hash_are_refused_by_the_name_of_the_file(
    tmp_path: Path, model: T2L
) -> None:
    path = saved(model, tmp_path)
    content = torch.load(path, weights_only=True)
    content["state_dict"]["text_blocks.adapters.0.up.bias"][0] += 1
    torch.save(content, path)
    with pytest.raises(CheckpointError, match=f"{path} is damaged: its weights have the hash [0-9a-f]{{16}}, but it"):
        load_recognizer(path)


def test_checkpoint_of_before_that_states_no_hash_loads(tmp_path: Path, model: T2L) -> None:
    path = saved(model, tmp_path)
    content = torch.load(path, weights_only=True)
    stated = content["zsar"].pop("weights_hash")
    torch.save(content, path)
    assert load_recognizer(path).checkpoint_weights_hash == stated


def test_tested_weights_are_those_before_they_are_mixed_with_the_original_ones(
    tmp_path: Path, tiny_weights: Path
) -> None:
    tuned = FineTunedCLIP(backbone=TrainedClipSettings("tiny-clip", str(tiny_weights)), tuned_share=0.5)
    with torch.no_grad():
        tuned.backbone.clip.logit_scale.add_(1)
    checkpoint: dict[str, Any] = {"state_dict": tuned.state_dict()}
    pack_checkpoint(tuned, checkpoint)
    torch.save(checkpoint, tmp_path / "tuned.ckpt")
    assert hash_of_tested_weights(load_recognizer(tmp_path / "tuned.ckpt")) == checkpoint["zsar"]["weights_hash"]
    frozen = ZeroShotCLIP(backbone=ClipSettings("tiny-clip", str(tiny_weights)))
    assert hash_of_tested_weights(frozen) is None


def test_another_backbone_is_refused(tmp_path: Path, model: T2L) -> None:
    other = tmp_path / "other.pt"
    torch.save(ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random")).backbone.clip.state_dict(), other)
    with pytest.raises(CheckpointError, match=f"trained on the backbone tiny-clip.*{model.backbone.weights_hash}"):
        load_recognizer(saved(model, tmp_path), weights=str(other))


def test_missing_unknown_and_misshapen_tensors_are_named(tmp_path: Path, model: T2L) -> None:
    state = {n: p for n, p in model.state_dict().items() if n.startswith(("visual_blocks.", "text_blocks."))}
    del state["text_blocks.adapters.0.up.bias"]
    state["extra"] = torch.zeros(1)
    state["visual_blocks.temporal_tokens.tokens"] = torch.zeros(3, 8, 96)
    path = saved(model, tmp_path, state_dict=state)
    with pytest.raises(
        CheckpointError, match=r"1 tensors missing .*up.bias.*1 unknown .*extra.*1 of another shape .*\[3, 8, 96\]"
    ):
        load_recognizer(path)


PIXELS = {"geometry": "crop", "resize_filter": "bicubic", "test_short_side_px": 37}


@pytest.mark.parametrize(
    ("now", "message"),
    [
        (
            {"geometry": "squash", "test_short_side_px": None},
            "of geometry crop, .* of squash; give --data.clips.geom",
        ),
        (
            {"resize_filter": "bilinear"},
            "of resize_filter bicubic, .* of bilinear; give --data.clips.resize_fil",
        ),
        ({"test_short_side_px": 32}, "of test_short_side_px 37, .* of 32; give --data.clips.test_short_side_px 37"),
    ],
)
def test_a_training_is_not_resumed_with_other_frames_to_validate_on(
    tmp_path: Path, model: T2L, now: dict[str, Any], message: str
) -> None:
    content = torch.load(saved(model, tmp_path), weights_only=True)
    content["zsar"]["training"] = {**PIXELS}

    def load(fn: str, pixels: dict[str, Any], *, validates: bool = True) -> None:
        data = SimpleNamespace(has_validation_set=validates, describe=lambda: pixels)
        trainer = Trainer(accelerator="cpu", logger=False, enable_progress_bar=False, enable_checkpointing=False)
        trainer.state.fn, trainer.datamodule = fn, data  # type: ignore[assignment, attr-defined]
        model._trainer = trainer
        unpack_checkpoint(model, {**content})

    with pytest.raises(CheckpointError, match=message):
        load("fit", {**PIXELS, **now})
    load("fit", PIXELS)
    load("test", {**PIXELS, **now})  # a test may see them otherwise; its record says so
    load("fit", {**PIXELS, **now}, validates=False)
    content["zsar"]["training"] = {}  # of before
    load("fit", {**PIXELS, **now})


def test_a_checkpoint_is_not_read_with_another_tokenizer_than_in_training(tmp_path: Path, model: T2L) -> None:
    content = torch.load(saved(model, tmp_path), weights_only=True)
    content["zsar"]["training"] = {"tokenizer": "0123456789abcdef"}
    torch.save(content, tmp_path / "other.ckpt")
    loaded = load_recognizer(tmp_path / "other.ckpt")
    with pytest.raises(
        BackboneError, match=r"the tokenizer of tiny-clip .* is another than in training \(hash 01234567"
    ):
        loaded.backbone.tokenize(["a dog"])
    content["zsar"]["training"] = {"tokenizer": None}
    torch.save(content, tmp_path / "own.ckpt")
    assert load_recognizer(tmp_path / "own.ckpt").backbone.tokenize(["a dog"]).shape == (1, 16)
