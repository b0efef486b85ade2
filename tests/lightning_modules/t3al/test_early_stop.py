import pytest
import torch

from tests.reference import t3al as reference
from zsar.lightning_modules.t3al.early_stop import EarlyStop, StopRule


def steps_until(losses: list[float], rule: StopRule, patience: int | None) -> int | None:
    """Index of the loss at which the adaptation stops; None if it does not."""
    stop = EarlyStop(rule, patience)
    return next((i for i, loss in enumerate(losses) if stop.is_reached(loss)), None)


def test_a_loss_that_zigzags_above_its_lowest_stops_only_the_rule_of_the_lowest() -> None:
    losses = [1.0, 3.0, 2.0, 3.0, 2.0, 3.0, 2.0, 3.0]
    assert steps_until(losses, "no_new_lowest", 3) == 3
    assert steps_until(losses, "no_fall", 3) is None
    assert steps_until(losses, "none", None) is None


def test_five_steps_in_a_row_that_did_not_fall_stop_it() -> None:
    losses = [5.0, 4.0, 4.0, 4.1, 4.2, 4.2, 4.3, 1.0]
    assert steps_until(losses, "no_fall", 5) == 6  # an equal loss has not fallen
    assert steps_until([*losses[:6], 4.1, *[4.1] * 4, 4.2], "no_fall", 5) == 11  # one fall starts the count again


def test_the_first_step_never_counts() -> None:
    assert steps_until([1.0, 1.0], "no_fall", 1) == 1
    assert steps_until([1.0], "no_new_lowest", 1) is None


@pytest.mark.parametrize("rule", ["no_fall", "no_new_lowest"])
@pytest.mark.parametrize("patience", [1, 2, 5])
def test_it_is_the_reference(rule: StopRule, patience: int) -> None:
    for seed in range(20):
        generator = torch.Generator().manual_seed(seed)
        losses = torch.rand(60, generator=generator).round(decimals=1).tolist()
        stops = [i for i in range(60) if reference.stops_after(losses[: i + 1], rule, patience)]
        assert steps_until(losses, rule, patience) == (stops[0] if stops else None)
