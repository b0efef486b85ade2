from typing import Any

import pytest
import torch

from zsar.callbacks.confidence_memory.dynamic_memory import DMNSettings, DynamicMemory
from zsar.callbacks.confidence_memory.memory_rule import empty_memory, memory_settings
from zsar.callbacks.confidence_memory.tda_caches import TDACaches, TDASettings


def test_what_is_not_given_is_the_methods_own() -> None:
    settings = memory_settings("TDA", alpha=3.0, weight=None)
    assert isinstance(settings, TDASettings)
    assert (settings.capacity, settings.alpha, settings.beta, settings.entropy_window) == (3, 3.0, 5.0, (0.2, 0.5))
    assert memory_settings("DMN") == DMNSettings(capacity=50, beta=5.5, weight=1.0, confident_share=0.1)


def test_each_method_has_its_memory() -> None:
    classes = torch.eye(3)
    assert isinstance(empty_memory(memory_settings("TDA"), classes, torch.tensor(100.0)), TDACaches)
    assert isinstance(empty_memory(memory_settings("DMN"), classes, torch.tensor(100.0)), DynamicMemory)


@pytest.mark.parametrize(
    ("method", "given", "message"),
    [
        (
            "DMN",
            {"alpha": 2.0, "mask": (0.0, 1.0)},
            "DMN has no alpha, mask; leave them out. Its settings are",
        ),
        ("TDA", {"weight": 0.3}, "TDA has no weight; leave it out"),
        ("TDA", {"capacity": -1}, "capacity must be at least 0 and finite; got -1"),
        ("TDA", {"negative_capacity": 1.5}, "negative_capacity is a number of videos; got 1.5"),
        ("TDA", {"beta": float("nan")}, "beta must be at least 0 and finite; got nan"),
        ("DMN", {"weight": float("inf")}, "weight must be at least 0 and finite; got inf"),
        ("TDA", {"entropy_window": [0.5, 0.2]}, "entropy_window is from a lower to a higher number within 0 and 1"),
        ("TDA", {"confident_share": 0.0}, "confident_share is a share above 0 and up to 1; got 0.0"),
    ],
)
def test_a_setting_of_the_other_method_or_out_of_range_is_refused(
    method: Any, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        memory_settings(method, **given)
