import shutil
from pathlib import Path
from typing import Any

import torch

import zsar
from zsar.api.given_videos import clips_of
from zsar.api.mteb.model_record import model_record, revision_of
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer


def revision(model: ActionRecognizer, *, precision: str = "fp32", **clips: Any) -> str:
    return revision_of(model_record(model, clips_of(model, **{"frames": None, **clips}), {"precision": precision}))


def test_the_same_weights_elsewhere_have_the_same_revision(
    model: ActionRecognizer, tiny_weights: Path, tmp_path: Path
) -> None:
    shutil.copy(tiny_weights, tmp_path / "moved.pt")
    moved = zsar.load("tiny-clip", weights=tmp_path / "moved.pt", device="cpu")
    assert revision(moved) == revision(model)


def test_whatever_changes_a_result_changes_the_revision(model: ActionRecognizer, tiny_weights: Path) -> None:
    normalized = zsar.load("tiny-clip", weights=tiny_weights, frame_statistics="half", device="cpu")
    squashed = zsar.load("tiny-clip", weights=tiny_weights, frame_geometry="squash", device="cpu")
    revisions = [
        revision(model),
        revision(model, frames=4),
        revision(model, clips=2),
        revision(model, precision="bf16"),
        revision(normalized),
        revision(squashed),
    ]
    with torch.no_grad():
        model.backbone.clip.text_projection[0, 0] += 1e-3
    assert len({*revisions, revision(model)}) == len(revisions) + 1


def test_the_record_says_what_the_revision_is_of(model: ActionRecognizer) -> None:
    record = model_record(model, clips_of(model, frames=4), {"precision": "fp32"})
    assert (record["architecture"], record["clips"]["n_frames"], record["precision"]) == ("tiny-clip", 4, "fp32")
    assert record["settings"]["scoring"]["scorer"] == "mean_pooled_cosine"
    assert "augmentation" not in record["clips"]
    assert "optimization" not in record["settings"]
