import pytest
import torch
from torch.testing import assert_close

from zsar.lightning_modules.t2l.adapters import Adapter


def test_new_adapter_changes_nothing() -> None:
    x = torch.randn(2, 3, 8)
    assert_close(Adapter(8)(x), x)


def test_hand_computed_example() -> None:
    adapter = Adapter(4)
    torch.nn.init.ones_(adapter.down.weight)
    torch.nn.init.zeros_(adapter.down.bias)
    torch.nn.init.ones_(adapter.up.weight)
    x = torch.tensor([[1.0, 0.0, 0.0, 0.0]])
    gelu_of_one = 0.8413447  # 1 * Phi(1), the exact GELU
    assert_close(adapter(x), x + gelu_of_one)


def test_parameters_of_vit_b_16() -> None:
    assert sum(p.numel() for p in Adapter(768).parameters()) == 3_550_464 / 12
    assert sum(p.numel() for p in Adapter(512).parameters()) == 1_580_544 / 12


def test_reduction_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="between 1 and the width 4; got 8"):
        Adapter(4, reduction=8)
