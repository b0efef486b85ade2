from dataclasses import FrozenInstanceError, fields

import pytest

from zsar.callbacks.pictures.cost.cost_chart import CostPoint


def test_a_point_is_plain_and_frozen() -> None:
    point = CostPoint("a", "a", 8, 5.2, 293.0, None, None, None)
    assert {type(value) for value in vars(point).values()} <= {str, int, float, type(None)}
    with pytest.raises(FrozenInstanceError):
        point.name = "b"  # type: ignore[misc]
    assert len(fields(point)) == 8
