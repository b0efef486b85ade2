import pytest
import torch
from torch.nn.functional import normalize
from torch.testing import assert_close

from tests.reference import taco as page
from zsar.lightning_modules.clip.clip import FineTunedCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.recognition.class_embeddings import ChosenPrompts
from zsar.lightning_modules.recognition.scoring import EmbeddedBatch
from zsar.lightning_modules.recognition.structure.relative_structure import draw_anchors
from zsar.lightning_modules.recognition.structure.structure_distillation import (
    StructureDistillation,
    StructureTerm,
    pooled,
)
from zsar.lightning_modules.tensor_files.checkpoint_files import CheckpointError

PROMPTS = ChosenPrompts((("red", "a red dot"), ("blue", "a sea")), torch.arange(2), torch.tensor([[0, 1], [0, 1]]))


def clip() -> FineTunedCLIP:
    torch.manual_seed(0)
    return FineTunedCLIP(backbone=TrainedClipSettings("tiny-clip", "random"))


def embedded(model: FineTunedCLIP, frames: torch.Tensor) -> EmbeddedBatch:
    of_frames = model.embed_frames(frames.flatten(0, 1)).unflatten(0, frames.shape[:2])
    return EmbeddedBatch(of_frames, (model.class_embeddings.chosen(PROMPTS, model.device),))


def test_a_video_is_the_mean_of_its_frames_and_a_class_that_of_its_prompts() -> None:
    """Views and all; of rows with tokens the first of each."""
    frames = torch.tensor([[[[3.0, 0.0]], [[0.0, 3.0]]], [[[0.0, 1.0]], [[0.0, 5.0]]]])
    rows = torch.tensor([[[1.0, 0.0, 9.0, 9.0], [0.0, 1.0, 9.0, 9.0]]])
    videos, classes = pooled(EmbeddedBatch(frames.bfloat16(), (rows,)), 2)
    assert_close(videos, torch.tensor([[0.5**0.5, 0.5**0.5], [0.0, 1.0]]))
    assert_close(classes, torch.tensor([[0.5**0.5, 0.5**0.5]]))


def test_the_term_is_the_restatements_and_the_teacher_has_the_weights_before_the_update() -> None:
    model, frames = clip(), torch.randn(3, 1, 2, 3, 32, 32)
    term = StructureTerm(StructureDistillation(weight=0.7, n_anchors=16, teacher_momentum=0.0))
    assert abs(float(term.losses(model, frames, embedded(model, frames), PROMPTS)["structure"].detach())) < 1e-6
    with torch.no_grad():
        before = embedded(model, frames)
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(0.1 * torch.randn_like(parameter))
    now = embedded(model, frames)
    torch.manual_seed(5)
    assert term.teacher is not None
    assert term.teacher.step == 0  # the same update, for which it is not moved again
    found = term.losses(model, frames, now, PROMPTS)["structure"]
    anchors = draw_anchors(16, 64, seed=5)
    rows = [
        [page.relative(page.video(x[0]), normalize(t.mean(dim=1), dim=-1), anchors) for x in batch.frames]
        for batch, t in ((now, now.class_texts[0]), (before, before.class_texts[0]))
    ]
    expected = 0.7 * page.structure(rows[0], rows[1], model.backbone.logit_scale)
    assert_close(found, expected, atol=1e-5, rtol=1e-4)
    assert float(found.detach()) > 1e-3


def test_under_autocast_it_is_in_single_precision() -> None:
    model, frames = clip(), torch.randn(2, 1, 2, 3, 32, 32)
    term = StructureTerm(StructureDistillation(n_anchors=16))
    with torch.autocast("cpu", torch.bfloat16):
        found = term.losses(model, frames, embedded(model, frames), PROMPTS)["structure"]
    assert found.dtype == torch.float32
    assert abs(float(found.detach())) < 1e-3  # the towers are in half precision


def test_without_a_weight_there_is_neither_term_nor_teacher_and_frozen_text_is_shared() -> None:
    model, frames = clip(), torch.randn(2, 1, 2, 3, 32, 32)
    for settings in (None, StructureDistillation(weight=0.0)):
        term = StructureTerm(settings)
        assert term.losses(model, frames, embedded(model, frames), PROMPTS) == {}
        assert term.teacher is None
    calls = 0
    embed_text = model.embed_text

    def counting(tokens: torch.Tensor) -> torch.Tensor:
        nonlocal calls
        calls += 1
        return embed_text(tokens)

    model.embed_text = counting  # type: ignore[method-assign]
    batch = embedded(model, frames)
    StructureTerm(StructureDistillation(n_anchors=16)).losses(model, frames, batch, None)
    assert calls == 1
    StructureTerm(StructureDistillation(n_anchors=16)).losses(model, frames, batch, PROMPTS)
    assert calls == 2


def test_the_teacher_is_in_what_can_be_resumed_only_and_must_be_wanted() -> None:
    model, frames = clip(), torch.randn(2, 1, 2, 3, 32, 32)
    term, without = StructureTerm(StructureDistillation(n_anchors=16)), StructureTerm(None)
    term.losses(model, frames, embedded(model, frames), PROMPTS)
    weights: dict[str, object] = {"state_dict": {}}
    term.save(weights)
    assert weights == {"state_dict": {}}
    whole: dict[str, object] = {"optimizer_states": []}
    term.save(whole)
    resumed = StructureTerm(StructureDistillation(n_anchors=16))
    resumed.load(model, whole, path="last.ckpt")
    assert resumed.teacher is not None
    assert term.teacher is not None
    assert resumed.teacher.values.keys() == term.teacher.values.keys()
    assert (resumed.teacher.step, without.load(model, {}, path="last.ckpt")) == (0, None)
    with pytest.raises(CheckpointError, match=r"last.ckpt has a teacher of .* no use for one: .* '\{weight: 0.4\}'"):
        without.load(model, whole, path="last.ckpt")
    with pytest.raises(CheckpointError, match=r"last.ckpt has no teacher of .* needs one: .* --model.structure 'null'"):
        resumed.load(model, {}, path="last.ckpt")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"weight": -0.1}, "structure.weight must be at least 0, and finite; got -0.1"),
        ({"weight": float("nan")}, "finite; got nan"),
        ({"n_anchors": 0}, "n_anchors must be at least 1; got 0"),
        ({"teacher_momentum": 1.1}, "structure.teacher_momentum is a share from 0 to 1; got 1.1"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        StructureDistillation(**settings)  # type: ignore[arg-type]
