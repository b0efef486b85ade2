import pytest
import torch

from zsar.lightning_modules.localization.contract import Detection, Localization, ScoreCurve
from zsar.lightning_modules.localization.segments import Segment
from zsar.lightning_modules.recognition.finite_numbers import (
    NotFiniteError,
    check_localizations,
    check_logits,
    check_loss,
)


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_logits_of_no_class_are_refused_and_their_videos_named(value: float) -> None:
    logits = torch.zeros(3, 4)
    check_logits(logits, ["a", "b", "c"], precision="32-true")
    logits[1, 2] = value
    with pytest.raises(NotFiniteError, match=r"logits of 1 of 3 videos of a batch are NaN or infinite \(b\)"):
        check_logits(logits, ["a", "b", "c"], precision="32-true")


def test_half_precision_is_what_the_remedy_names() -> None:
    logits = torch.full((1, 2), torch.nan)
    with pytest.raises(NotFiniteError, match="The precision is 16-mixed, .* give --trainer.precision 32-true"):
        check_logits(logits, ["a"], precision="16-mixed")


def test_a_loss_that_is_not_finite_is_told_with_step_and_epoch() -> None:
    check_loss(True, step=3, epoch=1, precision="32-true")
    with pytest.raises(NotFiniteError, match=r"at step 3, in epoch 1; .*last\.ckpt.*learning_rate"):
        check_loss(False, step=3, epoch=1, precision="32-true")


def found(score: float = 0.5, curve: float = 0.5) -> dict[int, Localization]:
    detection = Detection(Segment(0.0, 1.0, 0, 1, score), 0)
    return {0: Localization((detection,), curves=(ScoreCurve(0, torch.tensor([0.5, curve]), 0.5),))}


def test_scores_that_nothing_can_be_found_by_are_refused() -> None:
    check_localizations("a", found())
    for wrong in (found(score=torch.nan), found(curve=torch.nan), found(curve=torch.inf)):
        with pytest.raises(NotFiniteError, match="scores of the video 'a' are NaN or infinite"):
            check_localizations("a", wrong)
