import math

import pytest
import torch

from lightning_modules.optimization import Optimization


def test_schedule_of_a_hand_computed_example() -> None:
    schedule = Optimization(warmup_fraction=0.2, final_fraction=0.1)
    rates = [schedule.rate_at(step, 10) for step in range(11)]
    cosine = [0.1 + 0.9 * (1 + math.cos(math.pi * i / 8)) / 2 for i in range(9)]
    assert rates == pytest.approx([0.5, 1.0, *cosine])


def test_no_warm_up_begins_at_the_peak() -> None:
    assert Optimization(warmup_fraction=0.0).rate_at(0, 10) == 1


def test_groups_keep_their_own_peak_rates() -> None:
    own, common = (torch.nn.Parameter(torch.zeros(1)) for _ in range(2))
    configured = Optimization(learning_rate=1e-3, warmup_fraction=0.0).configure([([own], 0.1), ([common], None)], 10)
    assert [group["lr"] for group in configured["optimizer"].param_groups] == [0.1, 1e-3]
    assert [group["weight_decay"] for group in configured["optimizer"].param_groups] == [0.2, 0.2]
    assert configured["lr_scheduler"]["interval"] == "step"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"learning_rate": 0.0}, "learning_rate must be positive; got 0"),
        ({"warmup_fraction": 5}, "between 0 and 1; got 5"),
    ],
)
def test_impossible_settings_are_refused(arguments: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Optimization(**arguments)
