from pathlib import Path

import pytest
import torch

from tests.makers.models.every_recognizer import RECOGNIZERS, recognizer
from tests.makers.models.saved_models import saved
from zsar.lightning_modules.recognition.loading import load_recognizer
from zsar.lightning_modules.recognition.saved.checkpointed_model import read_trained
from zsar.lightning_modules.t2l import T2L
from zsar.lightning_modules.tensor_files.checkpoint_files import CheckpointError


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


def test_a_checkpoint_of_another_class_and_other_settings_are_errors(tiny_weights: Path, tmp_path: Path) -> None:
    path = saved(recognizer("APCLIP", tiny_weights), tmp_path)
    with pytest.raises(CheckpointError, match="is not a concrete T2L"):
        T2L.load_from_checkpoint(path)
    path = saved(recognizer("T2L", tiny_weights), tmp_path)
    with pytest.raises(TypeError, match="as it was trained; leave n_frames out"):
        T2L.load_from_checkpoint(path, n_frames=16)


def test_frames_of_another_rank_are_rejected_with_the_remedy(tiny_weights: Path) -> None:
    model = recognizer("ZeroShotCLIP", tiny_weights)
    with pytest.raises(ValueError, match=r"\[B, V, T, 3, H, W\].*got \[8, 3, 32, 32\].*clip\[None, None\]"):
        model.embed_views(torch.zeros(8, 3, 32, 32, dtype=torch.uint8))
