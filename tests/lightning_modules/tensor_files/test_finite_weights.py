import pytest
import torch

from zsar.lightning_modules.tensor_files.finite_weights import not_finite


def test_finite_weights_of_any_type_pass() -> None:
    state = {"a": torch.zeros(2), "b": torch.zeros(2).half(), "n": torch.tensor(3), "none": torch.zeros(0)}
    assert not_finite(state) is None


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_each_wrong_tensor_is_found_and_some_are_named(dtype: torch.dtype, value: float) -> None:
    state = {name: torch.zeros(2, 3, dtype=dtype) for name in "abcdef"}
    for name in "becd":
        state[name][1, 2] = value
    assert not_finite(state) == "4 of 6 tensors have NaN or infinity in them (b, c, d, ...)"
    assert not_finite({"a": state["b"]}) == "1 of 1 tensors has NaN or infinity in them (a)"
