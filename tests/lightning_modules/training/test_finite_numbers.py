import pytest
import torch

from zsar.lightning_modules.training.finite_numbers import (
    NotFiniteError,
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
