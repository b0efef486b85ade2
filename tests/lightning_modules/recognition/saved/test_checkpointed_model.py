"""`load_from_checkpoint` of every class is in tests/test_every_model.py; here are its arguments and own classes."""

import io
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.makers.models.every_recognizer import RECOGNIZERS, recognizer
from tests.makers.models.saved_models import saved, small_t2l
from zsar.lightning_modules.clip import FineTunedCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.recognition.loading import load_recognizer
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.recognition.saved.checkpointed_model import read_trained
from zsar.lightning_modules.recognition.scoring import Scoring
from zsar.lightning_modules.t2l import T2L
from zsar.lightning_modules.tensor_files.checkpoint_files import CheckpointError


class OwnT2L(T2L):
    """A user's class of a program, which no file may name."""


OwnT2L.__module__ = "__main__"


@pytest.fixture
def path(tiny_weights: Path, tmp_path: Path) -> Path:
    return saved(small_t2l(tiny_weights), tmp_path)


@pytest.mark.parametrize("name", RECOGNIZERS)
def test_every_way_of_loading_gives_the_model_that_was_trained(name: str, tiny_weights: Path, tmp_path: Path) -> None:
    model = recognizer(name, tiny_weights)
    path = saved(model, tmp_path)
    moved = tmp_path / "moved.pt"
    moved.write_bytes(tiny_weights.read_bytes())
    video = torch.randint(256, (1, 1, 4, 3, 32, 32), dtype=torch.uint8)
    tokens = model.backbone.tokenize(["a video of a dance"])
    model.prepare_inference()
    expected = model.embed_views(video), model.embed_text(tokens)
    kind = type(model)
    for loaded in (
        load_recognizer(path),
        kind.load_from_checkpoint(path),
        kind.load_from_checkpoint(str(path), map_location="cpu", weights=str(moved)),
        read_trained(path, kind=kind),
    ):
        assert type(loaded) is kind
        assert not loaded.training
        torch.testing.assert_close((loaded.embed_views(video), loaded.embed_text(tokens)), expected)


def test_a_class_or_a_base_of_it_reads_the_same(path: Path) -> None:
    for kind in (T2L, ActionRecognizer):
        assert type(read_trained(path, kind=kind)) is T2L
    with pytest.raises(CheckpointError, match="model.ckpt is of a T2L, not of a FineTunedCLIP; load it by T2L or"):
        read_trained(path, kind=FineTunedCLIP)


def test_an_average_with_the_original_weights_is_loaded_as_an_average(tiny_weights: Path, tmp_path: Path) -> None:
    model = FineTunedCLIP(backbone=TrainedClipSettings("tiny-clip", str(tiny_weights)), tuned_share=0.5)
    name = "backbone.clip.visual.proj"
    original = model.state_dict()[name].clone()
    with torch.no_grad():
        model.get_parameter(name).add_(1.0)
    path = saved(model, tmp_path)
    loaded = FineTunedCLIP.load_from_checkpoint(path)
    torch.testing.assert_close(loaded.state_dict()[name], original + 0.5)
    whole = FineTunedCLIP.load_from_checkpoint(path, tuned_share=1.0)
    torch.testing.assert_close(whole.state_dict()[name], original + 1.0)


def test_settings_replace_those_of_the_file(path: Path, tiny_weights: Path, tmp_path: Path) -> None:
    shared = small_t2l(tiny_weights).save_pretrained(tmp_path / "shared")
    scoring = Scoring("late_interaction", "embedding")
    for of in (path, shared):
        assert T2L.load_from_checkpoint(of, scoring=scoring).scoring == scoring
        with pytest.raises(TypeError, match="^T2L has no setting n_frame; it has backbone, "):
            T2L.load_from_checkpoint(of, n_frame=4)
    with pytest.raises(CheckpointError, match="of a .*T2L with other settings than this T2L"):
        T2L.load_from_checkpoint(path, n_frames=8)


@pytest.mark.parametrize("map_location", [None, "cpu", torch.device("cpu"), lambda storage, _: storage])
def test_the_arguments_of_lightning_mean_what_they_mean_there(path: Path, map_location: Any) -> None:
    loaded = T2L.load_from_checkpoint(path, map_location, strict=True, weights_only=True)
    assert loaded.device == torch.device("cpu")
    assert not loaded.training


@pytest.mark.parametrize(
    ("argument", "value"), [("hparams_file", "hparams.yaml"), ("strict", False), ("weights_only", False)]
)
def test_an_argument_that_would_do_nothing_is_an_error(path: Path, argument: str, value: object) -> None:
    of_any: Any = T2L
    with pytest.raises(TypeError, match=f"^{argument}={value!r} is not supported: .*; leave {argument} out$"):
        of_any.load_from_checkpoint(path, **{argument: value})


def test_a_checkpoint_is_loaded_by_a_class_and_by_a_path(path: Path) -> None:
    with pytest.raises(TypeError, match="a checkpoint is loaded by its path, not from a BytesIO"):
        T2L.load_from_checkpoint(io.BytesIO(path.read_bytes()))
    with pytest.raises(TypeError, match="cannot be called on an instance"):
        T2L.load_from_checkpoint(path).load_from_checkpoint(path)
    with pytest.raises(CheckpointError, match="no such file"):
        T2L.load_from_checkpoint(path.parent / "other.ckpt")


def test_the_class_of_a_program_loads_its_own_checkpoints(tiny_weights: Path, tmp_path: Path) -> None:
    own = OwnT2L(backbone=TrainedClipSettings("tiny-clip", str(tiny_weights)), n_frames=4)
    path = saved(own, tmp_path)
    assert type(OwnT2L.load_from_checkpoint(path)) is OwnT2L
    with pytest.raises(CheckpointError, match="__main__.OwnT2L may not be named"):
        T2L.load_from_checkpoint(path)
